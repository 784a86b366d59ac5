import type { Process } from "../process.ts";
import type { ProgramEntry } from "./program.ts";

const TICK_MS = 1000;
const MEBIBYTE = 1024 * 1024;
const SUFFIXES: Readonly<Record<string, number>> = { B: 1, K: 1024, M: MEBIBYTE, G: 1024 * MEBIBYTE };

/** stress: hogs of CPU and memory. The flags of the two programs of that name, polinux/stress and vish/stress. */
async function stress(process: Process): Promise<number> {
  return process.args.some((arg) => /^-(cpus|mem-|logtostderr)/.test(arg)) ? vishStress(process) : posixStress(process);
}

/** Upstream: stress 1.0.4. */
async function posixStress(process: Process): Promise<number> {
  const flags = new Map<string, string>();
  for (let at = 0; at < process.args.length; at++) {
    const [name = "", value] = (process.args[at] ?? "").split("=");
    flags.set(SHORT[name] ?? name, value ?? (WITHOUT_VALUE.has(name) ? "" : (process.args[++at] ?? "")));
  }
  const count = (name: string) => Number(flags.get(name) ?? 0);
  const [cpu, io, vm, hdd] = [count("--cpu"), count("--io"), count("--vm"), count("--hdd")];
  if (cpu + io + vm + hdd === 0) {
    await process.print("`stress' imposes certain types of compute stress on your system\n\nUsage: stress [OPTION [ARG]] ...\n");
    return 0;
  }
  const seconds = flags.get("--timeout");
  if (!flags.has("--quiet"))
    await process.print(`stress: info: [${process.pid}] dispatching hogs: ${cpu} cpu, ${io} io, ${vm} vm, ${hdd} hdd\n`);
  if (vm > 0) process.machine.memory.take(process, vm * bytesOf(flags.get("--vm-bytes") ?? "256M"));
  await burn(
    process,
    cpu + (flags.has("--vm-hang") || flags.has("--vm-keep") ? 0 : vm),
    seconds === undefined ? Infinity : secondsOf(seconds),
  );
  if (!flags.has("--quiet"))
    await process.print(`stress: info: [${process.pid}] successful run completed in ${secondsOf(seconds ?? "0")}s\n`);
  return 0;
}

const SHORT: Readonly<Record<string, string>> = {
  "-c": "--cpu",
  "-i": "--io",
  "-m": "--vm",
  "-d": "--hdd",
  "-t": "--timeout",
  "-q": "--quiet",
};
const WITHOUT_VALUE = new Set(["-q", "--quiet", "-v", "--verbose", "--vm-keep", "-n", "--dry-run"]);

/** Upstream: github.com/vishh/stress. */
async function vishStress(process: Process): Promise<number> {
  const flags = new Map<string, string>();
  for (let at = 0; at < process.args.length; at++) {
    const [name = "", value] = (process.args[at] ?? "").replace(/^--?/, "").split("=");
    flags.set(name, value ?? (name === "logtostderr" ? "" : (process.args[++at] ?? "")));
  }
  const total = bytesOf(flags.get("mem-total") || "0");
  const step = bytesOf(flags.get("mem-alloc-size") || "4Ki");
  const cpus = Number(flags.get("cpus") ?? 0);
  const log = (line: number, text: string) => {
    const iso = new Date(process.clock.now()).toISOString();
    return process.printError(`I${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000       1 main.go:${line}] ${text}\n`);
  };
  await log(
    26,
    `Allocating ${JSON.stringify(flags.get("mem-total") || "0")} memory, in ${JSON.stringify(flags.get("mem-alloc-size") || "4Ki")} chunks, with a ${flags.get("mem-alloc-sleep") || "1ms"} sleep between allocations`,
  );
  for (let thread = 0; thread < cpus; thread++) await log(39, "Spawning a thread to consume CPU");
  const pauseMs = secondsOf(flags.get("mem-alloc-sleep") || "0.001s") * 1000;
  for (let taken = Math.min(step, total); taken > 0; taken = Math.min(taken + step, total)) {
    process.machine.memory.take(process, taken);
    if (taken === total) break;
    await process.sleep(Math.max(pauseMs, 1));
  }
  if (total > 0) await log(29, `Allocated ${JSON.stringify(flags.get("mem-total") ?? "")} memory`);
  await burn(process, cpus, Infinity);
  return 0;
}

/** Keeps so many cores busy, as far as the limit lets it. */
async function burn(process: Process, cores: number, seconds: number): Promise<void> {
  const endMs = process.clock.now() + seconds * 1000;
  if (cores === 0 && seconds === Infinity) return void (await process.untilKilled());
  while (process.clock.now() < endMs) {
    const sinceMs = process.clock.now();
    await process.sleep(Math.min(TICK_MS, endMs - sinceMs));
    process.machine.cpu.charge(cores * (process.clock.now() - sinceMs), sinceMs);
  }
}

function bytesOf(text: string): number {
  const [, digits = "0", suffix = "B"] = /^(\d+)([BKMG])?i?/i.exec(text) ?? [];
  return Number(digits) * (SUFFIXES[suffix.toUpperCase()] ?? 1);
}

function secondsOf(text: string): number {
  const [, digits = "0", suffix = "s"] = /^([\d.]+)(ms|[smhd])?/.exec(text) ?? [];
  return Number(digits) * ({ ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 }[suffix] ?? 1);
}

export const STRESS: readonly ProgramEntry[] = [{ names: ["stress"], run: stress }];
