import { type Process, SpawnError } from "../process.ts";
import { DEFAULT_PATH, findExecutable } from "../process-table.ts";
import { echoText, printfText } from "../shell/text-format.ts";
import { evaluateTest, TestSyntaxError } from "../shell/test-expression.ts";
import { SIGNALS, signalNumber } from "../signals.ts";
import { dateText } from "./date.ts";
import { nodeProcesses } from "./node-tools.ts";
import type { ProgramEntry } from "./program.ts";
import { accountName, complain, isGnu, linesOf, nameOf, parseFlags, simple } from "./support.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
// Longer than this is for ever: no timer is held for it.
const FOREVER_MS = 1_000_000_000;

async function sleep(process: Process): Promise<number> {
  let total = 0;
  if (process.args.length === 0) {
    await complain(process, "missing operand");
    return 1;
  }
  for (const arg of process.args) {
    const parsed = /^(\d*\.?\d+)([smhd]?)$/.exec(arg);
    if (arg === "infinity" || arg === "inf") return process.untilKilled();
    if (!parsed) {
      await complain(process, isGnu(process) ? `invalid time interval '${arg}'` : `invalid number '${arg}'`);
      return 1;
    }
    total += Number(parsed[1]) * (UNITS[parsed[2] ?? ""] ?? 1000);
  }
  if (total > FOREVER_MS) return process.untilKilled();
  await process.sleep(total);
  return 0;
}

async function env(process: Process): Promise<number> {
  const args = [...process.args];
  const variables = new Map(process.env);
  for (let arg = args[0]; arg !== undefined; arg = args[0]) {
    if (arg === "-i" || arg === "-") variables.clear();
    else if (arg === "-u") variables.delete((args.shift(), args[0] ?? ""));
    else if (/^[A-Za-z_]\w*=/.test(arg)) variables.set(arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1));
    else break;
    args.shift();
  }
  if (args.length === 0) {
    await process.print([...variables].map(([name, value]) => `${name}=${value}\n`).join(""));
    return 0;
  }
  return runChild(process, args, variables);
}

/** Runs a command to its end, in this program's streams. */
export async function runChild(
  process: Process,
  argv: readonly string[],
  variables: ReadonlyMap<string, string> = process.env,
): Promise<number> {
  try {
    return await process.race(process.spawn({ argv, env: variables }).exited);
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    await complain(
      process,
      isGnu(process)
        ? `'${argv[0]}': ${error.code === "ENOENT" ? "No such file or directory" : error.message}`
        : `can't execute '${argv[0]}': ${error.code === "ENOENT" ? "No such file or directory" : error.message}`,
    );
    return error.code === "EACCES" ? 126 : 127;
  }
}

async function ps(process: Process): Promise<number> {
  const ofNode = nodeProcesses(process);
  if (ofNode !== undefined) {
    await process.print(ofNode);
    return 0;
  }
  const rows = process.machine.table.all();
  const time = (row: Process) => Math.floor((process.clock.now() - row.startedAtMs) / 1000);
  if (!isGnu(process)) {
    await process.print(
      `PID   USER     TIME  COMMAND\n${rows.map((row) => `${String(row.pid).padStart(5)} ${accountName(process, "/etc/passwd", row.uid).padEnd(8)}  0:00 ${row.argv.join(" ")}\n`).join("")}`,
    );
    return 0;
  }
  const flags = process.args.join("");
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16);
  const user = (row: Process) => accountName(process, "/etc/passwd", row.uid);
  if (flags.includes("aux")) {
    await process.print(
      `USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n${rows.map((row) => `${user(row).padEnd(8)} ${String(row.pid).padStart(7)}  0.0  0.1   4364  3096 ${(row.terminal ? "pts/0" : "?").padEnd(8)} Ss   ${clock(row.startedAtMs)}   0:00 ${row.argv.join(" ")}\n`).join("")}`,
    );
  } else if (flags.includes("f")) {
    await process.print(
      `UID          PID    PPID  C STIME TTY          TIME CMD\n${rows.map((row) => `${user(row).padEnd(8)} ${String(row.pid).padStart(7)} ${String(row.parentPid).padStart(7)}  0 ${clock(row.startedAtMs)} ${(row.terminal ? "pts/0" : "?").padEnd(8)} 00:00:00 ${row.argv.join(" ")}\n`).join("")}`,
    );
  } else {
    const shown = /[aAex]/.test(flags) ? rows : rows.filter((row) => row.terminal === process.terminal);
    await process.print(
      `    PID TTY          TIME CMD\n${shown.map((row) => `${String(row.pid).padStart(7)} ${(row.terminal ? "pts/0" : "?").padEnd(8)} 00:00:0${Math.min(0, time(row))} ${(row.argv[0] ?? "").split("/").at(-1)}\n`).join("")}`,
    );
  }
  return 0;
}

