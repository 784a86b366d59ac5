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

export interface KeyboardListeners {
  typed(bytes: Uint8Array): void;
  resized(): void;
  ended(): void;
}

/** The terminal, for who edits lines on it. Between lines the keyboard belongs to the command that runs. */
export const hostTerminal = {
  get columns(): number {
    return process.stdout.columns || 80;
  },
  get rows(): number {
    return process.stdout.rows || 24;
  },
  write: (text: string) => void process.stdout.write(text),
  listen({ typed, resized, ended }: KeyboardListeners): () => void {
    // The command before may have let go of the keyboard.
    process.stdin.ref?.();
    process.stdin.setRawMode(true);
    process.stdin.on("data", typed);
    process.stdin.on("end", ended);
    process.stdout.on("resize", resized);
    process.stdin.resume();
    return () => {
      process.stdin.off("data", typed);
      process.stdin.off("end", ended);
      process.stdout.off("resize", resized);
      process.stdin.setRawMode(false);
      process.stdin.pause();
    };
  },
};
