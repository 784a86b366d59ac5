import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");
export const KUBESIM = path.join(ROOT, "bin/kubesim.js");

export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A cluster of its own for one test file: its own home, gone afterwards. */
export class TestCluster {
  readonly home = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-test-"));
  readonly env: NodeJS.ProcessEnv = { ...process.env, KUBESIM_HOME: this.home, HOME: this.home, KUBECONFIG: undefined, NO_COLOR: "1" };

  up(...flags: string[]): Run {
    return this.kubesim("cluster", "up", ...flags);
  }

  kubesim(...args: string[]): Run {
    return this.run(process.execPath, [KUBESIM, ...args]);
  }

  run(
    command: string,
    args: readonly string[],
    options: { input?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number; folder?: string } = {},
  ): Run {
    const result = spawnSync(command, args, {
      env: { ...this.env, ...options.env },
      encoding: "utf8",
      timeout: options.timeoutMs ?? 60_000,
      cwd: options.folder,
      input: options.input ?? "",
      maxBuffer: 64 * 1024 * 1024,
    });
    return { status: result.status ?? 1, stdout: result.stdout ?? "", stderr: result.stderr ?? "" };
  }

  /** Runs a long command, passing its output on as it comes. */
  stream(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ readonly status: number; readonly output: string }> {
    return new Promise((resolve) => {
      const child = spawn(command, args, { env: { ...this.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      const take = (chunk: Buffer) => {
        output += chunk.toString();
      };
      child.stdout.on("data", take);
      child.stderr.on("data", take);
      child.on("close", (status) => resolve({ status: status ?? 1, output }));
    });
  }

  down(): void {
    this.kubesim("cluster", "down");
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}
