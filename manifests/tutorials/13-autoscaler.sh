#!/usr/bin/env bash
# Kubernetes' HorizontalPodAutoscaler walkthrough: load comes, replicas come; load goes, replicas go.
. "$(dirname "$0")/lib.sh"

replicas() { $KUBECTL get deployment php-apache -o jsonpath='{.status.replicas}'; }
at_least() { [ "$(replicas)" -ge "$1" ]; }
exactly() { [ "$(replicas)" -eq "$1" ]; }

kubectl apply -f php-apache.yaml
kubectl rollout status deployment php-apache --timeout=60s
kubectl autoscale deployment php-apache --cpu=50% --min=1 --max=10
kubectl get hpa

say "Each request is a piece of work for the CPU. A shell loop asks for one after the other."
kubectl run load-generator --image=busybox:1.28 --restart=Never -- /bin/sh -c "while sleep 0.01; do wget -q -O- http://php-apache; done"
until_true 120 at_least 4
kubectl get hpa php-apache
kubectl top pods
kubectl get deployment php-apache

say "The load stops. Five minutes later, when no recommendation of these minutes asks for more, one replica is enough."
kubectl delete pod load-generator --now
until_true 420 exactly 1
kubectl describe hpa php-apache
kubectl get events --field-selector involvedObject.kind=HorizontalPodAutoscaler
kubectl delete -f php-apache.yaml
kubectl delete hpa php-apache
