import { FileError, type FileStat } from "../filesystem.ts";
import type { Process } from "../process.ts";
import { accountName, complain, isGnu, listTime, messageOf, modeText, parseFlags } from "./support.ts";

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly stat: FileStat;
}

/** ls: -l -a -A -L -R -1 -d -h. */
export async function listDirectory(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  const operands = rest.length > 0 ? rest : ["."];
  const files: Entry[] = [];
  const folders: Entry[] = [];
  let code = 0;
  for (const name of [...operands].sort()) {
    const path = process.path(name);
    try {
      const own = on.has("l") && !on.has("L") ? process.fs.lstat(path) : process.fs.stat(path);
      (own.type === "directory" && !on.has("d") ? folders : files).push({ name, path, stat: own });
    } catch (error) {
      await complain(process, isGnu(process) ? `cannot access '${name}': ${messageOf(error)}` : `${name}: ${messageOf(error)}`);
      code = isGnu(process) ? 2 : 1;
    }
  }
  await process.print(render(process, files, on));
  const titled = operands.length > 1 || on.has("R");
  for (const [index, folder] of folders.entries()) {
    if (titled) await process.print(`${index > 0 || files.length > 0 ? "\n" : ""}${folder.name}:\n`);
    try {
      await listFolder(process, folder, on);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await complain(
        process,
        isGnu(process) ? `cannot open directory '${folder.name}': ${error.message}` : `can't open '${folder.name}': ${error.message}`,
      );
      code = isGnu(process) ? 2 : 1;
    }
  }
  return code;
}

async function listFolder(process: Process, folder: Entry, on: ReadonlySet<string>): Promise<void> {
  await process.checkpoint();
  const at = (name: string): Entry => {
    const path = name === "." ? folder.path : `${folder.path === "/" ? "" : folder.path}/${name}`;
    return { name, path, stat: statOf(process, path, on.has("L")) };
  };
  const names = process.fs.readdir(folder.path).filter((name) => on.has("a") || on.has("A") || !name.startsWith("."));
  const entries = [...(on.has("a") ? [".", ".."] : []), ...names].map(at);
  if (on.has("l")) await process.print(`total ${entries.reduce((sum, entry) => sum + Math.ceil(entry.stat.size / 4096) * 4, 0)}\n`);
  await process.print(render(process, entries, on));
  if (!on.has("R")) return;
  for (const entry of entries) {
    if (entry.stat.type !== "directory" || entry.name === "." || entry.name === "..") continue;
    const name = `${folder.name === "/" ? "" : folder.name}/${entry.name}`;
    await process.print(`\n${name}:\n`);
    await listFolder(process, { ...entry, name }, on);
  }
}

function statOf(process: Process, path: string, follow: boolean): FileStat {
  if (!follow) return process.fs.lstat(path);
  return process.fs.exists(path) ? process.fs.stat(path) : process.fs.lstat(path);
}

function render(process: Process, entries: readonly Entry[], on: ReadonlySet<string>): string {
  if (entries.length === 0) return "";
  if (!on.has("l")) {
    const names = entries.map((entry) => entry.name);
    return process.terminal && process.stdout === process.terminal && !on.has("1")
      ? columns(names, process.terminal.columns)
      : `${names.join("\n")}\n`;
  }
  const rows = entries.map(({ name, path, stat }) => ({
    mode: modeText(stat),
    links: String(stat.links),
    user: accountName(process, "/etc/passwd", stat.uid),
    group: accountName(process, "/etc/group", stat.gid),
    size: on.has("h") && stat.size >= 1024 ? `${(stat.size / 1024).toFixed(1)}K` : String(stat.size),
    time: listTime(stat.mtimeMs, process.clock.now()),
    name: stat.type === "symlink" ? `${name} -> ${process.fs.readlink(path)}` : name,
  }));
  const width = (field: "links" | "user" | "group" | "size", least: number) => Math.max(least, ...rows.map((row) => row[field].length));
  const gnu = isGnu(process);
  const [links, user, group, size] = [
    width("links", gnu ? 1 : 5),
    width("user", gnu ? 1 : 8),
    width("group", gnu ? 1 : 8),
    width("size", gnu ? 1 : 9),
  ];
  const gap = gnu ? " " : " ";
  return rows
    .map(
      (row) =>
        `${row.mode} ${row.links.padStart(links)} ${row.user.padEnd(user)} ${row.group.padEnd(group)}${gap}${row.size.padStart(size)} ${row.time} ${row.name}\n`,
    )
    .join("");
}

function columns(names: readonly string[], screen: number): string {
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const perLine = Math.max(1, Math.floor(screen / width));
  const rows = Math.ceil(names.length / perLine);
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    const cells: string[] = [];
    for (let at = row; at < names.length; at += rows) cells.push((names[at] ?? "").padEnd(width));
    lines.push(cells.join("").trimEnd());
  }
  return `${lines.join("\n")}\n`;
}
