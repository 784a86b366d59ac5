#!/usr/bin/env bash
# What the containers of a pod share, and what they do not.
. "$(dirname "$0")/lib.sh"

kubectl apply -f two.yaml
kubectl wait --for=condition=Ready pod/two --timeout=60s

say "One host name, one loopback: the network namespace belongs to the pod."
kubectl exec two -c peer -- hostname
kubectl exec two -c peer -- wget -qO- http://localhost:8080

say "A volume is shared when both mount it; the rest of the file system is not."
kubectl exec two -c shell -- sh -c 'echo shared > /data/x; echo mine > /tmp/only'
kubectl exec two -c peer -- cat /mnt/x
fails kubectl exec two -c peer -- cat /tmp/only

say "Each container has its own process 1."
kubectl exec two -c peer -- ps

say "On the node, one pause container holds each pod's namespaces."
sim sim ssh "$(kubectl get po two -o jsonpath='{.spec.nodeName}')" -- docker ps
sim sim ssh worker1 -- ip route
kubectl delete po two --grace-period=1
