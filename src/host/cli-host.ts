import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ReadStream } from "node:tty";

/** What the command line asks of the machine it runs on. */
export const commandLine = (): string[] => process.argv.slice(2);
export const environment = (name: string): string | undefined => process.env[name];
export const homeFolder = (): string => os.homedir();
export const workingFolder = (): string => process.cwd();
export const platform = (): string =>
  `${process.platform === "win32" ? "windows" : process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
export const nowMs = (): number => Date.now();
export const version = (): string => process.env["KUBESIM_VERSION"] ?? "development";
export const joinPath = (...parts: string[]): string => path.join(...parts);
export const baseName = (file: string): string => path.basename(file);
export const folderOf = (file: string): string => path.dirname(file);
export const cleanPath = (file: string): string => (file === "" ? "." : path.normalize(file).replace(/(?<=.)\/$/, ""));
/** The first of the resolver, on Linux. */
export const nameServer = (): string | undefined =>
  process.platform === "linux" ? /^nameserver\s+(\S+)/m.exec(findText("/etc/resolv.conf") ?? "")?.[1] : undefined;
export const absolutePath = (file: string): string => path.resolve(file);

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

export function readText(file: string): string {
  return fs.readFileSync(file, "utf8");
}

export function readBytes(file: string): Buffer {
  return fs.readFileSync(file);
}

/** Undefined when there is no such file. */
export function findText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** Replaces the file whole; its folder is made when missing. */
export function writeText(file: string, text: string, mode = 0o600): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text, { mode });
  fs.renameSync(temporary, file);
}

/** Adds to the end of a file, which is made for its owner alone when missing, as its folder is. */
export function appendText(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.appendFileSync(file, text, { mode: 0o600 });
}

export function removeFile(file: string): void {
  fs.rmSync(file, { force: true, recursive: true });
}

export function pathKind(file: string): "file" | "folder" | undefined {
  try {
    return fs.statSync(file).isDirectory() ? "folder" : "file";
  } catch {
    return undefined;
  }
}

/** The path without symbolic links; what is not there is told in Go's words. */
export function evaluateLinks(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch (error) {
    const text = goErrorText(error);
    throw new Error(text === GO_ERRORS["ENOTDIR"] ? text : `lstat ${firstMissing(file)}: ${text}`, { cause: error });
  }
}

function firstMissing(file: string): string {
  const parent = path.dirname(file);
  return parent === file || fs.existsSync(parent) ? file : firstMissing(parent);
}

const GO_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EACCES: "permission denied",
  ELOOP: "too many links",
};

const goErrorText = (error: unknown): string => {
  const { code = "" } = error as NodeJS.ErrnoException;
  return GO_ERRORS[code] ?? code;
};

/** `open FILE: no such file or directory`, as Go tells that a file could not be read. */
export function readFailure(file: string, error: unknown): string {
  return `${goErrorText(error) === GO_ERRORS["EISDIR"] ? "read" : "open"} ${file}: ${goErrorText(error)}`;
}

export function modifiedMs(file: string): number | undefined {
  try {
    return fs.statSync(file).mtimeMs;
  } catch {
    return undefined;
  }
}

export function listFolder(folder: string): string[] {
  return fs.readdirSync(folder).sort();
}

/** Where links lead; the path itself while there is nothing. */
export const realPath = (file: string): string => (fs.existsSync(file) ? fs.realpathSync(file) : file);

export function makeFolder(folder: string): void {
  fs.mkdirSync(folder, { recursive: true });
}

export function temporaryFolder(prefix: string): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), prefix));
}

/** Writes to standard output. A reader that has gone away (`| head`) ends the program quietly. */
export function writeOut(text: string | Uint8Array): void {
  writeDirectly(1, text);
}

/** Writes to standard error, whether somebody reads it or not. */
export function writeErr(text: string | Uint8Array): void {
  writeDirectly(2, text);
}

/** What does not take everything at once is written through its stream. Making those takes milliseconds, so that nothing else is. */
const streams = new Map<number, NodeJS.WriteStream>();

function writeDirectly(descriptor: 1 | 2, text: string | Uint8Array): void {
  let bytes = Buffer.from(text);
  try {
    // A console of Windows wants other bytes than ours.
    while (bytes.length > 0 && !streams.has(descriptor) && process.platform !== "win32")
      bytes = bytes.subarray(fs.writeSync(descriptor, bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return readerGone(descriptor);
  }
  if (bytes.length === 0) return;
  let stream = streams.get(descriptor);
  if (!stream) {
    stream = descriptor === 1 ? process.stdout : process.stderr;
    stream.on("error", () => readerGone(descriptor));
    streams.set(descriptor, stream);
  }
  stream.write(bytes);
}

function readerGone(descriptor: 1 | 2): void {
  if (descriptor === 1) process.exit(0);
}

/** Ends the program once everything written has left. */
export function exitWith(code: number): void {
  process.exitCode = code;
  const waiting = [...streams.values()].filter((stream) => stream.writableLength > 0);
  let left = waiting.length;
  const leave = () => left-- <= 0 && process.exit(code);
  for (const stream of waiting) stream.write("", leave);
  leave();
}

export function setExitCode(code: number): void {
  process.exitCode = code;
}

export function readStdin(): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    process.stdin.on("data", (chunk: Buffer) => chunks.push(chunk));
    process.stdin.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    process.stdin.on("error", reject);
  });
}

export const isTerminal = (stream: "in" | "out" | "err"): boolean =>
  (stream === "in" ? process.stdin : stream === "out" ? process.stdout : process.stderr).isTTY === true;

export interface StandardInput {
  stop(): void;
}

/** Hands on what comes in on standard input, until it is stopped. */
export function streamStdin(onData: (chunk: Buffer) => void, onEnd: () => void): StandardInput {
  // Who read before may have let go of it.
  process.stdin.ref?.();
  process.stdin.on("data", onData);
  process.stdin.on("end", onEnd);
  // The end may have come while nobody listened.
  if (process.stdin.readableEnded) queueMicrotask(onEnd);
  process.stdin.resume();
  return {
    stop() {
      process.stdin.off("data", onData);
      process.stdin.off("end", onEnd);
      process.stdin.pause();
      process.stdin.unref?.();
    },
  };
}

/**
 * Hands on what is typed line by line, as the terminal edits it. The terminal is opened anew: a Ctrl-D is the end of
 * this input only, not of the program's own.
 */
export function streamTerminalLines(onData: (chunk: Buffer) => void, onEnd: () => void): StandardInput {
  if (process.platform === "win32") return streamStdin(onData, onEnd);
  const stream = new ReadStream(fs.openSync("/dev/tty", "r"));
  stream.on("data", onData);
  stream.on("end", onEnd);
  return { stop: () => stream.destroy() };
}

export function terminalSize(): { readonly width: number; readonly height: number } | undefined {
  return process.stdout.isTTY ? { width: process.stdout.columns, height: process.stdout.rows } : undefined;
}

export function onResize(listener: () => void): () => void {
  process.stdout.on("resize", listener);
  return () => process.stdout.off("resize", listener);
}

export function onInterrupt(listener: () => void): () => void {
  process.on("SIGINT", listener);
  return () => process.off("SIGINT", listener);
}

/** For commands that watch: told to end, they do so with exit code 1. Upstream: k8s.io/kubectl/pkg/util/interrupt */
export function exitWhenInterrupted(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => exitWith(1));
}

/** Runs a program of the host on this terminal (an editor, diff) and returns its exit code. */
export async function runProgram(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const { spawnSync } = await import("node:child_process");
  const result = spawnSync(command, [...args], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Runs a program for what it prints; its errors go to this terminal. */
export async function runForOutput(
  command: string,
  args: readonly string[],
  { env, interactive }: { readonly env: Readonly<Record<string, string>>; readonly interactive: boolean },
): Promise<{ readonly code: number | string; readonly output: string }> {
  const { spawnSync } = await import("node:child_process");
  const { error, status, stdout } = spawnSync(command, [...args], {
    stdio: [interactive ? "inherit" : "ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  return { code: (error as NodeJS.ErrnoException | undefined)?.code ?? status ?? -1, output: stdout ?? "" };
}

/** The head of a line of Go's klog: level, date, time, process. */
export function klogHead(level: "E" | "F" | "I" | "W", source: string): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${level}${two(now.getMonth() + 1)}${two(now.getDate())} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${String(now.getMilliseconds()).padStart(3, "0")}000 ${String(process.pid).padStart(7)} ${source}]`;
}

