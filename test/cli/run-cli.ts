import { runCommandLine } from "../../src/cli/program.ts";

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, against a server. */
export async function runCli(server: string | undefined, args: readonly string[], stdin = ""): Promise<CliRun> {
  let out = "";
  let err = "";
  const text = (chunk: string | Uint8Array) => (typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
  const io = {
    out: (chunk: string | Uint8Array) => void (out += text(chunk)),
    err: (chunk: string | Uint8Array) => void (err += text(chunk)),
    stdin: async () => stdin,
    isTerminal: () => false,
  };
  const code = await runCommandLine([...(server ? ["-s", server] : []), ...args], io);
  return { code, out, err };
}
