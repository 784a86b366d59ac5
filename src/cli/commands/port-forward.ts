import type { Socket } from "node:net";
import type { Service } from "../../api/generated/core-v1.ts";
import { klogHead, onInterrupt } from "../../host/cli-host.ts";
import { upgradeRequest } from "../../host/cli-http.ts";
import { listenOn } from "../../host/cli-web-socket.ts";
import { listenProblem } from "../../host/listen-problem.ts";
import { readText, statusErrorOf } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { parseAddresses, parsePorts, podPorts, servicePorts, type PortPair } from "../pods/forward-ports.ts";
import { attachablePod, checkRunningTimeout, namedObject, type LivePod } from "../pods/pods.ts";
import { SpdyClient } from "../pods/spdy-client.ts";
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
    checkRunningTimeout(context);
    const found = await namedObject(context, target);
    const chosen = await attachablePod(context, found);
    const isService = found.info.group === "" && found.info.resource === "services";
    const translated = isService ? servicePorts(specs, found.object as unknown as Service, chosen) : podPorts(specs, chosen);
    const pod = await (await context.client()).get<LivePod>(podPath(chosen));
    if (pod.status?.phase !== "Running")
      throw new Error(`unable to forward port because pod is not running. Current status=${pod.status?.phase ?? ""}`);
    const addresses = parseAddresses(context.flags.list("address"));
    return forward(context, pod, { addresses, ports: parsePorts(translated) });
  },
};

export default portForward;

interface Forwarding {
  readonly addresses: ReturnType<typeof parseAddresses>;
  readonly ports: readonly PortPair[];
}

async function forward(context: CommandContext, pod: LivePod, { addresses, ports }: Forwarding): Promise<number> {
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
  let requests = 0;
  const listeners = await listenForAll(context, { addresses, ports }, ({ local, remote }, connection) => {
    void serve(context, spdy, connection, { local, remote, id: requests++ }, () => socket.destroy());
  });
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

interface Opened {
  readonly port: number;
  close(): void;
}

type ServeOne = (pair: PortPair, connection: Socket) => void;

/** A port that cannot be listened on is told; it is a failure only when none can. Upstream: client-go/tools/portforward forward */
async function listenForAll(context: CommandContext, { addresses, ports }: Forwarding, serveOne: ServeOne): Promise<Opened[]> {
  const opened: Opened[] = [];
  let working = 0;
  for (const pair of ports) {
    const failures: { text: string; needed: boolean }[] = [];
    let local = pair.local;
    for (const { address, needed } of addresses) {
      try {
        const listener = await listen(context, address, { local, remote: pair.remote }, serveOne);
        local = listener.port;
        opened.push(listener);
      } catch (error) {
        failures.push({ text: listenFailure(error, address, local), needed });
      }
    }
    const enough = failures.every(({ needed }) => !needed) && failures.length < addresses.length;
    if (enough) working++;
    else
      context.io.err(
        `Unable to listen on port ${local}: Listeners failed to create with the following errors: [${failures.map(({ text }) => text).join(" ")}]\n`,
      );
  }
  if (working > 0) return opened;
  throw new Error(
    `unable to listen on any of the requested ports: [${ports.map(({ local, remote }) => `{${local} ${remote}}`).join(" ")}]`,
  );
}

async function listen(context: CommandContext, address: string, { local, remote }: PortPair, serveOne: ServeOne): Promise<Opened> {
  const listener = await listenOn(address, local, (connection) => {
    context.print(`Handling connection for ${listener.port}`);
    serveOne({ local: listener.port, remote }, connection);
  });
  context.print(`Forwarding from ${withPort(address, listener.port)} -> ${remote}`);
  return listener;
}

const withPort = (address: string, port: number) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);

function listenFailure(error: unknown, address: string, port: number): string {
  const network = address.includes(":") ? "tcp6" : "tcp4";
  return `unable to create listener: Error ${listenProblem(network, withPort(address, port), error as NodeJS.ErrnoException)}`;
}

interface Pair extends PortPair {
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
