import type { Process } from "../process.ts";
import { FileError } from "../filesystem.ts";
import { baseName, directoryName, joinPath } from "../memory-filesystem.ts";
import { listDirectory } from "./ls.ts";
import type { ProgramEntry } from "./program.ts";
import {
  accountName,
  complain,
  forEachPath,
  isGnu,
  linesOf,
  messageOf,
  modeText,
  nameOf,
  parseFlags,
  readInputs,
  simple,
} from "./support.ts";

const bad = (process: Process, gnu: string, busybox: string) => (path: string, message: string) =>
  isGnu(process) ? `${gnu.replace("%", path)}: ${message}` : `${busybox.replace("%", path)}: ${message}`;

async function cat(process: Process): Promise<number> {
  const paths = process.args.filter((arg) => arg === "-" || !arg.startsWith("-"));
  const numbered = process.args.includes("-n");
  if (!numbered && (paths.length === 0 || (paths.length === 1 && paths[0] === "-"))) {
    for (let chunk = await process.read(); chunk !== undefined; chunk = await process.read()) await process.print(chunk);
    return 0;
  }
  const { inputs, code } = await readInputs(process, paths);
  let line = 0;
  for (const { data } of inputs)
    await process.print(
      numbered
        ? linesOf(data)
            .map((text) => `${String(++line).padStart(6)}\t${text}\n`)
            .join("")
        : data,
    );
  return code;
}

function touch(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args, "dtr");
  return forEachPath(process, rest, bad(process, "cannot touch '%'", "%"), (operand) => {
    const path = process.path(operand);
    if (process.fs.exists(path)) process.fs.utimes(path, process.clock.now());
    else if (!on.has("c")) process.fs.writeFile(path, "", { uid: process.uid, gid: process.gid });
  });
}

function rm(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  const recursive = on.has("r") || on.has("R") || on.has("recursive");
  return forEachPath(process, rest, bad(process, "cannot remove '%'", "can't remove '%'"), (operand) => {
    const path = process.path(operand);
    try {
      const { type } = process.fs.lstat(path);
      if (type === "directory" && !recursive) {
        if (isGnu(process)) throw new FileError("EISDIR", "Is a directory");
        throw new FileError("EISDIR", "Is a directory");
      }
      process.fs.remove(path, { recursive });
    } catch (error) {
      if (on.has("f") && error instanceof FileError && error.code === "ENOENT") return;
      throw error;
    }
  });
}

function mkdir(process: Process): Promise<number> {
  const { on, rest, values } = parseFlags(process.args, "m");
  const mode = values.has("m") ? Number.parseInt(values.get("m") ?? "755", 8) : 0o755;
  return forEachPath(process, rest, bad(process, "cannot create directory '%'", "can't create directory '%'"), (operand) =>
    process.fs.mkdir(process.path(operand), { recursive: on.has("p"), mode, uid: process.uid, gid: process.gid }),
  );
}

function rmdir(process: Process): Promise<number> {
  return forEachPath(process, parseFlags(process.args).rest, bad(process, "failed to remove '%'", "'%'"), (operand) => {
    const path = process.path(operand);
    if (process.fs.lstat(path).type !== "directory") throw new FileError("ENOTDIR", "Not a directory");
    process.fs.remove(path);
  });
}

export function copyTree(process: Process, from: string, to: string): void {
  const stat = process.fs.stat(from);
  if (stat.type === "directory") {
    process.fs.mkdir(to, { recursive: true, mode: stat.mode });
    for (const name of process.fs.readdir(from)) copyTree(process, `${from}/${name}`, `${to}/${name}`);
    return;
  }
  process.fs.writeFile(to, process.fs.readFile(from), process.fs.exists(to) ? {} : { mode: stat.mode });
}

async function cpOrMv(process: Process): Promise<number> {
  const move = nameOf(process) === "mv";
  const { on, rest } = parseFlags(process.args, "t");
  const operands = rest.slice(0, -1);
  const last = rest.at(-1);
  if (last === undefined || operands.length === 0) {
    await complain(
      process,
      isGnu(process)
        ? last === undefined
          ? "missing file operand"
          : `missing destination file operand after '${last}'`
        : "missing file operand",
    );
    return 1;
  }
  const target = process.path(last);
  const into = process.fs.exists(target) && process.fs.stat(target).type === "directory";
  return forEachPath(process, operands, bad(process, "cannot stat '%'", move ? "can't rename '%'" : "can't stat '%'"), async (operand) => {
    const from = process.path(operand);
    const to = into ? joinPath(target, baseName(from.replace(/\/+$/, ""))) : target;
    const { type } = process.fs.stat(from);
    if (move) {
      try {
        process.fs.rename(from, to);
      } catch (error) {
        if (!(error instanceof FileError && error.code === "EXDEV")) throw error;
        copyTree(process, from, to);
        process.fs.remove(from, { recursive: true });
      }
    } else if (type === "directory" && !(on.has("r") || on.has("R") || on.has("a"))) {
      throw new FileError("EISDIR", isGnu(process) ? "-r not specified; omitting directory" : "omitting directory");
    } else {
      copyTree(process, from, to);
    }
  });
}

