import fs from "node:fs";
import os from "node:os";
import path from "node:path";

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

export function makeFolder(folder: string): void {
  fs.mkdirSync(folder, { recursive: true });
}

export function temporaryFolder(prefix: string): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), prefix));
}

let stdoutGone = false;

/** Writes to standard output. A reader that has gone away (`| head`) ends the program quietly. */
export function writeOut(text: string | Uint8Array): void {
  if (stdoutGone) return;
  if (process.stdout.listenerCount("error") === 0) {
    process.stdout.on("error", () => {
      stdoutGone = true;
      process.exit(0);
    });
  }
  process.stdout.write(text);
}

export function writeErr(text: string | Uint8Array): void {
  process.stderr.write(text);
}

/** Ends the program once everything written has left. */
export function exitWith(code: number): void {
  process.exitCode = code;
  const leave = () => process.exit(code);
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) leave();
  else process.stdout.write("", () => process.stderr.write("", leave));
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

/** Passes on what comes on standard input, until it is stopped. */
export function streamStdin(onData: (chunk: Buffer) => void, onEnd: () => void): StandardInput {
  process.stdin.on("data", onData);
  process.stdin.on("end", onEnd);
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

/** The head of a line of Go's klog: level, date, time, process. */
export function klogHead(level: "E" | "F" | "W", source: string): string {
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
