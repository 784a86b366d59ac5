#!/usr/bin/env bash
# Talking to one pod from your machine.
. "$(dirname "$0")/lib.sh"

kubectl apply -f kubia.yaml
kubectl wait --for=condition=Ready pod/kubia --timeout=60s

say "A local port that leads into the pod, for as long as the command runs."
printf '\n$ kubectl port-forward kubia 8888:8080\n' >&2
$KUBECTL port-forward kubia 8888:8080 & forward=$!
trap 'kill $forward 2>/dev/null || true' EXIT
until_true 20 curl -fs localhost:8888
printf '\n$ curl localhost:8888\n'
curl -s localhost:8888
kill $forward

kubectl logs kubia
kubectl delete pod kubia --grace-period=1
