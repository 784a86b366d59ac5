import type { Word, WordPart } from "./ast.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { hasGlob, namePattern, replacePattern, trimPattern, unescapePattern } from "./patterns.ts";
import { ShellError } from "./shell-error.ts";
import type { Shell } from "./shell.ts";

/** A field on its way: its text, and the same with quoted characters escaped for globbing. */
interface Field {
  text: string;
  pattern: string;
  /** An empty field stays when something in it was quoted. */
  quoted: boolean;
}

type Parameter = Extract<WordPart, { kind: "parameter" }>;

const escapePattern = (text: string) => text.replace(/[*?[\]\\]/g, "\\$&");

/** Words to arguments: all expansions, splitting and file names. */
export async function expandWords(shell: Shell, words: readonly Word[]): Promise<string[]> {
  const result: string[] = [];
  for (const word of words) {
    for (const braced of expandBraces(word)) {
      for (const field of await expandFields(shell, braced))
        result.push(...(shell.options.has("f") ? [field.text] : expandGlob(shell, field)));
    }
  }
  return result;
}

/** One word as one text: assignments, redirections, case words. */
export async function expandText(shell: Shell, word: Word): Promise<string> {
  return (await expandSingle(shell, word)).text;
}

/** One word as a pattern: quoted characters stand for themselves. */
export async function expandPattern(shell: Shell, word: Word): Promise<string> {
  return (await expandSingle(shell, word)).pattern;
}

async function expandSingle(shell: Shell, word: Word): Promise<Field> {
  const field: Field = { text: "", pattern: "", quoted: false };
  for (const [index, part] of word.entries()) {
    const values = await partValues(shell, part, index === 0);
    const text = values.join(part.kind === "parameter" && part.name === "*" ? (shell.get("IFS") ?? " ").slice(0, 1) : " ");
    append(field, text, part.quoted);
  }
  return field;
}

function append(field: Field, text: string, quoted: boolean): void {
  field.text += text;
  field.pattern += quoted ? escapePattern(text) : text;
  field.quoted ||= quoted;
}

async function expandFields(shell: Shell, word: Word): Promise<Field[]> {
  const fields: Field[] = [];
  let current: Field | undefined;
  const open = (): Field => (current ??= { text: "", pattern: "", quoted: false });
  const close = () => {
    if (current) fields.push(current);
    current = undefined;
  };
  const separators = shell.get("IFS") ?? " \t\n";
  for (const [index, part] of word.entries()) {
    const values = await partValues(shell, part, index === 0);
    if (part.kind === "text") {
      // The mark that quotes leave: before "$@" it is the parameters that decide whether there is a field.
      const next = word[index + 1];
      if (part.quoted && part.text === "" && next?.kind === "parameter" && next.quoted && isMany(next)) continue;
      append(open(), values[0] ?? "", part.quoted);
      continue;
    }
    const all = part.kind === "parameter" && isMany(part);
    if (part.quoted) {
      // "$@" without parameters is no field at all.
      if (all && values.length === 0) continue;
      for (const [at, value] of values.entries()) {
        if (at > 0) close();
        append(open(), value, true);
      }
      continue;
    }
    for (const [at, value] of values.entries()) {
      if (at > 0) close();
      const pieces = split(value, separators);
      if (pieces.leading) close();
      for (const [number, piece] of pieces.parts.entries()) {
        if (number > 0) close();
        append(open(), piece, false);
        // Two separators that are not blanks have an empty field between them.
        if (piece === "" && current) current.quoted = true;
      }
      if (pieces.trailing) close();
    }
  }
  close();
  return fields.filter((field) => field.text !== "" || field.quoted);
}

const isMany = (part: Parameter) => !part.length && (part.name === "@" || (part.index?.[0]?.kind === "text" && part.index[0].text === "@"));

function split(text: string, separators: string): { parts: string[]; leading: boolean; trailing: boolean } {
  if (separators === "" || text === "") return { parts: text === "" ? [] : [text], leading: false, trailing: false };
  const white = [...separators].filter((char) => /\s/.test(char)).join("");
  const isWhite = (char: string | undefined) => char !== undefined && white.includes(char);
  let start = 0;
  let end = text.length;
  while (isWhite(text[start])) start++;
  while (end > start && isWhite(text[end - 1])) end--;
  const parts: string[] = [];
  let piece = "";
  for (let at = start; at < end; at++) {
    const char = text[at] ?? "";
    if (!separators.includes(char)) {
      piece += char;
      continue;
    }
    parts.push(piece);
    piece = "";
    // White space around another separator belongs to it.
    if (isWhite(char)) {
      while (isWhite(text[at + 1])) at++;
      if (separators.includes(text[at + 1] ?? "\0")) at++;
    }
    while (isWhite(text[at + 1])) at++;
  }
  if (piece !== "" || parts.length === 0) parts.push(piece);
  return { parts: start === end ? [] : parts, leading: start > 0, trailing: end < text.length };
}

