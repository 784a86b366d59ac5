/** Objects as a real server answers with them. */
export const pod = (name: string, more: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace: "default",
    uid: `uid-${name}`,
    resourceVersion: "10",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { app: "web", env: "prod" },
    annotations: { note: "a b" },
    ...(more["metadata"] as object),
  },
  spec: {
    containers: [
      {
        name: "web",
        image: "nginx:1",
        ports: [{ containerPort: 80, protocol: "TCP" }],
        resources: { limits: { cpu: "100m" }, requests: { cpu: "50m" } },
        env: [
          { name: "A", value: "b" },
          {
            name: "POD",
            valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
          },
        ],
        livenessProbe: {
          httpGet: { path: "/", port: 80, scheme: "HTTP" },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        volumeMounts: [
          { name: "data", mountPath: "/data" },
          { name: "token", mountPath: "/var/run", readOnly: true },
        ],
      },
      { name: "side", image: "busybox", command: ["sh", "-c", "sleep 1\necho x"], resources: {} },
    ],
    nodeName: "worker1",
    priority: 0,
    serviceAccountName: "default",
    nodeSelector: { disk: "ssd" },
    tolerations: [
      {
        key: "node.kubernetes.io/not-ready",
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      },
      { key: "a", operator: "Equal", value: "b", effect: "NoSchedule" },
      { operator: "Exists" },
    ],
    volumes: [
      { name: "data", emptyDir: {} },
      {
        name: "token",
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
            { configMap: { name: "kube-root-ca.crt" } },
            { downwardAPI: { items: [] } },
          ],
        },
      },
      { name: "cm", configMap: { name: "settings", optional: true } },
    ],
  },
  status: {
    phase: "Running",
    qosClass: "Burstable",
    hostIP: "172.18.0.2",
    podIP: "10.244.1.5",
    podIPs: [{ ip: "10.244.1.5" }],
    startTime: "2026-01-01T00:00:01Z",
    conditions: [
      { type: "Ready", status: "True" },
      { type: "PodScheduled", status: "True" },
    ],
    containerStatuses: [
      {
        name: "web",
        containerID: "containerd://abc",
        image: "nginx:1",
        imageID: "sha256:1",
        ready: true,
        restartCount: 2,
        state: { running: { startedAt: "2026-01-01T00:00:05Z" } },
        lastState: {
          terminated: {
            exitCode: 137,
            reason: "Error",
            startedAt: "2026-01-01T00:00:02Z",
            finishedAt: "2026-01-01T00:00:04Z",
          },
        },
      },
      {
        name: "side",
        image: "busybox",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
      },
    ],
  },
});

export const podTable = (...names: string[]) => ({
  kind: "Table",
  apiVersion: "meta.k8s.io/v1",
  metadata: { resourceVersion: "100" },
  columnDefinitions: [
    { name: "Name", type: "string", format: "name", description: "", priority: 0 },
    { name: "Ready", type: "string", format: "", description: "", priority: 0 },
    { name: "Status", type: "string", format: "", description: "", priority: 0 },
    { name: "Restarts", type: "string", format: "", description: "", priority: 0 },
    { name: "Age", type: "string", format: "", description: "", priority: 0 },
    { name: "IP", type: "string", format: "", description: "", priority: 1 },
  ],
  rows: names.map((name, index) => ({
    cells: [name, "1/1", "Running", `${index}`, "5m", `10.244.1.${index}`],
    object: {
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
      metadata: {
        name,
        namespace: "default",
        creationTimestamp: "2026-01-01T00:00:00Z",
        labels: { app: "web", n: String(index) },
      },
    },
  })),
});

export const event = (reason: string, message: string, more: Record<string, unknown> = {}) => ({
  metadata: {
    name: `e-${reason}`,
    namespace: "default",
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  involvedObject: { kind: "Pod", name: "web", namespace: "default", uid: "uid-web" },
  reason,
  message,
  type: "Normal",
  source: { component: "kubelet", host: "worker1" },
  firstTimestamp: "2026-01-01T00:00:00Z",
  lastTimestamp: "2026-01-01T00:00:00Z",
  count: 1,
  ...more,
});
