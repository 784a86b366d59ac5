import { grpcHealthServer, type ServingStatus } from "../../network/grpc-health.ts";
import { type HttpHandler, type HttpRequest, type HttpResponse, NetworkError, type VirtualSocket } from "../../network/network.ts";
import { REQUEST_CPU_MS } from "../cpu-meter.ts";
import type { Process } from "../process.ts";
import type { ProgramEntry } from "./program.ts";
import { klog } from "./system.ts";

/** What Kubernetes' tests and tutorials run. Upstream: test/images/agnhost */
async function agnhost(process: Process): Promise<number> {
  const [command = "", ...args] = process.args;
  const run = COMMANDS[command];
  if (run) return run(process, flagsOf(args));
  if (command === "" || command.startsWith("-")) await process.print("kubesim: agnhost has: " + Object.keys(COMMANDS).join(", ") + "\n");
  else
    await process.printError(
      `Error: unknown command "${command}" for "app"\nRun 'app --help' for usage.\nkubesim: of agnhost's commands there are: ${Object.keys(COMMANDS).join(", ")}\n`,
    );
  return command === "" || command.startsWith("-") ? 0 : 1;
}

type Flags = (name: string, fallback: string) => string;

const COMMANDS: Readonly<Record<string, (process: Process, flag: Flags) => Promise<number>>> = {
  "grpc-health-checking": grpcHealthChecking,
  liveness,
  netexec,
  pause: (process) => {
    for (const signal of [15, 2]) process.on(signal, () => process.end(0));
    return (process.print("Paused\n"), process.untilKilled());
  },
  "serve-hostname": (process, flag) => {
    log(process, `Serving on port ${flag("port", "9376")}.`);
    return serve(process, Number(flag("port", "9376")), () => ({ status: 200, body: process.machine.hostname }));
  },
};

function flagsOf(args: readonly string[]): Flags {
  const flags = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(args[at] ?? "");
    if (match?.[1]) flags.set(match[1], match[2] ?? args[++at] ?? "");
  }
  return (name, fallback) => flags.get(name) ?? fallback;
}

const log = (process: Process, text: string) => void process.printError(`${klog(process, "log.go:245", text)}\n`);

function serve(process: Process, port: number, handler: HttpHandler): Promise<number> {
  listen(process, port, () =>
    process.network.listenHttp(port, (request) => {
      process.machine.cpu.charge(REQUEST_CPU_MS);
      return handler(request);
    }),
  );
  return process.untilKilled();
}

function listen(process: Process, port: number, open: () => { close(): void }): void {
  try {
    const listener = open();
    process.onExit(() => listener.close());
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    log(process, `listen tcp :${port}: bind: address already in use`);
    process.exit(1);
  }
}

const query = (request: HttpRequest) => new URL(request.path, "http://agnhost").searchParams;
const pathOf = (request: HttpRequest) => request.path.split("?")[0] ?? "/";
const text = (body: string, status = 200): HttpResponse => ({ status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body });

/** Well for ten seconds. */
function liveness(process: Process): Promise<number> {
  const startedMs = process.clock.now();
  return serve(process, 8080, (request) => {
    const seconds = (process.clock.now() - startedMs) / 1000;
    if (pathOf(request) === "/started") return text(`${seconds}s`);
    if (pathOf(request) === "/healthz") return seconds > 10 ? text(`error: ${seconds}`, 500) : text("ok");
    return text("404 page not found\n", 404);
  });
}

function netexec(process: Process, flag: Flags): Promise<number> {
  const port = Number(flag("http-port", "8080"));
  log(process, `Started HTTP server on port ${port}`);
  return serve(process, port, (request) => {
    const asked = query(request);
    const path = pathOf(request);
    switch (path) {
      case "/clientip":
        log(process, "GET /clientip");
        return text(`${request.remote.ip}:${request.remote.port}`);
      case "/echo":
        log(process, `GET /echo?msg=${asked.get("msg") ?? ""}&code=${asked.get("code") ?? ""}`);
        return text(asked.get("msg") ?? "", Number(asked.get("code") ?? "") || 200);
      case "/healthz":
        log(process, "GET /healthz");
        return { status: 200, body: "" };
      case "/hostname":
      case "/hostName":
        log(process, `GET ${path}`);
        return text(process.machine.hostname);
      case "/exit":
      case "/shutdown":
        log(process, `GET ${path}`);
        process.end(Number(asked.get("code") ?? "0") || 0);
        return text("");
      case "/dial":
      case "/redirect":
      case "/shell":
      case "/upload":
        return text(`kubesim: netexec has no ${path}\n`, 501);
      default:
        log(process, "GET /");
        return text(`NOW: ${goTime(process.clock.now())}`);
    }
  });
}

/** A time as Go prints it. */
const goTime = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace(/Z$/, "000000 +0000 UTC m=+0.000000000");

function grpcHealthChecking(process: Process, flag: Flags): Promise<number> {
  const startedMs = process.clock.now();
  const port = Number(flag("port", "5000"));
  const delaySeconds = Number(flag("delay-unhealthy-sec", "-1"));
  let unhealthy: boolean | undefined;
  const check = (service: string): ServingStatus | undefined => {
    log(process, `Serving the Check request for health check, started at ${goTime(startedMs)}`);
    if (service !== flag("service", "")) return undefined;
    return unhealthy || (delaySeconds >= 0 && process.clock.now() - startedMs >= delaySeconds * 1000) ? "NOT_SERVING" : "SERVING";
  };
  const accept: (socket: VirtualSocket) => void = grpcHealthServer(check);
  listen(process, port, () => process.network.listen(port, accept));
  const httpPort = Number(flag("http-port", "8080"));
  log(process, `Http server starting to listen on :${httpPort}`);
  log(process, `gRPC server starting to listen on :${port}`);
  return serve(process, httpPort, (request) => {
    const path = pathOf(request);
    if (path !== "/make-serving" && path !== "/make-not-serving") return text("404 page not found\n", 404);
    unhealthy = path === "/make-not-serving";
    log(process, unhealthy ? "Mark as unhealthy" : "Mark as healthy");
    return text(`${(process.clock.now() - startedMs) / 1000}s`);
  });
}

export const AGNHOST: readonly ProgramEntry[] = [{ names: ["agnhost"], run: agnhost }];
