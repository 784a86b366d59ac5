import { createHash } from "node:crypto";
import type { Process } from "../process.ts";
import { awk } from "./awk.ts";
import { basicRegExp } from "./regexp.ts";
import { sed } from "./sed.ts";
import { tail } from "./tail.ts";
import { tar } from "./tar.ts";
import type { ProgramEntry } from "./program.ts";
import { complain, isGnu, joinLines, linesOf, nameOf, parseFlags, readInputs } from "./support.ts";

async function head(process: Process): Promise<number> {
  const args = process.args.map((arg) => arg.replace(/^-(\d+)$/, "-n$1"));
  const { values, rest } = parseFlags(args, "nc");
  // No more is read than is shown: what writes to the pipe is told by its end.
  if (rest.length === 0 && !values.has("c")) {
    let left = Number(values.get("n") ?? 10);
    if (left <= 0) return 0;
    for await (const line of lines(process)) {
      await process.print(`${line}\n`);
      if (--left <= 0) return 0;
    }
    return 0;
  }
  const { inputs, code } = await readInputs(process, rest);
  for (const { name, data } of inputs) {
    if (inputs.length > 1) await process.print(`==> ${name} <==\n`);
    const bytes = values.get("c");
    const count = Number(values.get("n") ?? 10);
    await process.print(bytes !== undefined ? data.subarray(0, Number(bytes)) : joinLines(linesOf(data).slice(0, count)));
  }
  return code;
}

async function wc(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  const { inputs, code } = await readInputs(process, rest);
  const totals = [0, 0, 0];
  const all = !["l", "w", "c", "m"].some((flag) => on.has(flag));
  const show = (counts: readonly number[], name: string) => {
    const cells = counts.filter((_, index) => all || on.has(["l", "w", "c"][index] ?? "") || (index === 2 && on.has("m")));
    const single = cells.length === 1 && inputs.length === 1;
    return `${cells.map((cell) => (single ? String(cell) : String(cell).padStart(9))).join(single ? "" : isGnu(process) ? "" : "")}${name === "-" ? "" : ` ${name}`}\n`;
  };
  for (const { name, data } of inputs) {
    const text = data.toString();
    const counts = [text.split("\n").length - 1, text.split(/\s+/).filter((word) => word !== "").length, data.length];
    for (const index of [0, 1, 2]) totals[index] = (totals[index] ?? 0) + (counts[index] ?? 0);
    await process.print(show(counts, name));
  }
  if (inputs.length > 1) await process.print(show(totals, "total"));
  return code;
}

async function grep(process: Process): Promise<number> {
  const { on, values, rest } = parseFlags(
    process.args.filter((arg) => !arg.startsWith("--color")),
    "efmABC",
  );
  const operands = [...rest];
  const pattern = values.get("e") ?? operands.shift() ?? "";
  const extended = on.has("E") || nameOf(process) === "egrep";
  let expression: RegExp;
  try {
    const source = on.has("F") ? pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : basicRegExp(pattern, extended);
    expression = new RegExp(on.has("x") ? `^(?:${source})$` : on.has("w") ? `\\b(?:${source})\\b` : source, on.has("i") ? "gi" : "g");
  } catch {
    await complain(process, "bad regex");
    return 2;
  }
  const files =
    on.has("r") || on.has("R") ? (operands.length > 0 ? operands : ["."]).flatMap((path) => filesBelow(process, path)) : operands;
  if (files.length === 0) return grepStream(process, expression, on, values);
  const { inputs, code } = await readInputs(process, files);
  let matched = false;
  const titled = (inputs.length > 1 || on.has("r")) && !on.has("h");
  for (const { name, data } of inputs) {
    let count = 0;
    for (const [index, line] of linesOf(data).entries()) {
      if (hits(expression, line) === on.has("v")) continue;
      count++;
      matched = true;
      if (on.has("q")) return 0;
      if (on.has("c") || on.has("l")) continue;
      const prefix = `${titled ? `${name}:` : ""}${on.has("n") ? `${index + 1}:` : ""}`;
      if (on.has("o")) for (const [hit] of line.matchAll(expression)) await process.print(`${prefix}${hit}\n`);
      else await process.print(`${prefix}${line}\n`);
      if (count >= Number(values.get("m") ?? Infinity)) break;
      await process.checkpoint();
    }
    if (on.has("c")) await process.print(`${titled ? `${name}:` : ""}${count}\n`);
    if (on.has("l") && count > 0) await process.print(`${name}\n`);
  }
  return matched ? 0 : code > 0 ? 2 : 1;
}

