import { grpcHealthServer } from "../../network/grpc-health.ts";
import { type HttpHandler, NetworkError, type VirtualSocket } from "../../network/network.ts";
import type { Process, Program } from "../process.ts";
import type { ProgramEntry } from "./program.ts";

/** The cluster's own components: they live, listen and log; what they do happens in the daemon. */
interface Component {
  readonly name: string;
  readonly log: (process: Process) => readonly string[];
  readonly ports?: readonly (readonly [port: number, handler: HttpHandler, http2?: (socket: VirtualSocket) => void])[];
  readonly stopLog?: string;
}

const ok: HttpHandler = () => ({ status: 200, body: "ok" });
/** etcd's clients speak gRPC here; its health is there for HTTP too. */
const clientPort: HttpHandler = ({ path }) =>
  path === "/health" ? { status: 200, body: '{"health":"true","reason":""}' } : { status: 404, body: "404 page not found\n" };
const metrics: HttpHandler = () => ({
  status: 200,
  headers: { "Content-Type": "text/plain; version=0.0.4" },
  body: "# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n# TYPE process_start_time_seconds gauge\n",
});

/** A line as klog writes it: `I0102 15:04:05.000000       1 server.go:1] text`. */
export function klog(process: Process, source: string, text: string): string {
  const iso = new Date(process.clock.now()).toISOString();
  return `I${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000       1 ${source}] ${text}`;
}

const COMPONENTS: readonly Component[] = [
  {
    name: "coredns",
    log: () => [
      ".:53",
      "[INFO] plugin/reload: Running configuration SHA512 = 591cf328cccc12bc490481273e738df59329c62c0b729d94e8b61db9961c2fa5f046dd37f1cf888b953814040d180f52594972691cd6ff41be96639138a43908",
      "CoreDNS-1.14.1",
      "linux/amd64, go1.25.5",
    ],
    ports: [
      [53, ok],
      [8080, () => ({ status: 200, body: "OK" })],
      [8181, () => ({ status: 200, body: "OK" })],
      [9153, metrics],
    ],
    stopLog: "[INFO] SIGTERM: Shutting down servers then terminating",
  },
  {
    name: "kube-proxy",
    log: (process) => [
      klog(process, "server_linux.go:53", '"Using iptables proxy"'),
      klog(process, "server.go:496", `"Successfully retrieved NodeIPs" NodeIPs=["${process.network.ip}"]`),
      klog(process, "conntrack.go:60", '"Setting nf_conntrack_max" nfConntrackMax=131072'),
      klog(process, "shared_informer.go:349", '"Waiting for caches to sync" controller="service config"'),
      klog(process, "shared_informer.go:356", '"Caches are synced" controller="service config"'),
      klog(process, "shared_informer.go:356", '"Caches are synced" controller="endpoint slice config"'),
    ],
    ports: [
      [10256, ok],
      [10249, metrics],
    ],
  },
  {
    name: "etcd",
    log: (process) => {
      const ts = new Date(process.clock.now()).toISOString().replace("Z", "000Z");
      return [
        `{"level":"info","ts":"${ts}","caller":"etcdmain/etcd.go:64","msg":"Running: ","args":${JSON.stringify(process.argv)}}`,
        `{"level":"info","ts":"${ts}","caller":"embed/etcd.go:138","msg":"configuring peer listeners","listen-peer-urls":["https://${process.network.ip}:2380"]}`,
        `{"level":"info","ts":"${ts}","caller":"embed/serve.go:268","msg":"serving client traffic securely","traffic":"grpc+http","address":"127.0.0.1:2379"}`,
      ];
    },
    ports: [
      [2379, clientPort, grpcHealthServer((service) => (service === "" ? "SERVING" : undefined))],
      [2380, () => ({ status: 404, body: "404 page not found\n" })],
      [2381, () => ({ status: 200, body: '{"health":"true","reason":""}' })],
    ],
  },
  {
    name: "kube-apiserver",
    log: (process) => [
      klog(process, "options.go:263", `external host was not specified, using ${process.network.ip}`),
      klog(process, "server.go:150", "Version: v1.36.0"),
      klog(process, "secure_serving.go:211", "Serving securely on [::]:6443"),
      klog(process, "controller.go:78", "Starting OpenAPI AggregationController"),
    ],
  },
  {
    name: "kube-controller-manager",
    log: (process) => [
      klog(process, "controllermanager.go:189", '"Starting" version="v1.36.0"'),
      klog(process, "secure_serving.go:211", "Serving securely on 127.0.0.1:10257"),
      klog(process, "leaderelection.go:257", '"Attempting to acquire leader lease..." lock="kube-system/kube-controller-manager"'),
      klog(process, "leaderelection.go:271", '"Successfully acquired lease" lock="kube-system/kube-controller-manager"'),
    ],
    ports: [[10257, ok]],
  },
  {
    name: "kube-scheduler",
    log: (process) => [
      klog(process, "server.go:175", '"Starting Kubernetes Scheduler" version="v1.36.0"'),
      klog(process, "secure_serving.go:211", "Serving securely on 127.0.0.1:10259"),
      klog(process, "leaderelection.go:257", '"Attempting to acquire leader lease..." lock="kube-system/kube-scheduler"'),
      klog(process, "leaderelection.go:271", '"Successfully acquired lease" lock="kube-system/kube-scheduler"'),
    ],
    ports: [[10259, ok]],
  },
];

