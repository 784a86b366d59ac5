#!/usr/bin/env bash
# Namespaces divide names, not the network.
. "$(dirname "$0")/lib.sh"

kubectl get ns
kubectl get po -n kube-system
kubectl apply -f kubia.yaml -f other-namespace.yaml
kubectl wait --for=condition=Ready pod/kubia --timeout=60s
kubectl wait -n custom --for=condition=Ready pod/client --timeout=60s
kubectl get po -n custom
kubectl get po -A

say "A pod of one namespace reaches the pods of another by IP."
ip=$(kubectl get po kubia -o jsonpath='{.status.podIP}')
kubectl exec -n custom client -- wget -qO- "http://$ip:8080"

say "Deleting a namespace takes all that is in it along."
kubectl delete ns custom
fails kubectl get ns custom
kubectl delete po kubia --grace-period=1
