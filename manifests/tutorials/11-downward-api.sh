#!/usr/bin/env bash
# The downward API: what a pod can know of itself, as environment variables and as files.
. "$(dirname "$0")/lib.sh"

kubectl apply -f downward.yaml
kubectl wait --for=condition=Ready pod/downward --timeout=60s
kubectl exec downward -- env
kubectl exec downward -- ls -lL /etc/downward
kubectl exec downward -- cat /etc/downward/labels
kubectl exec downward -- cat /etc/downward/annotations

say "Files follow the object; environment variables cannot."
kubectl label po downward foo=baz --overwrite
until_true 120 sh -c "$KUBECTL exec downward -- cat /etc/downward/labels | grep -q baz"
kubectl exec downward -- cat /etc/downward/labels
kubectl delete po downward --force --grace-period=0