export async function killProcesses(
  process: Process,
  args: readonly string[],
  say: (text: string) => void | Promise<void>,
  jobs: (name: string) => number | undefined = () => undefined,
): Promise<number> {
  const operands = [...args];
  let signal = 15;
  const first = operands[0] ?? "";
  if (first === "-l") {
    await process.print(
      `${Object.entries(SIGNALS)
        .map(([name, number]) => `${String(number).padStart(2)}) ${name}\n`)
        .join("")}`,
    );
    return 0;
  }
  if (first === "-s") {
    signal = signalNumber(operands[1] ?? "") ?? -1;
    operands.splice(0, 2);
  } else if (/^-[A-Za-z0-9]+$/.test(first)) {
    signal = signalNumber(first.slice(1)) ?? -1;
    operands.shift();
  }
  if (signal < 0) {
    await say(`bad signal name '${first.replace(/^-/, "")}'`);
    return 1;
  }
  let code = 0;
  for (const operand of operands) {
    const pid = operand.startsWith("%") ? jobs(operand) : Number(operand);
    const targets =
      pid === -1
        ? process.machine.table.all().filter((other) => other !== process && other.pid !== 1)
        : [process.machine.table.get(Math.abs(pid ?? 0))];
    const [target] = targets;
    if (!target) {
      await say(`can't kill pid ${operand}: No such process`);
      code = 1;
    }
    for (const each of targets) each?.kill(signal);
  }
  return code;
}

async function top(process: Process): Promise<number> {
  const rows = process.machine.table.all();
  await process.print(
    `Mem: 3500000K used, 4500000K free, 0K shrd, 100000K buff, 1200000K cached\nCPU:   1% usr   1% sys   0% nic  98% idle   0% io   0% irq   0% sirq\nLoad average: 0.21 0.18 0.15 1/412 ${process.pid}\n  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n${rows.map((row) => `${String(row.pid).padStart(5)} ${String(row.parentPid).padStart(5)} ${accountName(process, "/etc/passwd", row.uid).padEnd(8)} S     4364   0%   0   0% ${row.argv.join(" ")}\n`).join("")}`,
  );
  if (process.args.some((arg) => /n1?$/.test(arg))) return 0;
  return process.untilKilled();
}

async function id(process: Process): Promise<number> {
  const user = accountName(process, "/etc/passwd", process.uid);
  const group = accountName(process, "/etc/group", process.gid);
  const flags = process.args.join("");
  if (nameOf(process) === "whoami") {
    if (user !== String(process.uid)) await process.print(`${user}\n`);
    else {
      await complain(process, `unknown uid ${process.uid}`);
      return 1;
    }
  } else if (flags.includes("u")) await process.print(`${flags.includes("n") ? user : process.uid}\n`);
  else if (flags.includes("g")) await process.print(`${flags.includes("n") ? group : process.gid}\n`);
  else {
    const groups = [...new Set([process.gid, ...process.groups])].sort((a, b) => a - b);
    const named = (file: "/etc/passwd" | "/etc/group", id: number) => {
      const name = accountName(process, file, id);
      return name === String(id) ? String(id) : `${id}(${name})`;
    };
    await process.print(
      `uid=${named("/etc/passwd", process.uid)} gid=${named("/etc/group", process.gid)} groups=${groups.map((each) => named("/etc/group", each)).join(",")}\n`,
    );
  }
  return 0;
}

async function uname(process: Process): Promise<number> {
  const facts = {
    s: "Linux",
    n: process.machine.hostname,
    r: "6.8.0-71-generic",
    v: "#71-Ubuntu SMP PREEMPT_DYNAMIC",
    m: "x86_64",
    o: isGnu(process) ? "GNU/Linux" : "Linux",
  };
  const flags = process.args.join("").replaceAll("-", "") || "s";
  const keys = (Object.keys(facts) as (keyof typeof facts)[]).filter((key) => flags.includes("a") || flags.includes(key));
  await process.print(`${keys.map((key) => facts[key]).join(" ")}\n`);
  return 0;
}

async function which(process: Process): Promise<number> {
  let code = 0;
  for (const name of parseFlags(process.args).rest) {
    try {
      await process.print(`${findExecutable(process, name, process.env.get("PATH") ?? DEFAULT_PATH, process.cwd)}\n`);
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      code = 1;
    }
  }
  return code;
}

async function testProgram(process: Process): Promise<number> {
  const bracket = nameOf(process) === "[";
  const args = bracket ? process.args.slice(0, -1) : process.args;
  if (bracket && process.args.at(-1) !== "]") {
    await complain(process, "missing ]");
    return 2;
  }
  try {
    return evaluateTest(process, args) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestSyntaxError)) throw error;
    await complain(process, error.message);
    return 2;
  }
}

