import type { Clock } from "../util/clock.ts";
import { isLoopback } from "./addresses.ts";
import { type Datagram, type DatagramSocket, type Endpoint, NetworkError } from "./network.ts";
import type { Namespace } from "./namespace.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

// Linux: nf_conntrack_udp_timeout_stream
const FLOW_MS = 120_000;
const FLOWS_MAX = 10_000;

interface Flow {
  readonly endpoint: Endpoint;
  untilMs: number;
}

const text = ({ ip, port }: Endpoint) => `${ip}:${port}`;
const keyOf = (from: Endpoint, to: Endpoint) => `${text(from)}>${text(to)}`;

/** Which datagrams of services belong together, and how their answers find back. Upstream: Linux, nf_conntrack and its NAT */
export class DatagramFlows {
  readonly #clock: Clock;
  readonly #there = new Map<string, Flow>();
  readonly #back = new Map<string, Flow>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where the flow goes that this datagram is of. */
  endpointOf(from: Endpoint, to: Endpoint): Endpoint | undefined {
    return this.#fresh(this.#there, keyOf(from, to));
  }

  /** Whose words an answer is to seem: the service's. */
  senderOf(from: Endpoint, to: Endpoint): Endpoint {
    return this.#fresh(this.#back, keyOf(from, to)) ?? from;
  }

  begin(from: Endpoint, to: Endpoint, endpoint: Endpoint): void {
    const untilMs = this.#clock.now() + FLOW_MS;
    for (const [flows, key, target] of [
      [this.#there, keyOf(from, to), endpoint],
      [this.#back, keyOf(endpoint, from), to],
    ] as const) {
      flows.delete(key);
      flows.set(key, { endpoint: target, untilMs });
      if (flows.size > FLOWS_MAX) flows.delete(flows.keys().next().value as string);
    }
  }

  #fresh(flows: Map<string, Flow>, key: string): Endpoint | undefined {
    const flow = flows.get(key);
    if (!flow || flow.untilMs < this.#clock.now()) return undefined;
    flow.untilMs = this.#clock.now() + FLOW_MS;
    return flow.endpoint;
  }
}

/** One bound UDP port of a namespace. */
export class DatagramEnd implements DatagramSocket {
  readonly local: Endpoint;
  readonly #namespace: Namespace;
  readonly #network: VirtualNetwork;
  readonly #messages = new Set<(datagram: Datagram) => void>();
  readonly #refusals = new Set<(error: NetworkError) => void>();
  readonly #release: () => void;
  #closed = false;

  constructor(namespace: Namespace, network: VirtualNetwork, local: Endpoint, release: () => void) {
    this.#namespace = namespace;
    this.#network = network;
    this.local = local;
    this.#release = release;
  }

  onMessage(listener: (datagram: Datagram) => void): void {
    this.#messages.add(listener);
  }

  onRefused(listener: (error: NetworkError) => void): void {
    this.#refusals.add(listener);
  }

  /** It arrives or it does not; nobody says, unless nobody listens there. */
  send(data: Buffer, to: Endpoint): void {
    if (this.#closed) return;
    const source = { ip: isLoopback(to.ip) ? "127.0.0.1" : this.#namespace.ip, port: this.local.port };
    const target = this.#route(source, to);
    if (target === "dropped") return;
    if (target === "refused") return this.#refuse(to);
    const namespace = isLoopback(target.ip) ? this.#namespace : this.#network.findByIp(target.ip);
    if (!namespace || !this.#passes(namespace, target)) return;
    const end = namespace.ports.findDatagrams(target.port, target.ip);
    if (!end) return this.#refuse(to);
    const from = this.#network.flows.senderOf(source, target);
    queueMicrotask(() => end.deliver({ data: Buffer.from(data), from }));
  }

  deliver(datagram: Datagram): void {
    if (!this.#closed) for (const listener of this.#messages) listener(datagram);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  #passes(namespace: Namespace, target: Endpoint): boolean {
    const { node, host, ip } = this.#namespace;
    if (namespace === this.#namespace) return true;
    if (!this.#network.isConnected(node, namespace.node)) return false;
    // Answers belong to what was let through.
    if (this.#network.flows.endpointOf(target, { ip, port: this.local.port })) return true;
    return this.#network.passes({ from: ip, to: target.ip, port: target.port, protocol: "UDP" }, host ? node : undefined);
  }

  #route(source: Endpoint, to: Endpoint): Endpoint | "refused" | "dropped" {
    const { flows, router } = this.#network;
    const { node, host } = this.#namespace;
    if (isLoopback(to.ip)) return to;
    const known = flows.endpointOf(source, to);
    if (known) return known;
    const nodeOfIp = this.#network.isNodeIp(to.ip);
    const bound = nodeOfIp && this.#network.findByIp(to.ip)?.ports.findDatagrams(to.port, to.ip);
    const route =
      router?.routeClusterIp(to.ip, to.port, source.ip, node, "UDP") ??
      (nodeOfIp && !bound ? router?.routeNodePort(to.port, source.ip, nodeOfIp.name, host && nodeOfIp.name !== node, "UDP") : undefined);
    if (route?.verdict === "reject") return "refused";
    if (route?.verdict === "drop") return "dropped";
    const endpoint = route?.endpoint ?? to;
    flows.begin(source, to, endpoint);
    return endpoint;
  }

  #refuse(to: Endpoint): void {
    const error = new NetworkError("ECONNREFUSED", `recvmsg ECONNREFUSED ${text(to)}`);
    queueMicrotask(() => {
      for (const listener of this.#refusals) listener(error);
    });
  }
}
