import type { Socket } from "node:net";
import type { Service } from "../../api/generated/core-v1.ts";
import { klogHead, onInterrupt } from "../../host/cli-host.ts";
import { upgradeRequest } from "../../host/cli-http.ts";
import { listenOn } from "../../host/cli-web-socket.ts";
import { readText, statusErrorOf } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../discovery.ts";
import { attachablePod, type LivePod } from "../pods.ts";
import { SpdyClient } from "../spdy-client.ts";
import { podPath } from "./exec.ts";

// Raw SPDY, not its WebSocket tunnel: `ws` refuses the slash in the tunnel's protocol name.
const PROTOCOL = "portforward.k8s.io";

const portForward: CommandSpec = {
  usage: "TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
  long: "Forward one or more local ports to a pod.\n\n A service or a deployment means the first of its pods, for as long as that pod lives.",
  examples:
    "# Ports 5000 and 6000 to the same ports of the pod\nkubectl port-forward pod/mypod 5000 6000\n\n# To the port of a service\nkubectl port-forward service/myservice 8443:https\n\n# A free local port\nkubectl port-forward pod/mypod :5000",
  flags: [
    {
      name: "address",
      type: "stringSlice",
      default: "localhost",
      usage: "Addresses to listen on (comma separated): IP addresses or localhost.",
    },
    {
      name: "pod-running-timeout",
      type: "duration",
      default: "1m0s",
      usage: "How long to wait for a pod to run",
    },
  ],
  async run(context) {
    const [target, ...specs] = context.args;
    if (target === undefined || specs.length === 0) throw context.usage("TYPE/NAME and list of ports are required for port-forward");
    const pod = await attachablePod(context, target);
    const ports = await resolvePorts(context, target, pod, specs);
    if (pod.status?.phase !== "Running")
      throw new Error(`unable to forward port because pod is not running. Current status=${pod.status?.phase ?? ""}`);
    return forward(context, pod, ports);
  },
};

export default portForward;

interface PortPair {
  readonly local: number;
  readonly remote: number;
}

async function resolvePorts(context: CommandContext, target: string, pod: LivePod, specs: readonly string[]): Promise<PortPair[]> {
  const service = /^(svc|service|services)\//.test(target) ? await serviceOf(context, target) : undefined;
  return specs.map((spec) => {
    const [first = "", second] = spec.split(":");
    const wanted = second ?? first;
    if (second === undefined && /^\d+$/.test(first)) checkedPort(first, "local", first);
    const remote = service ? servicePort(service, pod, wanted) : containerPort(pod, wanted);
    const local =
      second === undefined
        ? service && /^\d+$/.test(wanted)
          ? Number(wanted)
          : remote
        : first === ""
          ? 0
          : checkedPort(first, "local", first);
    return { local, remote };
  });
}

async function serviceOf(context: CommandContext, target: string): Promise<Service> {
  const info = await (await context.discovery()).get("services");
  return (await context.client()).get<never>(pathOf(info, await context.namespace(), target.split("/")[1]));
}

function checkedPort(text: string, side: string, spec: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new Error(
      `error parsing ${side} port '${spec}': strconv.ParseUint: parsing ${JSON.stringify(text)}: ${/^\d+$/.test(text) ? "value out of range" : "invalid syntax"}`,
    );
  if (port === 0 && side === "remote") throw new Error("remote port must be > 0");
  return port;
}

function containerPort(pod: LivePod, wanted: string): number {
  if (/^\d+$/.test(wanted)) return checkedPort(wanted, "remote", wanted);
  for (const container of pod.spec.containers ?? [])
    for (const port of container.ports ?? []) if (port.name === wanted) return port.containerPort;
  throw new Error(`Pod '${pod.metadata.name}' does not have a named port '${wanted}'`);
}

function servicePort(service: Service, pod: LivePod, wanted: string): number {
  const port = service.spec?.ports?.find((each) => each.name === wanted || String(each.port) === wanted);
  if (!port)
    throw new Error(
      /^\d+$/.test(wanted)
        ? `Service ${service.metadata?.name} does not have a service port ${wanted}`
        : `Service '${service.metadata?.name}' does not have a named port '${wanted}'`,
    );
  if (service.spec?.clusterIP === "None" && port.targetPort === undefined) return port.port;
  const target = port.targetPort ?? port.port;
  return typeof target === "number" && target !== 0 ? target : target === 0 ? port.port : containerPort(pod, String(target));
}

