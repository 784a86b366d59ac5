import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import { abortable, addressIn, isIpv4, isLoopback, macOf, normalAddress, vethOf } from "./addresses.ts";
import { ANY_ADDRESS, httpOverSocket, type ListeningPort, PortTable } from "./listeners.ts";
import {
  type DnsAnswer,
  type Endpoint,
  type HttpHandler,
  type HttpRequest,
  type Secure,
  type TlsOptions,
  type HttpResponse,
  type Listener,
  type Network,
  NetworkError,
  type NetworkNamespace,
  type PodNetworkConfig,
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
  routeClusterIp(ip: string, port: number, sourceIp: string, node: string): Route | undefined;
  /** @param external it comes from neither a pod nor the node itself. */
  routeNodePort(port: number, sourceIp: string, node: string, external: boolean): Route | undefined;
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

// Linux gives up on an address that answers no ARP after three tries a second apart.
const UNREACHABLE_MS = 3000;
// Linux sends a SYN six times before it gives up.
const DROPPED_MS = 127_000;
// Upstream: resolver defaults: 5 s a try, two tries.
const DNS_PORT = 53;
const DNS_TIMEOUT_MS = 10_000;
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
  router: ServiceRouter | undefined;
  nameServer: NameServer | undefined;
  filter: PacketFilter | undefined;

  constructor(options: NetworkOptions) {
    this.options = options;
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
      const route = this.router?.routeNodePort(nodePort, OUTSIDE_IP, node.name, true);
      // A node without an endpoint of its own drops it; as a load balancer would, the next one is asked.
      if (route?.verdict === "drop") continue;
      if (route?.verdict !== "dnat") return undefined;
      const source = route.keepsSource ? OUTSIDE_IP : node.ip;
      const [client, server] = socketPair({ ip: source, port: this.ephemeralPort() }, route.endpoint);
      // What a policy drops is never answered.
      if (!this.passes({ from: OUTSIDE_IP, to: route.endpoint.ip, port: route.endpoint.port, protocol: "TCP" })) return client;
      const target = this.findByIp(route.endpoint.ip)?.ports.find(route.endpoint.port, route.endpoint.ip);
      if (!target) return undefined;
      target.accept(server);
      return client;
    }
    return undefined;
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

interface NamespaceConfig {
  readonly ip: string;
  readonly hostname: string;
  readonly node: string;
  readonly host: boolean;
  readonly dnsPolicy: string;
  readonly config?: PodNetworkConfig;
  /** Those of the node, for pods that share its network. */
  readonly ports?: PortTable;
}

/** Where a connection ends up. */
type Target =
  | { readonly port: ListeningPort; readonly endpoint: Endpoint; readonly sourceIp: string }
  | { readonly failure: NetworkError; readonly afterMs: number };

export class Namespace implements NetworkNamespace {
  readonly ip: string;
  readonly hostname: string;
  readonly node: string;
  readonly host: boolean;
  readonly ports: PortTable;
  readonly #network: VirtualNetwork;
  readonly #dnsPolicy: string;
  readonly #config: PodNetworkConfig | undefined;

  constructor(network: VirtualNetwork, { ip, hostname, node, host, dnsPolicy, config, ports }: NamespaceConfig) {
    this.#network = network;
    this.ports = ports ?? new PortTable();
    this.ip = ip;
    this.hostname = hostname;
    this.node = node;
    this.host = host;
    this.#dnsPolicy = dnsPolicy;
    this.#config = config;
  }

  listen(port: number, onConnection: (socket: VirtualSocket) => void, address: string = ANY_ADDRESS): Listener {
    return this.ports.listen(port, normalAddress(address), onConnection);
  }

  listenHttp(port: number, handler: HttpHandler, address: string = ANY_ADDRESS, http2?: (socket: VirtualSocket) => void): Listener {
    return this.ports.listenHttp(port, normalAddress(address), handler, http2);
  }

  listeners(): readonly Listener[] {
    return this.ports.all();
  }

  async connect(ip: string, port: number, signal: AbortSignal): Promise<VirtualSocket> {
    const target = await this.#reach(ip, port, signal);
    const [client, server] = socketPair(
      { ip: this.#sourceFor(ip), port: this.#network.ephemeralPort() },
      { ip, port },
      { ip: target.sourceIp, port: this.#network.ephemeralPort() },
    );
    target.port.accept(server);
    return client;
  }

  async http(
    ip: string,
    port: number,
    request: Omit<HttpRequest, "remote" | "local">,
    signal: AbortSignal,
    tls?: TlsOptions,
  ): Promise<HttpResponse> {
    if (tls) return this.#https(ip, port, request, signal, tls);
    const target = await this.#reach(ip, port, signal);
    if (!target.port.handler) return httpOverSocket(await this.connect(ip, port, signal), request, signal);
    const remote = { ip: target.sourceIp, port: this.#network.ephemeralPort() };
    return abortable(target.port.exchange({ ...request, remote, local: target.endpoint }), signal);
  }

  async #https(
    ip: string,
    port: number,
    request: Omit<HttpRequest, "remote" | "local">,
    signal: AbortSignal,
    tls: TlsOptions,
  ): Promise<HttpResponse> {
    const { secure } = this.#network.options;
    if (!secure) throw new Error("this network does not speak TLS");
    const connection = await this.connect(ip, port, signal);
    const close = () => connection.destroy();
    signal.addEventListener("abort", close, { once: true });
    try {
      return await httpOverSocket(await abortable(secure(connection, tls), signal), request, signal);
    } finally {
      signal.removeEventListener("abort", close);
      connection.destroy();
    }
  }

  async resolve(name: string, signal: AbortSignal): Promise<DnsAnswer> {
    const server = `${this.#usesClusterDns ? this.#network.options.dnsServiceIp : "172.18.0.1"}:53`;
    if (isIpv4(name)) return { name, addresses: [name], server };
    const known = this.#fromHosts(name);
    if (known) return { name, addresses: [known], server };
    if (!this.#usesClusterDns) throw new NetworkError("ENOTFOUND", `${name}: NXDOMAIN`);
    const names = this.#network.nameServer;
    if (!names?.available || !this.#reachesDns) {
      await this.#network.options.clock.sleep(DNS_TIMEOUT_MS, signal);
      throw new NetworkError("EAI_AGAIN", `${name}: connection timed out; no servers could be reached`);
    }
    for (const candidate of this.#candidates(name)) {
      const answer = names.lookup(candidate);
      if (!answer) continue;
      // An alias inside the cluster is followed; outside there is nothing.
      const aliased = answer.cname === undefined ? undefined : names.lookup(answer.cname.replace(/\.$/, ""));
      if (answer.cname !== undefined && !aliased)
        throw new NetworkError("ENOTFOUND", `${answer.name}: canonical name ${answer.cname}: NXDOMAIN`);
      return { ...answer, ...(aliased ? { addresses: aliased.addresses } : {}), server };
    }
    throw new NetworkError("ENOTFOUND", `${name}: NXDOMAIN`);
  }

  get resolvConf(): string {
    const dns = this.#config?.dnsConfig;
    const base = this.#usesClusterDns
      ? { servers: [this.#network.options.dnsServiceIp], searches: this.#searches, options: ["ndots:5"] }
      : {
          servers: this.#dnsPolicy === "None" ? [] : ["172.18.0.1"],
          searches: this.#dnsPolicy === "None" ? [] : [],
          options: this.#dnsPolicy === "None" ? [] : ["ndots:0"],
        };
    const searches = [...base.searches, ...(dns?.searches ?? [])];
    const options = [
      ...base.options.filter((option) => !dns?.options?.some((own) => own.name === option.split(":")[0])),
      ...(dns?.options ?? []).map((own) => (own.value === undefined ? (own.name ?? "") : `${own.name}:${own.value}`)),
    ];
    return [
      ...(searches.length > 0 ? [`search ${searches.join(" ")}`] : []),
      ...[...(dns?.nameservers && this.#dnsPolicy === "None" ? [] : base.servers), ...(dns?.nameservers ?? [])].map(
        (ip) => `nameserver ${ip}`,
      ),
      ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
      "",
    ].join("\n");
  }

  get hosts(): string {
    const lines = [
      "# Kubernetes-managed hosts file.",
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost ip6-localhost ip6-loopback",
      "fe00::0\tip6-localnet",
      "fe00::0\tip6-mcastprefix",
      "fe00::1\tip6-allnodes",
      "fe00::2\tip6-allrouters",
      `${this.ip}\t${this.#config?.subdomain ? `${this.hostname}.${this.#config.subdomain}.${this.#config.namespace}.svc.${this.#domain}\t` : ""}${this.hostname}`,
    ];
    const aliases = this.#config?.hostAliases ?? [];
    if (aliases.length > 0)
      lines.push("", "# Entries added by HostAliases.", ...aliases.map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join("\t")}`));
    return `${lines.join("\n")}\n`;
  }

  reachable(ip: string): boolean {
    return isLoopback(ip) || this.#gateway === ip || (this.#network.findByIp(ip) !== undefined && this.#passes(ip, 0, "ICMP"));
  }

  get interfaces() {
    const lo = { name: "lo", ip: "127.0.0.1", prefix: 8, mac: "00:00:00:00:00:00" };
    const eth0 = { name: "eth0", ip: this.ip, prefix: this.host ? 16 : 24, mac: macOf(this.ip) };
    if (!this.host) return [lo, eth0];
    const gateway = this.#gateway;
    return [
      lo,
      eth0,
      ...this.#network
        .podsOf(this.node)
        .map((pod) => ({ name: vethOf(pod.ip), ip: gateway ?? this.ip, prefix: 32, mac: macOf(`veth${pod.ip}`) })),
    ];
  }

  get routes() {
    if (!this.host) {
      const gateway = this.#gateway ?? "";
      const subnet = `${gateway.slice(0, gateway.lastIndexOf("."))}.0/24`;
      return [
        { destination: "default", via: gateway, device: "eth0" },
        { destination: subnet, via: gateway, device: "eth0", source: this.ip },
        { destination: gateway, device: "eth0", source: this.ip },
      ];
    }
    const others = this.#network.nodes
      .filter((node) => node.name !== this.node)
      .map((node) => ({ destination: node.podCIDR, via: node.ip, device: "eth0" }));
    const local = this.#network.podsOf(this.node).map((pod) => ({ destination: pod.ip, device: vethOf(pod.ip) }));
    return [
      { destination: "default", via: "172.18.0.1", device: "eth0" },
      ...others,
      ...local,
      { destination: "172.18.0.0/16", device: "eth0", source: this.ip },
    ];
  }

  close(): void {
    this.ports.clear();
  }

  /** Through loopback, service rules and routes, as the kernel would. */
  route(ip: string, port: number): Target {
    if (isLoopback(ip) || (ip === this.ip && this.ports.find(port, ip))) {
      const own = this.ports.find(port, ip);
      if (own) return { port: own, endpoint: { ip, port }, sourceIp: isLoopback(ip) ? "127.0.0.1" : this.ip };
      const nodePort = this.host ? this.#network.router?.routeNodePort(port, this.ip, this.node, false) : undefined;
      return nodePort ? this.#follow(nodePort) : refused(ip, port);
    }
    const service = this.#network.router?.routeClusterIp(ip, port, this.ip, this.node);
    if (service) return this.#follow(service);
    const node = this.#network.isNodeIp(ip);
    if (node && !this.#network.findByIp(ip)?.ports.find(port, ip)) {
      const nodePort = this.#network.router?.routeNodePort(port, this.ip, node.name, this.host && node.name !== this.node);
      if (nodePort) return this.#follow(nodePort);
    }
    const hostPort = node && this.#network.hostPortOf(node.name, port);
    return this.#deliver(hostPort ?? { ip, port });
  }

  /** To the address itself: no rules are left to apply. */
  #deliver({ ip, port }: Endpoint): Target {
    const target = this.#network.findByIp(ip);
    if (!target) return { failure: new NetworkError("EHOSTUNREACH", `connect EHOSTUNREACH ${ip}:${port}`), afterMs: UNREACHABLE_MS };
    if (!this.#passes(ip, port, "TCP"))
      return { failure: new NetworkError("ETIMEDOUT", `connect ETIMEDOUT ${ip}:${port}`), afterMs: DROPPED_MS };
    const listening = target.ports.find(port, ip);
    // A pod that reaches itself through its service sees the gateway: the way back must lead through it.
    const sourceIp = ip === this.ip && !this.host ? (this.#gateway ?? this.ip) : this.ip;
    return listening ? { port: listening, endpoint: { ip, port }, sourceIp } : refused(ip, port);
  }

  #passes(to: string, port: number, protocol: Packet["protocol"]): boolean {
    return this.#network.passes({ from: this.ip, to, port, protocol }, this.host ? this.node : undefined);
  }

  /** Questions to the cluster's DNS go through the same rules as all else. */
  get #reachesDns(): boolean {
    const { router, options } = this.#network;
    const route = router?.routeClusterIp(options.dnsServiceIp, DNS_PORT, this.ip, this.node);
    return route?.verdict !== "dnat" || this.#passes(route.endpoint.ip, route.endpoint.port, "UDP");
  }

  #follow(route: Route): Target {
    if (route.verdict === "reject")
      return { failure: new NetworkError("ECONNREFUSED", `connect ECONNREFUSED (service ${route.service} has no endpoints)`), afterMs: 0 };
    if (route.verdict === "drop")
      return {
        failure: new NetworkError("ETIMEDOUT", `connect ETIMEDOUT (service ${route.service} has no local endpoints)`),
        afterMs: DROPPED_MS,
      };
    return this.#deliver(route.endpoint);
  }

  async #reach(ip: string, port: number, signal: AbortSignal): Promise<Extract<Target, { port: ListeningPort }>> {
    const target = this.route(ip, port);
    if ("port" in target) return target;
    if (target.afterMs > 0) await this.#network.options.clock.sleep(target.afterMs, signal);
    throw target.failure;
  }

  #sourceFor(ip: string): string {
    return isLoopback(ip) ? "127.0.0.1" : this.ip;
  }

  #fromHosts(name: string): string | undefined {
    if (name === "localhost") return "127.0.0.1";
    if (name === this.hostname) return this.ip;
    if (this.#config?.subdomain && name === `${this.hostname}.${this.#config.subdomain}.${this.#config.namespace}.svc.${this.#domain}`)
      return this.ip;
    const alias = this.#config?.hostAliases.find((entry) => entry.hostnames?.includes(name));
    if (alias) return alias.ip;
    return this.host ? this.#network.nodes.find((node) => node.name === name)?.ip : undefined;
  }

  get #usesClusterDns(): boolean {
    if (this.host) return this.#dnsPolicy === "ClusterFirstWithHostNet";
    return this.#dnsPolicy !== "Default" && this.#dnsPolicy !== "None";
  }

  get #domain(): string {
    return this.#network.options.clusterDomain ?? "cluster.local";
  }

  get #searches(): string[] {
    return [`${this.#config?.namespace ?? "default"}.svc.${this.#domain}`, `svc.${this.#domain}`, this.#domain];
  }

  /** Names in the order a resolver with ndots:5 asks for them. */
  #candidates(name: string): string[] {
    if (name.endsWith(".")) return [name.slice(0, -1)];
    const searched = [...this.#searches, ...(this.#config?.dnsConfig?.searches ?? [])].map((suffix) => `${name}.${suffix}`);
    return name.split(".").length - 1 >= 5 ? [name, ...searched] : [...searched, name];
  }

  get #gateway(): string | undefined {
    const cidr = this.#network.nodes.find((node) => node.name === this.node)?.podCIDR;
    return cidr ? addressIn(cidr, 1) : undefined;
  }
}

/** The node's own network; with its own names and name servers if the pod asks for some. */
function hostNamespaceFor(network: VirtualNetwork, { ip, name, namespace }: NodeEntry, config: PodNetworkConfig): Namespace {
  const { dnsPolicy, dnsConfig, hostAliases } = config;
  const same = (dnsPolicy === "ClusterFirst" || dnsPolicy === "Default") && !dnsConfig && hostAliases.length === 0;
  if (same) return namespace;
  const own = { ...config, subdomain: undefined };
  return new Namespace(network, { ip, hostname: name, node: name, host: true, dnsPolicy, config: own, ports: namespace.ports });
}

function refused(ip: string, port: number): Target {
  return { failure: new NetworkError("ECONNREFUSED", `connect ECONNREFUSED ${ip}:${port}`), afterMs: 0 };
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