async function ln(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  const [target = "", name = baseName(target)] = rest;
  let path = process.path(name);
  if (process.fs.exists(path) && process.fs.stat(path).type === "directory" && !on.has("n")) path = joinPath(path, baseName(target));
  return forEachPath(process, [name], bad(process, "failed to create link '%'", "%"), () => {
    if (on.has("f") && process.fs.exists(path)) process.fs.remove(path);
    if (on.has("s")) process.fs.symlink(target, path);
    else process.fs.link(process.path(target), path);
  });
}

function chmod(process: Process): Promise<number> {
  const [change = "", ...paths] = process.args.filter((arg) => arg !== "-R");
  return forEachPath(process, paths, bad(process, "cannot access '%'", "%"), (operand) => {
    const path = process.path(operand);
    const before = process.fs.stat(path).mode;
    process.fs.chmod(path, /^[0-7]+$/.test(change) ? Number.parseInt(change, 8) : symbolicMode(before, change));
  });
}

function symbolicMode(before: number, change: string): number {
  let mode = before;
  for (const clause of change.split(",")) {
    const [, who = "", operator = "+", letters = ""] = /^([ugoa]*)([-+=])([rwxst]*)$/.exec(clause) ?? [];
    const bits = (letters.includes("r") ? 4 : 0) | (letters.includes("w") ? 2 : 0) | (letters.includes("x") ? 1 : 0);
    for (const [letter, shift] of [
      ["u", 6],
      ["g", 3],
      ["o", 0],
    ] as const) {
      if (who !== "" && !who.includes("a") && !who.includes(letter)) continue;
      if (operator === "+") mode |= bits << shift;
      else if (operator === "-") mode &= ~(bits << shift);
      else mode = (mode & ~(7 << shift)) | (bits << shift);
    }
  }
  return mode;
}

function chown(process: Process): Promise<number> {
  const [owner = "", ...paths] = process.args.filter((arg) => arg !== "-R");
  const [user = "", group = ""] = owner.split(":");
  const id = (text: string, file: string, fallback: number) => {
    if (text === "") return fallback;
    if (/^\d+$/.test(text)) return Number(text);
    return Number(
      linesOf(process.fs.readFile(file))
        .find((line) => line.startsWith(`${text}:`))
        ?.split(":")[2] ?? fallback,
    );
  };
  return forEachPath(process, paths, bad(process, "cannot access '%'", "%"), (operand) => {
    const path = process.path(operand);
    const stat = process.fs.stat(path);
    process.fs.chown(path, id(user, "/etc/passwd", stat.uid), id(group, "/etc/group", stat.gid));
  });
}

function stat(process: Process): Promise<number> {
  const { on, values, rest } = parseFlags(process.args, "cf");
  return forEachPath(process, rest, bad(process, "cannot statx '%'", "can't stat '%'"), async (operand) => {
    const path = process.path(operand);
    const info = on.has("L") ? process.fs.stat(path) : process.fs.lstat(path);
    const octal = info.mode.toString(8);
    const user = accountName(process, "/etc/passwd", info.uid);
    const group = accountName(process, "/etc/group", info.gid);
    const time = new Date(info.mtimeMs).toISOString().replace("T", " ").replace("Z", "000000 +0000");
    const kind = {
      file: info.size === 0 ? "regular empty file" : "regular file",
      directory: "directory",
      symlink: "symbolic link",
      device: "character special file",
      fifo: "fifo",
    }[info.type];
    const format = values.get("c");
    if (format !== undefined) {
      const facts: Record<string, string> = {
        a: octal,
        A: modeText(info),
        n: operand,
        s: String(info.size),
        u: String(info.uid),
        U: user,
        g: String(info.gid),
        G: group,
        F: kind,
        Y: String(Math.floor(info.mtimeMs / 1000)),
        y: time,
        i: String(info.inode),
        h: String(info.links),
      };
      await process.print(`${format.replace(/%(\w)/g, (whole, letter: string) => facts[letter] ?? whole)}\n`);
      return;
    }
    await process.print(
      `  File: ${operand}\n  Size: ${String(info.size).padEnd(10)}\tBlocks: ${String(Math.ceil(info.size / 512)).padEnd(10)} IO Block: 4096   ${kind}\nDevice: 3bh/59d\tInode: ${String(info.inode).padEnd(11)} Links: ${info.links}\nAccess: (${octal.padStart(4, "0")}/${modeText(info)})  Uid: (${String(info.uid).padStart(5)}/${user.padStart(8)})   Gid: (${String(info.gid).padStart(5)}/${group.padStart(8)})\nAccess: ${time}\nModify: ${time}\nChange: ${time}\n`,
    );
  });
}

