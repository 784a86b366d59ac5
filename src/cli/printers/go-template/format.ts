import { formatFloat } from "../../../util/go-float.ts";
import { goQuote, goQuoteRune, isPrintable } from "../../../util/go-quote.ts";
import { floatOf, goKind, goType, integerOf, sortedKeys, type Complex128 } from "./values.ts";

/** What stands between % and the verb. */
export interface FormatFlags {
  sharp: boolean;
  zero: boolean;
  plus: boolean;
  minus: boolean;
  space: boolean;
  /** `%#v`: as Go would write it. */
  sharpV: boolean;
  width: number | undefined;
  precision: number | undefined;
}

export const noFlags = (): FormatFlags => ({
  sharp: false,
  zero: false,
  plus: false,
  minus: false,
  space: false,
  sharpV: false,
  width: undefined,
  precision: undefined,
});

const FLOAT_VERBS = "vbgGxXfFeE";

/** One value under one verb. Upstream: fmt/print.go printArg, printValue */
export function formatValue(value: unknown, verb: string, flags: FormatFlags): string {
  if (value === null || value === undefined) return verb === "T" || verb === "v" ? padded("<nil>", flags) : badVerb(value, verb, flags);
  if (verb === "T") return padded(truncated(goType(value), flags), flags);
  const kind = goKind(value);
  // The address of a map or a list is another one in every run.
  if (verb === "p")
    return kind === "map" || kind === "slice"
      ? integer(0xc0_0012_0000n, "x", { ...flags, sharp: !flags.sharp })
      : badVerb(value, verb, flags);
  switch (kind) {
    case "bool":
      return verb === "t" || verb === "v" ? padded(String(value), flags) : badVerb(value, verb, flags);
    case "int":
    case "uint":
      return formatInteger(value, verb, flags);
    case "float":
      return FLOAT_VERBS.includes(verb) ? formatFloating(floatOf(value), verb, flags) : badVerb(value, verb, flags);
    case "complex":
      return formatComplex(value as Complex128, verb, flags);
    case "string":
      return formatText(value as string, verb, flags);
    default:
      return formatCollection(value, verb, flags);
  }
}

/** `%!d(string=web)`. */
function badVerb(value: unknown, verb: string, flags: FormatFlags): string {
  const inside = value === null || value === undefined ? "<nil>" : `${goType(value)}=${formatValue(value, "v", flags)}`;
  return `%!${verb}(${inside})`;
}

function formatCollection(value: unknown, verb: string, flags: FormatFlags): string {
  const each = (item: unknown) =>
    item === null || item === undefined ? (flags.sharpV ? "interface {}(nil)" : "<nil>") : formatValue(item, verb, flags);
  const [separator, type] = flags.sharpV ? [", ", goType(value)] : [" ", ""];
  if (Array.isArray(value)) {
    const items = value.map(each).join(separator);
    return flags.sharpV ? `${type}{${items}}` : `[${items}]`;
  }
  const map = value as Readonly<Record<string, unknown>>;
  const entries = sortedKeys(map)
    .map((key) => `${formatValue(key, verb, flags)}:${each(map[key])}`)
    .join(separator);
  return flags.sharpV ? `${type}{${entries}}` : `map[${entries}]`;
}

function formatText(value: string, verb: string, flags: FormatFlags): string {
  switch (verb) {
    case "v":
      return flags.sharpV ? quotedText(value, flags) : padded(truncated(value, flags), flags);
    case "s":
      return padded(truncated(value, flags), flags);
    case "q":
      return quotedText(value, flags);
    case "x":
      return hexText(value, flags);
    case "X":
      return hexText(value, flags, (text) => text.toUpperCase());
    default:
      return badVerb(value, verb, flags);
  }
}

function quotedText(value: string, flags: FormatFlags): string {
  const text = truncated(value, flags);
  const raw = flags.sharp && !/[\0-\x08\x0a-\x1f`\x7f\ufeff]/.test(text);
  return padded(raw ? `\`${text}\`` : goQuote(text, flags.plus), flags);
}

function hexText(value: string, flags: FormatFlags, casing = (text: string) => text): string {
  const bytes = [...Buffer.from(value)].slice(0, flags.precision).map((byte) => byte.toString(16).padStart(2, "0"));
  const prefix = flags.sharp && bytes.length > 0 ? "0x" : "";
  return padded(casing(prefix + bytes.join(flags.space ? ` ${prefix}` : "")), flags);
}

