import { gunzipSync, gzipSync } from "node:zlib";
import { TAR_END, type TarEntry, tarEntry, readTar } from "../../util/tar.ts";
import { readAll } from "../byte-pipe.ts";
import { FileError } from "../filesystem.ts";
import type { Process } from "../process.ts";
import { directoryName, joinPath } from "../memory-filesystem.ts";
import { accountName, complain, isGnu } from "./support.ts";

interface Job {
  readonly mode: "c" | "x" | "t" | undefined;
  readonly file: string;
  readonly directory: string;
  readonly verbose: boolean;
  readonly gzip: boolean;
  /** Extracted files are as old as the extraction. */
  readonly touch: boolean;
  readonly stripComponents: number;
  readonly toStdout: boolean;
  readonly exclude: readonly string[];
  readonly paths: readonly string[];
}

const WRITE_BYTES = 32 * 1024;

/** tar c, x and t with the letters that tutorials and kubectl cp use, in the words of busybox and of GNU. */
export async function tar(process: Process): Promise<number> {
  const job = parseArguments(process);
  if (job.mode === undefined) {
    await process.printError(
      isGnu(process)
        ? "tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\nTry 'tar --help' or 'tar --usage' for more information.\n"
        : "tar: must specify exactly one 'c', 'x' or 't' option\n",
    );
    return isGnu(process) ? 2 : 1;
  }
  if (!process.fs.exists(job.directory)) {
    await process.printError(
      isGnu(process)
        ? `tar: ${job.directory}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n`
        : `tar: can't change directory to '${job.directory}': No such file or directory\n`,
    );
    return isGnu(process) ? 2 : 1;
  }
  return job.mode === "c" ? create(process, job) : unpack(process, job);
}

function parseArguments(process: Process): Job {
  const args = [...process.args];
  const job = {
    mode: undefined as Job["mode"],
    file: "-",
    directory: process.cwd,
    verbose: false,
    gzip: false,
    touch: false,
    stripComponents: 0,
    toStdout: false,
    exclude: [] as string[],
    paths: [] as string[],
  };
  const letter = (flag: string, value: () => string) => {
    if (flag === "c" || flag === "x" || flag === "t") job.mode = flag;
    else if (flag === "f") job.file = value();
    else if (flag === "C") job.directory = process.path(value());
    else if (flag === "v") job.verbose = true;
    else if (flag === "z") job.gzip = true;
    else if (flag === "m") job.touch = true;
    else if (flag === "O") job.toStdout = true;
  };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg.startsWith("--")) {
      const [name = "", value] = arg.slice(2).split("=");
      const taken = () => value ?? args[++at] ?? "";
      if (name === "strip-components") job.stripComponents = Number(taken());
      else if (name === "exclude") job.exclude.push(taken());
      else
        letter(
          {
            create: "c",
            extract: "x",
            get: "x",
            list: "t",
            file: "f",
            directory: "C",
            verbose: "v",
            gzip: "z",
            touch: "m",
            "to-stdout": "O",
          }[name] ?? "",
          taken,
        );
    } else if (at === 0 || (arg.startsWith("-") && arg.length > 1)) {
      // The first word needs no dash; its letters' values follow in order.
      const letters = arg.replace(/^-/, "");
      for (let index = 0; index < letters.length; index++) {
        const flag = letters[index] ?? "";
        const attached = arg.startsWith("-") && index + 1 < letters.length ? letters.slice(index + 1) : undefined;
        const takes = flag === "f" || flag === "C";
        letter(flag, () => attached ?? args[++at] ?? "");
        if (takes && attached !== undefined) break;
      }
    } else job.paths.push(arg);
  }
  return job;
}

async function create(process: Process, job: Job): Promise<number> {
  const chunks: Buffer[] = [];
  const state = { stripped: false, failed: false };
  for (const path of job.paths) await pack(process, job, path, chunks, state);
  const archive = Buffer.concat([...chunks, TAR_END]);
  const bytes = job.gzip ? gzipSync(archive) : archive;
  if (job.file === "-") for (let at = 0; at < bytes.length; at += WRITE_BYTES) await process.print(bytes.subarray(at, at + WRITE_BYTES));
  else process.fs.writeFile(process.path(job.file), bytes);
  if (!state.failed) return 0;
  await process.printError(
    isGnu(process) ? "tar: Exiting with failure status due to previous errors\n" : "tar: error exit delayed from previous errors\n",
  );
  return isGnu(process) ? 2 : 1;
}

