import { ageOf } from "../../api/duration.ts";
import type { Node, Pod } from "../../api/generated/core-v1.ts";
import type { ResourceSlice } from "../../api/generated/resource-v1.ts";
import { canonicalQuantity, parseQuantity } from "../../api/quantity.ts";
import type { Described } from "./describe-object.ts";
import { eventsOf, sortEvents, writeEvents } from "./events.ts";
import { DescribeWriter, goTime, writeAnnotations, writeLabels } from "./writer.ts";

const ROLE = "node-role.kubernetes.io/";

/** Upstream: describe.NodeDescriber */
export async function describeNode({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, spec, status } = object as unknown as Required<Node> & {
    metadata: { name: string; uid: string };
  };
  const [pods, byUid, byName, lease, slices] = await Promise.all([
    client.get<{ items?: Pod[] }>("/api/v1/pods", {
      fieldSelector: `spec.nodeName=${metadata.name},status.phase!=Succeeded,status.phase!=Failed`,
      limit: 500,
    }),
    eventsOf(showEvents && client, { name: metadata.name, namespace: "", kind: "Node", uid: metadata.uid }, undefined),
    eventsOf(showEvents && client, { name: metadata.name, namespace: "", kind: "Node", uid: metadata.name }, undefined),
    client
      .get<{ spec?: { holderIdentity?: string; acquireTime?: string; renewTime?: string } }>(
        `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${metadata.name}`,
      )
      .catch((error: unknown) => error as Error),
    client
      .get<{ items?: ResourceSlice[] }>("/apis/resource.k8s.io/v1/resourceslices", { fieldSelector: `spec.nodeName=${metadata.name}` })
      .catch(() => ({ items: [] })),
  ]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Roles:\t${roles(object.metadata.labels)}`);
  writeLabels(writer, "Labels", object.metadata.labels);
  writeAnnotations(writer, "Annotations", object.metadata.annotations);
  writer.line(0, `CreationTimestamp:\t${goTime(object.metadata.creationTimestamp)}`);
  const taints = (spec?.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ""}:${effect}`);
  if (taints.length === 0) writer.line(0, "Taints:\t<none>");
  taints.sort().forEach((taint, index) => writer.line(0, `${index === 0 ? "Taints:" : ""}\t${taint}`));
  writer.line(0, `Unschedulable:\t${spec?.unschedulable ?? false}`);
  if (lease instanceof Error) writer.line(0, `Lease:\tFailed to get lease: ${lease.message}`);
  else writeLease(writer, lease.spec);
  writeNodeConditions(writer, status);
  writer.line(0, "Addresses:");
  for (const { type, address } of status?.addresses ?? []) writer.line(1, `${type}:\t${address}`);
  for (const [title, list] of [
    ["Capacity", status?.capacity],
    ["Allocatable", status?.allocatable],
  ] as const) {
    if (!list) continue;
    writer.line(0, `${title}:`);
    for (const [name, quantity] of Object.entries(list).sort()) writer.line(1, `${name}:\t${canonicalQuantity(String(quantity))}`);
  }
  writeSlices(writer, slices.items ?? []);
  writeSystemInfo(writer, status?.nodeInfo as unknown as Record<string, string> | undefined);
  if (spec?.podCIDR) writer.line(0, `PodCIDR:\t${spec.podCIDR}`);
  if (spec?.podCIDRs?.length) writer.line(0, `PodCIDRs:\t${spec.podCIDRs.join(",")}`);
  if (spec?.providerID) writer.line(0, `ProviderID:\t${spec.providerID}`);
  writePods(writer, pods.items ?? [], (status?.allocatable ?? status?.capacity ?? {}) as Record<string, string>, nowMs);
  writeEvents(writer, byUid && byName && sortEvents([...byUid, ...byName]), nowMs);
  return writer.render();
}

const POOLS_SHOWN = 10;

/** The devices that only this node has, by driver and pool. Upstream: describeNodeResourceSlices */
function writeSlices(writer: DescribeWriter, slices: readonly ResourceSlice[]): void {
  const pools = new Map<string, { driver: string; pool: string; slices: number; devices: number }>();
  for (const { spec } of slices) {
    const key = `${spec.driver}/${spec.pool.name}`;
    const found = pools.get(key) ?? { driver: spec.driver, pool: spec.pool.name, slices: 0, devices: 0 };
    pools.set(key, { ...found, slices: found.slices + 1, devices: found.devices + (spec.devices ?? []).length });
  }
  if (pools.size === 0) return;
  writer.line(0, "Node-Local ResourceSlices:");
  writer.line(1, "Driver\tPool\tSlices\tDevices");
  writer.line(1, "------\t----\t------\t-------");
  const sorted = [...pools].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, each] of sorted.slice(0, POOLS_SHOWN)) writer.line(1, `${each.driver}\t${each.pool}\t${each.slices}\t${each.devices}`);
  if (sorted.length > POOLS_SHOWN) writer.line(1, `...and ${sorted.length - POOLS_SHOWN} more pools`);
}

function roles(labels: Readonly<Record<string, string>> | undefined): string {
  const found = Object.entries(labels ?? {}).flatMap(([key, value]) =>
    key.startsWith(ROLE) ? [key.slice(ROLE.length)] : key === "kubernetes.io/role" && value ? [value] : [],
  );
  return found.sort().join(",") || "<none>";
}

