#!/usr/bin/env bash
# Notes on objects that nobody selects by.
. "$(dirname "$0")/lib.sh"

kubectl apply -f kubia.yaml
kubectl annotate pod kubia mycompany.com/someannotation="foo bar"
fails kubectl annotate pod kubia mycompany.com/someannotation=other
kubectl annotate pod kubia mycompany.com/someannotation=other --overwrite
kubectl describe pod kubia
kubectl delete pod kubia --grace-period=1
