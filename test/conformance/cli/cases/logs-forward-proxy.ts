import type { Case, CaseGroup } from "../case.ts";

const CONTAINER = (name: string, script: string) => `{name: ${name}, image: busybox, command: [sh, -c, "${script}; sleep 100000"]}`;
const FILES = {
  "f.yaml": `apiVersion: v1
kind: Pod
metadata: {name: many, labels: {app: many}}
spec:
  initContainers: [{name: setup, image: busybox, command: [echo, setting up]}]
  containers: [${CONTAINER("a", "echo from a; echo more")}, ${CONTAINER("b", "echo from b")}]
---
apiVersion: v1
kind: Pod
metadata: {name: again, labels: {app: again}}
spec: {containers: [{name: main, image: busybox, command: [sh, -c, "echo life; exit 1"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: chosen, annotations: {kubectl.kubernetes.io/default-container: b}}
spec: {containers: [${CONTAINER("a", "echo from a")}, ${CONTAINER("b", "echo from b")}]}
---
apiVersion: v1
kind: Pod
metadata: {name: nowhere, labels: {app: many}}
spec: {nodeSelector: {disk: ssd}, containers: [${CONTAINER("a", "echo never")}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [${CONTAINER("main", "echo web")}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [${CONTAINER("main", "echo db")}]}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template: {metadata: {labels: {app: agent}}, spec: {containers: [${CONTAINER("main", "echo agent")}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox, command: [echo, job]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: named}, {name: other, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: bare}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: server, labels: {app: server}}
spec: {containers: [{name: main, image: nginx, ports: [{name: http, containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: server}, ports: [{name: http, port: 8080, targetPort: http}, {name: plain, port: 90}]}
`,
};
const prepared: Case = { command: "create -f f.yaml", files: FILES, settleMs: 30_000 };
const anyOrder = (command: string): Case => ({ command, compare: "any-order" });

export const moreLogsCases: CaseGroup = {
  name: "more-logs",
  mode: "write",
  cases: [
    prepared,
    "logs many",
    "logs many -c setup",
    "logs many setup",
    "logs many -c a --prefix",
    anyOrder("logs many --all-containers"),
    anyOrder("logs many --all-containers --prefix"),
    anyOrder("logs many --all-containers --timestamps"),
    anyOrder("logs many --all-containers --prefix --timestamps --tail=1"),
    "logs many --all-containers=true -c a",
    "logs many a -c b",
    "logs many a b",
    "logs chosen",
    anyOrder("logs chosen --all-containers"),
    "logs chosen -c nope",
    "logs again",
    "logs again -p",
    "logs again --previous --timestamps",
    "logs again --previous --prefix",
    "logs many -p -c a",
    { command: "logs many -p --all-containers", compare: "status" },
    "logs nowhere",
    "logs nowhere -p",
    "logs nowhere --ignore-errors",
    "logs -l app=many",
    anyOrder("logs -l app=many --ignore-errors"),
    "logs -l app=many -c a",
    anyOrder("logs -l app=many --all-containers --ignore-errors"),
    "logs -l app=again",
    "logs -l app=again --prefix",
    "logs -l app=again --previous",
    anyOrder("logs -l app=web"),
    anyOrder("logs -l app=web --prefix"),
    anyOrder("logs -l app=web --prefix --timestamps --tail=1"),
    anyOrder("logs -l app=web -c nope"),
    "logs -l app=web -c nope --ignore-errors",
    "logs -l 'bad selector='",
    "logs -l app=none",
    "logs -l app=none -c x",
    "logs -l app=web -f --max-log-requests=1",
    "logs -l app=web -f --max-log-requests=0",
    "logs -l app=web --max-log-requests=x",
    "logs -f many --all-containers --max-log-requests=2",
    "logs deploy/web",
    anyOrder("logs deploy/web --all-pods"),
    anyOrder("logs deploy/web --all-pods --prefix=false"),
    anyOrder("logs deploy/web --all-pods --all-containers"),
    "logs deploy/web --all-pods -c nope",
    "logs deploy/web -c main",
    "logs deploy/web -c nope",
    "logs deploy/web main",
    "logs rs/nope",
    "logs sts/db",
    anyOrder("logs statefulset.apps/db --all-pods"),
    "logs ds/agent",
    anyOrder("logs daemonset/agent --all-pods"),
    "logs job/once",
    "logs job/once --prefix",
    "logs job.batch/once --timestamps",
    "logs svc/web",
    "logs svc/bare",
    "logs svc/nobody --pod-running-timeout=1s",
    "logs deploy web",
    "logs deploy/web db",
    "logs deploy/web sts/db",
    "logs pod/many pod/again",
    "logs cm/kube-root-ca.crt",
    "logs many --since=1s",
    "logs many --since=1h -c a",
    "logs many --since=1500ms -c a",
    "logs many --since=-1s -c a",
    "logs many --since-time=2025-01-01T00:00:00Z -c a",
    "logs many --since-time=2030-01-01T00:00:00Z -c a",
    "logs many --since-time=2025-01-01 -c a",
    "logs many --since-time=2025-13-01T00:00:00Z -c a",
    "logs many --since-time=2025-02-30T00:00:00Z -c a",
    "logs many --since-time=2025-01-01T00:00:00 -c a",
    "logs many --since-time=2025-01-01T00:00:00Zx -c a",
    "logs nowhere -f --pod-running-timeout=2s",
    "logs nowhere -f --ignore-errors",
    "logs many --since=400ms -c a",
    "logs many -c a --limit-bytes=6",
    "logs many -c a --tail=1",
    "logs many -c a --tail=-1",
    "logs many -c a --tail=-2",
    "logs many -c a --tail=1 --limit-bytes=3",
    "logs many -c a --insecure-skip-tls-verify-backend",
    "logs --all-pods",
    "logs many --all-pods",
    anyOrder("logs -l app=web --all-pods"),
    "logs many --pod-running-timeout=0",
    { command: "logs many -c a -f", interruptAfterMs: 1500 },
    { command: "logs many -f --all-containers", interruptAfterMs: 1500, compare: "any-order" },
    { command: "logs many -f --all-containers --prefix", interruptAfterMs: 1500, compare: "any-order" },
    { command: "logs -l app=web -f --prefix", interruptAfterMs: 1500, compare: "any-order" },
    "logs job/once -f",
    "logs again -f -p",
  ],
};