/** Standard input line by line, so that `tail -f | grep` shows lines as they come. */
async function grepStream(
  process: Process,
  expression: RegExp,
  on: ReadonlySet<string>,
  values: ReadonlyMap<string, string>,
): Promise<number> {
  let count = 0;
  let number = 0;
  for await (const line of lines(process)) {
    number++;
    if (hits(expression, line) === on.has("v")) continue;
    count++;
    if (on.has("q")) return 0;
    if (!on.has("c")) {
      const prefix = on.has("n") ? `${number}:` : "";
      if (on.has("o")) for (const [hit] of line.matchAll(expression)) await process.print(`${prefix}${hit}\n`);
      else await process.print(`${prefix}${line}\n`);
    }
    if (count >= Number(values.get("m") ?? Infinity)) break;
  }
  if (on.has("c")) await process.print(`${count}\n`);
  return count > 0 ? 0 : 1;
}

async function* lines(process: Process): AsyncGenerator<string> {
  let rest = "";
  for (let chunk = await process.read(); chunk !== undefined; chunk = await process.read()) {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}

const hits = (expression: RegExp, line: string) => {
  expression.lastIndex = 0;
  return expression.test(line);
};

function filesBelow(process: Process, path: string): string[] {
  const whole = process.path(path);
  if (!process.fs.exists(whole)) return [path];
  if (process.fs.stat(whole).type !== "directory") return [path];
  return process.fs.readdir(whole).flatMap((name) => filesBelow(process, path === "." ? name : `${path.replace(/\/$/, "")}/${name}`));
}

async function tee(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  const paths = rest.map((path) => process.path(path));
  if (!on.has("a")) for (const path of paths) process.fs.writeFile(path, "");
  for (let chunk = await process.read(); chunk !== undefined; chunk = await process.read()) {
    for (const path of paths) process.fs.writeFile(path, chunk, { append: true });
    await process.print(chunk);
  }
  return 0;
}

function expandSet(set: string): string[] {
  const plain = set
    .replace(
      /\[:(\w+):\]/g,
      (_all, name: string) =>
        ({ lower: "a-z", upper: "A-Z", digit: "0-9", alpha: "A-Za-z", alnum: "A-Za-z0-9", space: " \t\n\r\f\v" })[name] ?? "",
    )
    .replace(/\\([ntr\\])/g, (_all, letter: string) => ({ n: "\n", t: "\t", r: "\r", "\\": "\\" })[letter] ?? letter);
  const chars: string[] = [];
  for (let at = 0; at < plain.length; at++) {
    const [from, dash, to] = [plain[at] ?? "", plain[at + 1], plain[at + 2]];
    if (dash === "-" && to !== undefined) {
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) chars.push(String.fromCharCode(code));
      at += 2;
    } else chars.push(from);
  }
  return chars;
}

async function tr(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  const first = expandSet(rest[0] ?? "");
  const second = expandSet(rest[1] ?? "");
  const inFirst = (char: string) => first.includes(char) !== (on.has("c") || on.has("C"));
  const squeezed = new Set(on.has("s") ? (rest[1] === undefined || on.has("d") ? (second.length > 0 ? second : first) : second) : []);
  let last = "";
  for (let chunk = await process.read(); chunk !== undefined; chunk = await process.read()) {
    let output = "";
    for (const char of chunk.toString()) {
      let mapped = char;
      if (inFirst(char)) {
        if (on.has("d")) continue;
        if (second.length > 0) mapped = second[Math.min(on.has("c") ? second.length - 1 : first.indexOf(char), second.length - 1)] ?? char;
      }
      if (squeezed.has(mapped) && mapped === last) continue;
      last = mapped;
      output += mapped;
    }
    await process.print(output);
  }
  return 0;
}

async function cut(process: Process): Promise<number> {
  const { on, values, rest } = parseFlags(process.args, "dfcb");
  const ranges = (values.get("f") ?? values.get("c") ?? values.get("b") ?? "").split(",").map((range) => {
    const [from = "", to] = range.split("-");
    return [Number(from || 1), to === undefined ? Number(from) : Number(to || Infinity)] as const;
  });
  const chosen = (index: number) => ranges.some(([from, to]) => index + 1 >= from && index + 1 <= to);
  const delimiter = values.get("d") ?? "\t";
  const { inputs, code } = await readInputs(process, rest);
  for (const { data } of inputs) {
    const output = linesOf(data).flatMap((line) => {
      if (!on.has("f")) return [[...line].filter((_, index) => chosen(index)).join("")];
      if (!line.includes(delimiter)) return on.has("s") ? [] : [line];
      return [
        line
          .split(delimiter)
          .filter((_, index) => chosen(index))
          .join(delimiter),
      ];
    });
    await process.print(joinLines(output));
  }
  return code;
}

