import type { Case, CaseGroup } from "../case.ts";

const POD = (name: string, containers: string, more = "") => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec: {${more}containers: [${containers}]}
---
`;
const SLEEPER = (name: string) => `{name: ${name}, image: busybox, command: [sleep, "100000"]}`;
const PODS = [
  POD("solo", SLEEPER("main")),
  POD("duo", `${SLEEPER("web")}, ${SLEEPER("shell")}`).replace(
    "labels",
    "annotations: {kubectl.kubernetes.io/default-container: shell}, labels",
  ),
  POD("trio", `${SLEEPER("a")}, ${SLEEPER("b")}`, `initContainers: [{name: first, image: busybox, command: ["true"]}], `),
  POD("astray", `${SLEEPER("a")}, ${SLEEPER("b")}`).replace(
    "labels",
    "annotations: {kubectl.kubernetes.io/default-container: nope}, labels",
  ),
  POD("done", `{name: main, image: busybox, command: [sh, -c, "echo bye"]}`, "restartPolicy: Never, "),
  POD("failed", `{name: main, image: busybox, command: [sh, -c, "echo no; exit 2"]}`, "restartPolicy: Never, "),
  POD("crash", `{name: main, image: busybox, command: [sh, -c, "exit 7"]}`),
  POD("nowhere", SLEEPER("main"), "nodeSelector: {disk: ssd}, "),
  POD("noimage", `{name: main, image: "registry.example/none:1"}`),
  POD("talker", `{name: main, image: busybox, stdin: true, command: [sh, -c, "echo ready; cat"]}`),
  POD("term", `{name: main, image: busybox, stdin: true, tty: true, command: [sh, -c, "echo ready; cat"]}`),
].join("");
const APPS = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [${SLEEPER("main")}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
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
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {template: {spec: {restartPolicy: Never, containers: [${SLEEPER("main")}]}}}
`;

const prepared: Case = {
  command: "create -f pods.yaml -f apps.yaml",
  files: { "pods.yaml": PODS, "apps.yaml": APPS },
  settleMs: 20_000,
};
const input = (command: string, stdin: string): Case => ({ command, stdin });

