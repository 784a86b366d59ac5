import { parseGoDuration } from "./go-duration.ts";
import { UsageError } from "./errors.ts";
import { parseModuleSpec } from "./connection/module-spec.ts";

export type FlagType =
  | "bool"
  | "string"
  | "int"
  | "int32"
  | "int64"
  | "duration"
  // A duration of Go's own flag package, which does not say what it cannot parse.
  | "terseDuration"
  | "moduleSpec"
  | "stringSlice"
  | "stringArray"
  | "stringToString"
  // The same of Kubernetes' own flag package: blanks around keys and values do not count.
  | "mapStringString";

/** One flag of a command: the only place where its name, type, default and help are written. */
export interface FlagSpec {
  readonly name: string;
  readonly shorthand?: string;
  readonly type: FlagType;
  readonly default?: string | number | boolean;
  /** The value of the flag without one (`--dry-run`); a value must then be given with `=`. */
  readonly noValue?: string;
  readonly usage: string;
  readonly required?: boolean;
  /** What to use instead; is told when the flag is given. */
  readonly deprecated?: string;
  readonly hidden?: boolean;
}

type FlagValue = string | number | boolean | string[];

/** The parsed flags of one run. */
export class Flags {
  readonly #values: ReadonlyMap<string, FlagValue>;
  readonly #changed: ReadonlySet<string>;

  constructor(values: ReadonlyMap<string, FlagValue>, changed: ReadonlySet<string>) {
    this.#values = values;
    this.#changed = changed;
  }

  /** Whether the flag was given. */
  has(name: string): boolean {
    return this.#changed.has(name);
  }

  bool(name: string): boolean {
    return this.#values.get(name) === true;
  }

  text(name: string): string {
    const value = this.#values.get(name);
    return value === undefined ? "" : String(value);
  }