async function sort(process: Process): Promise<number> {
  const { on, values, rest } = parseFlags(process.args, "kto");
  const { inputs, code } = await readInputs(process, rest);
  const key = values.get("k");
  const [fromText = "1", toText] = (key ?? "").split(",");
  const numeric = on.has("n") || /n/.test(key ?? "");
  const keyOf = (line: string) => {
    if (key === undefined) return line;
    const fields = values.has("t") ? line.split(values.get("t") ?? "\t") : line.trim().split(/\s+/);
    return fields.slice(Number.parseInt(fromText, 10) - 1, toText === undefined ? undefined : Number.parseInt(toText, 10)).join(" ");
  };
  const plain = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const order = (a: string, b: string) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    const byKey = numeric
      ? (Number.parseFloat(left) || 0) - (Number.parseFloat(right) || 0)
      : plain(on.has("f") ? left.toLowerCase() : left, on.has("f") ? right.toLowerCase() : right);
    return (byKey || (on.has("s") ? 0 : plain(a, b))) * (on.has("r") || /r/.test(key ?? "") ? -1 : 1);
  };
  const all = inputs.flatMap(({ data }) => linesOf(data)).sort(order);
  const output = joinLines(on.has("u") ? all.filter((line, index) => index === 0 || keyOf(line) !== keyOf(all[index - 1] ?? "")) : all);
  const target = values.get("o");
  if (target === undefined) await process.print(output);
  else process.fs.writeFile(process.path(target), output);
  return code;
}

async function uniq(process: Process): Promise<number> {
  const { on, rest } = parseFlags(process.args);
  const { inputs, code } = await readInputs(process, rest.slice(0, 1));
  const groups: { line: string; count: number }[] = [];
  for (const line of inputs.flatMap(({ data }) => linesOf(data))) {
    const last = groups.at(-1);
    if (last && (on.has("i") ? last.line.toLowerCase() === line.toLowerCase() : last.line === line)) last.count++;
    else groups.push({ line, count: 1 });
  }
  const shown = groups.filter(({ count }) => (!on.has("d") || count > 1) && (!on.has("u") || count === 1));
  await process.print(joinLines(shown.map(({ line, count }) => (on.has("c") ? `${String(count).padStart(7)} ${line}` : line))));
  return code;
}

async function seq(process: Process): Promise<number> {
  const { values, rest } = parseFlags(
    process.args.map((arg) => (/^-\d/.test(arg) ? `\0${arg}` : arg)),
    "sf",
  );
  const numbers = rest.map((arg) => Number(arg.replace("\0", "")));
  if (numbers.length === 0 || numbers.some(Number.isNaN)) {
    await complain(process, numbers.length === 0 ? "missing operand" : `invalid number '${rest.find((arg) => Number.isNaN(Number(arg)))}'`);
    return 1;
  }
  const [from, step, to] =
    numbers.length === 1
      ? [1, 1, numbers[0] ?? 0]
      : numbers.length === 2
        ? [numbers[0] ?? 1, 1, numbers[1] ?? 0]
        : [numbers[0] ?? 1, numbers[1] ?? 1, numbers[2] ?? 0];
  const separator = values.get("s") ?? "\n";
  let output = "";
  for (let value = from, first = true; step > 0 ? value <= to + 1e-9 : value >= to - 1e-9; value += step, first = false) {
    output += `${first ? "" : separator}${Number(value.toFixed(10))}`;
    if (output.length > 16_384) {
      await process.print(output);
      output = "";
      await process.checkpoint();
    }
  }
  await process.print(`${output}\n`);
  return 0;
}

async function base64(process: Process): Promise<number> {
  const { on, values, rest } = parseFlags(process.args, "w");
  const { inputs, code } = await readInputs(process, rest);
  for (const { data } of inputs) {
    const width = Number(values.get("w") ?? 76);
    const text = data.toString("base64");
    await process.print(
      on.has("d")
        ? Buffer.from(data.toString(), "base64")
        : width === 0
          ? text
          : `${text.match(new RegExp(`.{1,${width}}`, "g"))?.join("\n") ?? ""}\n`,
    );
  }
  return code;
}