/** The values of one part; several for "$@" and arrays. */
async function partValues(shell: Shell, part: WordPart, first: boolean): Promise<string[]> {
  switch (part.kind) {
    case "text":
      return [first && !part.quoted ? tilde(shell, part.text) : part.text];
    case "command":
      return [await shell.substitute(part.source)];
    case "arithmetic":
      return [String(evaluateArithmetic(await expandText(shell, part.expression), shell.arithmetic))];
    case "parameter":
      return parameterValues(shell, part);
  }
}

function tilde(shell: Shell, text: string): string {
  const match = /^~(?=\/|$|:)/.exec(text);
  return match ? (shell.get("HOME") ?? "/root") + text.slice(1) : text;
}

async function parameterValues(shell: Shell, part: Parameter): Promise<string[]> {
  const index = part.index ? await expandText(shell, part.index) : undefined;
  let name = part.name;
  if (part.indirect && index !== "@" && index !== "*") name = shell.get(name) ?? "";
  let values = part.indirect && (index === "@" || index === "*") ? shell.arrayKeys(name) : shell.values(name, index);
  if (part.length) {
    if (name === "@" || name === "*" || index === "@" || index === "*") return [String(values?.length ?? 0)];
    return [String((values?.[0] ?? "").length)];
  }
  const operator = part.operator ?? "";
  if (/^:?[-=?+]$/.test(operator)) return defaulted(shell, part, values, operator);
  if (values === undefined) {
    if (shell.options.has("u") && name !== "@" && name !== "*")
      throw new ShellError(
        shell.flavor === "bash" ? `${name}: unbound variable` : `${name}: parameter not set`,
        shell.flavor === "bash" ? 127 : 2,
        true,
      );
    values = [];
  }
  if (operator !== "") {
    const change = await modifier(shell, part, operator);
    if (operator === ":" && (name === "@" || name === "*" || index === "@")) return change.list(values);
    values = values.map(change.one);
  }
  return name === "*" && part.quoted
    ? [values.join((shell.get("IFS") ?? " ").slice(0, 1))]
    : index === "*" && part.quoted
      ? [values.join(" ")]
      : values.length === 0 && !isMany(part) && name !== "*"
        ? [""]
        : values;
}

async function defaulted(shell: Shell, part: Parameter, values: string[] | undefined, operator: string): Promise<string[]> {
  const missing = values === undefined || values.length === 0 || (operator.startsWith(":") && values.join("") === "");
  const argument = () =>
    expandText(
      shell,
      (part.argument ?? []).map((each) => (part.quoted && each.kind === "text" ? { ...each, quoted: true } : each)),
    );
  switch (operator.at(-1)) {
    case "+":
      return missing ? [""] : [await argument()];
    case "-":
      return missing ? [await argument()] : (values ?? []);
    case "=":
      if (missing) shell.set(part.name, await argument());
      return missing ? [shell.get(part.name) ?? ""] : (values ?? []);
    default:
      if (missing)
        throw new ShellError(
          `${part.name}: ${(await argument()) || (operator === ":?" ? (shell.flavor === "bash" ? "parameter null or not set" : "parameter not set or null") : "parameter not set")}`,
          shell.flavor === "bash" ? 127 : 2,
          true,
        );
      return values ?? [];
  }
}

