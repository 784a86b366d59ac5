import type { Container, EphemeralContainer, Pod, ResourceFieldSelector } from "../api/generated/core-v1.ts";
import { parseQuantity } from "../api/quantity.ts";
import { goQuote } from "../util/go-quote.ts";

/** A pod and the facts about its place that are not in its object yet. */
export interface PodFacts {
  readonly pod: Pod;
  readonly podIP: string;
  readonly hostIP: string;
  readonly nodeName: string;
}

/** The value of a field path. Upstream: pkg/fieldpath and pkg/kubelet/kubelet_pods.go podFieldSelectorRuntimeValue */
export function fieldValue({ pod, podIP, hostIP, nodeName }: PodFacts, path: string): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) return (subscript[1] === "labels" ? metadata.labels : metadata.annotations)?.[subscript[2] ?? ""] ?? "";
  switch (path) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid;
    case "metadata.labels":
      return formatMap(metadata.labels);
    case "metadata.annotations":
      return formatMap(metadata.annotations);
    case "spec.nodeName":
      return nodeName;
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "status.hostIP":
    case "status.hostIPs":
      return hostIP;
    case "status.podIP":
    case "status.podIPs":
      return podIP;
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** One `key="escaped value"` a line, sorted. Upstream: pkg/fieldpath FormatMap */
export function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return entries.map(([key, value]) => `${key}=${goQuote(value)}`).join("\n");
}

/** A request or limit of a container in units of the divisor; limits default to what the node can give. Upstream: pkg/api/v1/resource ExtractContainerResourceValue */
export function resourceValue(
  pod: Pod,
  ref: ResourceFieldSelector,
  own: string | undefined,
  allocatable: Readonly<Record<string, string>>,
): string {
  const name = ref.containerName || own || "";
  const container = findContainer(pod, name);
  if (!container) throw new Error(`container ${name} not found`);
  const dot = ref.resource.indexOf(".");
  const side = ref.resource.slice(0, dot);
  const resource = ref.resource.slice(dot + 1);
  if (side !== "limits" && side !== "requests") throw new Error(`unsupported container resource : ${ref.resource}`);
  const text = container.resources?.[side]?.[resource] ?? (side === "limits" ? allocatable[resource] : undefined);
  const divisor = parseQuantity(ref.divisor && ref.divisor !== "0" ? ref.divisor : "1");
  return String(parseQuantity(text ?? "0").dividedBy(divisor));
}

export function findContainer(pod: Pod, name: string): Container | EphemeralContainer | undefined {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])].find(
    (container) => container.name === name,
  );
}
