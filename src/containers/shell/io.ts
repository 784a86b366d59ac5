import { BufferReader, type ByteReader, type ByteWriter, NULL_WRITER } from "../byte-pipe.ts";
import { FileError, fileError } from "../filesystem.ts";
import type { Process } from "../process.ts";
import type { Redirect } from "./ast.ts";
import { expandText } from "./expansion.ts";
import { ShellError } from "./shell-error.ts";
import type { Shell } from "./shell.ts";

/** One open file. */
export interface Descriptor {
  readonly reader?: ByteReader;
  readonly writer?: ByteWriter;
}

/** The open files of a command. */
export type Descriptors = ReadonlyMap<number, Descriptor>;

export function standardDescriptors(process: Process): Map<number, Descriptor> {
  return new Map<number, Descriptor>([
    [0, { reader: process.stdin }],
    [1, { writer: process.stdout }],
    [2, { writer: process.stderr }],
  ]);
}

export const stdin = (io: Descriptors): ByteReader => io.get(0)?.reader ?? new BufferReader(Buffer.alloc(0));
export const stdout = (io: Descriptors): ByteWriter => io.get(1)?.writer ?? NULL_WRITER;
export const stderr = (io: Descriptors): ByteWriter => io.get(2)?.writer ?? NULL_WRITER;

/** The descriptors with redirections done. Throws a ShellError. */
export async function redirect(shell: Shell, io: Descriptors, redirects: readonly Redirect[]): Promise<Descriptors> {
  if (redirects.length === 0) return io;
  const result = new Map(io);
  for (const { fd, operator, target } of redirects) {
    const text = await expandText(shell, target);
    if (operator === "<<") result.set(fd, { reader: new BufferReader(Buffer.from(text)) });
    else if (operator === "<<<") result.set(fd, { reader: new BufferReader(Buffer.from(`${text}\n`)) });
    else if (operator === "<&" || (operator === ">&" && /^(\d+|-)$/.test(text))) duplicate(result, fd, text);
    else if (operator === "&>" || operator === "&>>" || operator === ">&") {
      const file = openFile(shell, text, operator === "&>>" ? ">>" : ">", result);
      result.set(1, file);
      result.set(2, file);
    } else result.set(fd, openFile(shell, text, operator, result));
  }
  return result;
}

function duplicate(io: Map<number, Descriptor>, fd: number, text: string): void {
  if (text === "-") {
    io.delete(fd);
    return;
  }
  const source = io.get(Number(text));
  if (!source) throw new ShellError(`${text}: Bad file descriptor`);
  io.set(fd, source);
}

function openFile(shell: Shell, name: string, operator: string, io: Descriptors): Descriptor {
  const { process } = shell;
  const special = /^\/dev\/(?:std(in|out|err)|fd\/(\d+))$/.exec(name);
  if (special) return io.get(special[1] ? { in: 0, out: 1, err: 2 }[special[1] as "in" | "out" | "err"] : Number(special[2])) ?? {};
  // Process 1's own streams: a common way to write into the container's log.
  const first = /^\/proc\/(?:1|self)\/fd\/([012])$/.exec(name);
  if (first) {
    const owner = name.startsWith("/proc/1/") ? process.machine.table.get(1) : process;
    if (owner) return standardDescriptors(owner).get(Number(first[1])) ?? {};
  }
  const path = process.path(name);
  try {
    if (operator === "<") return { reader: new BufferReader(process.fs.readFile(path)) };
    if (operator === "<>" && process.fs.exists(path))
      return { reader: new BufferReader(process.fs.readFile(path)), writer: fileWriter(process, path) };
    if (operator === ">" && shell.options.has("C") && process.fs.exists(path) && process.fs.stat(path).type === "file")
      throw fileError("EEXIST");
    const owner = { uid: process.uid, gid: process.gid, mode: 0o666 & ~shell.umask };
    if (process.fs.exists(path) && process.fs.stat(path).type === "directory") throw fileError("EISDIR");
    if (!process.fs.exists(path)) process.fs.writeFile(path, "", owner);
    else if (operator !== ">>" && operator !== "<>") process.fs.writeFile(path, "");
    else process.fs.writeFile(path, "", { append: true });
    return { writer: fileWriter(process, path) };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const verb = operator === "<" ? "open" : "create";
    const reason = error.code === "ENOENT" ? (operator === "<" ? "no such file" : "nonexistent directory") : error.message;
    throw new ShellError(
      shell.flavor === "bash"
        ? `${name}: ${error.message}`
        : shell.flavor === "dash"
          ? `cannot ${verb} ${name}: ${error.code === "ENOENT" ? (verb === "open" ? "No such file" : "Directory nonexistent") : error.message}`
          : `can't ${verb} ${name}: ${reason}`,
      shell.flavor === "busybox" ? 1 : shell.flavor === "dash" ? 2 : 1,
    );
  }
}

export function fileWriter(process: Process, path: string): ByteWriter {
  return { write: (data) => process.fs.writeFile(path, data, { append: true }) };
}
