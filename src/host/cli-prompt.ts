import readline from "node:readline";

/** One line from the terminal. */
export function readAnswer(): Promise<string> {
  const lines = readline.createInterface({ input: process.stdin });
  return new Promise((resolve) => {
    lines.once("line", (line) => {
      lines.close();
      resolve(line.trim());
    });
    lines.once("close", () => resolve(""));
  });
}

export interface Prompt {
  /** The next line, or undefined at the end of the input. */
  read(prompt: string): Promise<string | undefined>;
  close(): void;
}

/** A prompt with history and completion. */
export function openPrompt(
  history: readonly string[],
  complete: (line: string) => Promise<[string[], string]>,
): Prompt {
  const lines = readline.createInterface({
    input: process.stdin,
    output: process.stdout,
    history: [...history].reverse(),
    historySize: 1000,
    terminal: process.stdin.isTTY && process.stdout.isTTY,
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      complete(line).then(
        (result) => done(null, result),
        () => done(null, [[], line]),
      );
    },
  });
  const waiting: string[] = [];
  let wake: ((line: string | undefined) => void) | undefined;
  let closed = false;
  lines.on("line", (line) => (wake ? (wake(line), (wake = undefined)) : waiting.push(line)));
  lines.on("SIGINT", () => {
    process.stdout.write("^C\n");
    wake?.("");
    wake = undefined;
  });
  lines.on("close", () => {
    closed = true;
    wake?.(undefined);
  });
  return {
    read(prompt) {
      const next = waiting.shift();
      if (next !== undefined) return Promise.resolve(next);
      if (closed) return Promise.resolve(undefined);
      lines.setPrompt(prompt);
      if (process.stdin.isTTY) lines.prompt();
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
    close: () => lines.close(),
  };
}
