import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { ContainerStatus, Pod, PodStatus } from "../../../src/api/generated/core-v1.ts";
import { podLimits, podRequests, qosClass } from "../../../src/api/pod-facts.ts";
import { pods } from "../../../src/api/resources/pod.ts";
import { container, defaulted, draft, row, updateProblems } from "./fixtures.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1000).toISOString().replace(".000", "");

test("a pod of one image gets every default", () => {
  const { spec } = defaulted({ containers: [container({ ports: [{ containerPort: 8080 }], livenessProbe: { httpGet: { port: 8080 } } })] });
  assert.deepEqual(spec, {
    containers: [
      {
        name: "main",
        image: "luksa/kubia",
        imagePullPolicy: "Always",
        ports: [{ containerPort: 8080, protocol: "TCP" }],
        livenessProbe: {
          httpGet: { port: 8080, path: "/", scheme: "HTTP" },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        resources: {},
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
      },
    ],
    dnsPolicy: "ClusterFirst",
    enableServiceLinks: true,
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  });
});

test("the pull policy follows the tag", () => {
  const policy = (image: string) => defaulted({ containers: [container({ image })] }).spec.containers[0]?.imagePullPolicy;
  assert.equal(policy("registry:5000/app"), "Always");
  assert.equal(policy("registry:5000/app:v1"), "IfNotPresent");
  assert.equal(policy(`app@sha256:${"0".repeat(64)}`), "IfNotPresent");
});

test("projections whose feature gates are off are dropped, their places stay", () => {
  const sources = [
    { clusterTrustBundle: { name: "roots", path: "roots.pem" } },
    { podCertificate: { signerName: "example.com/signer", keyType: "ED25519", credentialBundlePath: "bundle.pem" } },
    { secret: { name: "s" } },
  ];
  const pod = defaulted({ volumes: [{ name: "v", projected: { sources } }] });
  assert.deepEqual(pod.spec.volumes?.[0]?.projected?.sources, [{}, {}, { secret: { name: "s" } }]);
  assert.deepEqual(pods.validate?.(pod), []);
});

test("limits become requests, host networking host ports, and defaulting twice changes nothing", () => {
  const pod = defaulted({
    hostNetwork: true,
    containers: [container({ ports: [{ containerPort: 80 }], resources: { limits: { cpu: "1" } } })],
  });
  assert.deepEqual(pod.spec.containers[0]?.resources, { limits: { cpu: "1" }, requests: { cpu: "1" } });
  assert.equal(pod.spec.containers[0]?.ports?.[0]?.hostPort, 80);
  const again = structuredClone(pod);
  pods.setDefaults?.(again);
  assert.deepEqual(again, pod);
});

test("a new pod is Pending with its QoS class", () => {
  const qos = (...resources: { requests?: Record<string, string>; limits?: Record<string, string> }[]) =>
    qosClass(defaulted({ containers: resources.map((own, index) => container({ name: `c${index}`, resources: own })) }));
  assert.equal(qos({}), "BestEffort");
  assert.equal(qos({ requests: { cpu: "1" } }), "Burstable");
  assert.equal(qos({ limits: { cpu: "1", memory: "1Gi" } }), "Guaranteed");
  assert.equal(qos({ limits: { cpu: "1", memory: "1Gi" } }, {}), "Burstable");
  assert.equal(qos({ requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1000m", memory: "1024Mi" } }), "Guaranteed");
});

test("requests count sidecars beside the containers, and the greatest init container", () => {
  const asks = (name: string, cpu: string, more = {}) => container({ name, resources: { requests: { cpu }, limits: { cpu } }, ...more });
  const pod = defaulted({
    containers: [asks("a", "100m"), asks("b", "200m")],
    initContainers: [asks("s", "50m", { restartPolicy: "Always" }), asks("i", "1")],
    overhead: { cpu: "10m" },
  });
  assert.equal(podRequests(pod).get("cpu"), 1060);
  assert.equal(podLimits(pod).get("cpu"), 1060);
});

test("the manifests of the acceptance tour are accepted", async () => {
  const folder = "/work/shared/acceptance/manifests";
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  } catch {
    return;
  }
  const { parseYamlDocuments } = await import("../../../src/api/parse-yaml.ts");
  for (const name of names) {
    for (const object of parseYamlDocuments(readFileSync(`${folder}/${name}`, "utf8")) as Pod[]) {
      if (object?.kind !== "Pod") continue;
      pods.setDefaults?.(object);
      assert.deepEqual(pods.validate?.({ ...object, status: {} }), [], name);
    }
  }
});

test("only a pod that runs gets time to stop", () => {
  const pod = (nodeName: string | undefined, phase: string) => ({ ...defaulted(nodeName ? { nodeName } : {}), status: { phase } });
  assert.equal(pods.gracePeriodSeconds?.(pod("n", "Running"), undefined), 30);
  assert.equal(pods.gracePeriodSeconds?.(pod("n", "Running"), 5), 5);
  assert.equal(pods.gracePeriodSeconds?.(pod(undefined, "Pending"), undefined), 0);
  assert.equal(pods.gracePeriodSeconds?.(pod("n", "Succeeded"), 10), 0);
});

test("an update may change images and add tolerations, nothing else", () => {
  const old = defaulted();
  const next = structuredClone(old);
  next.spec.containers = [{ ...container(), ...old.spec.containers[0], image: "other" }];
  next.spec.tolerations = [{ key: "a", operator: "Exists" }];
  next.spec.activeDeadlineSeconds = 5;
  assert.deepEqual(updateProblems(pods, next, old), []);
  next.spec.restartPolicy = "Never";
  const [text = "", ...more] = updateProblems(pods, next, old);
  assert.deepEqual(more, []);
  assert.match(
    text,
    /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n {2}core\.PodSpec\{\n/,
  );
  assert.match(text, /\n- \tRestartPolicy: "Always",\n\+ \tRestartPolicy: "Never",\n/);
});

test("an update may not add a container or drop a toleration", () => {
  const old = defaulted({ tolerations: [{ key: "a", operator: "Exists" }] });
  const more = structuredClone(old);
  more.spec.containers.push(container({ name: "b" }));
  assert.deepEqual(updateProblems(pods, more, old), ["spec.containers: Forbidden: pod updates may not add or remove containers"]);
  assert.deepEqual(updateProblems(pods, { ...old, spec: { ...old.spec, tolerations: [] } }, old), [
    "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
  ]);
});

test("warns of what it accepts but what is not wise", () => {
  const pod = draft({
    nodeSelector: { "beta.kubernetes.io/os": "linux" },
    containers: [
      container({
        env: [
          { name: "A", value: "1" },
          { name: "A", value: "2" },
        ],
        resources: { limits: { memory: "100m" } },
      }),
    ],
  });
  assert.deepEqual(pods.warnings?.(pod, undefined), [
    'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
  ]);
});

const state = (name: string, value: NonNullable<ContainerStatus["state"]>, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  image: "i",
  imageID: "",
  ready: false,
  restartCount: 0,
  state: value,
  ...more,
});
const running = (name: string, more: Partial<ContainerStatus> = {}) =>
  state(name, { running: { startedAt: at(60) } }, { ready: true, started: true, ...more });
const ended = (name: string, exitCode: number, reason?: string, signal?: number) =>
  state(name, { terminated: { exitCode, ...(reason ? { reason } : {}), ...(signal ? { signal } : {}) } });
const waiting = (name: string, reason: string) => state(name, { waiting: { reason } });
const restarted = { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: at(10) } } };

const TWO = { containers: [container(), container({ name: "two" })] };
const WITH_INIT = { initContainers: [container({ name: "init" })] };
const WITH_SIDECAR = { initContainers: [container({ name: "side", restartPolicy: "Always" })] };
const INITIALIZED = [{ type: "Initialized", status: "True" }];

const STATES: readonly [
  what: string,
  spec: Partial<Pod["spec"]>,
  status: PodStatus,
  expected: readonly [string, string, string],
  metadata?: Partial<Pod["metadata"]>,
][] = [
  ["new", {}, { phase: "Pending" }, ["0/1", "Pending", "0"]],
  [
    "gated",
    {},
    { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
    ["0/1", "SchedulingGated", "0"],
  ],
  ["creating", {}, { phase: "Pending", containerStatuses: [waiting("main", "ContainerCreating")] }, ["0/1", "ContainerCreating", "0"]],
  ["running", TWO, { phase: "Running", containerStatuses: [running("main"), running("two")] }, ["2/2", "Running", "0"]],
  ["restarted", {}, { phase: "Running", containerStatuses: [running("main", restarted)] }, ["1/1", "Running", "3 (10s ago)"]],
  [
    "crashing",
    {},
    { phase: "Running", containerStatuses: [{ ...waiting("main", "CrashLoopBackOff"), ...restarted }] },
    ["0/1", "CrashLoopBackOff", "3 (10s ago)"],
  ],
  ["done", {}, { phase: "Succeeded", containerStatuses: [ended("main", 0, "Completed")] }, ["0/1", "Completed", "0"]],
  ["half done", TWO, { phase: "Running", containerStatuses: [ended("main", 0, "Completed"), running("two")] }, ["1/2", "NotReady", "0"]],
  ["killed by a signal", {}, { phase: "Failed", containerStatuses: [ended("main", 137, undefined, 9)] }, ["0/1", "Signal:9", "0"]],
  ["failed without a reason", {}, { phase: "Failed", containerStatuses: [ended("main", 3)] }, ["0/1", "ExitCode:3", "0"]],
  ["evicted", {}, { phase: "Failed", reason: "Evicted" }, ["0/1", "Evicted", "0"]],
  [
    "terminating",
    {},
    { phase: "Running", containerStatuses: [running("main")] },
    ["1/1", "Terminating", "0"],
    { deletionTimestamp: at(1) },
  ],
  [
    "lost with its node",
    {},
    { phase: "Running", reason: "NodeLost", containerStatuses: [running("main")] },
    ["1/1", "Unknown", "0"],
    { deletionTimestamp: at(1) },
  ],
  [
    "initializing",
    WITH_INIT,
    { phase: "Pending", initContainerStatuses: [state("init", { running: {} })], containerStatuses: [waiting("main", "PodInitializing")] },
    ["0/1", "Init:0/1", "0"],
  ],
  [
    "failing to initialize",
    WITH_INIT,
    {
      phase: "Pending",
      initContainerStatuses: [{ ...waiting("init", "CrashLoopBackOff"), ...restarted }],
      containerStatuses: [waiting("main", "PodInitializing")],
    },
    ["0/1", "Init:CrashLoopBackOff", "3 (10s ago)"],
  ],
  ["failed to initialize", WITH_INIT, { phase: "Failed", initContainerStatuses: [ended("init", 1, "Error")] }, ["0/1", "Init:Error", "0"]],
  [
    "past a failing init container",
    WITH_INIT,
    {
      phase: "Running",
      conditions: INITIALIZED,
      initContainerStatuses: [{ ...ended("init", 0, "Completed"), ...restarted }],
      containerStatuses: [running("main")],
    },
    ["1/1", "Running", "0"],
  ],
  [
    "with a sidecar",
    WITH_SIDECAR,
    {
      phase: "Running",
      conditions: INITIALIZED,
      initContainerStatuses: [running("side", restarted)],
      containerStatuses: [running("main")],
    },
    ["2/2", "Running", "3 (10s ago)"],
  ],
];

for (const [what, spec, status, [ready, shown, restarts], metadata] of STATES) {
  test(`the columns of a pod that is ${what}`, () => {
    const cells = row(pods, { ...draft(spec, { creationTimestamp: at(90), ...metadata }), status }, NOW);
    assert.deepEqual([cells["Ready"], cells["Status"], cells["Restarts"], cells["Age"]], [ready, shown, restarts, "90s"]);
  });
}

test("wide columns show <none> for what is not there", () => {
  const cells = row(pods, draft(), NOW);
  assert.deepEqual(
    [cells["IP"], cells["Node"], cells["Nominated Node"], cells["Readiness Gates"]],
    ["<none>", "<none>", "<none>", "<none>"],
  );
});
