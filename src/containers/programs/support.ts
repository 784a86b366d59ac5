import { FileError, type FileStat } from "../filesystem.ts";
import type { Process, Program } from "../process.ts";

export interface Flags {
  readonly on: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** getopt: `valued` letters (and long names) take a value. */
export function parseFlags(args: readonly string[], valued = "", longValued: readonly string[] = []): Flags {
  const on = new Set<string>();
  const values = new Map<string, string>();
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      rest.push(...args.slice(index + 1));
      break;
    }
    if (arg.startsWith("--")) {
      const equals = arg.indexOf("=");
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
      on.add(name);
      if (equals >= 0) values.set(name, arg.slice(equals + 1));
      else if (longValued.includes(name)) values.set(name, args[++index] ?? "");
    } else if (arg.startsWith("-") && arg.length > 1) {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at] ?? "";
        on.add(letter);
        if (!valued.includes(letter)) continue;
        values.set(letter, at + 1 < arg.length ? arg.slice(at + 1) : (args[++index] ?? ""));
        break;
      }
    } else {
      rest.push(arg);
    }
  }
  return { on, values, rest };
}

export const isGnu = (process: Process) => process.flavor === "gnu";

/** The name a program was called by. */
export const nameOf = (process: Process) => (process.argv[0] ?? "").split("/").at(-1) ?? "";

/** Says `name: text` on stderr. */
export function complain(process: Process, text: string): void | Promise<void> {
  return process.printError(`${nameOf(process)}: ${text}\n`);
}

export function messageOf(error: unknown): string {
  if (error instanceof FileError) return error.message;
  throw error;
}

/** Runs `each` for every operand; 1 when one failed, with what `words` says of it. */
export async function forEachPath(
  process: Process,
  paths: readonly string[],
  words: (path: string, message: string) => string,
  each: (path: string) => void | Promise<void>,
): Promise<number> {
  let code = 0;
  for (const path of paths) {
    try {
      await each(path);
    } catch (error) {
      await complain(process, words(path, messageOf(error)));
      code = 1;
    }
    await process.checkpoint();
  }
  return code;
}

/** The text of each operand, stdin without any. Says what cannot be opened. */
export async function readInputs(
  process: Process,
  paths: readonly string[],
): Promise<{ readonly inputs: readonly { readonly name: string; readonly data: Buffer }[]; readonly code: number }> {
  const inputs: { name: string; data: Buffer }[] = [];
  if (paths.length === 0) return { inputs: [{ name: "-", data: Buffer.from(await process.readAllInput()) }], code: 0 };
  const code = await forEachPath(process, paths, cannotOpen(process), async (path) => {
    inputs.push({ name: path, data: path === "-" ? Buffer.from(await process.readAllInput()) : process.fs.readFile(process.path(path)) });
  });
  return { inputs, code };
}

export function cannotOpen(process: Process): (path: string, message: string) => string {
  return (path, message) =>
    isGnu(process) ? `${path}: ${message}` : message === "Is a directory" ? `read error: ${message}` : `can't open '${path}': ${message}`;
}

/** The lines of a text without their newlines. */
export function linesOf(data: Buffer | string): string[] {
  const text = data.toString();
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}

export const joinLines = (lines: readonly string[]) => (lines.length > 0 ? `${lines.join("\n")}\n` : "");

export function modeText(stat: FileStat): string {
  const kind = { file: "-", directory: "d", symlink: "l", device: "c", fifo: "p" }[stat.type];
  const bits = [6, 3, 0]
    .map((shift) => ["r", "w", "x"].map((letter, index) => ((stat.mode >> shift) & (4 >> index) ? letter : "-")).join(""))
    .join("");
  const letters = [...bits];
  const special = (bit: number, at: number, letter: string) => {
    if ((stat.mode & bit) !== 0) letters[at] = letters[at] === "x" ? letter : letter.toUpperCase();
  };
  special(0o4000, 2, "s");
  special(0o2000, 5, "s");
  special(0o1000, 8, "t");
  return kind + letters.join("");
}

/** Names of users and groups, as /etc/passwd and /etc/group have them. */
export function accountName(process: Process, file: "/etc/passwd" | "/etc/group", id: number): string {
  if (!process.fs.exists(file)) return String(id);
  const line = linesOf(process.fs.readFile(file)).find((entry) => entry.split(":")[2] === String(id));
  return line?.split(":")[0] ?? String(id);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Jan  2 15:04`, and the year instead of the time for what is old. */
export function listTime(ms: number, nowMs: number): string {
  const date = new Date(ms);
  const day = String(date.getUTCDate()).padStart(2);
  const time = Math.abs(nowMs - ms) > 182 * 86_400_000 ? ` ${date.getUTCFullYear()}` : date.toISOString().slice(11, 16);
  return `${MONTHS[date.getUTCMonth()]} ${day} ${time}`;
}

export function simple(
  name: string,
  run: (process: Process) => number | Promise<number>,
): { readonly names: readonly string[]; readonly run: Program } {
  return { names: [name], run: async (process) => run(process) };
}
