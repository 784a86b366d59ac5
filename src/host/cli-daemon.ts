import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isAlive } from "./state-folder.ts";

/** What `daemon.json` says; the daemon writes it when it serves. */
export interface RunningDaemon {
  readonly pid: number;
  readonly url: string;
  readonly socket?: string;
  readonly startedAt: string;
  readonly version: string;
}

const START_TIMEOUT_MS = 60_000;

/** The living daemon of a cluster, or undefined. */
export function findRunningDaemon(home: string, cluster: string): RunningDaemon | undefined {
  let text: string;
  try {
    text = fs.readFileSync(path.join(home, "clusters", cluster, "daemon.json"), "utf8");
  } catch {
    return undefined;
  }
  try {
    const info = JSON.parse(text) as RunningDaemon;
    return isAlive(info.pid) ? info : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the daemon of a cluster unless it runs, and waits until it serves. */
export async function ensureDaemon(home: string, cluster: string, extra: readonly string[] = []): Promise<RunningDaemon> {
  const running = findRunningDaemon(home, cluster);
  if (running) return running;
  const folder = path.join(home, "clusters", cluster);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = path.join(folder, "daemon.log");
  const logStart = fs.existsSync(log) ? fs.statSync(log).size : 0;
  const output = fs.openSync(log, "a", 0o600);
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, [...daemonEntry(), "--name", cluster, ...extra], {
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, KUBESIM_HOME: home },
  });
  fs.closeSync(output);
  let ended: number | undefined;
  child.on("exit", (code) => {
    ended = code ?? 1;
  });
  child.on("error", () => {
    ended = 1;
  });
  child.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const daemon = findRunningDaemon(home, cluster);
    if (daemon) return daemon;
    if (ended !== undefined) throw new Error(`the cluster ${JSON.stringify(cluster)} did not start: ${lastLine(log, logStart)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the cluster ${JSON.stringify(cluster)} did not start within ${START_TIMEOUT_MS / 1000}s; see ${log}`);
}

/** Asks the daemon to stop and waits until it is gone. Returns whether one ran. */
export async function stopDaemon(home: string, cluster: string, timeoutMs = 15_000): Promise<boolean> {
  const daemon = findRunningDaemon(home, cluster);
  if (!daemon) return false;
  process.kill(daemon.pid, "SIGTERM");
  const deadline = Date.now() + timeoutMs;
  while (isAlive(daemon.pid)) {
    if (Date.now() > deadline) throw new Error(`the daemon (process ${daemon.pid}) does not stop`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** What to run: the bundle above our parts, or the source through tsx in a checkout. */
function daemonEntry(): string[] {
  const here = typeof __filename === "string" ? __filename : fileURLToPath(import.meta.url);
  const bundle = path.join(path.dirname(here), "../daemon.cjs");
  if (here.endsWith(".cjs") && fs.existsSync(bundle)) return [bundle];
  const root = path.resolve(path.dirname(here), "../..");
  return ["--import", import.meta.resolve("tsx"), path.join(root, "src/daemon/main.ts")];
}

/** The last thing the daemon said that is no stack trace, without its time stamp. */
function lastLine(log: string, from: number): string {
  const lines = fs
    .readFileSync(log)
    .subarray(from)
    .toString("utf8")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  const error = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "it said nothing";
  return error.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, "").trim();
}
