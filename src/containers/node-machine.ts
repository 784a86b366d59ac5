import { MemoryMeter } from "./memory-meter.ts";
import { CpuMeter } from "./cpu-meter.ts";
import type { NetworkNamespace } from "../network/network.ts";
import type { Machine } from "./process.ts";
import { SpawnError } from "./process.ts";
import { kernelMounts } from "./live-files.ts";
import { MountedFileSystem } from "./mounted-filesystem.ts";
import { DEFAULT_PATH, ProcessTable } from "./process-table.ts";
import { PROGRAMS_BY_NAME } from "./programs/index.ts";
import type { ExecSession } from "./runtime.ts";
import { execSession, openStreams } from "./sessions.ts";
import type { SimulatedRuntime } from "./simulated-runtime.ts";

/** What the node's own tools ask. */
export interface NodeTools {
  readonly runtime: SimulatedRuntime;
  /** The nat table as `iptables -t nat -S` prints it. */
  readonly natRules: () => string;
}

export interface NodeMachine {
  /** Runs a command on the node; none: a login shell. Never rejects: what cannot run says so and exits 127. */
  exec(command: readonly string[], options?: { readonly stdin?: boolean; readonly tty?: boolean }): ExecSession;
}

/** The node as `kubesim sim ssh` sees it: its files, its network, and tools that look into its runtime. */
export function createNodeMachine(
  runtime: SimulatedRuntime,
  options: { readonly nodeNamespace: NetworkNamespace; readonly natRules: () => string },
): NodeMachine {
  const { nodeNamespace, natRules } = options;
  const fs: MountedFileSystem = new MountedFileSystem(runtime.nodeFileSystem, [
    ...kernelMounts(
      () => machine,
      () => fs.mounts,
    ),
  ]);
  const machine: Machine = {
    table: new ProcessTable(PROGRAMS_BY_NAME),
    fs,
    network: nodeNamespace,
    hostname: runtime.node,
    clock: runtime.clock,
    rng: runtime.rng,
    memory: new MemoryMeter(0),
    cpu: new CpuMeter(runtime.clock, 0),
    hooks: { node: { runtime, natRules } satisfies NodeTools },
  };
  const env = new Map([
    ["PATH", DEFAULT_PATH],
    ["HOME", "/root"],
    ["HOSTNAME", runtime.node],
    ["USER", "root"],
    ["SHELL", "/bin/bash"],
    ["PS1", "\\u@\\h:\\w\\$ "],
  ]);
  const start = (argv: readonly string[], streams: ReturnType<typeof openStreams>) =>
    machine.table.start({
      machine,
      argv,
      env,
      cwd: "/root",
      uid: 0,
      gid: 0,
      ...(streams.input ? { stdin: streams.input } : {}),
      stdout: streams.output,
      stderr: streams.errors,
      terminal: streams.terminal,
    });
  // The node's first process is its init, so that nothing a user starts is process 1.
  machine.table.start({ machine, argv: ["generic"], env, cwd: "/", uid: 0, gid: 0 }).argv = ["/sbin/init"];
  return {
    exec(command, { stdin = true, tty = false } = {}) {
      const streams = openStreams({ stdin, tty }, (signal, terminal) => {
        for (const process of machine.table.all()) if (process.terminal === terminal) process.kill(signal);
      });
      const argv = command.length > 0 ? command : ["bash"];
      try {
        // One word with blanks is a command line, as ssh takes it.
        return execSession(streams, start(argv.length === 1 && /\s/.test(argv[0] ?? "") ? ["bash", "-c", argv[0] ?? ""] : argv, streams));
      } catch (error) {
        if (!(error instanceof SpawnError)) throw error;
        return execSession(streams, start(["bash", "-c", '"$@"', "bash", ...argv], streams));
      }
    },
  };
}
