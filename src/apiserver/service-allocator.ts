import type { Service, ServicePort } from "../api/generated/core-v1.ts";
import { type FieldError, invalid } from "../api/field-errors.ts";
import type { Rng } from "../util/rng.ts";

export interface ServiceRanges {
  /** IPv4 CIDR: 10.96.0.0/12. */
  readonly clusterCidr: string;
  readonly nodePorts: { readonly from: number; readonly to: number };
}

export const DEFAULT_RANGES: ServiceRanges = { clusterCidr: "10.96.0.0/12", nodePorts: { from: 30000, to: 32767 } };

/**
 * Gives services their cluster IPs and node ports. Holds no state: what is taken is read from the
 * services that are stored, so that it survives restarts and several servers agree.
 * Upstream: pkg/registry/core/service/storage/alloc.go, ipallocator, portallocator
 */
export class ServiceAllocator {
  readonly #ranges: ServiceRanges;
  readonly #services: () => readonly Service[];
  readonly #rng: Rng;

  constructor(ranges: ServiceRanges, services: () => readonly Service[], rng: Rng) {
    this.#ranges = ranges;
    this.#services = services;
    this.#rng = rng;
  }

  /** Fills the service in place; returns what could not be had. */
  allocate(service: Service, old: Service | undefined): FieldError[] {
    const spec = service.spec;
    if (!spec) return [];
    const others = this.#services().filter((other) => other.metadata.uid !== service.metadata.uid);
    return [...this.#allocateIp(service, old, others), ...this.#allocateNodePorts(service, old, others)];
  }

  #allocateIp(service: Service, old: Service | undefined, others: readonly Service[]): FieldError[] {
    const spec = service.spec;
    if (!spec) return [];
    if (spec.type === "ExternalName") {
      delete spec.clusterIP;
      delete spec.clusterIPs;
      return [];
    }
    const kept = old?.spec?.type !== "ExternalName" ? old?.spec?.clusterIP : undefined;
    const asked = spec.clusterIP || spec.clusterIPs?.[0] || kept;
    if (asked === "None") {
      spec.clusterIP = "None";
      spec.clusterIPs = ["None"];
      return [];
    }
    const taken = new Set(others.flatMap((other) => other.spec?.clusterIPs ?? []));
    if (asked && asked !== old?.spec?.clusterIP) {
      const why = this.#refusal(asked, taken);
      if (why) return [invalid("spec.clusterIPs", [asked], `failed to allocate IP ${asked}: ${why}`)];
    }
    const ip = asked ?? this.#nextIp(taken);
    spec.clusterIP = ip;
    spec.clusterIPs = [ip];
    return [];
  }

  #refusal(ip: string, taken: ReadonlySet<string>): string | undefined {
    const { base, size } = cidrOf(this.#ranges.clusterCidr);
    const offset = numberOf(ip) - base;
    if (Number.isNaN(offset) || offset <= 0 || offset >= size - 1)
      return `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.#ranges.clusterCidr}`;
    return taken.has(ip) ? "provided IP is already allocated" : undefined;
  }

  /** From the dynamic band at random; the static band below it is left for people. */
  #nextIp(taken: ReadonlySet<string>): string {
    const { base, size } = cidrOf(this.#ranges.clusterCidr);
    const staticBand = Math.min(Math.max(16, Math.floor(size / 16)), 256);
    for (let attempt = 0; attempt < 1000; attempt++) {
      const ip = textOf(base + this.#rng.int(staticBand, size - 2));
      if (!taken.has(ip)) return ip;
    }
    throw new Error("range is full");
  }

  #allocateNodePorts(service: Service, old: Service | undefined, others: readonly Service[]): FieldError[] {
    const spec = service.spec;
    if (!spec) return [];
    const wants = spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
    if (!wants) {
      // Upstream: dropTypeDependentFields: a port that the old type needed goes, unless it was given anew.
      if (old && old.spec?.type !== spec.type)
        for (const port of spec.ports ?? []) if (hadNodePort(old, port.nodePort)) delete port.nodePort;
      if (spec.type !== "LoadBalancer") return [];
    }
    const taken = new Set(
      others.flatMap((other) => (other.spec?.ports ?? []).map((port) => `${port.protocol ?? "TCP"}/${port.nodePort ?? 0}`)),
    );
    const errors: FieldError[] = [];
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (port.nodePort) {
        const why = hadNodePort(old, port.nodePort) ? undefined : this.#portRefusal(port, taken);
        if (why) errors.push(invalid(`spec.ports[${index}].nodePort`, port.nodePort, why));
      } else if (wants) {
        port.nodePort = this.#keptPort(port, old) ?? this.#sharedPort(port, spec.ports ?? [], taken) ?? this.#nextPort(port, taken);
      }
      if (port.nodePort) taken.add(`${port.protocol ?? "TCP"}/${port.nodePort}`);
    }
    return errors;
  }

  #portRefusal(port: ServicePort, taken: ReadonlySet<string>): string | undefined {
    const { from, to } = this.#ranges.nodePorts;
    const number = port.nodePort ?? 0;
    if (number < from || number > to) return `provided port is not in the valid range. The range of valid ports is ${from}-${to}`;
    return taken.has(`${port.protocol ?? "TCP"}/${number}`) ? "provided port is already allocated" : undefined;
  }

  /** A replaced service that does not name its node ports keeps them. Upstream: patchAllocatedValues */
  #keptPort(port: ServicePort, old: Service | undefined): number | undefined {
    return old?.spec?.ports?.find((before) => before.port === port.port && (before.protocol ?? "TCP") === (port.protocol ?? "TCP"))
      ?.nodePort;
  }

  /** TCP and UDP of one port share a node port. */
  #sharedPort(port: ServicePort, ports: readonly ServicePort[], taken: ReadonlySet<string>): number | undefined {
    const twin = ports.find((other) => other !== port && other.port === port.port && other.nodePort);
    return twin?.nodePort && !taken.has(`${port.protocol ?? "TCP"}/${twin.nodePort}`) ? twin.nodePort : undefined;
  }

  #nextPort(port: ServicePort, taken: ReadonlySet<string>): number {
    const { from, to } = this.#ranges.nodePorts;
    const staticBand = Math.min(Math.max(16, Math.floor((to - from + 1) / 32)), 128);
    for (let attempt = 0; attempt < 10_000; attempt++) {
      const number = this.#rng.int(from + staticBand, to);
      if (!taken.has(`${port.protocol ?? "TCP"}/${number}`)) return number;
    }
    throw new Error("range is full");
  }
}

function hadNodePort(service: Service | undefined, nodePort: number | undefined): boolean {
  return nodePort !== undefined && (service?.spec?.ports ?? []).some((port) => port.nodePort === nodePort);
}

function cidrOf(cidr: string): { base: number; size: number } {
  const [address = "", bits = "32"] = cidr.split("/");
  return { base: numberOf(address), size: 2 ** (32 - Number(bits)) };
}

function numberOf(ip: string): number {
  const parts = ip.split(".").map(Number);
  return parts.length === 4 && parts.every((part) => part >= 0 && part <= 255)
    ? parts.reduce((sum, part) => sum * 256 + part, 0)
    : Number.NaN;
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