/** Letters and digits as Kubernetes puts them behind names that it makes up. */
export function randomSuffix(length: number): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from({ length }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join("");
}

export const environmentVariables = (): [string, string][] =>
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]));

/** From now on this program is in that folder and has these variables. A folder that is gone is stayed out of. */
export function goAlong(folder: string, environment: ReadonlyMap<string, string>): void {
  for (const name of Object.keys(process.env)) if (!environment.has(name)) delete process.env[name];
  for (const [name, value] of environment) if (process.env[name] !== value) process.env[name] = value;
  if (pathKind(folder) === "folder") process.chdir(folder);
}

export const pathFolders = (): string[] => (process.env["PATH"] ?? "").split(path.delimiter);
/** This program's file, as plugins are told of it. */
export const ownProgram = (): string => process.argv[1] ?? "";

export function isExecutable(file: string): boolean {
  try {
    const stats = fs.statSync(file);
    return stats.isFile() && (stats.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** The first executable file of that name in the PATH's folders. */
export function findProgram(name: string): string | undefined {
  return pathFolders()
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

/** All that the PATH's folders have. */
export const programNames = (): string[] => [
  ...new Set(pathFolders().flatMap((folder) => (folder !== "" && pathKind(folder) === "folder" ? listFolder(folder) : []))),
];

/** Files that a pattern with *, ? and [] means, in order; a star does not cross folders. */
export function expandGlob(pattern: string): string[] {
  const start = pattern.startsWith("/") ? "/" : "";
  return pattern
    .split("/")
    .filter((part) => part !== "")
    .reduce<string[]>(
      (found, part) => {
        if (!/[*?[]/.test(part)) return found.map((folder) => path.join(folder, part));
        const words = part
          .replace(/[.+^${}()|\\]/g, "\\$&")
          .replaceAll("*", ".*")
          .replaceAll("?", ".");
        const matches = new RegExp(`^${words}$`);
        return found.flatMap((folder) =>
          pathKind(folder || ".") === "folder"
            ? listFolder(folder || ".")
                .filter((name) => matches.test(name))
                .map((name) => path.join(folder, name))
            : [],
        );
      },
      [start],
    )
    .filter((file) => pathKind(file) !== undefined);
}

/** The path of a file that is not there yet, in the folder for such. */
export const temporaryFile = (prefix: string, suffix: string): string =>
  path.join(os.tmpdir(), `${prefix}${Math.floor(Math.random() * 4_294_967_296)}${suffix}`);
