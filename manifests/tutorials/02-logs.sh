#!/usr/bin/env bash
# Logs: with kubectl, and on the node itself.
. "$(dirname "$0")/lib.sh"

kubectl apply -f two.yaml
kubectl wait --for=condition=Ready pod/two --timeout=60s

say "Without -c, kubectl takes the first container and says so."
kubectl logs two
say "With -c, any of them."
until_true 10 sh -c "$KUBECTL logs two -c shell | grep -q 'tick 2'"
kubectl logs two -c shell --tail=2

say "The same lines lie on the node that runs the pod."
node=$(kubectl get pod two -o jsonpath='{.spec.nodeName}')
id=$(kubectl get pod two -o jsonpath='{.status.containerStatuses[?(@.name=="web")].containerID}')
id=${id##*//}
sim sim ssh "$node" -- docker ps
sim sim ssh "$node" -- docker logs "${id:0:12}"

kubectl delete pod two --grace-period=1
say "Logs go with the pod."
fails kubectl logs two
