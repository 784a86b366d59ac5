import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSpec } from "../../../src/api/generated/core-v1.ts";
import { container, podProblems } from "./fixtures.ts";

const one = (fields: Parameters<typeof container>[0]): Partial<PodSpec> => ({ containers: [container(fields)] });
const FIRST = "spec.containers[0]";

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const CASES: readonly [what: string, spec: Partial<PodSpec>, expected: readonly string[]][] = [
  ["no containers", { containers: [] }, ["spec.containers: Required value"]],
  ["no image", one({ image: "" }), [`${FIRST}.image: Required value`]],
  [
    "an image with a space",
    one({ image: " busybox" }),
    [`${FIRST}.image: Invalid value: " busybox": must not have leading or trailing whitespace`],
  ],
  ["a bad container name", one({ name: "Main" }), [`${FIRST}.name: Invalid value: "Main": ${LABEL}`]],
  ["two containers of one name", { containers: [container(), container()] }, ['spec.containers[1].name: Duplicate value: "main"']],
  ["an init container of the same name", { initContainers: [container()] }, ['spec.initContainers[0].name: Duplicate value: "main"']],
  [
    "a restart policy",
    { restartPolicy: "Sometimes" },
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    "a pull policy",
    one({ imagePullPolicy: "Maybe" }),
    [`${FIRST}.imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"`],
  ],
  [
    "a port out of range",
    one({ ports: [{ containerPort: 70000 }] }),
    [`${FIRST}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`],
  ],
  [
    "two ports of one name",
    one({
      ports: [
        { containerPort: 1, name: "a" },
        { containerPort: 2, name: "a" },
      ],
    }),
    [`${FIRST}.ports[1].name: Duplicate value: "a"`],
  ],
  [
    "a protocol",
    one({ ports: [{ containerPort: 1, protocol: "X" }] }),
    [`${FIRST}.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"`],
  ],
  [
    "a host port twice",
    {
      containers: [
        container({ ports: [{ containerPort: 1, hostPort: 80 }] }),
        container({ name: "b", ports: [{ containerPort: 2, hostPort: 80 }] }),
      ],
    },
    ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"'],
  ],
  [
    "a mount of no volume",
    one({ volumeMounts: [{ name: "gone", mountPath: "/x" }] }),
    [`${FIRST}.volumeMounts[0].name: Not found: "gone"`],
  ],
  [
    "a mount path twice",
    {
      ...one({
        volumeMounts: [
          { name: "v", mountPath: "/x" },
          { name: "v", mountPath: "/x" },
        ],
      }),
      volumes: [{ name: "v" }],
    },
    [`${FIRST}.volumeMounts[1].mountPath: Invalid value: "/x": must be unique`],
  ],
  [
    "a volume that is not well makes its mount not found too",
    { ...one({ volumeMounts: [{ name: "v", mountPath: "/x" }] }), volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/" } }] },
    ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type", `${FIRST}.volumeMounts[0].name: Not found: "v"`],
  ],
  [
    "a resource of no container in a volume",
    { volumes: [{ name: "d", downwardAPI: { items: [{ path: "cpu", resourceFieldRef: { resource: "limits.cpu" } }] } }] },
    ["spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value"],
  ],
  [
    "a path out of a volume",
    { volumes: [{ name: "c", configMap: { name: "c", items: [{ key: "k", path: "../x" }] } }] },
    [`spec.volumes[0].configMap.items[0].path: Invalid value: "../x": must not contain '..'`],
  ],
  [
    "a claim without a name",
    { volumes: [{ name: "c", persistentVolumeClaim: { claimName: "" } }] },
    ["spec.volumes[0].persistentVolumeClaim.claimName: Required value"],
  ],
  [
    "an unknown field",
    one({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "status.nothing" } } }] }),
    [
      `${FIRST}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "status.nothing": error converting fieldPath: field label not supported: status.nothing`,
    ],
  ],
  [
    "all labels in a variable",
    one({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } }] }),
    [
      `${FIRST}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ],
  ],
  [
    "a value and its source",
    one({ env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
    [`${FIRST}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`],
  ],
  [
    "a divisor",
    one({ env: [{ name: "A", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "2m" } } }] }),
    [
      `${FIRST}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ],
  ],
  [
    "envFrom nothing",
    one({ envFrom: [{}] }),
    [`${FIRST}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``],
  ],
  ["a probe that does nothing", one({ livenessProbe: {} }), [`${FIRST}.livenessProbe: Required value: must specify a handler type`]],
  [
    "a probe that does two things",
    one({ readinessProbe: { exec: { command: ["x"] }, tcpSocket: { port: 1 } } }),
    [`${FIRST}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`],
  ],
  [
    "a liveness probe that must succeed twice",
    one({ livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }),
    [`${FIRST}.livenessProbe.successThreshold: Invalid value: 2: must be 1`],
  ],
  [
    "a probe of a plain init container",
    { initContainers: [container({ name: "i", readinessProbe: { tcpSocket: { port: 1 } } })] },
    ["spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"],
  ],
  [
    "a request over the limit",
    one({ resources: { requests: { cpu: "2" }, limits: { cpu: "1000m" } } }),
    [`${FIRST}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`],
  ],
  [
    "an unknown resource",
    one({ resources: { limits: { gpus: "1" } } }),
    [
      `${FIRST}.resources.limits[gpus]: Invalid value: "gpus": must be a standard resource type or fully qualified`,
      `${FIRST}.resources.limits[gpus]: Invalid value: "gpus": must be a standard resource for containers`,
      `${FIRST}.resources.requests[gpus]: Invalid value: "gpus": must be a standard resource type or fully qualified`,
      `${FIRST}.resources.requests[gpus]: Invalid value: "gpus": must be a standard resource for containers`,
    ],
  ],
  [
    "half a GPU",
    one({ resources: { limits: { "nvidia.com/gpu": "500m" } } }),
    [
      `${FIRST}.resources.limits[nvidia.com/gpu]: Invalid value: "500m": must be an integer`,
      `${FIRST}.resources.requests[nvidia.com/gpu]: Invalid value: "500m": must be an integer`,
    ],
  ],
  [
    "a toleration of everything",
    { tolerations: [{ operator: "Equal" }] },
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    "an affinity term without values",
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "In" }] }] },
        },
      },
    },
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
  ],
  [
    "a spread without a skew",
    { topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }] },
    ["spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"],
  ],
  [
    "a deadline of nothing",
    { activeDeadlineSeconds: 0 },
    ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
  ],
  ["no name server at all", { dnsPolicy: "None" }, ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]],
];

for (const [what, spec, expected] of CASES) {
  test(`refuses ${what}`, () => assert.deepEqual(podProblems(spec), expected));
}

test("accepts a sidecar with a probe, annotations in variables and a negative grace period", () => {
  const sidecar = container({ name: "side", restartPolicy: "Always", startupProbe: { exec: { command: ["true"] } } });
  const variable = { name: "NOTE", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['example.com/Note']" } } };
  assert.deepEqual(
    podProblems({ containers: [container({ env: [variable] })], initContainers: [sidecar], terminationGracePeriodSeconds: -1 }),
    [],
  );
});
