import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import path from "node:path";
import type { TestContext } from "node:test";
import { ROOT } from "./e2e.ts";

export const noTerminal =
  process.platform !== "win32" && spawnSync("python3", ["-c", "import pty"]).status === 0 ? false : "needs python3 for a pseudo-terminal";

const ATTEMPTS = 600;
const ATTEMPT_MS = 25;

/** A program on a terminal, and someone who types and waits for what it shows. */
export class Typist {
  readonly #child: ChildProcessWithoutNullStreams;
  #bytes = "";
  #read = 0;
  readonly exited: Promise<number>;

  /** @param options `t`: the test whose end hangs up */
  constructor(command: readonly string[], options: { readonly env: NodeJS.ProcessEnv; readonly folder: string; readonly t?: TestContext }) {
    this.#child = spawn("python3", [path.join(ROOT, "test/support/on-terminal.py"), ...command], {
      env: { TERM: "xterm", ...options.env },
      cwd: options.folder,
    });
    this.#child.stdout.on("data", (chunk: Buffer) => (this.#bytes += chunk.toString()));
    options.t?.after(() => this.#child.kill());
    this.exited = new Promise((resolve) => this.#child.on("close", (code) => resolve(code ?? -1)));
  }

  /** All that was shown, without colours and movements of the cursor. */
  get shown(): string {
    return this.#bytes.replace(/\u001b\[[?0-9;]*[A-Za-z]/g, "");
  }

  /** All that was shown, as it came. */
  get bytes(): string {
    return this.#bytes;
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Waits until `wanted` shows up after what was waited for before. */
  async see(wanted: RegExp): Promise<string> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = wanted.exec(this.shown.slice(this.#read));
      if (found) {
        this.#read += found.index + found[0].length;
        return found[0];
      }
      await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
    }
    throw new Error(`never shown: ${String(wanted)}; last: ${JSON.stringify(this.shown.slice(-600))}`);
  }
}