  number(name: string): number {
    return Number(this.#values.get(name) ?? 0);
  }

  list(name: string): string[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? value : [];
  }

  /** The same flags with some set differently. */
  with(values: Readonly<Record<string, FlagValue>>): Flags {
    return new Flags(new Map([...this.#values, ...Object.entries(values)]), new Set([...this.#changed, ...Object.keys(values)]));
  }
}

export interface ParsedArguments {
  readonly flags: Flags;
  readonly args: string[];
  /** How many arguments came before `--`, or -1 without one. */
  readonly dashIndex: number;
  /** The lines about deprecated flags, once they are all understood. */
  readonly deprecations: readonly string[];
}

/**
 * Understands flags as kubectl's flag library does (`-n=x`, `-it`, `--flag=value`, optional values) and says what is wrong in its words;
 * commander then holds the options and converts the values.
 */
export async function parseFlags(
  argv: readonly string[],
  specs: readonly FlagSpec[],
  options: { readonly commandPath: string; readonly stopAtFirstArgument?: boolean },
): Promise<ParsedArguments> {
  const fail = (message: string) => new UsageError(`${message}\nSee '${options.commandPath} --help' for usage.`);
  const found = tokenize(argv, specs, options.stopAtFirstArgument ?? false, fail);
  const changed = new Map(found.flags.map(([spec]) => [spec.name, spec]));
  const values = new Map<string, FlagValue>(specs.map((spec) => [spec.name, defaultOf(spec)]));
  if (changed.size > 0) {
    // Loaded only for commands with flags: it brings node:child_process with it.
    const { Command: Parser, Option } = await import("commander");
    const parser = new Parser().exitOverride().helpOption(false).allowExcessArguments(true).enablePositionalOptions(false);
    for (const spec of changed.values()) parser.addOption(new Option(`--${spec.name} <value>`).argParser(reader(spec, values, fail)));
    parser.parse(
      found.flags.map(([spec, value]) => `--${spec.name}=${value}`),
      { from: "user" },
    );
  }
  if (found.help) throw new HelpRequested();
  const deprecations = found.flags.flatMap(([{ name, deprecated }]) =>
    deprecated === undefined ? [] : [`Flag --${name} has been deprecated, ${deprecated}\n`],
  );
  return { flags: new Flags(values, new Set(changed.keys())), args: found.args, dashIndex: found.dashIndex, deprecations };
}

/** The subcommand that the arguments name, skipping flags and their values. Upstream: cobra stripFlags */
export function findSubcommand(argv: readonly string[], specs: readonly FlagSpec[]): number {
  for (let i = 0; i < argv.length; i++) {
    const token = argv[i] ?? "";
    if (token === "--") return -1;
    if (token.startsWith("--")) {
      if (!token.includes("=") && !takesNoValue(specs.find((spec) => spec.name === token.slice(2)))) i++;
    } else if (token.startsWith("-") && token !== "-") {
      if (!token.includes("=") && token.length === 2 && !takesNoValue(specs.find((spec) => spec.shorthand === token[1]))) i++;
    } else if (token !== "") {
      return i;
    }
  }
  return -1;
}

const takesNoValue = (spec: FlagSpec | undefined) => spec !== undefined && (spec.type === "bool" || spec.noValue !== undefined);

type Fail = (message: string) => UsageError;
type Found = { flags: [FlagSpec, string][]; args: string[]; dashIndex: number; help: boolean };

function tokenize(argv: readonly string[], specs: readonly FlagSpec[], stopAtFirst: boolean, fail: Fail): Found {
  const found: Found = { flags: [], args: [], dashIndex: -1, help: false };
  for (let i = 0; i < argv.length; i++) {
    const token = argv[i] ?? "";
    if (token === "--") {
      found.dashIndex = found.args.length;
      found.args.push(...argv.slice(i + 1));
      break;
    }
    if (token.startsWith("--")) i += longFlag(token, argv[i + 1], specs, found, fail);
    else if (token.startsWith("-") && token !== "-") i += shortFlags(token, argv[i + 1], specs, found, fail);
    else {
      found.args.push(token);
      if (stopAtFirst) {
        found.args.push(...argv.slice(i + 1));
        break;
      }
    }
  }
  return found;
}

/** Returns how many further arguments were used. */
function longFlag(token: string, next: string | undefined, specs: readonly FlagSpec[], found: Found, fail: Fail): number {
  const equals = token.indexOf("=");
  const name = (equals < 0 ? token.slice(2) : token.slice(2, equals)).replaceAll("_", "-");
  if (name === "" || name.startsWith("-")) throw fail(`bad flag syntax: ${token}`);
  const spec = specs.find((each) => each.name === name);
  if (!spec && name === "help") {
    found.help = isHelpAsked(equals < 0 ? "true" : token.slice(equals + 1), fail);
    return 0;
  }
  if (!spec) throw fail(`unknown flag: --${name}`);
  if (equals >= 0) found.flags.push([spec, token.slice(equals + 1)]);
  else if (takesNoValue(spec)) found.flags.push([spec, spec.noValue ?? "true"]);
  else if (next === undefined) throw fail(`flag needs an argument: --${name}`);
  else {
    found.flags.push([spec, next]);
    return 1;
  }
  return 0;
}

function shortFlags(token: string, next: string | undefined, specs: readonly FlagSpec[], found: Found, fail: Fail): number {
  for (let i = 1; i < token.length; i++) {
    const letter = token[i] ?? "";
    const rest = token.slice(i + 1);
    const spec = specs.find((each) => each.shorthand === letter);
    if (!spec && letter === "h") {
      found.help = isHelpAsked(rest.startsWith("=") ? rest.slice(1) : "true", fail);
      if (rest.startsWith("=")) return 0;
      continue;
    }
    if (!spec) throw fail(`unknown shorthand flag: '${letter}' in ${i === 1 ? token : `-${token.slice(i)}`}`);
    if (rest.startsWith("=") && rest !== "=") {
      found.flags.push([spec, rest.slice(1)]);
      return 0;
    }
    if (takesNoValue(spec)) {
      found.flags.push([spec, spec.noValue ?? "true"]);
      continue;
    }
    if (rest !== "") {
      found.flags.push([spec, rest]);
      return 0;
    }
    if (next === undefined) throw fail(`flag needs an argument: '${letter}' in ${i === 1 ? token : `-${token.slice(i)}`}`);
    found.flags.push([spec, next]);
    return 1;
  }
  return 0;
}

/** `--help` or `-h` among the flags. */
export class HelpRequested extends Error {}

function isHelpAsked(value: string, fail: Fail): boolean {
  try {
    return convert("bool", value) === true;
  } catch (error) {
    throw fail(`invalid argument ${JSON.stringify(value)} for "-h, --help" flag: ${(error as Error).message}`);
  }
}

function defaultOf(spec: FlagSpec): FlagValue {
  if (spec.default !== undefined)
    return spec.type === "stringSlice" || spec.type === "stringArray"
      ? [String(spec.default)]
      : spec.type === "duration" || spec.type === "terseDuration"
        ? parseGoDuration(String(spec.default))
        : spec.default;
  if (spec.type === "bool") return false;
  if (spec.type === "string" || spec.type === "moduleSpec") return "";
  return spec.type.startsWith("string") || spec.type === "mapStringString" ? [] : 0;
}

/** Puts what is given for a flag, once or several times, into the values. */
function reader(spec: FlagSpec, values: Map<string, FlagValue>, fail: Fail): (raw: string) => string {
  let first = true;
  return (raw) => {
    try {
      const value = convert(spec.type, raw);
      const before = values.get(spec.name);
      values.set(spec.name, Array.isArray(value) && Array.isArray(before) && !first ? [...before, ...value] : value);
      first = false;
    } catch (error) {
      const shown = spec.shorthand ? `"-${spec.shorthand}, --${spec.name}"` : `"--${spec.name}"`;
      throw fail(`invalid argument ${JSON.stringify(raw)} for ${shown} flag: ${(error as Error).message}`);
    }
    return raw;
  };
}

function convert(type: FlagType, raw: string): FlagValue {
  switch (type) {
    case "bool":
      if (["1", "t", "T", "true", "TRUE", "True"].includes(raw)) return true;
      if (["0", "f", "F", "false", "FALSE", "False"].includes(raw)) return false;
      throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(raw)}: invalid syntax`);
    case "int":
    case "int32":
    case "int64":
      if (!/^[+-]?(\d+|0x[\da-f]+)$/i.test(raw)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(raw)}: invalid syntax`);
      return Number(raw);
    case "duration":
      return parseGoDuration(raw);
    case "terseDuration":
      try {
        return parseGoDuration(raw);
      } catch (error) {
        throw new Error("parse error", { cause: error });
      }
    case "moduleSpec":
      parseModuleSpec(raw);
      return raw;
    case "stringSlice":
      return splitCsv(raw);
    case "stringArray":
      return [raw];
    case "stringToString":
      return splitCsv(raw).map((pair) => {
        if (!pair.includes("=")) throw new Error(`${pair} must be formatted as key=value`);
        return pair;
      });
    case "mapStringString":
      return raw.split(",").filter(Boolean).map(trimmedPair);
    case "string":
      return raw;
  }
}

// Upstream: component-base/cli/flag map_string_string.go
function trimmedPair(pair: string): string {
  const equals = pair.indexOf("=");
  if (equals < 0) throw new Error("malformed pair, expect string=string");
  return `${pair.slice(0, equals).trim()}=${pair.slice(equals + 1).trim()}`;
}

/** One line of comma-separated values, with "quoted" ones. */
function splitCsv(raw: string): string[] {
  if (raw === "") return [];
  const out: string[] = [];
  for (const match of raw.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) out.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
  return out;
}