function component({ log, ports = [], stopLog }: Component): Program {
  return async (process) => {
    const stop = () => {
      if (stopLog) void process.print(`${stopLog}\n`);
      process.end(0);
    };
    for (const signal of [15, 2]) process.on(signal, stop);
    await process.print(`${log(process).join("\n")}\n`);
    for (const [port, handler, http2] of ports) serve(process, port, handler, http2);
    return process.untilKilled();
  };
}

function serve(process: Process, port: number, handler: HttpHandler, http2?: (socket: VirtualSocket) => void): void {
  try {
    const listener = process.network.listenHttp(port, handler, undefined, http2);
    process.onExit(() => listener.close());
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    void process.printError(`listen tcp :${port}: bind: address already in use\n`);
    process.exit(1);
  }
}

const CONFLIST =
  '{\n\t"cniVersion": "0.3.1",\n\t"name": "kindnet",\n\t"plugins": [\n\t{ "type": "ptp", "ipMasq": false, "ipam": { "type": "host-local", "dataDir": "/run/cni-ipam-state" }, "mtu": 1500 },\n\t{ "type": "portmap", "capabilities": { "portMappings": true } }\n\t]\n}\n';

/** The CNI agent: with it the node's pods get addresses. */
const kindnetd: Program = async (process) => {
  const { onCniReady } = process.machine.hooks;
  for (const signal of [15, 2]) process.on(signal, () => process.end(0));
  process.onExit(() => onCniReady?.(false));
  await process.print(
    `${[klog(process, "main.go:109", "connected to apiserver: https://control-plane:6443"), klog(process, "main.go:139", `hostIP = ${process.network.ip}`), klog(process, "main.go:140", `podIP = ${process.network.ip}`), klog(process, "main.go:182", 'kindnetd IP family: "ipv4"')].join("\n")}\n`,
  );
  process.fs.mkdir("/etc/cni/net.d", { recursive: true });
  process.fs.writeFile("/etc/cni/net.d/10-kindnet.conflist", CONFLIST);
  onCniReady?.(true);
  return process.untilKilled();
};

const pause: Program = async (process) => {
  for (const signal of [15, 2])
    process.on(signal, () => {
      void process.printError("Shutting down, got signal: Terminated\n");
      process.end(0);
    });
  return process.untilKilled();
};

export const SYSTEM: readonly ProgramEntry[] = [
  ...COMPONENTS.map((each) => ({ names: [each.name], run: component(each) })),
  { names: ["kindnetd"], run: kindnetd },
  { names: ["pause"], run: pause },
];
