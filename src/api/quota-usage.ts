import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from "./generated/core-v1.ts";
import { groupResource, type Kind } from "./kind.ts";
import type { KubernetesObject } from "./meta.ts";
import { classOfClaim } from "./volume-matching.ts";
import { occupiedLimits, occupiedRequests, qosClass } from "./pod-facts.ts";
import { parseQuantity, Quantity } from "./quantity.ts";

/** Amounts by the names that quotas use. */
export type Usage = Map<string, Quantity>;

const ONE = parseQuantity("1");
const COMPUTE = ["cpu", "memory", "ephemeral-storage"];
/** Plain names that count objects, besides `count/…`. Upstream: pkg/quota/v1/evaluator/core/registry.go legacyObjectCountAliases */
const COUNT_ALIASES: Readonly<Record<string, string>> = {
  configmaps: "configmaps",
  resourcequotas: "resourcequotas",
  replicationcontrollers: "replicationcontrollers",
  secrets: "secrets",
  services: "services",
  persistentvolumeclaims: "persistentvolumeclaims",
  pods: "pods",
};

/** What one object takes of quotas. Upstream: pkg/quota/v1/evaluator/core */
export function usageOf(kind: Kind, object: KubernetesObject, nowMs: number): Usage {
  const resource = groupResource(kind);
  const usage: Usage = new Map([[`count/${resource}`, ONE]]);
  if (kind.group !== "") return usage;
  if (kind.kind === "Pod") return podUsage(object as Pod, usage, nowMs);
  const alias = COUNT_ALIASES[resource];
  if (alias !== undefined) usage.set(alias, ONE);
  if (kind.kind === "Service") addService(object as Service, usage);
  else if (kind.kind === "PersistentVolumeClaim") addClaim(object as PersistentVolumeClaim, usage);
  return usage;
}

/** Pods that are over, or that nobody will ever see stop, take nothing but their place. Upstream: pods.go podComputeUsage, QuotaV1Pod */
function podUsage(pod: Pod, usage: Usage, nowMs: number): Usage {
  const phase = pod.status?.phase;
  if (phase === "Succeeded" || phase === "Failed") return usage;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds !== undefined &&
    nowMs > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
  )
    return usage;
  usage.set("pods", ONE);
  for (const [name, amount] of occupiedRequests(pod)) addCompute(usage, name, amount, "requests");
  for (const [name, amount] of occupiedLimits(pod)) addCompute(usage, name, amount, "limits");
  return usage;
}

function addCompute(usage: Usage, name: string, amount: number, side: "requests" | "limits"): void {
  const quantity =
    name === "cpu"
      ? parseQuantity(`${amount}m`)
      : new Quantity(
          BigInt(amount) * 1_000_000_000n,
          name === "memory" || name === "ephemeral-storage" || name.startsWith("hugepages-") ? "BinarySI" : "DecimalSI",
        );
  if (side === "limits") {
    if (COMPUTE.includes(name)) usage.set(`limits.${name}`, quantity);
    return;
  }
  usage.set(`requests.${name}`, quantity);
  if (COMPUTE.includes(name) || name.startsWith("hugepages-")) usage.set(name, quantity);
}

function addService({ spec }: Service, usage: Usage): void {
  const ports = parseQuantity(String(spec.ports?.length ?? 0));
  const zero = parseQuantity("0");
  const balanced = spec.type === "LoadBalancer";
  usage.set("services.loadbalancers", balanced ? ONE : zero);
  const allocates = spec.type === "NodePort" || (balanced && spec.allocateLoadBalancerNodePorts !== false);
  usage.set("services.nodeports", allocates ? ports : zero);
}

function addClaim(claim: PersistentVolumeClaim, usage: Usage): void {
  const storageClass = classOfClaim(claim);
  const storage = claim.spec.resources?.requests?.["storage"];
  const ofClass = (name: string) => `${storageClass}.storageclass.storage.k8s.io/${name}`;
  if (storageClass) usage.set(ofClass("persistentvolumeclaims"), ONE);
  if (storage === undefined) return;
  usage.set("requests.storage", parseQuantity(storage));
  if (storageClass) usage.set(ofClass("requests.storage"), parseQuantity(storage));
}

/** Whether the quota is about objects like this one. Upstream: quota.Evaluator.Matches */
export function quotaMatches(quota: ResourceQuota, kind: Kind, object: KubernetesObject, usage: Usage): boolean {
  const hard = Object.keys(quota.status?.hard ?? quota.spec.hard ?? {});
  if (!hard.some((name) => usage.has(name) || isTracked(kind, name))) return false;
  const { scopes = [], scopeSelector } = quota.spec;
  const requirements = [
    ...scopes.map((scopeName) => ({ scopeName, operator: "Exists", values: [] as string[] })),
    ...(scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  if (kind.group !== "" || kind.kind !== "Pod") return false;
  return requirements.every(({ scopeName, operator, values }) => matchesScope(object as Pod, scopeName, operator, values ?? []));
}

function matchesScope(pod: Pod, scope: string, operator: string, values: readonly string[]): boolean {
  switch (scope) {
    case "Terminating":
      return pod.spec.activeDeadlineSeconds !== undefined;
    case "NotTerminating":
      return pod.spec.activeDeadlineSeconds === undefined;
    case "BestEffort":
      return qosClass(pod) === "BestEffort";
    case "NotBestEffort":
      return qosClass(pod) !== "BestEffort";
    case "PriorityClass": {
      const name = pod.spec.priorityClassName ?? "";
      if (operator === "Exists") return name !== "";
      if (operator === "DoesNotExist") return name === "";
      return values.includes(name) === (operator === "In");
    }
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

function crossesNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((side) =>
    [
      ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
    ].some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined),
  );
}

/** Compute resources that every container has to name where a quota limits them. */
export function isTracked(kind: Kind, name: string): boolean {
  return kind.group === "" && kind.kind === "Pod" && requiredName(name) !== undefined;
}

/** `requests.cpu` → the container's request of cpu; undefined for what needs no naming. Upstream: pods.go validationSet */
function requiredName(name: string): { readonly side: "requests" | "limits"; readonly resource: string } | undefined {
  const plain = name.replace(/^(requests|limits)\./, "");
  if (plain !== "cpu" && plain !== "memory") return undefined;
  return { side: name.startsWith("limits.") ? "limits" : "requests", resource: plain };
}

/** What the pod does not say of what the quota counts: `limits.cpu for: main`. Upstream: pods.go Constraints */
export function unspecified(quota: ResourceQuota, pod: Pod): string {
  const missing = new Map<string, Set<string>>();
  for (const name of Object.keys(quota.status?.hard ?? {}).sort()) {
    const required = requiredName(name);
    if (!required || pod.spec.resources?.[required.side]?.[required.resource] !== undefined) continue;
    for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
      if (container.resources?.[required.side]?.[required.resource] !== undefined) continue;
      missing.set(name, (missing.get(name) ?? new Set()).add(container.name));
    }
  }
  return [...missing].map(([name, containers]) => `${name} for: ${[...containers].sort().join(",")}`).join("; ");
}
