import { type HttpRequest, type HttpResponse, NetworkError } from "../../network/network.ts";
import { REQUEST_CPU_MS } from "../cpu-meter.ts";
import type { AppSpec } from "../images.ts";
import type { Process } from "../process.ts";
import type { ProgramEntry } from "./program.ts";

/** Runs what the image's YAML says that its app does. */
async function runApp(process: Process): Promise<number> {
  const app = (process.machine.hooks.app ?? {}) as AppSpec;
  if (app.handlesSigterm) for (const signal of [15, 3, 2]) process.on(signal, () => process.end(0));
  if (app.startLog) void process.print(`${app.startLog}\n`);
  if (app.port !== undefined && !listen(process, app, app.port)) return 1;
  if (app.exitAfterMs !== undefined) {
    await process.sleep(app.exitAfterMs);
    return app.exitCode ?? 0;
  }
  return app.port === undefined && app.exitCode !== undefined ? app.exitCode : process.untilKilled();
}

function listen(process: Process, app: AppSpec, port: number): boolean {
  let count = 0;
  try {
    const listener = process.network.listenHttp(port, async (request) => {
      count++;
      return answer(process, app, request, count);
    });
    process.onExit(() => listener.close());
    return true;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    void process.printError(portTaken(port));
    return false;
  }
}

async function answer(process: Process, app: AppSpec, request: HttpRequest, count: number): Promise<HttpResponse> {
  const fill = (text: string) =>
    text.replace(/\$\{(\w+)\}/g, (whole, name: string) => {
      if (name === "hostname") return process.machine.hostname;
      if (name === "remote") return `::ffff:${request.remote.ip}`;
      if (name === "path") return request.path;
      if (name === "method") return request.method;
      if (name === "count") return String(count);
      return process.env.get(name) ?? whole;
    });
  if (app.requestLog) void process.print(`${fill(app.requestLog)}\n`);
  if (app.delayMs) await process.sleep(app.delayMs);
  const { cpu } = process.machine;
  const begunMs = process.clock.now();
  if (app.cpuMs) await process.sleep(cpu.queue(app.cpuMs));
  cpu.charge(app.cpuMs ?? REQUEST_CPU_MS, begunMs);
  const headers: Record<string, string> = app.contentType ? { "Content-Type": app.contentType } : {};
  if (app.healthyAnswers !== undefined && count > app.healthyAnswers)
    return { status: app.failureStatus ?? 500, headers, body: fill(app.failure ?? "") };
  return { status: app.status ?? 200, headers, body: fill(app.response ?? "") };
}

/** As node tells of a listen that nobody handles. */
function portTaken(port: number): string {
  return `events.js:160
      throw er; // Unhandled 'error' event
      ^

Error: listen EADDRINUSE: address already in use :::${port}
    at Object.exports._errnoException (util.js:1018:11)
    at exports._exceptionWithHostPort (util.js:1041:20)
    at Server._listen2 (net.js:1258:14)
    at listen (net.js:1294:10)
    at Server.listen (net.js:1390:5)
    at Object.<anonymous> (/app.js:14:5)
`;
}

/** node runs the image's app; the simulation has no JavaScript engine in its containers. */
async function runNode(process: Process): Promise<number> {
  const script = process.args.find((arg) => !arg.startsWith("-"));
  if (process.args.includes("-v") || process.args.includes("--version")) {
    await process.print(`v${process.env.get("NODE_VERSION") ?? "24.4.0"}\n`);
    return 0;
  }
  if (script === undefined) {
    const input = await process.readAllInput();
    if (input.trim() === "") return 0;
    await process.printError("kubesim: node runs only the app that the image declares\n");
    return 1;
  }
  const path = process.path(script);
  if (!process.fs.exists(path)) {
    await process.printError(
      `node:internal/modules/cjs/loader:1228\n  throw err;\n  ^\n\nError: Cannot find module '${path}'\n    at Function._resolveFilename (node:internal/modules/cjs/loader:1225:15)\n    at node:internal/main/run_main_module:36:49 {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: []\n}\n`,
    );
    return 1;
  }
  return runApp(process);
}

const generic = async (process: Process): Promise<number> => {
  for (const signal of [15, 3, 2]) process.on(signal, () => process.end(0));
  const app = (process.machine.hooks.app ?? {}) as AppSpec;
  if (app.startLog) void process.print(`${app.startLog}\n`);
  return process.untilKilled();
};

export const APPS: readonly ProgramEntry[] = [
  { names: ["app"], run: runApp },
  { names: ["node"], run: runNode },
  { names: ["generic"], run: generic },
];
