import { gunzipSync, gzipSync } from "node:zlib";
import { readAll } from "../byte-pipe.ts";
import type { Process } from "../process.ts";
import { directoryName, joinPath } from "../memory-filesystem.ts";
import { complain, messageOf } from "./support.ts";

const BLOCK = 512;

/** tar c, x and t with f, C, z, v: what kubectl cp asks for. */
export async function tar(process: Process): Promise<number> {
  const args = [...process.args];
  let flags = "";
  let file = "-";
  let directory = process.cwd;
  const paths: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg.startsWith("--")) continue;
    if (arg === "-C") directory = process.path(args[++at] ?? "");
    else if (at === 0 || (arg.startsWith("-") && arg.length > 1)) {
      flags += arg.replace(/^-/, "");
      if (arg.includes("f")) file = args[++at] ?? "-";
      if (arg.includes("C")) directory = process.path(args[++at] ?? "");
    } else paths.push(arg);
  }
  try {
    if (flags.includes("c")) {
      const archive = Buffer.concat([...paths.flatMap((path) => pack(process, directory, path)), Buffer.alloc(BLOCK * 2)]);
      const bytes = flags.includes("z") ? gzipSync(archive) : archive;
      if (file === "-") await process.print(bytes);
      else process.fs.writeFile(process.path(file), bytes);
      return 0;
    }
    const bytes = file === "-" ? await readAll(process.stdin, process.signal) : process.fs.readFile(process.path(file));
    const archive = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    for (const entry of unpack(archive)) {
      if (flags.includes("t") || flags.includes("v")) await process.print(`${entry.name}\n`);
      if (flags.includes("x")) extract(process, directory, entry);
      await process.checkpoint();
    }
    return 0;
  } catch (error) {
    await complain(process, messageOf(error));
    return 1;
  }
}

interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly type: string;
  readonly target: string;
  readonly data: Buffer;
}

function pack(process: Process, directory: string, path: string): Buffer[] {
  const whole = joinPath(directory, path);
  const stat = process.fs.lstat(whole);
  const name = path.replace(/^\/+/, "");
  const header = (type: string, size: number, target = "") => makeHeader(type === "5" && !name.endsWith("/") ? `${name}/` : name, { mode: stat.mode, mtimeMs: stat.mtimeMs, type, size, target });
  if (stat.type === "symlink") return header("2", 0, process.fs.readlink(whole));
  if (stat.type === "directory") return [...header("5", 0), ...process.fs.readdir(whole).flatMap((child) => pack(process, directory, `${path.replace(/\/$/, "")}/${child}`))];
  const data = process.fs.readFile(whole);
  return [...header("0", data.length), data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)];
}

function makeHeader(name: string, facts: { mode: number; mtimeMs: number; type: string; size: number; target: string }): Buffer[] {
  const long = Buffer.byteLength(name) > 100 ? Buffer.from(`${name}\0`) : undefined;
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) => block.write(`${Math.floor(value).toString(8).padStart(width - 1, "0")}\0`, at);
  block.write(name.slice(0, 100), 0);
  octal(facts.mode & 0o7777, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(facts.size, 124, 12);
  octal(Math.max(0, facts.mtimeMs / 1000), 136, 12);
  block.write("        ", 148);
  block.write(facts.type, 156);
  block.write(facts.target.slice(0, 100), 157);
  block.write("ustar  \0", 257);
  octal(block.reduce((sum, byte) => sum + byte, 0), 148, 7);
  if (!long) return [block];
  // GNU's way with long names: an entry of type L that holds the name.
  return [...makeHeader("././@LongLink", { mode: 0, mtimeMs: 0, type: "L", size: long.length, target: "" }), long, Buffer.alloc((BLOCK - (long.length % BLOCK)) % BLOCK), block];
}

function* unpack(archive: Buffer): Generator<Entry> {
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const text = (from: number, length: number) => archive.toString("utf8", at + from, at + from + length).replace(/\0[^]*$/, "");
    const name = text(0, 100);
    if (name === "") return;
    const size = Number.parseInt(text(124, 12).trim() || "0", 8);
    const type = text(156, 1) || "0";
    const data = archive.subarray(at + BLOCK, at + BLOCK + size);
    const prefix = text(257, 6) === "ustar" && archive[at + 263] === 48 ? text(345, 155) : "";
    const entry = { name: longName ?? (prefix ? `${prefix}/${name}` : name), mode: Number.parseInt(text(100, 8).trim() || "644", 8), mtimeMs: Number.parseInt(text(136, 12).trim() || "0", 8) * 1000, type, target: text(157, 100), data };
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === "L") longName = data.toString().replace(/\0[^]*$/, "");
    else {
      longName = undefined;
      if (type !== "x" && type !== "g") yield entry;
    }
  }
}

function extract(process: Process, directory: string, entry: Entry): void {
  const path = joinPath(directory, entry.name.replace(/^\/+/, ""));
  process.fs.mkdir(entry.type === "5" ? path : directoryName(path), { recursive: true });
  if (entry.type === "5") return;
  if (entry.type === "2") {
    if (process.fs.exists(path)) process.fs.remove(path);
    process.fs.symlink(entry.target, path);
    return;
  }
  process.fs.writeFile(path, entry.data, { mode: entry.mode & 0o7777, uid: process.uid, gid: process.gid });
  process.fs.utimes(path, entry.mtimeMs);
}
