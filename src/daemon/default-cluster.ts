import type { DaemonSet, Deployment } from "../api/generated/apps-v1.ts";
import type { ConfigMap, Container, Namespace, Pod, Service, ServiceAccount } from "../api/generated/core-v1.ts";
import type { PriorityClass } from "../api/generated/scheduling-v1.ts";
import type { StorageClass } from "../api/generated/storage-v1.ts";
import type { Draft } from "../api/meta.ts";

/** The machines, addresses and system objects of a new cluster: what kubeadm and kind would have made. */
export const KUBERNETES_VERSION = "v1.36.0";
export const SERVICE_CIDR = "10.96.0.0/12";
export const CLUSTER_CIDR = "10.244.0.0/16";
export const KUBERNETES_SERVICE_IP = "10.96.0.1";
export const DNS_SERVICE_IP = "10.96.0.10";
export const API_PORT = 6443;

export interface NodeSpec {
  readonly name: string;
  readonly ip: string;
  readonly podCIDR: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly capacity: { readonly cpu: string; readonly memory: string; readonly pods: string };
}

/** One control plane and `workers` workers; 4 CPU, 8Gi, 110 pods each. */
export function defaultNodes(workers = 2): NodeSpec[] {
  const controlPlane: NodeSpec = {
    ...node("control-plane", 0),
    labels: { "node-role.kubernetes.io/control-plane": "", "node.kubernetes.io/exclude-from-external-load-balancers": "" },
    taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
  };
  return [controlPlane, ...Array.from({ length: workers }, (_, index) => node(`worker${index + 1}`, index + 1))];
}

/** The `index`-th machine of the cluster. */
export function node(name: string, index: number): NodeSpec {
  const host = index + 2;
  return {
    name,
    ip: `172.18.${host >> 8}.${host & 255}`,
    podCIDR: index < 256 ? `10.244.${index}.0/24` : `10.${245 + ((index - 256) >> 8)}.${(index - 256) & 255}.0/24`,
    labels: {},
    taints: [],
    capacity: { cpu: "4", memory: "8Gi", pods: "110" },
  };
}

const meta = (name: string, labels: Record<string, string> = {}) => ({ name, namespace: "kube-system", labels });

export function namespaces(): Draft<Namespace>[] {
  return ["default", "kube-node-lease", "kube-public", "kube-system"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
    spec: {},
  }));
}

export function priorityClasses(): Draft<PriorityClass>[] {
  const critical = (name: string, value: number, what: string) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    description: `Used for system critical pods that must ${what}.`,
    preemptionPolicy: "PreemptLowerPriority",
  });
  return [
    critical("system-cluster-critical", 2_000_000_000, "run in the cluster, but can be moved to another node if necessary"),
    critical("system-node-critical", 2_000_001_000, "not be moved from their current node"),
  ];
}

/** kind's: a folder on the node of the first pod. */
export function storageClasses(): Draft<StorageClass>[] {
  return [
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "rancher.io/local-path",
      reclaimPolicy: "Delete",
      volumeBindingMode: "WaitForFirstConsumer",
    },
  ];
}

export function services(): Draft<Service>[] {
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kubernetes", namespace: "default", labels: { component: "apiserver", provider: "kubernetes" } },
      spec: { clusterIP: KUBERNETES_SERVICE_IP, ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: API_PORT }] },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        ...meta("kube-dns", { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" }),
        annotations: { "prometheus.io/port": "9153", "prometheus.io/scrape": "true" },
      },
      spec: {
        clusterIP: DNS_SERVICE_IP,
        selector: { "k8s-app": "kube-dns" },
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
          { name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 },
        ],
      },
    },
  ];
}

export function serviceAccounts(): Draft<ServiceAccount>[] {
  return ["coredns", "kindnet", "kube-proxy"].map((name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: meta(name) }));
}

