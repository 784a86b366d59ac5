import type { Container, Pod } from "../api/generated/core-v1.ts";
import { parseQuantity } from "../api/quantity.ts";
import { goQuote } from "./go-quote.ts";

/** What a node can give, for limits that a container does not set. */
export type Allocatable = Readonly<Record<string, string>>;

/** Facts about the pod's place that are not in its object yet. */
export interface PodAddresses {
  readonly podIP: string;
  readonly hostIP: string;
}

/** The value of a field path; undefined for one that cannot be had. Upstream: pkg/fieldpath and kubelet podFieldSelectorRuntimeValue */
export function fieldValue(pod: Pod, path: string, addresses: PodAddresses): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) return (subscript[1] === "labels" ? pod.metadata.labels : pod.metadata.annotations)?.[subscript[2] as string] ?? "";
  switch (path) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace ?? "";
    case "metadata.uid":
      return pod.metadata.uid;
    case "metadata.labels":
      return formatMap(pod.metadata.labels);
    case "metadata.annotations":
      return formatMap(pod.metadata.annotations);
    case "spec.nodeName":
      return pod.spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "";
    case "spec.restartPolicy":
      return pod.spec.restartPolicy ?? "";
    case "status.hostIP":
    case "status.hostIPs":
      return addresses.hostIP;
    case "status.podIP":
    case "status.podIPs":
      return addresses.podIP;
    default:
      return undefined;
  }
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(map ?? {}).sort().map((key) => `${key}=${goQuote(map?.[key] ?? "")}`).join("\n");
}

/** A container's request or limit in units of the divisor, rounded up; a limit that is not set is the node's. */
export function resourceValue(container: Container, resource: string, divisor: string | undefined, allocatable: Allocatable): string {
  const [side, ...rest] = resource.split(".");
  const name = rest.join(".");
  const own = side === "limits" ? container.resources?.limits?.[name] : container.resources?.requests?.[name];
  const amount = own ?? (side === "limits" ? (allocatable[name] ?? "0") : "0");
  return String(parseQuantity(amount).dividedBy(parseQuantity(divisor === undefined || divisor === "0" ? "1" : divisor)));
}
