import { signalName, signalNumber } from "../signals.ts";
import { ShellError } from "./shell-error.ts";
import type { Process } from "../process.ts";
import type { Job, Shell } from "./shell.ts";

export async function trap(shell: Shell, argv: readonly string[]): Promise<number> {
  const args = argv.slice(1).filter((arg) => arg !== "--");
  if (args.length === 0 || args[0] === "-p" || args[0] === "-l") {
    for (const [signal, action] of shell.traps) await shell.write(`trap -- '${action}' ${signal === 0 ? "EXIT" : signalName(signal)}\n`);
    return 0;
  }
  const reset = args[0] === "-" || (args.length === 1 && signalNumber(args[0] ?? "") !== undefined);
  const [action = "", ...names] = reset && args[0] !== "-" ? ["-", ...args] : args;
  for (const name of names) {
    const signal = /^(EXIT|0)$/i.test(name) ? 0 : signalNumber(name);
    if (signal === undefined) {
      if (name === "ERR" || name === "DEBUG" || name === "RETURN") continue;
      await shell.complain(`trap: ${name}: invalid signal specification`);
      return 1;
    }
    if (reset || action === "-") {
      shell.traps.delete(signal);
      if (signal > 0) shell.process.on(signal, "default");
      continue;
    }
    shell.traps.set(signal, action);
    if (signal > 0) shell.process.on(signal, action === "" ? "ignore" : () => shell.signals.add(signal));
  }
  return 0;
}

export async function wait(shell: Shell, argv: readonly string[]): Promise<number> {
  const pids = argv.slice(1);
  if (pids[0] === "-n") {
    if (shell.jobs.length === 0) return 127;
    const first = await shell.process.race(
      Promise.race([
        ...shell.jobs.map((job) => job.process.exited.then((code) => ({ code, job }))),
        shell.signals.next().then((signal) => ({ signal })),
      ]),
    );
    if ("signal" in first) return first.signal;
    shell.jobs.splice(shell.jobs.indexOf(first.job), 1);
    return first.code;
  }
  const targets = pids.length === 0 ? shell.jobs : pids.map((pid) => findJob(shell, pid));
  let status = 0;
  for (const job of [...targets]) {
    if (!job) {
      status = 127;
      continue;
    }
    const ended = await shell.process.race(
      Promise.race([job.process.exited.then((code) => ({ code })), shell.signals.next().then((signal) => ({ signal }))]),
    );
    if ("signal" in ended) return ended.signal;
    status = ended.code;
    shell.jobs.splice(shell.jobs.indexOf(job), 1);
  }
  return pids.length === 0 ? 0 : status;
}

export function findJob(shell: Shell, name: string) {
  if (!name.startsWith("%")) return shell.jobs.find((job) => job.process.pid === Number(name));
  if (name === "%%" || name === "%+" || name === "%") return shell.jobs.at(-1);
  return shell.jobs.find((job) => String(job.number) === name.slice(1) || job.source.startsWith(name.slice(1)));
}

export async function jobs(shell: Shell): Promise<number> {
  for (const job of shell.jobs) await shell.write(`${renderJob(shell, job)}${job.process.exitCode === undefined ? " &" : ""}\n`);
  return 0;
}

/** What a prompt says of jobs that have ended since the one before. */
export async function reportEndedJobs(shell: Shell): Promise<void> {
  for (const job of shell.jobs.filter((each) => each.process.exitCode !== undefined)) {
    await shell.writeError(`${renderJob(shell, job)}\n`);
    shell.jobs.splice(shell.jobs.indexOf(job), 1);
  }
}

function renderJob(shell: Shell, job: Job): string {
  const mark = job === shell.jobs.at(-1) ? "+" : job === shell.jobs.at(-2) ? "-" : " ";
  return `[${job.number}]${mark}  ${stateOf(job.process).padEnd(24)}${job.source}`;
}

function stateOf({ exitCode, endedBy }: Process): string {
  if (exitCode === undefined) return "Running";
  if (exitCode === 0) return "Done";
  const signal = endedBy || (exitCode > 128 ? exitCode - 128 : 0);
  return SIGNAL_TEXTS[signal] ?? `Exit ${exitCode}`;
}

const SIGNAL_TEXTS: Readonly<Record<number, string>> = { 1: "Hangup", 2: "Interrupt", 3: "Quit", 9: "Killed", 15: "Terminated" };

export async function foreground(shell: Shell, argv: readonly string[]): Promise<number> {
  const job = findJob(shell, argv[1] ?? "%%");
  if (!job) throw new ShellError(`${argv[0]}: ${argv[1] ?? (shell.flavor === "bash" ? "current" : "%%")}: no such job`);
  if (argv[0] === "bg") {
    await shell.writeError(`${shell.name}: bg: job ${job.number} already in background\n`);
    return 0;
  }
  await shell.write(`${job.source}\n`);
  shell.jobs.splice(shell.jobs.indexOf(job), 1);
  return shell.process.race(job.process.exited);
}
