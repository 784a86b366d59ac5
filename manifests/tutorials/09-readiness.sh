#!/usr/bin/env bash
# Readiness probes: who gets a service's traffic.
. "$(dirname "$0")/lib.sh"

kubectl create ns testready
kubectl apply -f readiness-rs.yaml -f readiness-svc.yaml
until_true 30 sh -c "[ \$($KUBECTL get po -n testready | grep -c 'Running') = 3 ]"
kubectl get po -n testready
kubectl get svc -n testready

say "No pod is ready, so the service has nobody to send you to."
fails curl -s -m 3 localhost:30123

say "The probe looks for /var/ready: make it in one of the pods."
pod=$(kubectl get po -n testready -o jsonpath='{.items[0].metadata.name}')
kubectl exec -n testready "$pod" -- touch /var/ready
kubectl wait -n testready --for=condition=Ready "pod/$pod" --timeout=60s
kubectl get endpointslices -n testready
until_true 10 curl -fs -m 3 localhost:30123
for i in 1 2 3; do curl -s localhost:30123; done

say "Take it away, and the pod leaves the service again."
kubectl exec -n testready "$pod" -- rm /var/ready
until_true 60 sh -c "$KUBECTL get po -n testready $pod | grep -q 0/1"
kubectl get po -n testready
kubectl delete ns testready
