import { MemoryMeter } from "../containers/memory-meter.ts";
import { CpuMeter } from "../containers/cpu-meter.ts";
import { type ByteReader, NULL_READER } from "../containers/byte-pipe.ts";
import { ExitError, type Machine, type Process } from "../containers/process.ts";
import { ProcessTable } from "../containers/process-table.ts";
import { isIncomplete } from "../containers/shell/program.ts";
import { Interrupted } from "../containers/shell/shell-error.ts";
import { Shell } from "../containers/shell/shell.ts";
import * as host from "../host/cli-host.ts";
import { HostClock } from "../host/host-clock.ts";
import { toShellPath } from "../host/user-files.ts";
import type { NetworkNamespace } from "../network/network.ts";
import { createNetwork } from "../network/virtual-network.ts";
import { SeededRng } from "../util/rng.ts";
import { shellPrograms, type ShellVocabulary } from "./programs.ts";
import { COMMANDS_FOLDER, UserFileSystem } from "./user-filesystem.ts";

/** Words that the shell would take for its own where kubectl's commands are meant. */
const PRELUDE = `
exec() { kubectl exec "$@"; }
wait() { case "$1" in ''|[0-9]*|%*) command wait "$@";; *) kubectl wait "$@";; esac; }
set() { case "$1" in image|env|resources|selector|serviceaccount|sa|subject) kubectl set "$@";; *) command set "$@";; esac; }
`;

export interface LineSource {
  /** The next line; undefined at the end of the input, null when Ctrl-C threw away what was typed. */
  read(continued: boolean): Promise<string | undefined | null>;
  /** Told of each command once it is whole. */
  ran?(source: string): void;
}

export interface InteractiveShellOptions extends ShellVocabulary {
  readonly lines: LineSource;
}

/** Reads commands and runs them until `exit` or the end of the input. Resolves with the exit code of the last. */
export async function runInteractiveShell(options: InteractiveShellOptions): Promise<number> {
  const onTerminal = host.isTerminal("in");
  const streams = {
    input: onTerminal ? terminalInput() : NULL_READER,
    output: { write: (data: Buffer) => host.writeOut(data) },
    errors: { write: (data: Buffer) => host.writeErr(data) },
  };
  const { programs, commands } = shellPrograms(streams, options);
  const clock = new HostClock();
  const rng = new SeededRng(host.nowMs() % 2 ** 31);
  const fs = new UserFileSystem(new Map([...commands, ["kubesim-shell", "kubesim-shell"]]));
  let finished: (code: number) => void = () => undefined;
  const code = new Promise<number>((resolve) => (finished = resolve));
  const table = new ProcessTable(
    new Map([
      ...programs,
      ["kubesim-shell", (process: Process) => loop(process, options.lines).then((status) => (finished(status), status))],
    ]),
  );
  const machine: Machine = {
    table,
    fs,
    network: emptyNetwork(clock, rng),
    hostname: "localhost",
    clock,
    rng,
    memory: new MemoryMeter(0),
    cpuLimitMillis: 0,
    cpu: new CpuMeter(clock, 0),
    hooks: { hostFiles: true },
  };
  const env = new Map([...host.environmentVariables(), ["PATH", COMMANDS_FOLDER]]);
  table.start({
    machine,
    argv: ["kubesim-shell"],
    env,
    cwd: toShellPath(host.workingFolder()),
    uid: 1000,
    gid: 1000,
    stdin: streams.input,
    stdout: streams.output,
    stderr: streams.errors,
  });
  return code;
}

/** The programs here are for files; what talks to the cluster is kubectl. */
function emptyNetwork(clock: HostClock, rng: SeededRng): NetworkNamespace {
  const network = createNetwork({ clock, rng, dnsServiceIp: "127.0.0.1" });
  network.addNode({ name: "localhost", ip: "127.0.0.1", podCIDR: "127.0.0.0/8" });
  return network.nodeNamespace("localhost");
}

async function loop(process: Process, lines: LineSource): Promise<number> {
  const shell = new Shell(process, "bash", "kubesim");
  shell.interactive = true;
  await shell.runSource(PRELUDE);
  let pending = "";
  for (;;) {
    await reportDone(shell);
    const line = await lines.read(pending !== "");
    if (line === undefined) return shell.status;
    if (line === null) {
      pending = "";
      continue;
    }
    pending += `${line}\n`;
    if (isIncomplete(pending)) continue;
    const source = pending;
    pending = "";
    if (source.trim() === "") continue;
    lines.ran?.(source.trimEnd());
    if (source.trim() === "quit") return shell.status;
    const ended = await runOne(shell, process, source);
    if (ended !== undefined) return ended;
  }
}

/** Runs one command; Ctrl-C ends it and what it has started, not the shell. Resolves with an exit code when it was `exit`. */
async function runOne(shell: Shell, process: Process, source: string): Promise<number | undefined> {
  const background = new Set(shell.jobs.map((job) => job.process));
  let interrupted = false;
  const stopListening = host.onInterrupt(() => {
    interrupted = true;
    for (const other of process.machine.table.all()) if (other !== process && !background.has(other)) other.kill(2);
    shell.signals.interrupt();
  });
  try {
    await shell.runSource(source);
    return undefined;
  } catch (error) {
    if (error instanceof ExitError) return error.code;
    if (!(error instanceof Interrupted)) throw error;
    return undefined;
  } finally {
    stopListening();
    shell.signals.clearInterrupt();
    if (interrupted) shell.status = 130;
  }
}

async function reportDone(shell: Shell): Promise<void> {
  for (const job of shell.jobs.filter((each) => each.process.exitCode !== undefined)) {
    await shell.writeError(`[${job.number}]+  Done                       ${job.source}\n`);
    shell.jobs.splice(shell.jobs.indexOf(job), 1);
  }
}

/** The keyboard, line by line, for programs such as `cat` and `read`. */
function terminalInput(): ByteReader {
  let rest: Buffer[] = [];
  return {
    read(signal) {
      const kept = rest.shift();
      if (kept) return Promise.resolve(kept);
      return new Promise((resolve, reject) => {
        const done = (value: Buffer | undefined) => {
          input.stop();
          signal.removeEventListener("abort", abort);
          resolve(value);
        };
        const abort = () => {
          input.stop();
          reject(signal.reason as Error);
        };
        const input = host.streamStdin(done, () => done(undefined));
        signal.addEventListener("abort", abort, { once: true });
      });
    },
    unread(data) {
      if (data.length > 0) rest = [data, ...rest];
    },
  };
}