async function forward(context: CommandContext, pod: LivePod, ports: readonly PortPair[]): Promise<number> {
  const client = await context.client();
  const path = podPath(pod, "portforward");
  const headers = {
    ...client.headers(),
    Connection: "Upgrade",
    Upgrade: "SPDY/3.1",
    "X-Stream-Protocol-Version": PROTOCOL,
    "Content-Length": "0",
  };
  const log = await client.upgradeLog("POST", path, headers);
  const outcome = await upgradeRequest(client.connection.target, { method: "POST", path, headers, trace: log?.trace });
  log?.answered(outcome.kind === "upgraded" ? outcome.answer : outcome);
  if (outcome.kind === "refused") {
    const failure = statusErrorOf(outcome.status, await readText(outcome), "POST", path);
    throw new Error(`error upgrading connection: unable to upgrade connection: ${failure.message}`);
  }
  const { socket } = outcome;
  const spdy = new SpdyClient((frame) => {
    if (socket.writable) socket.write(frame);
  });
  if (outcome.head.length > 0) spdy.receive(outcome.head);
  socket.on("data", (data: Buffer) => spdy.receive(data));
  const listeners: { close(): void }[] = [];
  let requests = 0;
  for (const { local, remote } of ports) {
    const opened = await listenAll(
      context,
      local,
      remote,
      (connection, port) => void serve(context, spdy, connection, { local: port, remote, id: requests++ }, () => socket.destroy()),
    );
    listeners.push(...opened);
  }
  return new Promise<number>((resolve, reject) => {
    let asked = false;
    onInterrupt(() => {
      asked = true;
      socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const listener of listeners) listener.close();
      if (asked) resolve(0);
      else reject(new Error("lost connection to pod"));
    });
  });
}

async function listenAll(
  context: CommandContext,
  local: number,
  remote: number,
  serveOne: (connection: Socket, local: number) => void,
): Promise<{ close(): void }[]> {
  const hosts = context.flags.list("address").flatMap((address) => (address === "localhost" ? ["127.0.0.1", "::1"] : [address]));
  const opened: { port: number; close(): void }[] = [];
  const failures: string[] = [];
  for (const host of hosts) {
    try {
      const port = opened[0]?.port ?? local;
      const listener = await listenOn(host, port, (connection) => {
        context.print(`Handling connection for ${listener.port}`);
        serveOne(connection, listener.port);
      });
      opened.push(listener);
      context.print(`Forwarding from ${host.includes(":") ? `[${host}]` : host}:${listener.port} -> ${remote}`);
    } catch (error) {
      const shown = host.includes(":") ? `[${host}]:${local}` : `${host}:${local}`;
      const why =
        (error as NodeJS.ErrnoException).code === "EADDRINUSE"
          ? "bind: address already in use"
          : (error as NodeJS.ErrnoException).code === "EADDRNOTAVAIL"
            ? "bind: cannot assign requested address"
            : (error as Error).message;
      failures.push(`unable to create listener: Error listen ${host.includes(":") ? "tcp6" : "tcp4"} ${shown}: ${why}`);
    }
  }
  if (opened.length === 0) {
    context.io.err(`Unable to listen on port ${local}: Listeners failed to create with the following errors: [${failures.join(" ")}]\n`);
    throw new Error(`unable to listen on any of the requested ports: [{${local} ${remote}}]`);
  }
  return opened;
}

interface Pair {
  readonly local: number;
  readonly remote: number;
  readonly id: number;
}

/** Two streams for each connection: one tells of failures, the other carries the bytes. Upstream: client-go/tools/portforward handleConnection */
async function serve(
  context: CommandContext,
  spdy: SpdyClient,
  connection: Socket,
  { local, remote, id }: Pair,
  giveUp: () => void,
): Promise<void> {
  const headers = { port: String(remote), requestid: String(id) };
  connection.on("error", () => undefined);
  connection.pause();
  let failure = "";
  const errors = await spdy.open({ streamtype: "error", ...headers }, true);
  const data = await spdy.open({ streamtype: "data", ...headers });
  errors.onData = (chunk) => (failure += chunk.toString("utf8"));
  errors.onEnd = () => {
    if (failure === "") return;
    context.io.err(
      `${klogHead("E", "portforward.go:424")} "Unhandled Error" err="an error occurred forwarding ${local} -> ${remote}: ${failure.replaceAll('"', '\\"')}"\n`,
    );
    connection.destroy();
    // As upstream: the whole forwarding ends with the first failure.
    giveUp();
  };
  data.onData = (chunk) => connection.write(chunk);
  data.onEnd = () => connection.end();
  connection.on("data", (chunk: Buffer) => data.write(chunk));
  connection.on("end", () => data.end());
  connection.on("close", () => data.end());
  connection.resume();
}
