#!/usr/bin/env bash
# Liveness probes: a container that no longer answers is restarted.
. "$(dirname "$0")/lib.sh"

say "Let simulated time run ten times as fast as yours."
sim sim clock --speed 10
trap '$SIM sim clock --speed 1 >/dev/null' EXIT

say "This app answers five requests, then only errors."
kubectl apply -f kubia-liveness.yaml
until_true 60 sh -c "$KUBECTL get po kubia-liveness -o jsonpath='{.status.containerStatuses[0].restartCount}' | grep -q '[1-9]'"
kubectl get po kubia-liveness
kubectl logs kubia-liveness --previous
kubectl describe po kubia-liveness
kubectl delete po kubia-liveness --force --grace-period=0
