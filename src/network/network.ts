import type { Duplex } from "node:stream";

/** A failed network call, with the errno name a program would see. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly code:
    | "ECONNREFUSED"
    | "EADDRINUSE"
    | "EADDRNOTAVAIL"
    | "EHOSTUNREACH"
    | "ENETUNREACH"
    | "ETIMEDOUT"
    | "ECONNRESET"
    | "ENOTFOUND"
    | "EAI_AGAIN";
  constructor(code: NetworkError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** One end of a virtual TCP connection. `end` half-closes, `destroy` resets. */
export interface VirtualSocket extends Duplex {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** What Node's http wants of a net.Socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

export interface HttpRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly remote: Endpoint;
  readonly local: Endpoint;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An answer whose body comes piece by piece, as the server sends it. */
export interface HttpStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer>;
  /** For who does not want the body. */
  close(): void;
}

/** TLS as a client speaks it. */
export interface TlsOptions {
  /** Whom the certificate must name, and the PEM of those who may have signed it. Undefined: any certificate will do. */
  readonly verify?: { readonly serverName: string; readonly ca: string };
  /** A certificate and its key of the client's own, PEM. */
  readonly cert?: string;
  readonly key?: string;
}

/** Speaks TLS over a connection. Rejects with an Error whose words are Go's and whose `cause` has OpenSSL's code. */
export type Secure = (connection: Duplex, options: TlsOptions) => Promise<Duplex>;

/** What answers HTTP requests. A handler that never resolves is an app that hangs. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export interface Datagram {
  readonly data: Buffer;
  readonly from: Endpoint;
}

/** A UDP port. */
export interface DatagramSocket {
  readonly local: Endpoint;
  send(data: Buffer, to: Endpoint): void;
  onMessage(listener: (datagram: Datagram) => void): void;
  /** Nobody listens where a datagram went. */
  onRefused(listener: (error: NetworkError) => void): void;
  close(): void;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  close(): void;
}

/** A service or pod lookup as a resolver sees it. */
export interface DnsAnswer {
  /** The fully qualified name that answered. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** The name server asked, `10.96.0.10:53`. */
  readonly server: string;
  /** For SRV questions. */
  readonly srv?: readonly { readonly target: string; readonly port: number; readonly priority: number; readonly weight: number }[];
  readonly cname?: string;
}

/** A network namespace: a pod's, or a node's own. Containers of a pod share one. */
export interface NetworkNamespace {
  /** Pod IP (a node's: its InternalIP). */
  readonly ip: string;
  readonly hostname: string;
  /** The node that it is on. */
  readonly node: string;
  /** True for a node's own namespace and for hostNetwork pods. */
  readonly host: boolean;
  /** Throws NetworkError EADDRINUSE. `address` undefined: all addresses. */
  listen(port: number, onConnection: (socket: VirtualSocket) => void, address?: string): Listener;
  /**
   * Serves HTTP without parsing bytes where both ends are inside the simulation (probes, wget);
   * for connections that carry bytes (port-forward, NodePort, curl -v) a real node:http server sits behind it.
   * `http2` takes the connections that begin with HTTP/2's preface: gRPC.
   */
  listenHttp(port: number, handler: HttpHandler, address?: string, http2?: (socket: VirtualSocket) => void): Listener;
  /** Binds a UDP port; 0: any that is free. Throws NetworkError EADDRINUSE. */
  openDatagrams(port: number, address?: string): DatagramSocket;
  /** All listeners, for netstat. */
  listeners(): readonly Listener[];
  /**
   * Connects by IP through the rules of the network: loopback, service rules (DNAT), routes, policies.
   * Rejects with NetworkError; a packet that is dropped never answers and rejects ETIMEDOUT after the kernel's patience or `signal`.
   */
  connect(ip: string, port: number, signal: AbortSignal): Promise<VirtualSocket>;
  /** One HTTP exchange over `connect`'s rules; takes the short cut when the listener was made by listenHttp. With `tls`: HTTPS. */
  http(
    ip: string,
    port: number,
    request: Omit<HttpRequest, "remote" | "local">,
    signal: AbortSignal,
    tls?: TlsOptions,
  ): Promise<HttpResponse>;
  /** The same, but it resolves with the answer's head. Who leaves the body before its end closes the connection. */
  fetch(
    ip: string,
    port: number,
    request: Omit<HttpRequest, "remote" | "local">,
    signal: AbortSignal,
    tls?: TlsOptions,
  ): Promise<HttpStream>;
  /** Resolves a name by /etc/hosts, then DNS with the search list. Rejects ENOTFOUND (NXDOMAIN) or EAI_AGAIN (no DNS server answers). */
  resolve(name: string, signal: AbortSignal): Promise<DnsAnswer>;
  /** /etc/resolv.conf as text. */
  readonly resolvConf: string;
  /** /etc/hosts as text. */
  readonly hosts: string;
  /** Whether a ping would be answered. */
  reachable(ip: string): boolean;
  /** `ip addr`, `ip route` facts. */
  readonly interfaces: readonly { readonly name: string; readonly ip: string; readonly prefix: number; readonly mac: string }[];
  readonly routes: readonly { readonly destination: string; readonly via?: string; readonly device: string; readonly source?: string }[];
}

export interface PodNetworkConfig {
  readonly podUid: string;
  readonly namespace: string;
  readonly name: string;
  readonly hostname: string;
  readonly subdomain: string | undefined;
  readonly hostNetwork: boolean;
  readonly dnsPolicy: string;
  readonly dnsConfig:
    | { readonly nameservers?: string[]; readonly searches?: string[]; readonly options?: { name?: string; value?: string }[] }
    | undefined;
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames?: string[] }[];
  /** Ports of the node that lead to the pod's. */
  readonly hostPorts?: readonly { readonly hostPort: number; readonly containerPort: number }[];
}

/** The whole cluster's network. */
export interface Network {
  /** Joins a node: its address and pod range. */
  addNode(node: { readonly name: string; readonly ip: string; readonly podCIDR: string }): void;
  removeNode(name: string): void;
  /** What the CNI plugin does for a pod sandbox. Throws when no CNI agent has configured the node (the kubelet then says NetworkPluginNotReady). */
  attachPod(node: string, config: PodNetworkConfig): NetworkNamespace;
  /** Frees the address and closes every listener and connection. */
  detachPod(podUid: string): void;
  nodeNamespace(node: string): NetworkNamespace;
  /** Whether the node's CNI configuration is in place: undefined, or the message the Ready condition shows. */
  cniProblem(node: string): string | undefined;
  /** Called by the kindnet program when it has written /etc/cni/net.d on its node, and with false when that goes away. */
  setCniReady(node: string, ready: boolean): void;
  /** Told when a node's CNI configuration comes or goes. */
  onCniChange?(listener: (node: string) => void): void;
}
