import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import { addressIn } from "./addresses.ts";
import { DatagramFlows } from "./datagrams.ts";
import { Namespace } from "./namespace.ts";
import {
  type DnsAnswer,
  type Endpoint,
  type Network,
  type NetworkNamespace,
  type PodNetworkConfig,
  type Secure,
  type VirtualSocket,
} from "./network.ts";
import { socketPair } from "./virtual-socket.ts";

/** What service rules say of a destination. */
export type Route =
  | {
      readonly verdict: "dnat";
      readonly endpoint: Endpoint;
      readonly chain: string;
      readonly endpointChain: string;
      readonly service: string;
      /** The endpoint sees who really asks. */
      readonly keepsSource?: boolean;
    }
  | { readonly verdict: "reject"; readonly service: string }
  /** Only endpoints of the same node may be used, and it has none: nothing answers. */
  | { readonly verdict: "drop"; readonly service: string };

/** kube-proxy's part: where packets to service addresses and node ports go. */
export interface ServiceRouter {
  routeClusterIp(ip: string, port: number, sourceIp: string, node: string, protocol?: "TCP" | "UDP"): Route | undefined;
  /** @param external it comes from neither a pod nor the node itself. */
  routeNodePort(port: number, sourceIp: string, node: string, external: boolean, protocol?: "TCP" | "UDP"): Route | undefined;
  natRules(node: string): string;
}

/** The first packet of a connection, as it is when services' addresses have become endpoints'. */
export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP" | "ICMP";
}

/** What network policies let through. */
export interface PacketFilter {
  allows(packet: Packet): boolean;
}

/** CoreDNS's part. Undefined: the name does not exist. Throws NetworkError EAI_AGAIN when no DNS server answers. */
export interface NameServer {
  lookup(name: string): DnsAnswer | undefined;
  readonly available: boolean;
}

export interface NetworkOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly dnsServiceIp: string;
  readonly clusterDomain?: string;
  readonly secure?: Secure;
}

interface NodeEntry {
  readonly name: string;
  readonly ip: string;
  readonly podCIDR: string;
  readonly namespace: Namespace;
  cniReady: boolean;
  nextHost: number;
  readonly used: Set<number>;
}

/** The user's machine, as nodes see it. */
const OUTSIDE_IP = "172.18.0.1";
const CNI_NOT_READY = "cni plugin not initialized";

export class VirtualNetwork implements Network {
  readonly options: NetworkOptions;
  readonly #nodes = new Map<string, NodeEntry>();
  readonly #byIp = new Map<string, Namespace>();
  readonly #pods = new Map<string, { readonly namespace: Namespace; readonly node: string; readonly host: number | undefined }>();
  /** `node:port` of host ports → the pod's own port. Upstream: the CNI portmap plugin */
  readonly #hostPorts = new Map<string, Endpoint>();
  readonly #cniListeners: ((node: string) => void)[] = [];
  /** Machines whose network cable is pulled. */
  readonly #cut = new Set<string>();
  router: ServiceRouter | undefined;
  nameServer: NameServer | undefined;
  filter: PacketFilter | undefined;

  /** UDP through services. */
  readonly flows: DatagramFlows;

  constructor(options: NetworkOptions) {
    this.options = options;
    this.flows = new DatagramFlows(options.clock);
  }