async function modifier(
  shell: Shell,
  part: Parameter,
  operator: string,
): Promise<{ one: (value: string) => string; list: (values: string[]) => string[] }> {
  const argument = part.argument ?? [];
  const list = (values: string[]) => values;
  if (operator === ":") {
    const [offsetText = "", lengthText] = splitTop(await expandText(shell, argument), ":");
    const offset = evaluateArithmetic(offsetText, shell.arithmetic);
    const length = lengthText === undefined ? undefined : evaluateArithmetic(lengthText, shell.arithmetic);
    const cut = <T extends string | string[]>(value: T, start: number): T =>
      value.slice(
        start < 0 ? Math.max(0, value.length + start) : start,
        length === undefined ? undefined : length < 0 ? length : (start < 0 ? Math.max(0, value.length + start) : start) + length,
      ) as T;
    return { one: (value) => cut(value, offset), list: (values) => cut(values, offset > 0 ? offset - 1 : offset) };
  }
  if (operator === "^" || operator === "^^" || operator === "," || operator === ",,") {
    const change = (text: string) => (operator.startsWith("^") ? text.toUpperCase() : text.toLowerCase());
    return { one: (value) => (operator.length > 1 ? change(value) : change(value.slice(0, 1)) + value.slice(1)), list };
  }
  if (operator.startsWith("/")) {
    const slash = argument.findIndex((each) => each.kind === "text" && !each.quoted && each.text === "/");
    const pattern = await expandPattern(shell, slash < 0 ? argument : argument.slice(0, slash));
    const replacement = slash < 0 ? "" : await expandText(shell, argument.slice(slash + 1));
    return { one: (value) => replacePattern(value, operator, pattern, replacement), list };
  }
  const pattern = await expandPattern(shell, argument);
  return { one: (value) => trimPattern(value, operator, pattern), list };
}

function splitTop(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** `a{b,c}d` and `{1..3}`: bash's, and harmless elsewhere. */
function expandBraces(word: Word): Word[] {
  const at = word.findIndex((part) => part.kind === "text" && !part.quoted && /\{[^{}]*(,|\.\.)[^{}]*\}/.test(part.text));
  const part = word[at];
  if (part?.kind !== "text") return [word];
  const match = /^([^]*?)\{([^{}]*(?:,|\.\.)[^{}]*)\}([^]*)$/.exec(part.text);
  if (!match) return [word];
  const [, before = "", body = "", after = ""] = match;
  const range = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(body);
  const letters = /^([a-zA-Z])\.\.([a-zA-Z])$/.exec(body);
  if (!range && !letters && !body.includes(",")) return [word];
  // {01..10} keeps its width.
  const width = [range?.[1], range?.[2]].some((end) => /^-?0\d/.test(end ?? ""))
    ? Math.max(range?.[1]?.length ?? 0, range?.[2]?.length ?? 0)
    : 0;
  const options = range
    ? numbers(Number(range[1]), Number(range[2]), Number(range[3] ?? 1)).map((each) => each.padStart(width, "0"))
    : letters
      ? numbers((letters[1] ?? "").charCodeAt(0), (letters[2] ?? "").charCodeAt(0), 1).map((code) => String.fromCharCode(Number(code)))
      : body.split(",");
  return options.flatMap((option) =>
    expandBraces([...word.slice(0, at), { kind: "text", text: before + option + after, quoted: false }, ...word.slice(at + 1)]),
  );
}

function numbers(from: number, to: number, step: number): string[] {
  const size = Math.max(1, Math.abs(step));
  const count = Math.min(100_000, Math.floor(Math.abs(to - from) / size) + 1);
  return Array.from({ length: count }, (_, index) => String(from + (to >= from ? 1 : -1) * index * size));
}

/** The files that fit a pattern; the pattern itself when none does. */
function expandGlob(shell: Shell, field: Field): string[] {
  if (!hasGlob(field.pattern)) return [field.text];
  const { process } = shell;
  const absolute = field.pattern.startsWith("/");
  let found = [absolute ? "/" : ""];
  for (const part of field.pattern.split("/").filter((each) => each !== "")) {
    const next: string[] = [];
    for (const directory of found) {
      const at = (name: string) => (directory === "" || directory === "/" ? directory + name : `${directory}/${name}`);
      if (!hasGlob(part)) {
        if (process.fs.exists(process.path(at(unescapePattern(part))))) next.push(at(unescapePattern(part)));
        continue;
      }
      const path = process.path(directory === "" ? "." : directory);
      if (!process.fs.exists(path) || process.fs.stat(path).type !== "directory") continue;
      const expression = namePattern(part);
      for (const name of process.fs.readdir(path))
        if ((!name.startsWith(".") || part.startsWith(".")) && expression.test(name)) next.push(at(name));
    }
    found = next;
  }
  return found.length > 0 ? found : shell.options.has("nullglob") ? [] : [field.text];
}
