import { kernelMounts } from "../live-files.ts";
import { MountedFileSystem } from "../mounted-filesystem.ts";
import { type Machine, type Process, SpawnError } from "../process.ts";
import type { ProgramEntry } from "./program.ts";
import { complain, isGnu } from "./support.ts";

/** Into a root that is mounted whole, as `kubectl debug node` mounts the machine's at /host. */
async function chroot(process: Process): Promise<number> {
  const [newRoot, ...command] = process.args;
  if (newRoot === undefined) {
    await complain(process, "missing operand");
    return isGnu(process) ? 125 : 1;
  }
  const path = process.path(newRoot).replace(/(.)\/+$/, "$1");
  const inner = path === "/" ? process.machine : machineAt(process.machine, path);
  if (!inner) {
    await complain(
      process,
      isGnu(process)
        ? `cannot change root directory to '${newRoot}': ${problem(process, path)}`
        : `can't change root directory to '${newRoot}': ${problem(process, path)}`,
    );
    return isGnu(process) ? 125 : 1;
  }
  const { env, uid, gid, stdin, stdout, stderr, terminal, group } = process;
  const argv = command.length > 0 ? command : [env.get("SHELL") ?? "/bin/sh", "-i"];
  try {
    const child = inner.table.start({ machine: inner, argv, env, cwd: "/", uid, gid, stdin, stdout, stderr, terminal, group });
    process.onExit(() => child.end(128 + 9, 9));
    return await process.race(child.exited);
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    await complain(
      process,
      isGnu(process)
        ? `failed to run command '${argv[0]}': No such file or directory`
        : `can't execute '${argv[0]}': No such file or directory`,
    );
    return error.code === "EACCES" ? 126 : 127;
  }
}

function problem(process: Process, path: string): string {
  // Only what is mounted whole can become a root here; the kernel would take any folder.
  return process.fs.exists(path) ? "Operation not permitted" : "No such file or directory";
}

function machineAt(outer: Machine, path: string): Machine | undefined {
  if (!(outer.fs instanceof MountedFileSystem)) return undefined;
  const { mounts } = outer.fs;
  const root = mounts.find((mount) => mount.containerPath === path && mount.sourcePath === "/");
  if (!root) return undefined;
  const below = mounts
    .filter((mount) => mount.containerPath.startsWith(`${path}/`))
    .map((mount) => ({ ...mount, containerPath: mount.containerPath.slice(path.length) }));
  const fs: MountedFileSystem = new MountedFileSystem(root.fileSystem, [
    ...kernelMounts(
      () => machine,
      () => fs.mounts,
    ),
    ...below,
  ]);
  const machine: Machine = { ...outer, fs };
  return machine;
}

export const CHROOT: readonly ProgramEntry[] = [{ names: ["chroot"], run: chroot }];