function formatInteger(value: unknown, verb: string, flags: FormatFlags): string {
  const number = integerOf(value);
  switch (verb) {
    case "v":
      return flags.sharpV && goKind(value) === "uint" ? integer(number, "x", { ...flags, sharp: true }) : integer(number, "d", flags);
    case "d":
    case "b":
    case "o":
    case "O":
    case "x":
    case "X":
      return integer(number, verb, flags);
    case "c":
      return padded(character(number), flags);
    case "q":
      return padded(goQuoteRune(character(number), flags.plus), flags);
    case "U":
      return unicode(BigInt.asUintN(64, number), flags);
    default:
      return badVerb(value, verb, flags);
  }
}

/** What is no character becomes the replacement character. */
function character(code: bigint): string {
  return code < 0n || code > 0x10_ffffn || (code >= 0xd800n && code < 0xe000n) ? "\ufffd" : String.fromCodePoint(Number(code));
}

function unicode(code: bigint, flags: FormatFlags): string {
  const hex = code
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), "0");
  const shown = flags.sharp && code <= 0x10_ffffn && isPrintable(character(code)) ? ` '${character(code)}'` : "";
  return padded(`U+${hex}${shown}`, { ...flags, zero: false });
}

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, x: 16, X: 16 };

/** Upstream: fmt/format.go fmtInteger */
function integer(value: bigint, verb: string, flags: FormatFlags): string {
  const negative = value < 0n;
  const unpadded = { ...flags, zero: false };
  if (flags.precision === 0 && value === 0n) return padded("", unpadded);
  const sign = negative ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  let least = flags.precision ?? 0;
  if (flags.precision === undefined && flags.zero && !flags.minus && flags.width !== undefined) least = flags.width - (sign === "" ? 0 : 1);
  const base = BASES[verb] ?? 10;
  let digits = (negative ? -value : value).toString(base).padStart(least, "0");
  if (flags.sharp && base === 2) digits = `0b${digits}`;
  if (flags.sharp && base === 8 && !digits.startsWith("0")) digits = `0${digits}`;
  if (flags.sharp && base === 16) digits = `0x${digits}`;
  if (verb === "O") digits = `0o${digits}`;
  return padded(sign + (verb === "X" ? digits.toUpperCase() : digits), unpadded);
}

function formatComplex(value: Complex128, verb: string, flags: FormatFlags): string {
  if (!FLOAT_VERBS.includes(verb)) return badVerb(value, verb, flags);
  const { real, imaginary } = value;
  return `(${formatFloating(real, verb, flags)}${formatFloating(imaginary, verb, { ...flags, plus: true })}i)`;
}

/** Upstream: fmt/format.go fmtFloat */
function formatFloating(value: number, verb: string, flags: FormatFlags): string {
  const form = verb === "v" ? "g" : verb === "F" ? "f" : verb;
  const digits = flags.precision ?? ("feE".includes(form) ? 6 : undefined);
  const text = formatFloat(value, form, digits);
  const negative = text.startsWith("-");
  const sign = negative ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  let body = text.replace(/^[-+]/, "");
  if (!/\d/.test(body)) return padded((body === "Inf" && sign === "" ? "+" : sign) + body, { ...flags, zero: false });
  if (flags.sharp && form !== "b") body = pointed(body, form, digits);
  if (sign !== "" && flags.zero && !flags.minus) return sign + body.padStart((flags.width ?? 0) - 1, "0");
  return padded(sign + body, flags);
}

/** The sharp flag: always a point, and the zeros at the end that the precision has room for. */
function pointed(text: string, form: string, digits: number | undefined): string {
  const cut = text.search(/[pP]/) >= 0 ? text.search(/[pP]/) : /x/i.test(form) ? text.length : text.search(/e/i);
  const [number, tail] = cut < 0 ? [text, ""] : [text.slice(0, cut), text.slice(cut)];
  let missing = "gGx".includes(form) ? (digits ?? 6) : 0;
  missing -= number.replace(/^[0.]*/, "").replace(".", "").length;
  if (!number.includes(".") && number === "0") missing--;
  return `${number}${number.includes(".") ? "" : "."}${"0".repeat(Math.max(0, missing))}${tail}`;
}

function truncated(text: string, { precision }: FormatFlags): string {
  return precision === undefined ? text : [...text].slice(0, precision).join("");
}

function padded(text: string, { width = 0, minus, zero }: FormatFlags): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  return minus ? text + " ".repeat(missing) : (zero ? "0" : " ").repeat(missing) + text;
}
