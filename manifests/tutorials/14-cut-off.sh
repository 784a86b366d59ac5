#!/usr/bin/env bash
# A machine whose network is cut: the cluster gives it up, its containers do not know.
. "$(dirname "$0")/lib.sh"

kubectl create deployment lost --image=busybox --replicas=2 -- sh -c 'while true; do date; sleep 5; done'
kubectl rollout status deployment lost
kubectl get po -l app=lost -o wide

say "Pull worker2's network cable. Nobody hears of it any more, and after 50 seconds it counts as lost."
sim sim node cut worker2
kubectl get nodes
until_true 120 sh -c "$KUBECTL get node worker2 | grep -q NotReady"
kubectl get nodes
kubectl describe node worker2 | grep -E 'Taints|unreachable|NodeStatusUnknown|Ready '

say "What was to stay on a lost node for five minutes only is deleted then, but who could tell it to stop?"
sim sim clock --step 6m
kubectl get po -l app=lost -o wide
lost=$($KUBECTL get po -l app=lost --field-selector spec.nodeName=worker2 -o name | head -1)
if [ -n "$lost" ]; then fails kubectl logs "$lost"; fi

say "Put the cable back: the kubelet reports, reads that its pods are deleted, and stops them."
sim sim node mend worker2
kubectl wait --for=condition=Ready node/worker2 --timeout=120s
if [ -n "$lost" ]; then kubectl wait --for=delete "$lost" --timeout=120s; fi
kubectl get po -l app=lost -o wide
kubectl delete deployment lost