async function xargs(process: Process): Promise<number> {
  const args = [...process.args];
  let perCall = Infinity;
  let replace: string | undefined;
  let separator: RegExp | string = /\s+/;
  while (args[0]?.startsWith("-")) {
    const flag = args.shift() ?? "";
    if (flag.startsWith("-n")) perCall = Number(flag.slice(2) || args.shift());
    else if (flag.startsWith("-I")) replace = flag.slice(2) || (args.shift() ?? "{}");
    else if (flag === "-0") separator = "\0";
    else if (flag.startsWith("-P") && flag.length === 2) args.shift();
  }
  const input = await process.readAllInput();
  const items = (replace === undefined ? input.split(separator) : linesOf(input)).filter((item) => item !== "");
  const command = args.length > 0 ? args : ["echo"];
  const calls: string[][] = [];
  if (replace !== undefined) for (const item of items) calls.push(command.map((word) => word.replaceAll(replace ?? "{}", item)));
  else for (let at = 0; at < Math.max(1, items.length); at += perCall) calls.push([...command, ...items.slice(at, at + perCall)]);
  let code = 0;
  for (const call of calls) if ((await runChild(process, call)) !== 0) code = 123;
  return code;
}

async function timeout(process: Process): Promise<number> {
  const { values, rest } = parseFlags(process.args.slice(0, 4), "sk");
  const [limit = "0"] = rest;
  const command = process.args.slice(process.args.indexOf(limit) + 1);
  const parsed = /^(\d*\.?\d+)([smhd]?)$/.exec(limit);
  const limitMs = Number(parsed?.[1] ?? 0) * (UNITS[parsed?.[2] ?? ""] ?? 1000);
  let timedOut = false;
  try {
    const child = process.spawn({ argv: command });
    const timer = process.clock.after(limitMs, () => {
      timedOut = true;
      child.kill(signalNumber(values.get("s") ?? "TERM") ?? 15);
    });
    const code = await process.race(child.exited);
    timer.cancel();
    if (!timedOut) return code;
    return isGnu(process) ? 124 : 143;
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    await complain(process, `can't execute '${command[0]}': No such file or directory`);
    return 127;
  }
}

async function free(process: Process): Promise<number> {
  const total = 8 * 1024 * 1024;
  const unit = process.args.includes("-m") ? 1024 : process.args.includes("-g") ? 1024 * 1024 : 1;
  const cells = [total, total * 0.42, total * 0.45, 1200, total * 0.13, total * 0.56].map((value) =>
    String(Math.floor(value / unit)).padStart(12),
  );
  await process.print(
    `              total        used        free      shared  buff/cache   available\nMem:   ${cells.join("")}\nSwap:  ${["0", "0", "0"].map((cell) => cell.padStart(12)).join("")}\n`,
  );
  return 0;
}

async function yes(process: Process): Promise<number> {
  const line = `${process.args.join(" ") || "y"}\n`.repeat(64);
  for (;;) {
    await process.print(line);
    await process.checkpoint();
  }
}

export const PROCESSES: readonly ProgramEntry[] = [
  { names: ["sleep"], run: sleep },
  {
    names: ["env", "printenv"],
    run: async (process) => {
      if (nameOf(process) === "env" || process.args.length === 0) return env(process);
      const value = process.env.get(process.args[0] ?? "");
      if (value !== undefined) await process.print(`${value}\n`);
      return value === undefined ? 1 : 0;
    },
  },
  { names: ["ps"], run: ps },
  { names: ["kill"], run: (process) => killProcesses(process, process.args, (text) => complain(process, text)) },
  { names: ["top"], run: top },
  { names: ["id", "whoami"], run: id },
  { names: ["uname"], run: uname },
  { names: ["which"], run: which },
  { names: ["test", "["], run: testProgram },
  { names: ["xargs"], run: xargs },
  { names: ["timeout"], run: timeout },
  { names: ["free"], run: free },
  { names: ["yes"], run: yes },
  simple("true", () => 0),
  simple("false", () => 1),
  simple("echo", async (process) => {
    await process.print(echoText(process.args));
    return 0;
  }),
  simple("printf", async (process) => {
    await process.print(printfText(process.args[0] ?? "", process.args.slice(1)));
    return 0;
  }),
  simple("pwd", async (process) => {
    await process.print(`${process.cwd}\n`);
    return 0;
  }),
  simple("hostname", async (process) => {
    await process.print(`${process.args.includes("-i") ? process.network.ip : process.machine.hostname}\n`);
    return 0;
  }),
  simple("date", async (process) => {
    await process.print(`${dateText(process.clock.now(), process.args)}\n`);
    return 0;
  }),
  simple("nproc", async (process) => {
    await process.print("4\n");
    return 0;
  }),
  simple("uptime", async (process) => {
    await process.print(
      ` ${new Date(process.clock.now()).toISOString().slice(11, 19)} up 1 day,  0 users,  load average: 0.21, 0.18, 0.15\n`,
    );
    return 0;
  }),
];