function writeLease(
  writer: DescribeWriter,
  lease: { holderIdentity?: string; acquireTime?: string; renewTime?: string } | undefined,
): void {
  writer.line(0, "Lease:");
  writer.line(1, `HolderIdentity:\t${lease?.holderIdentity ?? "<unset>"}`);
  writer.line(1, `AcquireTime:\t${lease?.acquireTime ? goTime(lease.acquireTime) : "<unset>"}`);
  writer.line(1, `RenewTime:\t${lease?.renewTime ? goTime(lease.renewTime) : "<unset>"}`);
}

function writeNodeConditions(writer: DescribeWriter, status: Required<Node>["status"] | undefined): void {
  if (!status?.conditions?.length) return;
  writer.line(0, "Conditions:");
  writer.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
  writer.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
  for (const each of status.conditions)
    writer.line(
      1,
      `${each.type} \t${each.status} \t${goTime(each.lastHeartbeatTime)} \t${goTime(each.lastTransitionTime)} \t${each.reason ?? ""} \t${each.message ?? ""}`,
    );
}

function writeSystemInfo(writer: DescribeWriter, info: Readonly<Record<string, string>> | undefined): void {
  writer.line(0, "System Info:");
  const fields = [
    ["Machine ID", "machineID"],
    ["System UUID", "systemUUID"],
    ["Boot ID", "bootID"],
    ["Kernel Version", "kernelVersion"],
    ["OS Image", "osImage"],
    ["Operating System", "operatingSystem"],
    ["Architecture", "architecture"],
    ["Container Runtime Version", "containerRuntimeVersion"],
    ["Kubelet Version", "kubeletVersion"],
    ["Kube-Proxy Version", "kubeProxyVersion"],
  ] as const;
  for (const [title, field] of fields)
    if (field !== "kubeProxyVersion" || info?.[field]) writer.line(1, `${title}:\t${info?.[field] ?? ""}`);
}

type Totals = Map<string, number>;

function writePods(writer: DescribeWriter, pods: readonly Pod[], allocatable: Readonly<Record<string, string>>, nowMs: number): void {
  const value = (name: string) => numberOf(allocatable[name]) || 1;
  writer.line(0, `Non-terminated Pods:\t(${pods.length} in total)`);
  writer.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
  writer.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
  const requests: Totals = new Map();
  const limits: Totals = new Map();
  const share = (name: string, amount: number) =>
    `${name === "cpu" ? cpuText(amount) : memoryText(amount)} (${Math.trunc((amount / value(name)) * 100)}%)`;
  for (const pod of pods) {
    const [request, limit] = [podTotals(pod, "requests"), podTotals(pod, "limits")];
    for (const [name, amount] of request) requests.set(name, (requests.get(name) ?? 0) + amount);
    for (const [name, amount] of limit) limits.set(name, (limits.get(name) ?? 0) + amount);
    writer.line(
      1,
      `${pod.metadata?.namespace}\t${pod.metadata?.name}\t\t${share("cpu", request.get("cpu") ?? 0)}\t${share("cpu", limit.get("cpu") ?? 0)}\t${share("memory", request.get("memory") ?? 0)}\t${share("memory", limit.get("memory") ?? 0)}\t${ageOf(pod.metadata?.creationTimestamp, nowMs)}`,
    );
  }
  writer.line(0, "Allocated resources:");
  writer.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
  writer.line(1, "Resource\tRequests\tLimits");
  writer.line(1, "--------\t--------\t------");
  const standard = ["cpu", "memory", "ephemeral-storage"];
  for (const name of standard) writer.line(1, `${name}\t${share(name, requests.get(name) ?? 0)}\t${share(name, limits.get(name) ?? 0)}`);
  for (const name of Object.keys(allocatable).sort()) {
    if (standard.includes(name) || name === "pods") continue;
    const huge = name.startsWith("hugepages-");
    writer.line(
      1,
      huge
        ? `${name}\t${share(name, requests.get(name) ?? 0)}\t${share(name, limits.get(name) ?? 0)}`
        : `${name}\t${requests.get(name) ?? 0}\t${limits.get(name) ?? 0}`,
    );
  }
}

/** The larger of all containers together and the largest init container. Upstream: resourcehelper.PodRequestsAndLimits */
function podTotals(pod: Pod, field: "requests" | "limits"): Totals {
  const totals: Totals = new Map();
  for (const container of pod.spec?.containers ?? [])
    for (const [name, quantity] of Object.entries(container.resources?.[field] ?? {}))
      totals.set(name, (totals.get(name) ?? 0) + numberOf(String(quantity)));
  for (const container of pod.spec?.initContainers ?? [])
    for (const [name, quantity] of Object.entries(container.resources?.[field] ?? {}))
      totals.set(name, Math.max(totals.get(name) ?? 0, numberOf(String(quantity))));
  return totals;
}

function numberOf(text: string | undefined): number {
  if (text === undefined) return 0;
  parseQuantity(text);
  const match = /^([\d.]+)(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/.exec(text);
  const factor: Record<string, number> = {
    m: 1e-3,
    k: 1e3,
    Ki: 2 ** 10,
    M: 1e6,
    Mi: 2 ** 20,
    G: 1e9,
    Gi: 2 ** 30,
    T: 1e12,
    Ti: 2 ** 40,
  };
  return Number(match?.[1] ?? 0) * (match?.[2] ? (factor[match[2]] ?? 1) : 1);
}

const cpuText = (amount: number) => (Number.isInteger(amount) ? String(amount) : `${Math.round(amount * 1000)}m`);

function memoryText(amount: number): string {
  for (const [unit, size] of [
    ["Gi", 2 ** 30],
    ["Mi", 2 ** 20],
    ["Ki", 2 ** 10],
  ] as const)
    if (amount > 0 && amount % size === 0) return `${amount / size}${unit}`;
  return String(amount);
}