async function pack(
  process: Process,
  job: Job,
  path: string,
  chunks: Buffer[],
  state: { stripped: boolean; failed: boolean },
): Promise<void> {
  await process.checkpoint();
  if (job.exclude.some((pattern) => path === pattern || path.split("/").includes(pattern))) return;
  const { fs } = process;
  const whole = joinPath(job.directory, path);
  try {
    const stat = fs.lstat(whole);
    const name = memberName(path) || ".";
    const prefix = path.slice(0, path.length - memberName(path).length);
    if (prefix !== "" && !state.stripped) {
      state.stripped = true;
      await process.printError(
        isGnu(process) ? `tar: Removing leading \`${prefix}' from member names\n` : `tar: removing leading '${prefix}' from member names\n`,
      );
    }
    const facts = { mode: stat.mode, uid: stat.uid, gid: stat.gid, mtimeMs: stat.mtimeMs };
    const shown = stat.type === "directory" && !name.endsWith("/") ? `${name}/` : name;
    if (job.verbose) await (job.file === "-" ? process.printError(`${shown}\n`) : process.print(`${shown}\n`));
    if (stat.type === "symlink") return void chunks.push(...tarEntry({ ...facts, name, type: "symlink", target: fs.readlink(whole) }));
    if (stat.type !== "directory") return void chunks.push(...tarEntry({ ...facts, name, type: "file" }, fs.readFile(whole)));
    chunks.push(...tarEntry({ ...facts, name: shown, type: "directory" }));
    for (const child of fs.readdir(whole))
      await pack(process, job, `${path.replace(/(.)\/$/, "$1")}${path === "/" ? "" : "/"}${child}`, chunks, state);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    state.failed = true;
    await process.printError(
      isGnu(process)
        ? `tar: ${path}: Cannot ${error.code === "ENOENT" ? "stat" : "open"}: ${error.message}\n`
        : `tar: ${path}: ${error.message}\n`,
    );
  }
}

/** Without what would leave the folder it is unpacked in. */
function memberName(path: string): string {
  const climbs = path.lastIndexOf("/../");
  const inside = climbs >= 0 ? path.slice(climbs + "/../".length) : path.replace(/^\.\.(\/|$)/, "");
  return inside.replace(/^\/+/, "");
}

async function unpack(process: Process, job: Job): Promise<number> {
  const bytes = job.file === "-" ? await readAll(process.stdin, process.signal) : findArchive(process, job.file);
  if (bytes === undefined) {
    await process.printError(
      isGnu(process)
        ? `tar: ${job.file}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n`
        : `tar: can't open '${job.file}': No such file or directory\n`,
    );
    return isGnu(process) ? 2 : 1;
  }
  try {
    const wanted = (name: string) =>
      job.paths.length === 0 ||
      job.paths.some((path) => name === path || name.replace(/\/$/, "") === path || name.startsWith(`${path.replace(/\/$/, "")}/`));
    for (const entry of readTar(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes)) {
      await process.checkpoint();
      if (wanted(entry.name)) await take(process, job, entry);
    }
    return 0;
  } catch (error) {
    if (error instanceof FileError) await complain(process, error.message);
    else if (error instanceof Error && /EOF|tar header|gzip|header check/.test(error.message)) {
      await process.printError(
        isGnu(process)
          ? "tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors\n"
          : `tar: ${error.message.includes("EOF") ? "short read" : "invalid tar magic"}\n`,
      );
    } else throw error;
    return isGnu(process) ? 2 : 1;
  }
}

function findArchive(process: Process, file: string): Buffer | undefined {
  const path = process.path(file);
  return process.fs.exists(path) ? process.fs.readFile(path) : undefined;
}

async function take(process: Process, job: Job, entry: TarEntry): Promise<void> {
  if (job.mode === "t") return void (await process.print(job.verbose ? longLine(process, entry) : `${entry.name}\n`));
  const name = entry.name.replace(/^\/+/, "").split("/").slice(job.stripComponents).join("/");
  if (name === "" || name.split("/").includes("..")) return;
  if (job.verbose) await process.print(`${entry.name}\n`);
  if (job.toStdout) return void (await process.print(entry.data));
  const { fs } = process;
  const path = joinPath(job.directory, name);
  try {
    fs.mkdir(entry.type === "directory" ? path : directoryName(path), { recursive: true });
    if (entry.type === "directory") return;
    if (entry.type === "symlink") {
      if (fs.exists(path)) fs.remove(path);
      return fs.symlink(entry.target, path);
    }
    const data = entry.type === "hardlink" ? fs.readFile(joinPath(job.directory, entry.target)) : entry.data;
    fs.writeFile(path, Buffer.from(data), {
      mode: entry.mode & 0o7777,
      uid: process.uid === 0 ? entry.uid : process.uid,
      gid: process.uid === 0 ? entry.gid : process.gid,
    });
    if (!job.touch) fs.utimes(path, entry.mtimeMs);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new FileError(error.code, isGnu(process) ? `${name}: Cannot open: ${error.message}` : `can't open '${name}': ${error.message}`);
  }
}

const LETTERS = "rwxrwxrwx";

function longLine(process: Process, { type, mode, uid, gid, data, mtimeMs, name, target }: TarEntry): string {
  const permissions = [...LETTERS].map((letter, index) => (mode & (1 << (8 - index)) ? letter : "-")).join("");
  const owner = `${accountName(process, "/etc/passwd", uid)}/${accountName(process, "/etc/group", gid)}`;
  const when = new Date(mtimeMs)
    .toISOString()
    .slice(0, isGnu(process) ? 16 : 19)
    .replace("T", " ");
  return `${type === "directory" ? "d" : type === "symlink" ? "l" : "-"}${permissions} ${owner} ${String(data.length).padStart(9)} ${when} ${name}${target ? ` -> ${target}` : ""}\n`;
}
