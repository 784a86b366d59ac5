import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";

export interface DaemonArguments {
  readonly name: string;
  /** Machines of a new cluster, the control plane included. */
  readonly nodes: number;
}

/** The daemon's command line: `--name NAME --nodes N`. */
export function daemonArguments(): DaemonArguments {
  const { values } = parseArgs({ options: { name: { type: "string", default: "default" }, nodes: { type: "string", default: "3" } } });
  return { name: values.name, nodes: Math.max(1, Number(values.nodes)) };
}

/**
 * A user's pattern in grep or sed may back-track for ever: V8 then goes on with an engine that takes linear time.
 * To be called before the first pattern is used.
 */
export function guardAgainstBacktracking(): void {
  setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
}

export const processId = () => process.pid;
export const kubesimVersion = () => process.env["KUBESIM_VERSION"] ?? "development";

export function processUsage() {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapUsed,
    startTimeSeconds: Math.round(Date.now() / 1000 - process.uptime()),
  };
}

export const hostNowMs = () => Date.now();

/** `KUBESIM_SEED` for a run that can be replayed, else chance. */
export function seed(): number {
  const given = process.env["KUBESIM_SEED"];
  return given === undefined ? randomBytes(4).readUInt32LE(0) : Number(given);
}

/** Calls back once, on the first signal that asks the daemon to stop. */
export function onStopSignal(stop: () => void): void {
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (asked) return;
      asked = true;
      stop();
    });
  }
}

/** What nobody caught is a bug to be told of, but no reason to take everybody's cluster down. */
export function onUncaught(report: (error: unknown) => void): void {
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}

export function exitWith(code: number): void {
  process.exit(code);
}

/** Ends the process in any case after so much host time, unless it has ended before. */
export function exitAfter(limitMs: number): void {
  setTimeout(() => process.exit(0), limitMs).unref();
}

/** A line for daemon.log, or the terminal in development. */
export function writeLogLine(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

/** Event-loop delay and memory, measured from `start` on: sampling costs CPU, so only while somebody asks. */
export class ProcessStats {
  #delay: IntervalHistogram | undefined;

  start(): void {
    this.#delay?.disable();
    this.#delay = monitorEventLoopDelay({ resolution: 1 });
    this.#delay.enable();
  }

  /** Stops sampling. */
  take(): { readonly eventLoopDelayMaxMs: number; readonly eventLoopDelayP99Ms: number; readonly residentBytes: number } {
    this.#delay?.disable();
    const delay = this.#delay;
    this.#delay = undefined;
    return {
      eventLoopDelayMaxMs: (delay?.max ?? 0) / 1e6,
      eventLoopDelayP99Ms: (delay?.percentile(99) ?? 0) / 1e6,
      residentBytes: process.memoryUsage.rss(),
    };
  }
}
