import type { Process } from "../process.ts";
import { complain, linesOf, parseFlags, readInputs } from "./support.ts";
import { basicRegExp } from "./regexp.ts";

type Address = { readonly line: number } | { readonly last: true } | { readonly pattern: RegExp };

interface SedCommand {
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly negated: boolean;
  readonly name: string;
  readonly pattern: RegExp | undefined;
  readonly text: string;
  readonly flags: string;
}

/** sed: s y p d q a i c = n, with addresses; -n -e -E -i. */
export async function sed(process: Process): Promise<number> {
  const scripts: string[] = [];
  const args: string[] = [];
  for (let at = 0; at < process.args.length; at++) {
    const arg = process.args[at] ?? "";
    if (arg === "-e" || arg === "--expression") scripts.push(process.args[++at] ?? "");
    else if (arg === "-f") scripts.push(process.fs.readFile(process.path(process.args[++at] ?? "")).toString());
    else args.push(arg);
  }
  const { on, rest } = parseFlags(args);
  const files = [...rest];
  if (scripts.length === 0) scripts.push(files.shift() ?? "");
  let commands: SedCommand[];
  try {
    commands = scripts.flatMap((script) => parseScript(script, on.has("E") || on.has("r")));
  } catch (error) {
    await complain(process, error instanceof Error ? error.message : "bad script");
    return 1;
  }
  const inPlace = on.has("i");
  const { inputs, code } = await readInputs(process, files);
  if (inPlace) {
    for (const { name, data } of inputs) process.fs.writeFile(process.path(name), edit(commands, linesOf(data), on.has("n")));
    return code;
  }
  await process.print(
    edit(
      commands,
      inputs.flatMap(({ data }) => linesOf(data)),
      on.has("n"),
    ),
  );
  return code;
}

function edit(commands: readonly SedCommand[], lines: readonly string[], quiet: boolean): string {
  let output = "";
  const active = new Set<SedCommand>();
  for (const [index, line] of lines.entries()) {
    let space = line;
    let after = "";
    let deleted = false;
    let quit = false;
    for (const command of commands) {
      if (selects(command, active, space, index + 1, lines.length) === command.negated) continue;
      if (command.name === "s" && command.pattern) {
        const next = substitute(command, space);
        if (next !== space && command.flags.includes("p")) output += `${next}\n`;
        space = next;
      } else if (command.name === "y") space = [...space].map((char) => command.flags[command.text.indexOf(char)] ?? char).join("");
      else if (command.name === "p") output += `${space}\n`;
      else if (command.name === "=") output += `${index + 1}\n`;
      else if (command.name === "i") output += `${command.text}\n`;
      else if (command.name === "a") after += `${command.text}\n`;
      else if (command.name === "q") quit = true;
      else if (command.name === "d" || command.name === "c") {
        if (command.name === "c") output += `${command.text}\n`;
        deleted = true;
      }
      if (deleted || quit) break;
    }
    if (!deleted && !quiet) output += `${space}\n`;
    output += after;
    if (quit) break;
  }
  return output;
}

function substitute({ pattern, text, flags }: SedCommand, line: string): string {
  if (!pattern) return line;
  const wanted = Number(/\d+/.exec(flags)?.[0] ?? 1);
  let count = 0;
  return line.replace(pattern, (...found: unknown[]) => {
    count++;
    const whole = String(found[0]);
    if (flags.includes("g") ? count < wanted : count !== wanted) return whole;
    return text.replace(/\\(\d|n|t|&|\\|\/|.)|&/g, (token, code: string | undefined) => {
      if (token === "&") return whole;
      if (code !== undefined && /\d/.test(code)) return String((code === "0" ? whole : found[Number(code)]) ?? "");
      return code === "n" ? "\n" : code === "t" ? "\t" : (code ?? "");
    });
  });
}

function selects(command: SedCommand, active: Set<SedCommand>, line: string, number: number, total: number): boolean {
  const { from, to } = command;
  const fits = (address: Address) =>
    "line" in address
      ? address.line === number
      : "last" in address
        ? number === total
        : new RegExp(address.pattern.source, address.pattern.flags.replace("g", "")).test(line);
  if (!from) return true;
  if (!to) return fits(from);
  if (active.has(command)) {
    if (fits(to) || ("line" in to && number >= to.line)) active.delete(command);
    return true;
  }
  if (!fits(from)) return false;
  if (!("line" in to && to.line <= number)) active.add(command);
  return true;
}

function parseScript(script: string, extended: boolean): SedCommand[] {
  const commands: SedCommand[] = [];
  let at = 0;
  const skip = (chars: RegExp) => {
    while (at < script.length && chars.test(script[at] ?? "")) at++;
  };
  const delimited = (delimiter: string): string => {
    let text = "";
    for (; at < script.length && script[at] !== delimiter; at++) {
      if (script[at] === "\\" && at + 1 < script.length) {
        text += script[at + 1] === delimiter ? delimiter : `\\${script[at + 1]}`;
        at++;
      } else text += script[at];
    }
    if (at >= script.length) throw new Error("unterminated command");
    at++;
    return text;
  };
  const address = (): Address | undefined => {
    const number = /^\d+/.exec(script.slice(at));
    if (number) {
      at += number[0].length;
      return { line: Number(number[0]) };
    }
    if (script[at] === "$") {
      at++;
      return { last: true };
    }
    if (script[at] !== "/") return undefined;
    at++;
    return { pattern: new RegExp(basicRegExp(delimited("/"), extended)) };
  };
  for (;;) {
    skip(/[\s;{}]/);
    if (at >= script.length) return commands;
    const from = address();
    let to: Address | undefined;
    if (from && script[at] === ",") {
      at++;
      to = address();
    }
    skip(/\s/);
    const negated = script[at] === "!";
    if (negated) at++;
    const name = script[at++] ?? "";
    let pattern: RegExp | undefined;
    let text = "";
    let flags = "";
    if (name === "s" || name === "y") {
      const delimiter = script[at++] ?? "/";
      const left = delimited(delimiter);
      text = delimited(delimiter);
      if (name === "y") [text, flags] = [left, text];
      else {
        flags = /^[gpiI\d]*/.exec(script.slice(at))?.[0] ?? "";
        at += flags.length;
        pattern = new RegExp(basicRegExp(left, extended), /i/i.test(flags) ? "gi" : "g");
      }
    } else if (name === "a" || name === "i" || name === "c") {
      const end = script.indexOf("\n", at + 2);
      text = script.slice(at, end < 0 ? undefined : end).replace(/^\s*\\?\s*/, "");
      at = end < 0 ? script.length : end;
    } else if (!"pdq=n".includes(name)) throw new Error(`unsupported command ${name}`);
    commands.push({ from, to, negated, name, pattern, text, flags });
  }
}
