import { abortable, addressIn, isIpv4, isLoopback, macOf, normalAddress, vethOf } from "./addresses.ts";
import { ANY_ADDRESS, httpOverSocket, type ListeningPort, PortTable } from "./listeners.ts";
import { DatagramEnd } from "./datagrams.ts";
import {
  type DatagramSocket,
  type DnsAnswer,
  type Endpoint,
  type HttpHandler,
  type HttpRequest,
  type TlsOptions,
  type HttpResponse,
  type HttpStream,
  type Listener,
  NetworkError,
  type NetworkNamespace,
  type PodNetworkConfig,
  type VirtualSocket,
} from "./network.ts";
import type { Packet, Route, VirtualNetwork } from "./virtual-network.ts";
import { socketPair } from "./virtual-socket.ts";

// Linux gives up on an address that answers no ARP after three tries a second apart.
const UNREACHABLE_MS = 3000;
// Linux sends a SYN six times before it gives up.
const DROPPED_MS = 127_000;
// Upstream: resolver defaults: 5 s a try, two tries.
const DNS_PORT = 53;
const DNS_TIMEOUT_MS = 10_000;

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

  openDatagrams(port: number, address: string = ANY_ADDRESS): DatagramSocket {
    let chosen = port;
    while (chosen === 0 || (port === 0 && this.ports.findDatagrams(chosen, this.ip))) chosen = this.#network.ephemeralPort();
    const local = { ip: normalAddress(address), port: chosen };
    return this.ports.bindDatagrams(local, (release) => new DatagramEnd(this, this.#network, local, release));
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
    const { status, headers, body } = await this.fetch(ip, port, request, signal, tls);
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return { status, headers, body: Buffer.concat(chunks) };
  }

  async fetch(
    ip: string,
    port: number,
    request: Omit<HttpRequest, "remote" | "local">,
    signal: AbortSignal,
    tls?: TlsOptions,
  ): Promise<HttpStream> {
    if (tls) return this.#secureFetch(ip, port, request, signal, tls);
    const target = await this.#reach(ip, port, signal);
    if (!target.port.handler) return httpOverSocket(await this.connect(ip, port, signal), request, signal);
    const remote = { ip: target.sourceIp, port: this.#network.ephemeralPort() };
    const answer = await abortable(target.port.exchange({ ...request, remote, local: target.endpoint }), signal);
    return { status: answer.status, headers: answer.headers ?? {}, body: inOnePiece(answer.body), close: () => undefined };
  }

  async #secureFetch(
    ip: string,
    port: number,
    request: Omit<HttpRequest, "remote" | "local">,
    signal: AbortSignal,
    tls: TlsOptions,
  ): Promise<HttpStream> {
    const { secure } = this.#network.options;
    if (!secure) throw new Error("this network does not speak TLS");
    const connection = await this.connect(ip, port, signal);
    const close = () => connection.destroy();
    signal.addEventListener("abort", close, { once: true });
    connection.once("close", () => signal.removeEventListener("abort", close));
    try {
      return await httpOverSocket(await abortable(secure(connection, tls), signal), request, signal);
    } catch (error) {
      connection.destroy();
      throw error;
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
    if (isLoopback(ip) || this.#gateway === ip) return true;
    const target = this.#network.findByIp(ip);
    return target !== undefined && this.#network.isConnected(this.node, target.node) && this.#passes(ip, 0, "ICMP");
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
    if (!target || !this.#network.isConnected(this.node, target.node))
      return { failure: new NetworkError("EHOSTUNREACH", `connect EHOSTUNREACH ${ip}:${port}`), afterMs: UNREACHABLE_MS };
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
    const route = router?.routeClusterIp(options.dnsServiceIp, DNS_PORT, this.ip, this.node, "UDP");
    const server = route?.verdict === "dnat" ? this.#network.findByIp(route.endpoint.ip) : undefined;
    if (server && !this.#network.isConnected(this.node, server.node)) return false;
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

function refused(ip: string, port: number): Target {
  return { failure: new NetworkError("ECONNREFUSED", `connect ECONNREFUSED ${ip}:${port}`), afterMs: 0 };
}

async function* inOnePiece(body: string | Buffer | undefined): AsyncIterable<Buffer> {
  if (body !== undefined && body.length > 0) yield Buffer.from(body);
}