export const execCases: CaseGroup = {
  name: "exec",
  mode: "write",
  cases: [
    prepared,
    "exec solo -- echo hi",
    "exec solo -- sh -c 'echo out; echo err >&2; exit 3'",
    "exec solo -- sh -c 'exit 0'",
    "exec solo -- false",
    "exec solo -- nope",
    "exec solo -- /bin/nope x",
    "exec solo -- /etc",
    "exec solo -- sh -c 'kill -9 $$'",
    "exec solo -- sh -c 'kill $$'",
    "exec solo -- printf 'no newline'",
    "exec solo -- echo -n -- x",
    "exec solo -- env",
    "exec solo -- pwd",
    "exec solo -- hostname",
    "exec solo -- id",
    input("exec -i solo -- cat", "hello\nworld"),
    input("exec -i solo -- wc -c", "12345"),
    input("exec solo -- cat", "is not sent"),
    input("exec -i solo -- sh", "echo a; echo b >&2; exit 4\n"),
    input("exec -i solo -- true", "nobody reads this\n"),
    input("exec -it solo -- cat", "no terminal\n"),
    input("exec -itq solo -- cat", "no terminal\n"),
    input("exec -t solo -- echo hi", ""),
    input("exec --stdin=true --tty=false solo -- cat", "x"),
    "exec duo -- echo hi",
    "exec duo -c web -- echo hi",
    "exec duo -c nope -- echo hi",
    "exec trio -- echo hi",
    "exec -q trio -- echo hi",
    "exec trio -c b -- echo hi",
    "exec trio -c first -- echo hi",
    "exec trio -c '' -- echo hi",
    "exec astray -- echo hi",
    "exec astray -q -- echo hi",
    "exec pod/solo -- echo hi",
    "exec pods/trio -c b -- echo hi",
    "exec deploy/web -- echo hi",
    "exec deployment.apps/web -- echo hi",
    "exec svc/web -- echo hi",
    "exec job/once -- echo hi",
    "exec rs/nope -- echo hi",
    "exec svc/bare -- echo hi",
    "exec svc/nobody --pod-running-timeout=1s -- echo hi",
    "exec cm/kube-root-ca.crt -- echo hi",
    "exec node/worker1 -- echo hi",
    "exec nope/solo -- echo hi",
    "exec deploy/nope -- echo hi",
    "exec solo/x/y -- echo hi",
    "exec /solo -- echo hi",
    "exec solo/ -- echo hi",
    "exec nope -- echo hi",
    "exec done -- echo hi",
    "exec failed -- echo hi",
    "exec crash -- echo hi",
    "exec nowhere -- echo hi",
    "exec noimage -- echo hi",
    "exec solo -n nope -- echo hi",
    "exec -n kube-system solo -- echo hi",
    "exec",
    "exec solo",
    "exec solo --",
    "exec -- echo hi",
    "exec solo echo hi",
    "exec solo extra -- echo hi",
    "exec solo -c main echo hi",
    "exec solo --pod-running-timeout=0 -- echo hi",
    "exec solo --pod-running-timeout=-1s -- echo hi",
    "exec solo --pod-running-timeout=x -- echo hi",
    "exec --nope solo -- echo hi",
    "exec solo -p main -- echo hi",
    { command: "exec -f pod.yaml -- echo hi", files: { "pod.yaml": POD("solo", SLEEPER("main")) } },
    { command: "exec -f pod.yaml -c nope -- echo hi", files: { "pod.yaml": POD("solo", SLEEPER("main")) } },
    { command: "exec -f two.yaml -- echo hi", files: { "two.yaml": POD("solo", SLEEPER("main")) + POD("duo", SLEEPER("web")) } },
    { command: "exec -f apps.yaml -- echo hi", files: { "apps.yaml": APPS.split("---")[0] ?? "" } },
    { command: "exec -f pod.yaml", files: { "pod.yaml": POD("solo", SLEEPER("main")) } },
    { command: "exec -f pod.yaml echo hi", files: { "pod.yaml": POD("solo", SLEEPER("main")) } },
    { command: "exec solo -f pod.yaml -- echo hi", files: { "pod.yaml": POD("solo", SLEEPER("main")) } },
    "exec -f nope.yaml -- echo hi",
    { command: ["exec", "solo", "--", "echo", "two  blanks", "", "$HOME", "'quoted'"] },
    "exec solo --as=nobody -- echo hi",
  ],
};

export const attachCases: CaseGroup = {
  name: "attach",
  mode: "write",
  cases: [
    prepared,
    { command: "attach solo", interruptAfterMs: 1500 },
    { command: "attach talker", interruptAfterMs: 1500 },
    { command: "attach duo", interruptAfterMs: 1500 },
    { command: "attach trio", interruptAfterMs: 1500 },
    { command: "attach trio -c b -q", interruptAfterMs: 1500 },
    { command: "attach deploy/web", interruptAfterMs: 1500 },
    { command: "attach pod solo", interruptAfterMs: 1500 },
    { command: "attach solo -it", interruptAfterMs: 1500 },
    { command: "attach solo -itq", interruptAfterMs: 1500 },
    { command: "attach solo -t", interruptAfterMs: 1500 },
    { command: "attach term", interruptAfterMs: 1500 },
    { command: "attach talker -i", stdin: "hello\n", interruptAfterMs: 2500 },
    "attach",
    "attach a b c",
    "attach nope",
    "attach done",
    "attach failed",
    "attach nowhere",
    "attach noimage",
    "attach crash",
    "attach trio -c nope",
    "attach trio -c first",
    "attach deploy/nope",
    "attach cm/kube-root-ca.crt",
    "attach svc/bare",
    "attach svc/nobody --pod-running-timeout=1s",
    "attach solo --pod-running-timeout=0",
    "attach solo --detach-keys=nope",
    "attach pod",
    "attach nope solo",
    "attach solo -n nope",
  ],
};

const LOCAL = { "a.txt": "first\n", "b.txt": "second\n", "folder/c.txt": "third\n", "folder/sub/d.txt": "fourth\n" };
const local = (command: string): Case => ({ command, files: LOCAL });

