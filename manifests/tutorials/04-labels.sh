#!/usr/bin/env bash
# Labels and selectors.
. "$(dirname "$0")/lib.sh"

kubectl apply -f kubia.yaml -f kubia-v2.yaml
kubectl get po --show-labels
kubectl get po -L creation_method,env

say "Labels can be added to what already runs ..."
kubectl label po kubia creation_method=manual
say "... but are only changed on demand."
fails kubectl label po kubia-v2 env=debug
kubectl label po kubia-v2 env=debug --overwrite
kubectl get po -L creation_method,env

say "Selectors: equality, sets, presence and absence."
kubectl get po -l creation_method=manual
kubectl get po -l env
kubectl get po -l '!env'
kubectl get po -l 'env in (prod,debug)'
kubectl get po -l 'env notin (prod,debug)'
kubectl get po -l creation_method=manual,env=debug

kubectl delete po kubia kubia-v2 --grace-period=1