const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`;

export function configMaps(): Draft<ConfigMap>[] {
  return [{ apiVersion: "v1", kind: "ConfigMap", metadata: meta("coredns"), data: { Corefile: COREFILE } }];
}

export function deployments(): Draft<Deployment>[] {
  const labels = { "k8s-app": "kube-dns" };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: meta("coredns", labels),
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: "25%" } },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: "coredns",
            priorityClassName: "system-cluster-critical",
            dnsPolicy: "Default",
            nodeSelector: { "kubernetes.io/os": "linux" },
            tolerations: [
              { key: "CriticalAddonsOnly", operator: "Exists" },
              { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
            ],
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  {
                    weight: 100,
                    podAffinityTerm: {
                      labelSelector: { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns"] }] },
                      topologyKey: "kubernetes.io/hostname",
                    },
                  },
                ],
              },
            },
            containers: [corednsContainer()],
            volumes: [{ name: "config-volume", configMap: { name: "coredns", items: [{ key: "Corefile", path: "Corefile" }] } }],
          },
        },
      },
    },
  ];
}

function corednsContainer(): Container {
  return {
    name: "coredns",
    image: "registry.k8s.io/coredns/coredns:v1.14.1",
    imagePullPolicy: "IfNotPresent",
    args: ["-conf", "/etc/coredns/Corefile"],
    resources: { limits: { memory: "170Mi" }, requests: { cpu: "100m", memory: "70Mi" } },
    ports: [
      { containerPort: 53, name: "dns", protocol: "UDP" },
      { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
      { containerPort: 9153, name: "metrics", protocol: "TCP" },
      { containerPort: 8080, name: "liveness-probe", protocol: "TCP" },
      { containerPort: 8181, name: "readiness-probe", protocol: "TCP" },
    ],
    livenessProbe: {
      httpGet: { path: "/health", port: "liveness-probe", scheme: "HTTP" },
      initialDelaySeconds: 60,
      timeoutSeconds: 5,
      successThreshold: 1,
      failureThreshold: 5,
    },
    readinessProbe: { httpGet: { path: "/ready", port: "readiness-probe", scheme: "HTTP" } },
    volumeMounts: [{ name: "config-volume", mountPath: "/etc/coredns", readOnly: true }],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
  };
}

export function daemonSets(): Draft<DaemonSet>[] {
  return [
    hostDaemonSet(
      "kindnet",
      { app: "kindnet", "k8s-app": "kindnet", tier: "node" },
      { app: "kindnet" },
      {
        name: "kindnet-cni",
        image: "docker.io/kindest/kindnetd:v20260213-ea8e5717",
        env: [
          { name: "HOST_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
          { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "POD_SUBNET", value: CLUSTER_CIDR },
          { name: "CONTROL_PLANE_ENDPOINT", value: `control-plane:${API_PORT}` },
        ],
        resources: { limits: { cpu: "100m", memory: "50Mi" }, requests: { cpu: "100m", memory: "50Mi" } },
        volumeMounts: [{ name: "cni-cfg", mountPath: "/etc/cni/net.d" }],
      },
    ),
    hostDaemonSet(
      "kube-proxy",
      { "k8s-app": "kube-proxy" },
      { "k8s-app": "kube-proxy" },
      {
        name: "kube-proxy",
        image: `registry.k8s.io/kube-proxy:${KUBERNETES_VERSION}`,
        imagePullPolicy: "IfNotPresent",
        command: ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf", "--hostname-override=$(NODE_NAME)"],
        env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
      },
    ),
  ];
}

function hostDaemonSet(
  name: string,
  labels: Record<string, string>,
  selector: Record<string, string>,
  container: Container,
): Draft<DaemonSet> {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: meta(name, labels),
    spec: {
      selector: { matchLabels: selector },
      template: {
        metadata: { labels },
        spec: {
          hostNetwork: true,
          serviceAccountName: name,
          nodeSelector: { "kubernetes.io/os": "linux" },
          tolerations: [{ operator: "Exists" }],
          ...(name === "kube-proxy" ? { priorityClassName: "system-node-critical" } : {}),
          containers: [
            {
              ...container,
              securityContext:
                name === "kube-proxy" ? { privileged: true } : { privileged: false, capabilities: { add: ["NET_RAW", "NET_ADMIN"] } },
            },
          ],
          ...(name === "kindnet" ? { volumes: [{ name: "cni-cfg", hostPath: { path: "/etc/cni/net.d", type: "" } }] } : {}),
        },
      },
    },
  };
}

/** The control plane's own components, as the static pods that kubeadm writes to /etc/kubernetes/manifests. */
export function staticPods(controlPlaneIp: string): Draft<Pod>[] {
  const image = (name: string) => `registry.k8s.io/${name}:${KUBERNETES_VERSION}`;
  return [
    staticPod("etcd", "registry.k8s.io/etcd:3.6.8-0", "100m", "100Mi", [
      "etcd",
      `--advertise-client-urls=https://${controlPlaneIp}:2379`,
      "--data-dir=/var/lib/etcd",
      `--initial-advertise-peer-urls=https://${controlPlaneIp}:2380`,
      `--listen-client-urls=https://127.0.0.1:2379,https://${controlPlaneIp}:2379`,
      "--name=control-plane",
    ]),
    staticPod("kube-apiserver", image("kube-apiserver"), "250m", undefined, [
      "kube-apiserver",
      `--advertise-address=${controlPlaneIp}`,
      "--allow-privileged=true",
      "--authorization-mode=Node,RBAC",
      "--etcd-servers=https://127.0.0.1:2379",
      `--secure-port=${API_PORT}`,
      `--service-cluster-ip-range=${SERVICE_CIDR}`,
    ]),
    staticPod("kube-controller-manager", image("kube-controller-manager"), "200m", undefined, [
      "kube-controller-manager",
      "--allocate-node-cidrs=true",
      "--bind-address=127.0.0.1",
      `--cluster-cidr=${CLUSTER_CIDR}`,
      "--controllers=*,bootstrapsigner,tokencleaner",
      "--leader-elect=true",
      `--service-cluster-ip-range=${SERVICE_CIDR}`,
    ]),
    staticPod("kube-scheduler", image("kube-scheduler"), "100m", undefined, [
      "kube-scheduler",
      "--bind-address=127.0.0.1",
      "--leader-elect=true",
    ]),
  ];
}

function staticPod(component: string, image: string, cpu: string, memory: string | undefined, command: string[]): Draft<Pod> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta(component, { component, tier: "control-plane" }),
    spec: {
      hostNetwork: true,
      priorityClassName: "system-node-critical",
      containers: [
        {
          name: component,
          image,
          imagePullPolicy: "IfNotPresent",
          command,
          resources: { requests: { cpu, ...(memory ? { memory } : {}) } },
        },
      ],
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
    },
  };
}