  get nodes(): readonly { readonly name: string; readonly ip: string; readonly podCIDR: string }[] {
    return [...this.#nodes.values()];
  }

  addNode({ name, ip, podCIDR }: { readonly name: string; readonly ip: string; readonly podCIDR: string }): void {
    const namespace = new Namespace(this, { ip, hostname: name, node: name, host: true, dnsPolicy: "Default" });
    this.#nodes.set(name, { name, ip, podCIDR, namespace, cniReady: false, nextHost: 2, used: new Set() });
    this.#byIp.set(ip, namespace);
  }

  removeNode(name: string): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    for (const [uid, pod] of this.#pods) if (pod.node === name) this.detachPod(uid);
    node.namespace.close();
    this.#byIp.delete(node.ip);
    this.#nodes.delete(name);
  }

  /** From here only what stays on the machine arrives. */
  cut(node: string): void {
    this.#cut.add(node);
  }

  mend(node: string): void {
    this.#cut.delete(node);
  }

  isCut(node: string): boolean {
    return this.#cut.has(node);
  }

  /** Whether packets get from one machine to the other. */
  isConnected(from: string, to: string): boolean {
    return from === to || !(this.#cut.has(from) || this.#cut.has(to));
  }

  attachPod(nodeName: string, config: PodNetworkConfig): NetworkNamespace {
    const node = this.#node(nodeName);
    if (config.hostNetwork) return hostNamespaceFor(this, node, config);
    if (!node.cniReady) throw new Error(CNI_NOT_READY);
    this.detachPod(config.podUid);
    const host = takeHost(node);
    const ip = addressIn(node.podCIDR, host);
    const namespace = new Namespace(this, {
      ip,
      hostname: config.hostname,
      node: nodeName,
      host: false,
      dnsPolicy: config.dnsPolicy,
      config,
    });
    this.#pods.set(config.podUid, { namespace, node: nodeName, host });
    this.#byIp.set(ip, namespace);
    for (const { hostPort, containerPort } of config.hostPorts ?? [])
      this.#hostPorts.set(`${nodeName}:${hostPort}`, { ip, port: containerPort });
    return namespace;
  }

  detachPod(podUid: string): void {
    const pod = this.#pods.get(podUid);
    if (!pod) return;
    this.#pods.delete(podUid);
    this.#byIp.delete(pod.namespace.ip);
    for (const [key, endpoint] of this.#hostPorts) if (endpoint.ip === pod.namespace.ip) this.#hostPorts.delete(key);
    if (pod.host !== undefined) this.#nodes.get(pod.node)?.used.delete(pod.host);
    pod.namespace.close();
  }

  nodeNamespace(node: string): NetworkNamespace {
    return this.#node(node).namespace;
  }

  cniProblem(node: string): string | undefined {
    return this.#nodes.get(node)?.cniReady ? undefined : CNI_NOT_READY;
  }

  setCniReady(node: string, ready: boolean): void {
    const entry = this.#nodes.get(node);
    if (!entry || entry.cniReady === ready) return;
    entry.cniReady = ready;
    for (const listener of this.#cniListeners) listener(node);
  }

  /** Told when a node's CNI configuration comes or goes. */
  onCniChange(listener: (node: string) => void): void {
    this.#cniListeners.push(listener);
  }

  /** The namespace that owns an address. */
  findByIp(ip: string): Namespace | undefined {
    return this.#byIp.get(ip);
  }

  /** A connection from the user's machine to a node port: it arrives from the node itself. Undefined: refused. */
  connectFromHost(nodePort: number): VirtualSocket | undefined {
    for (const node of this.#nodes.values()) {
      if (this.#cut.has(node.name)) continue;
      const route = this.router?.routeNodePort(nodePort, OUTSIDE_IP, node.name, true);
      // A node without an endpoint of its own drops it; as a load balancer would, the next one is asked.
      if (route?.verdict === "drop") continue;
      if (route?.verdict !== "dnat") return undefined;
      const source = route.keepsSource ? OUTSIDE_IP : node.ip;
      const [client, server] = socketPair({ ip: source, port: this.ephemeralPort() }, route.endpoint);
      // What a policy drops is never answered.
      if (!this.passes({ from: OUTSIDE_IP, to: route.endpoint.ip, port: route.endpoint.port, protocol: "TCP" })) return client;
      const namespace = this.findByIp(route.endpoint.ip);
      if (namespace && !this.isConnected(node.name, namespace.node)) return client;
      const target = namespace?.ports.find(route.endpoint.port, route.endpoint.ip);
      if (!target) return undefined;
      target.accept(server);
      return client;
    }
    return undefined;
  }

  /** A program of the user's machine that sends datagrams to a node port: they arrive from a node. */
  openFromHost(nodePort: number, onAnswer: (data: Buffer) => void): { send(data: Buffer): void; close(): void } | undefined {
    const node = [...this.#nodes.values()].find(({ name }) => !this.#cut.has(name));
    if (!node) return undefined;
    const socket = node.namespace.openDatagrams(0);
    socket.onMessage(({ data }) => onAnswer(data));
    return { send: (data) => socket.send(data, { ip: node.ip, port: nodePort }), close: () => socket.close() };
  }

  /** Policies do not stand between a node and its own pods. */
  passes(packet: Packet, node?: string): boolean {
    if (!this.filter) return true;
    const target = node === undefined ? undefined : this.findByIp(packet.to);
    return target?.node === node && node !== undefined ? true : this.filter.allows(packet);
  }

  hostPortOf(node: string, port: number): Endpoint | undefined {
    return this.#hostPorts.get(`${node}:${port}`);
  }

  podsOf(node: string): readonly Namespace[] {
    return [...this.#pods.values()].filter((pod) => pod.node === node).map((pod) => pod.namespace);
  }

  ephemeralPort(): number {
    return this.options.rng.int(32768, 60999);
  }

  isNodeIp(ip: string): NodeEntry | undefined {
    const namespace = this.#byIp.get(ip);
    return namespace?.host ? this.#nodes.get(namespace.node) : undefined;
  }

  #node(name: string): NodeEntry {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`no node ${name} in the network`);
    return node;
  }
}

export function createNetwork(options: NetworkOptions): VirtualNetwork {
  return new VirtualNetwork(options);
}

/** The node's own network; with its own names and name servers if the pod asks for some. */
function hostNamespaceFor(network: VirtualNetwork, { ip, name, namespace }: NodeEntry, config: PodNetworkConfig): Namespace {
  const { dnsPolicy, dnsConfig, hostAliases } = config;
  const same = (dnsPolicy === "ClusterFirst" || dnsPolicy === "Default") && !dnsConfig && hostAliases.length === 0;
  if (same) return namespace;
  const own = { ...config, subdomain: undefined };
  return new Namespace(network, { ip, hostname: name, node: name, host: true, dnsPolicy, config: own, ports: namespace.ports });
}

function takeHost(node: NodeEntry): number {
  const size = 2 ** (32 - Number(node.podCIDR.split("/")[1])) - 1;
  for (let tried = 0; tried < size; tried++) {
    const host = node.nextHost;
    node.nextHost = host + 1 >= size ? 2 : host + 1;
    if (node.used.has(host)) continue;
    node.used.add(host);
    return host;
  }
  throw new Error(
    `failed to allocate for range 0: no IP addresses available in range set: ${addressIn(node.podCIDR, 1)}-${addressIn(node.podCIDR, size - 1)}`,
  );
}
