import { spawn } from "node:child_process";
import path from "node:path";
import { BenchCluster, KUBESIM, median, nowMs, printFigure, ROOT } from "./support/measure.ts";

const PODS = 1000;
const ROUNDS = 20;
const GOAL_MS = 50;

/** From Tab to what the terminal shows of it, in a namespace with a thousand pods. */
export async function shellFigures(): Promise<void> {
  const cluster = new BenchCluster();
  try {
    cluster.run(["cluster", "up"]);
    cluster.run(["create", "namespace", "many"]);
    cluster.run(["apply", "-f", "-"], { input: Array.from({ length: PODS }, (_, index) => heldPod(`held-${index}`)).join("---\n") });
    cluster.run(["apply", "-f", "-"], { input: heldPod("single") });
    const terminal = new Terminal(cluster.env);
    await terminal.see("> ");
    for (const [name, line, shown] of [
      ["name", "get po -n many sin", "gle "],
      ["label", "get po -n many -l app=he", "ld "],
      ["command", "desc", "ribe "],
    ] as const) {
      const samples: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        terminal.type(line);
        await terminal.see(line);
        const start = nowMs();
        terminal.type("\t");
        await terminal.see(shown);
        // The first one loads what it needs.
        if (round > 0) samples.push(nowMs() - start);
        terminal.type("\u0015");
        await terminal.see("> ");
      }
      printFigure({ name: `shell-tab-${name}`, value: median(samples), unit: "ms", goal: `<=${GOAL_MS}` });
    }
    terminal.end();
  } finally {
    cluster.down();
  }
}

class Terminal {
  readonly #child;
  #shown = "";
  #arrived: () => void = () => undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#child = spawn("python3", [path.join(ROOT, "test/support/on-terminal.py"), process.execPath, KUBESIM, "shell"], {
      env: { ...env, TERM: "xterm", NO_COLOR: "1" },
    });
    this.#child.stdout.on("data", (chunk: Buffer) => {
      this.#shown += chunk.toString();
      this.#arrived();
    });
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Resolves once the text has come, and forgets what came before. */
  async see(text: string): Promise<void> {
    while (!this.#shown.includes(text)) await new Promise<void>((resolve) => (this.#arrived = resolve));
    this.#shown = "";
  }

  end(): void {
    this.#child.kill();
  }
}

/** A pod that no scheduler takes: it is stored and does nothing. */
const heldPod = (name: string) => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: many, labels: {app: held}}
spec: {schedulerName: nobody, containers: [{name: main, image: nginx}]}
`;
