#!/usr/bin/env bash
# A pod's way through the control plane.
. "$(dirname "$0")/lib.sh"

say "A pod is described in a manifest and handed to the API server."
kubectl apply -f kubia.yaml
kubectl wait --for=condition=Ready pod/kubia --timeout=60s
kubectl get pods
kubectl get pod kubia -o wide

say "The server has filled in everything the manifest left open."
kubectl get pod kubia -o yaml

say "The events tell what happened to it since."
kubectl describe pod kubia

say "kubesim can tell more: every step from the client to the running container."
sim sim trace pod/kubia

kubectl delete pod kubia --grace-period=1
