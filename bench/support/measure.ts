import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");
export const KUBESIM = path.join(ROOT, "bin/kubesim.js");

/** One line of the bench: `NAME VALUE UNIT goal <=N peer VALUE`. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `<=1` or `>=5`. */
  readonly goal: string;
  /** What the peer did in the same run, where there is one. */
  readonly peer?: string;
}

export function printFigure(figure: Figure): void {
  const met = figure.goal.startsWith("<=") ? figure.value <= Number(figure.goal.slice(2)) : figure.value >= Number(figure.goal.slice(2));
  const value = figure.value < 10 ? figure.value.toFixed(2) : figure.value.toFixed(0);
  console.log(
    `${figure.name} ${value} ${figure.unit} goal ${figure.goal}${figure.peer === undefined ? "" : ` peer ${figure.peer}`}${met ? "" : "   MISSED"}`,
  );
}

export const nowMs = () => performance.now();
export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** A cluster of its own in a folder of its own. */
export class BenchCluster {
  readonly home = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-bench-"));
  // Node 20 reads NODE_EXTRA_CA_CERTS at every start: with a system's whole list, that alone takes 45 ms.
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    KUBESIM_HOME: this.home,
    HOME: this.home,
    KUBECONFIG: undefined,
    NODE_EXTRA_CA_CERTS: undefined,
  };

  run(args: readonly string[], options: { node?: string; input?: string } = {}): string {
    const result = spawnSync(options.node ?? process.execPath, [KUBESIM, ...args], {
      env: this.env,
      encoding: "utf8",
      input: options.input ?? "",
    });
    if (result.status !== 0) throw new Error(`kubesim ${args.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }

  get daemonPid(): number {
    return (JSON.parse(fs.readFileSync(path.join(this.home, "clusters/default/daemon.json"), "utf8")) as { pid: number }).pid;
  }

  get kubeconfig(): string {
    return path.join(this.home, "clusters/default/kubeconfig");
  }

  /** `GET path` of the API as JSON. */
  get<T>(apiPath: string): T {
    return JSON.parse(this.run(["get", "--raw", apiPath])) as T;
  }

  down(): void {
    spawnSync(process.execPath, [KUBESIM, "cluster", "down"], { env: this.env });
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}

/** CPU seconds a process has used, and its resident bytes. Linux only. */
export function processUsage(pid: number): { readonly cpuSeconds: number; readonly residentBytes: number } {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const resident = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  return { cpuSeconds: ticks / 100, residentBytes: Number(resident?.[1] ?? 0) * 1024 };
}

/** Runs a script in its own process and gives back the JSON that it prints last. */
export function inOwnProcess<T>(file: string, args: readonly string[] = []): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("close", (status) => {
      const last = output.trim().split("\n").at(-1) ?? "";
      if (status === 0 && last.startsWith("{")) resolve(JSON.parse(last) as T);
      else reject(new Error(`${file} exited ${status}: ${output.slice(-500)}`));
    });
  });
}
