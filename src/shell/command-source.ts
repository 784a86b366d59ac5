import { type ByteReader, readLine } from "../containers/byte-pipe.ts";
import { isIncomplete } from "../containers/shell/program.ts";
import * as host from "../host/cli-host.ts";
import { LineEditor, type LineEditorOptions, type TypedCommand } from "./line-editor/line-editor.ts";

/** Where the shell's commands come from. */
export interface CommandSource {
  /** @param prompt renders what stands in front of a command */
  next(prompt: () => Promise<string>): Promise<TypedCommand>;
}

/** Commands that are edited on a terminal. */
export function editedCommands(options: Pick<LineEditorOptions, "terminal" | "history" | "complete">): CommandSource {
  const editor = new LineEditor({ ...options, isIncomplete });
  return { next: async (prompt) => editor.read(await prompt()) };
}

const CONTINUATION = "> ";

/** Commands line by line, from a pipe, a file, or a terminal that cannot move its cursor. */
export class PlainCommands implements CommandSource {
  readonly #input: ByteReader;
  readonly #show: ((text: string) => void) | undefined;

  /** @param show where prompts go; a pipe has none */
  constructor(input: ByteReader, show: ((text: string) => void) | undefined) {
    this.#input = input;
    this.#show = show;
  }

  async next(prompt: () => Promise<string>): Promise<TypedCommand> {
    let command = "";
    for (;;) {
      this.#show?.(command === "" ? await prompt() : CONTINUATION);
      const line = await this.#line();
      if (line === null) return null;
      // What lacks its end is told of when it runs.
      if (line === undefined) return command === "" ? undefined : command;
      command += `${line}\n`;
      if (!isIncomplete(command)) return command;
    }
  }

  async #line(): Promise<TypedCommand> {
    const interrupted = new AbortController();
    const stopListening = host.onInterrupt(() => interrupted.abort());
    try {
      return (await readLine(this.#input, interrupted.signal))?.text;
    } catch (error) {
      if (!interrupted.signal.aborted) throw error;
      this.#show?.("\n");
      return null;
    } finally {
      stopListening();
    }
  }
}
