import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** `$KUBESIM_HOME`, else `~/.kubesim`. */
export function kubesimHome(): string {
  return process.env["KUBESIM_HOME"] ?? path.join(os.homedir(), ".kubesim");
}

/** What `daemon.json` says of a running daemon. */
export interface DaemonInfo {
  readonly pid: number;
  readonly url: string;
  /** Path of the local socket that serves the same API to the same user; absent where there is none. */
  readonly socket?: string;
  readonly startedAt: string;
  readonly version: string;
}

/** The folder of one cluster: `$KUBESIM_HOME/clusters/<name>/`, readable by the user alone. */
export class StateFolder {
  readonly name: string;
  readonly path: string;

  constructor(name: string, home = kubesimHome()) {
    this.name = name;
    this.path = path.join(home, "clusters", name);
  }

  file(...parts: string[]): string {
    return path.join(this.path, ...parts);
  }

  ensure(): void {
    fs.mkdirSync(this.path, { recursive: true, mode: 0o700 });
    fs.chmodSync(this.path, 0o700);
  }

  read(name: string): string | undefined {
    try {
      return fs.readFileSync(this.file(name), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Replaces the file whole, readable by the user alone. */
  write(name: string, text: string): void {
    const file = this.file(name);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
    fs.renameSync(`${file}.tmp`, file);
  }

  remove(name: string): void {
    fs.rmSync(this.file(name), { force: true });
  }

  /** The daemon that runs this cluster, if its process lives. */
  findDaemon(): DaemonInfo | undefined {
    const text = this.read("daemon.json");
    if (text === undefined) return undefined;
    const info = JSON.parse(text) as DaemonInfo;
    return isAlive(info.pid) ? info : undefined;
  }

  /**
   * Takes the cluster for this process. Returns the pid of the living process that holds it, or undefined when it is ours now.
   * A lock whose process is gone is taken over.
   */
  lock(): number | undefined {
    this.ensure();
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        fs.writeFileSync(this.file("lock"), String(process.pid), { flag: "wx", mode: 0o600 });
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = Number(this.read("lock") ?? "0");
      if (holder === process.pid) return undefined;
      if (holder > 0 && isAlive(holder)) return holder;
      this.remove("lock");
    }
    return Number(this.read("lock") ?? "0");
  }

  unlock(): void {
    if (Number(this.read("lock") ?? "0") === process.pid) this.remove("lock");
  }
}

/** What pods keep over a stop of the daemon: one file a pod and volume under `volumes/`. */
export class VolumeFolder {
  readonly #folder: StateFolder;

  constructor(folder: StateFolder) {
    this.#folder = folder;
  }

  read(podUid: string, volume: string): string | undefined {
    return this.#folder.read(path.join("volumes", podUid, `${volume}.json`));
  }

  write(podUid: string, volume: string, text: string): void {
    this.#folder.write(path.join("volumes", podUid, `${volume}.json`), text);
  }

  remove(podUid: string): void {
    fs.rmSync(this.#folder.file("volumes", podUid), { recursive: true, force: true });
  }
}

/** The texts of the user's own images: `$KUBESIM_HOME/images/*.yaml`. */
export function readUserImages(home = kubesimHome()): string[] {
  const folder = path.join(home, "images");
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => fs.readFileSync(path.join(folder, name), "utf8"));
}

/** Whether a process lives. One that has ended but was not waited for (a zombie, in containers without an init) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  if (process.platform !== "linux") return true;
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    // No /proc: the signal's answer has to do.
    return true;
  }
}

/** A file that the build put beside the daemon; undefined in a checkout that was not built. */
export function readBundled(name: string): string | undefined {
  const program = process.argv[1] ?? "";
  const folder = program.endsWith(".cjs") ? path.dirname(program) : path.join(path.dirname(program), "../../dist");
  try {
    return fs.readFileSync(path.join(folder, name), "utf8");
  } catch {
    return undefined;
  }
}
