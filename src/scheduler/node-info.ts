import type { Node, Pod } from "../api/generated/core-v1.ts";
import { parseQuantity } from "../api/quantity.ts";
import { occupiedRequests } from "../api/pod-facts.ts";

/** Amounts by resource: cpu in millicores, memory and the like in bytes, everything else in whole units. */
export type Amounts = ReadonlyMap<string, number>;

// Upstream: pkg/scheduler/util/pod_resources.go: what a container without requests counts for when scoring.
const DEFAULT_CPU_MILLIS = 100;
const DEFAULT_MEMORY_BYTES = 200 * 1024 * 1024;

/** A pod as the scheduler counts it. */
export interface PodInfo {
  readonly pod: Pod;
  readonly requests: Amounts;
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
}

export function podInfoOf(pod: Pod): PodInfo {
  const requests = occupiedRequests(pod);
  let nonZeroCpu = 0;
  let nonZeroMemory = 0;
  for (const container of pod.spec.containers) {
    const own = container.resources?.requests ?? {};
    nonZeroCpu += own["cpu"] === undefined ? DEFAULT_CPU_MILLIS : 0;
    nonZeroMemory += own["memory"] === undefined ? DEFAULT_MEMORY_BYTES : 0;
  }
  return {
    pod,
    requests,
    nonZeroCpu: nonZeroCpu + (requests.get("cpu") ?? 0),
    nonZeroMemory: nonZeroMemory + (requests.get("memory") ?? 0),
  };
}

/** One node with what stands on it, kept up to date by increments: nothing here ever looks at all pods. */
export class NodeInfo {
  node: Node;
  allocatable: Amounts;
  readonly pods = new Map<string, PodInfo>();
  readonly requested = new Map<string, number>();
  nonZeroCpu = 0;
  nonZeroMemory = 0;
  /** `TCP/0.0.0.0/8080` in use by host ports. */
  readonly hostPorts = new Map<string, number>();
  /** Sizes of the images on the node, by name. */
  images: ReadonlyMap<string, number>;

  constructor(node: Node) {
    this.node = node;
    this.allocatable = amountsOf(node.status.allocatable ?? {});
    this.images = imagesOf(node);
  }

  get name(): string {
    return this.node.metadata.name;
  }

  setNode(node: Node): void {
    if (node.status.allocatable !== this.node.status.allocatable) this.allocatable = amountsOf(node.status.allocatable ?? {});
    if (node.status.images !== this.node.status.images) this.images = imagesOf(node);
    this.node = node;
  }

  add(info: PodInfo): void {
    this.pods.set(info.pod.metadata.uid, info);
    this.#count(info, 1);
  }

  remove(uid: string): PodInfo | undefined {
    const info = this.pods.get(uid);
    if (!info) return undefined;
    this.pods.delete(uid);
    this.#count(info, -1);
    return info;
  }

  #count(info: PodInfo, sign: 1 | -1): void {
    for (const [name, amount] of info.requests) this.requested.set(name, (this.requested.get(name) ?? 0) + sign * amount);
    this.nonZeroCpu += sign * info.nonZeroCpu;
    this.nonZeroMemory += sign * info.nonZeroMemory;
    for (const port of hostPortsOf(info.pod)) {
      const left = (this.hostPorts.get(port) ?? 0) + sign;
      if (left > 0) this.hostPorts.set(port, left);
      else this.hostPorts.delete(port);
    }
  }
}

export function hostPortsOf(pod: Pod): string[] {
  const ports: string[] = [];
  const add = (list: Pod["spec"]["containers"]) => {
    for (const container of list)
      for (const port of container.ports ?? [])
        if (port.hostPort) ports.push(`${port.protocol ?? "TCP"}/${port.hostIP || "0.0.0.0"}/${port.hostPort}`);
  };
  add(pod.spec.containers);
  add((pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always"));
  return ports;
}

export function amountsOf(list: Readonly<Record<string, string>>): Amounts {
  const amounts = new Map<string, number>();
  for (const [name, text] of Object.entries(list))
    amounts.set(name, name === "cpu" ? parseQuantity(text).milliValue() : parseQuantity(text).value());
  return amounts;
}

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const image of node.status.images ?? []) for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  return images;
}
