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
  /** The next line; undefined at the end of the input, null when Ctrl-C threw it away. */
  read(prompt: string): Promise<string | undefined | null>;
  close(): void;
}

type Complete = (line: string) => Promise<[string[], string]>;

/** A prompt with history and completion; `history` is read anew at every line, oldest first. */
export function openPrompt(history: readonly string[], complete: Complete): Prompt {
  return process.stdin.isTTY && process.stdout.isTTY ? terminalPrompt(history, complete) : linePrompt();
}

/**
 * On a terminal each line has a reader of its own: between lines the keyboard belongs to the command
 * that runs, which may itself be a terminal program.
 */
function terminalPrompt(history: readonly string[], complete: Complete): Prompt {
  return {
    read: (prompt) =>
      new Promise((resolve) => {
        // The command before may have let go of the keyboard.
        process.stdin.ref?.();
        const lines = readline.createInterface({
          input: process.stdin,
          output: process.stdout,
          history: [...history].reverse(),
          historySize: 1000,
          prompt,
          completer: (line: string, reply: (error: null, result: [string[], string]) => void) => {
            complete(line).then(
              (result) => reply(null, result),
              () => reply(null, [[], line]),
            );
          },
        });
        let done = false;
        const finish = (line: string | undefined | null) => {
          if (done) return;
          done = true;
          lines.close();
          resolve(line);
        };
        lines.once("line", finish);
        lines.once("close", () => finish(undefined));
        lines.on("SIGINT", () => {
          process.stdout.write("^C\n");
          finish(null);
        });
        lines.prompt();
      }),
    close: () => undefined,
  };
}

/** From a pipe or a file: lines may come faster than they are worked on. */
function linePrompt(): Prompt {
  const lines = readline.createInterface({ input: process.stdin });
  const waiting: string[] = [];
  let wake: ((line: string | undefined) => void) | undefined;
  let closed = false;
  lines.on("line", (line) => (wake ? (wake(line), (wake = undefined)) : waiting.push(line)));
  lines.on("close", () => {
    closed = true;
    wake?.(undefined);
  });
  return {
    read() {
      const next = waiting.shift();
      if (next !== undefined) return Promise.resolve(next);
      if (closed) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
    close: () => lines.close(),
  };
}