async function digest(process: Process): Promise<number> {
  const { inputs, code } = await readInputs(process, parseFlags(process.args).rest);
  for (const { name, data } of inputs)
    await process.print(`${createHash(nameOf(process).replace("sum", "")).update(data).digest("hex")}  ${name}\n`);
  return code;
}

async function reversed(process: Process): Promise<number> {
  const { inputs, code } = await readInputs(process, process.args);
  for (const { data } of inputs)
    await process.print(
      joinLines(nameOf(process) === "tac" ? linesOf(data).reverse() : linesOf(data).map((line) => [...line].reverse().join(""))),
    );
  return code;
}

async function pager(process: Process): Promise<number> {
  if (nameOf(process) === "vi") {
    await complain(process, "the simulation has no editor: use sed, echo and cat");
    return 1;
  }
  const { inputs, code } = await readInputs(process, parseFlags(process.args).rest);
  for (const { data } of inputs) await process.print(data);
  return code;
}

async function mount(process: Process): Promise<number> {
  const text = process.fs.exists("/proc/mounts") ? process.fs.readFile("/proc/mounts").toString() : "";
  await process.print(
    linesOf(text)
      .map((line) => line.split(" "))
      .map(([device, path, type, options]) => `${device} on ${path} type ${type} (${options})\n`)
      .join(""),
  );
  return 0;
}

async function df(process: Process): Promise<number> {
  const human = process.args.some((arg) => arg.includes("h"));
  const size = (kilobytes: number) => (human ? `${(kilobytes / 1024 / 1024).toFixed(1)}G` : String(kilobytes));
  const text = process.fs.exists("/proc/mounts") ? process.fs.readFile("/proc/mounts").toString() : "";
  const rows = linesOf(text)
    .map((line) => line.split(" "))
    .filter(([, , type]) => type !== "proc");
  await process.print(
    `Filesystem           ${human ? "     Size" : "1K-blocks"}      Used Available Use% Mounted on\n${rows.map(([device = "", path = ""]) => `${device.padEnd(20)} ${size(102_400_000).padStart(9)} ${size(24_200_000).padStart(9)} ${size(78_200_000).padStart(9)}  24% ${path}\n`).join("")}`,
  );
  return 0;
}

/** dd if= of= bs= count= */
async function dd(process: Process): Promise<number> {
  const options = new Map(process.args.map((arg) => [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] as const));
  const unit: Record<string, number> = { k: 1024, K: 1024, M: 1_048_576, G: 1_073_741_824 };
  const bytes = (text: string) => Number.parseInt(text, 10) * (unit[text.at(-1) ?? ""] ?? 1);
  const size = Math.min(bytes(options.get("bs") ?? "512") * Number(options.get("count") ?? 1), 64 * 1_048_576);
  const input = options.get("if");
  const source = input === undefined ? Buffer.from(await process.readAllInput()) : process.fs.readFile(process.path(input));
  const data = input?.startsWith("/dev/")
    ? Buffer.alloc(size, source.length > 0 ? source : undefined)
    : options.has("count")
      ? source.subarray(0, size)
      : source;
  const target = options.get("of");
  if (target === undefined) await process.print(data);
  else process.fs.writeFile(process.path(target), data);
  await process.printError(
    `${options.get("count") ?? 1}+0 records in\n${options.get("count") ?? 1}+0 records out\n${data.length} bytes copied\n`,
  );
  return 0;
}

export const TEXT: readonly ProgramEntry[] = [
  { names: ["head"], run: head },
  { names: ["tail"], run: tail },
  { names: ["wc"], run: wc },
  { names: ["grep"], run: grep },
  { names: ["tee"], run: tee },
  { names: ["tr"], run: tr },
  { names: ["cut"], run: cut },
  { names: ["sort"], run: sort },
  { names: ["uniq"], run: uniq },
  { names: ["seq"], run: seq },
  { names: ["sed"], run: sed },
  { names: ["awk"], run: awk },
  { names: ["tar"], run: tar },
  { names: ["base64"], run: base64 },
  { names: ["md5sum", "sha256sum"], run: digest },
  { names: ["rev", "tac"], run: reversed },
  { names: ["less", "more", "vi"], run: pager },
  { names: ["mount"], run: mount },
  { names: ["df"], run: df },
  { names: ["dd"], run: dd },
];
