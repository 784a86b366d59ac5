import * as host from "../../host/cli-host.ts";

const KEPT_MAX = 1000;

/** What was typed in shells, oldest first. Several shells add to one file, each at its end. */
export class ShellHistory {
  readonly commands: string[];
  /** Whether no shell was here before. */
  readonly isNew: boolean;
  readonly #file: string | undefined;

  /** @param file undefined: nothing is kept */
  constructor(file: string | undefined) {
    const text = file === undefined ? "" : host.findText(file);
    this.#file = file;
    this.isNew = text === undefined;
    this.commands = (text ?? "").split("\n").filter(Boolean).map(decodeLine);
    if (file !== undefined && this.commands.length > 2 * KEPT_MAX) {
      this.commands.splice(0, this.commands.length - KEPT_MAX);
      host.writeText(file, this.commands.map(encodeLine).join(""));
    }
  }

  /** As bash with `ignoreboth`: neither what begins with a blank nor the same twice in a row. */
  add(command: string): void {
    if (command.startsWith(" ") || this.commands.at(-1) === command) return;
    this.commands.push(command);
    if (this.#file !== undefined) host.appendText(this.#file, encodeLine(command));
  }
}

/** A command of several lines is one line of the file. */
const encodeLine = (command: string) => `${command.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`;
const decodeLine = (line: string) => line.replace(/\\(.)/g, (_all, code: string) => (code === "n" ? "\n" : code));
