#!/usr/bin/env bash
# Sending a pod to the right machine.
. "$(dirname "$0")/lib.sh"

say "This pod wants a node with gpu=true, and there is none."
kubectl apply -f kubia-gpu.yaml
until_true 10 sh -c "$KUBECTL describe po kubia-gpu | grep -q FailedScheduling"
kubectl get po kubia-gpu
kubectl describe po kubia-gpu
sim sim why pod/kubia-gpu

say "Label a node, and the scheduler tries again."
kubectl label node worker2 gpu=true
kubectl wait --for=condition=Ready pod/kubia-gpu --timeout=60s
kubectl get po kubia-gpu -o wide
kubectl get nodes -l gpu=true -L gpu

kubectl delete po kubia-gpu --grace-period=1
kubectl label node worker2 gpu-