export const cpCases: CaseGroup = {
  name: "cp",
  mode: "write",
  cases: [
    prepared,
    local("cp a.txt solo:/tmp/a.txt"),
    "exec solo -- cat /tmp/a.txt",
    local("cp b.txt solo:/tmp"),
    local("cp b.txt solo:/tmp/"),
    local("cp ./a.txt default/solo:/root/"),
    local("cp $DIR/a.txt solo:relative.txt"),
    local("cp folder solo:/tmp/copied"),
    local("cp folder solo:/tmp"),
    local("cp folder/ solo:/tmp/slash"),
    local("cp folder/. solo:/tmp/dot"),
    local("cp . solo:/tmp/here"),
    "exec solo -- find /tmp /root -type f",
    local("cp 'folder/*.txt' solo:/tmp/stars"),
    local("cp '*.txt' solo:/tmp"),
    local("cp '?.txt' solo:/tmp/copied"),
    local("cp '[ab].txt' solo:/tmp/copied"),
    local("cp 'nope*' solo:/tmp"),
    "exec solo -- find /tmp -type f",
    local("cp a.txt solo:/nope/deeper/a.txt"),
    local("cp nope.txt solo:/tmp"),
    local("cp a.txt nope:/tmp"),
    local("cp a.txt done:/tmp"),
    local("cp a.txt nowhere:/tmp"),
    local("cp a.txt default/nope:/tmp"),
    local("cp a.txt nope/solo:/tmp"),
    local("cp a.txt trio:/tmp/a.txt"),
    local("cp a.txt trio:/tmp/a.txt -c b"),
    local("cp a.txt trio:/tmp/a.txt -c nope"),
    "exec trio -c a -- cat /tmp/a.txt",
    local("cp --no-preserve a.txt solo:/tmp/np.txt"),
    local("cp --no-preserve=true folder solo:/tmp/np"),
    local("cp a.txt solo:"),
    local("cp a.txt :/tmp"),
    local("cp a.txt b.txt"),
    local("cp solo:/a solo:/b"),
    local("cp a.txt"),
    local("cp a.txt b.txt c.txt"),
    local("cp a.txt a/b/c:/tmp"),
    local("cp a.txt /solo:/tmp"),
    { command: "cp x:y.txt solo:/tmp/colon", files: { "x:y.txt": "colon\n" } },
    { command: "cp ./x:y.txt solo:/tmp/colon", files: { "x:y.txt": "colon\n" } },
    { command: "cp $DIR/x:y.txt solo:/tmp/colon", files: { "x:y.txt": "colon\n" } },
    // What tar says of absolute paths is printed if kubectl is still there when it comes: so these are relative.
    { command: "cp solo:tmp/a.txt got.txt", files: {} },
    { command: "cp solo:tmp/a.txt ./new/deep/got.txt", files: {} },
    { command: "cp solo:tmp/a.txt .", files: {} },
    { command: "cp default/solo:tmp/copied got", files: {} },
    { command: "cp solo:tmp/copied/ got", files: {} },
    { command: "cp solo:tmp/copied/. got", files: {} },
    { command: "cp solo:tmp/copied got", files: { "got/kept.txt": "kept\n" } },
    { command: "cp solo:/nope got", files: {}, compare: "status" },
    { command: "cp solo:/nope got --retries=2", files: {}, compare: "status" },
    { command: "cp solo:tmp/a.txt got.txt --retries=2", files: {} },
    { command: "cp solo:tmp/copied got --retries=-1", files: {} },
    { command: "cp solo:tmp/a.txt got --retries=x", files: {} },
    { command: "cp trio:tmp/a.txt got.txt -c b", files: {} },
    { command: "cp trio:tmp/a.txt got.txt", files: {} },
    { command: "cp trio:tmp/a.txt got.txt -c nope", files: {} },
    { command: "cp nope:/tmp/a.txt got.txt", files: {} },
    { command: "cp done:/tmp/a.txt got.txt", files: {} },
    { command: "cp solo:'tmp/*.txt' got", files: {}, compare: "status" },
    {
      command: "cp solo:links got",
      setup: ["exec solo -- sh -c 'mkdir -p /links/in; echo x >/links/in/x; ln -sf in/x /links/one; ln -sf /etc/passwd /links/two'"],
      files: {},
    },
    { command: "cp solo:links/one got", files: {} },
    { command: "cp solo:empty got", setup: ["exec solo -- mkdir -p /empty"], files: {} },
    "cp",
    "cp --nope",
  ],
};
