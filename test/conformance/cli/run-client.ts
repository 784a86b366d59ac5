import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { KUBESIM } from "../../support/e2e.ts";
import { oracle } from "../../support/oracle.ts";

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | string;
}

export interface Invocation {
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string | undefined;
  readonly interruptAfterMs?: number | undefined;
}

const LIMIT_MS = 20_000;

/** The command and its first arguments. */
export type Client = readonly [string, ...string[]];
export const kubectl = (): Client => [oracle("kubectl")];
/** `KUBESIM_BIN` names another build than the one of this checkout. */
export const kubesim = (): Client => [process.execPath, process.env["KUBESIM_BIN"] ?? KUBESIM];

/** Runs a client once, in a folder and with a home of its own. */
export function runClient(client: Client, { args, folder, env, stdin, interruptAfterMs }: Invocation): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(client[0], [...client.slice(1), ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], LANG: "C.UTF-8", NO_COLOR: "1", NODE_COMPILE_CACHE: "", ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let late = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin ?? "");
    const timer = setTimeout(() => {
      late = interruptAfterMs === undefined;
      child.kill("SIGKILL");
    }, interruptAfterMs ?? LIMIT_MS);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, status: late ? `still running after ${LIMIT_MS} ms` : (status ?? "interrupted") });
    });
  });
}

/** The texts of all files under a folder, by their paths. */
export function readFolder(folder: string): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of fs.readdirSync(folder, { recursive: true }).map(String).sort()) {
    const file = path.join(folder, name);
    if (fs.statSync(file).isFile()) texts[name] = fs.readFileSync(file, "utf8");
  }
  return texts;
}