async function find(process: Process): Promise<number> {
  const start = process.args.findIndex((arg) => arg.startsWith("-"));
  const roots = start < 0 ? process.args : process.args.slice(0, start);
  const { values } = parseFlags(
    start < 0 ? [] : process.args.slice(start).map((arg) => arg.replace(/^-(name|type|maxdepth|path)$/, "--$1")),
    "",
    ["name", "type", "maxdepth", "path"],
  );
  const name = values.get("name");
  const pattern =
    name === undefined
      ? undefined
      : new RegExp(
          `^${name
            .replace(/[.+^${}()|[\]\\]/g, "\\$&")
            .replace(/\*/g, ".*")
            .replace(/\?/g, ".")}$`,
        );
  const type = values.get("type");
  const depth = Number(values.get("maxdepth") ?? Infinity);
  const kinds = { file: "f", directory: "d", symlink: "l", device: "c", fifo: "p" };
  const visit = async (path: string, shown: string, level: number): Promise<void> => {
    await process.checkpoint();
    const info = process.fs.lstat(path);
    if ((!pattern || pattern.test(baseName(shown))) && (!type || kinds[info.type] === type)) await process.print(`${shown}\n`);
    if (info.type === "directory" && level < depth)
      for (const child of process.fs.readdir(path))
        await visit(path === "/" ? `/${child}` : `${path}/${child}`, shown === "/" ? `/${child}` : `${shown}/${child}`, level + 1);
  };
  return forEachPath(process, roots.length > 0 ? roots : ["."], bad(process, "'%'", "%"), (root) => visit(process.path(root), root, 0));
}

async function readlinkProgram(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  let code = 0;
  for (const operand of rest) {
    try {
      const path = process.path(operand);
      await process.print(`${on.has("f") || nameOf(process) === "realpath" ? process.fs.realpath(path) : process.fs.readlink(path)}\n`);
    } catch (error) {
      const message = messageOf(error);
      if (nameOf(process) === "realpath") await complain(process, `${operand}: ${message}`);
      code = 1;
    }
  }
  return code;
}

async function mktemp(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args, "p");
  const path = process.path((rest[0] ?? "/tmp/tmp.XXXXXX").replace(/X+$/, (all) => process.machine.rng.hex(all.length)));
  if (on.has("d")) process.fs.mkdir(path, { mode: 0o700 });
  else process.fs.writeFile(path, "", { mode: 0o600 });
  await process.print(`${path}\n`);
  return 0;
}

async function du(process: Process): Promise<number> {
  const { rest, on } = parseFlags(process.args, "d");
  const size = (path: string): number => {
    const info = process.fs.lstat(path);
    return (
      Math.ceil(info.size / 1024) +
      (info.type === "directory" ? process.fs.readdir(path).reduce((sum, name) => sum + size(`${path}/${name}`), 0) : 0)
    );
  };
  return forEachPath(process, rest.length > 0 ? rest : ["."], bad(process, "cannot access '%'", "%"), (operand) => {
    const kilobytes = size(process.path(operand));
    return process.print(`${on.has("h") ? `${(kilobytes / 1024).toFixed(1)}M` : kilobytes}\t${operand}\n`);
  });
}

async function path(process: Process): Promise<number> {
  const [operand = "", suffix] = process.args;
  const trimmed = operand.length > 1 ? operand.replace(/\/+$/, "") : operand;
  if (nameOf(process) === "dirname") {
    await process.print(`${trimmed.includes("/") ? directoryName(trimmed) : "."}\n`);
    return 0;
  }
  const name = baseName(trimmed);
  await process.print(`${suffix && name.endsWith(suffix) && name !== suffix ? name.slice(0, -suffix.length) : name}\n`);
  return 0;
}

export const FILES: readonly ProgramEntry[] = [
  { names: ["cat"], run: cat },
  { names: ["ls"], run: listDirectory },
  { names: ["touch"], run: touch },
  { names: ["rm"], run: rm },
  { names: ["mkdir"], run: mkdir },
  { names: ["rmdir"], run: rmdir },
  { names: ["cp", "mv"], run: cpOrMv },
  { names: ["ln"], run: ln },
  { names: ["chmod"], run: chmod },
  { names: ["chown"], run: chown },
  { names: ["stat"], run: stat },
  { names: ["find"], run: find },
  { names: ["readlink", "realpath"], run: readlinkProgram },
  { names: ["mktemp"], run: mktemp },
  { names: ["du"], run: du },
  { names: ["basename", "dirname"], run: path },
  simple("sync", () => 0),
];
