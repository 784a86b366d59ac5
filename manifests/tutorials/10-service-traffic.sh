#!/usr/bin/env bash
# The way of a request: DNS, service rules, endpoint, pod.
. "$(dirname "$0")/lib.sh"

kubectl create ns testready
kubectl apply -f readiness-rs.yaml -f readiness-svc.yaml -f other-namespace.yaml
kubectl wait -n custom --for=condition=Ready pod/client --timeout=60s
until_true 30 sh -c "[ \$($KUBECTL get po -n testready | grep -c 'Running') = 3 ]"
for pod in $(kubectl get po -n testready -o jsonpath='{.items[*].metadata.name}'); do kubectl exec -n testready "$pod" -- touch /var/ready; done
kubectl wait -n testready --for=condition=Ready pod --all --timeout=60s

say "By name, from another namespace."
kubectl exec -n custom client -- nslookup kubia-nodeport.testready.svc.cluster.local
kubectl exec -n custom client -- wget -qO- http://kubia-nodeport.testready

say "What kube-proxy wrote on the node, and the way one request takes."
sim sim ssh worker1 -- iptables -t nat -S
sim sim trace request custom/client http://kubia-nodeport.testready
kubectl delete ns testready custom