export const portForwardCases: CaseGroup = {
  name: "port-forward",
  mode: "write",
  cases: [
    prepared,
    "port-forward",
    "port-forward server",
    "port-forward pod/server",
    "port-forward server x",
    "port-forward server 0",
    "port-forward server 70000",
    "port-forward server 8080:70000",
    "port-forward server 70000:80",
    "port-forward server 8080:0",
    "port-forward server -1",
    "port-forward server x:80",
    "port-forward server :nope",
    "port-forward server 8080:nope",
    "port-forward server :",
    "port-forward server 80:",
    "port-forward server ''",
    "port-forward nope 80",
    "port-forward pod/nope 80",
    "port-forward deploy/nope 80",
    "port-forward nope/x 80",
    "port-forward nowhere 80",
    "port-forward job/once 80",
    "port-forward svc/web 80",
    "port-forward svc/web http",
    "port-forward svc/web 82",
    "port-forward svc/web nope",
    "port-forward svc/web 8080:nope",
    "port-forward svc/bare 80",
    "port-forward svc/nobody 80 --pod-running-timeout=1s",
    "port-forward svc/nope 80",
    "port-forward cm/kube-root-ca.crt 80",
    "port-forward node/worker1 80",
    "port-forward svc web 80",
    "port-forward server 80 --pod-running-timeout=0",
    "port-forward server 18080:80 --address=nope",
    "port-forward server 18080:80 --address=192.0.2.1",
    "port-forward server 18080:80 --address=192.0.2.1,192.0.2.2",
    "port-forward server 18080:80 x --address=192.0.2.1",
    "port-forward server 18080:80 --address=300.0.0.1",
    "port-forward server 18080:80 --address=localhost,nope",
    "port-forward server 80 -n nope",
    { command: "port-forward server :80", interruptAfterMs: 1500, compare: "status" },
    "port-forward server 7.5:80",
    "port-forward svc/headless x",
    "port-forward svc/headless 8081:91",
  ],
};

export const proxyCases: CaseGroup = {
  name: "proxy",
  mode: "write",
  cases: [
    "proxy --port=x",
    "proxy --port=70000",
    "proxy --port=-1",
    { command: "proxy --port=0", interruptAfterMs: 1500, compare: "status" },
    { command: "proxy --unix-socket=s", interruptAfterMs: 1500 },
    { command: "proxy --unix-socket=s --disable-filter --www=nope", interruptAfterMs: 1500 },
    { command: "proxy --unix-socket=s --reject-methods= -w .", interruptAfterMs: 1500 },
    "proxy --address=192.0.2.1 --port=0",
    "proxy --unix-socket=/nope/x",
    "proxy --unix-socket=x --port=0",
    "proxy --accept-hosts='(' --port=0",
    "proxy --accept-paths='(' --port=0",
    "proxy --reject-paths='[' --port=0",
    "proxy --reject-methods='*' --port=0",
    "proxy --www=nope --port=0 --api-prefix=x --accept-hosts='('",
    "proxy --keepalive=x",
    "proxy --nope",
    "proxy x --accept-hosts='('",
  ],
};
