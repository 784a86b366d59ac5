import { grpcHealthServer, type ServingStatus } from "../../network/grpc-health.ts";
import { NetworkError, type VirtualSocket } from "../../network/network.ts";
import type { Process } from "../process.ts";
import { netexec } from "./agnhost-netexec.ts";
import { type Flags, flagsOf, goTime, listen, log, pathOf, serve, text } from "./agnhost-support.ts";
import { timeLimit } from "./http.ts";
import type { ProgramEntry } from "./program.ts";

/** What Kubernetes' tests and tutorials run. Upstream: test/images/agnhost */
async function agnhost(process: Process): Promise<number> {
  const [command = "", ...args] = process.args;
  const run = COMMANDS[command];
  if (run) return run(process, flagsOf(args), args);
  if (command === "" || command.startsWith("-")) await process.print("kubesim: agnhost has: " + Object.keys(COMMANDS).join(", ") + "\n");
  else
    await process.printError(
      `Error: unknown command "${command}" for "app"\nRun 'app --help' for usage.\nkubesim: of agnhost's commands there are: ${Object.keys(COMMANDS).join(", ")}\n`,
    );
  return command === "" || command.startsWith("-") ? 0 : 1;
}

type Command = (process: Process, flag: Flags, args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  connect,
  "dns-server-list": (process) => show(process, settings(process, "nameserver").join(",")),
  "dns-suffix": (process) => show(process, settings(process, "search").join(",")),
  "entrypoint-tester": (process) => show(process, `[${process.argv.join(" ")}]\n`),
  "etc-hosts": (process) => show(process, process.fs.readFile("/etc/hosts").toString()),
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

async function show(process: Process, words: string): Promise<number> {
  await process.print(words);
  return 0;
}

/** The words behind a name in /etc/resolv.conf. */
function settings(process: Process, name: string): string[] {
  const lines = process.fs.readFile("/etc/resolv.conf").toString().split("\n");
  return lines.filter((line) => line.startsWith(`${name} `)).flatMap((line) => line.split(" ").slice(1));
}

/** Tells by one word why a port cannot be reached. Upstream: test/images/agnhost/connect */
async function connect(process: Process, flag: Flags, args: readonly string[]): Promise<number> {
  const destination = args.find((arg) => !arg.startsWith("-") && arg.includes(":")) ?? "";
  const at = destination.lastIndexOf(":");
  const [host, port] = [destination.slice(0, at), Number(destination.slice(at + 1))];
  const seconds = Number(/^(\d+)s$/.exec(flag("timeout", "0s"))?.[1] ?? 0);
  const limit = timeLimit(process, seconds);
  const fail = async (word: string) => {
    await process.printError(`${word}\n`);
    return 1;
  };
  try {
    const ip = (await process.network.resolve(host, limit.signal)).addresses[0] ?? host;
    (await process.network.connect(ip, port, limit.signal)).destroy();
    return 0;
  } catch (error) {
    if (process.exitCode !== undefined) throw error;
    if (limit.expired() || (error instanceof NetworkError && error.code === "ETIMEDOUT")) return await fail("TIMEOUT");
    if (!(error instanceof NetworkError)) throw error;
    if (error.code === "ECONNREFUSED") return await fail("REFUSED");
    if (error.code === "ENOTFOUND") return await fail(`DNS: lookup ${host}: no such host`);
    return await fail(`OTHER: dial tcp ${destination}: connect: no route to host`);
  } finally {
    limit.stop();
  }
}

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
