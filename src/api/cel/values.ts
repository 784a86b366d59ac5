import { CelError } from "./errors.ts";
import type { CelType } from "./types.ts";

/** int is a bigint, double a number, a list an array. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | readonly CelValue[]
  | CelUint
  | CelMap
  | CelOptional
  | CelTimestamp
  | CelDuration
  | CelTypeValue
  | CelOpaque;

export class CelUint {
  readonly value: bigint;

  constructor(value: bigint) {
    if (value < 0n || value > 18_446_744_073_709_551_615n) throw new CelError("unsigned integer overflow");
    this.value = value;
  }
}

/** Nanoseconds since 1970. */
export class CelTimestamp {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    if (nanos < -62_135_596_800_000_000_000n || nanos > 253_402_300_799_999_999_999n) throw new CelError("timestamp overflow");
    this.nanos = nanos;
  }
}

export class CelDuration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    if (nanos > 9_223_372_036_854_775_807n || nanos < -9_223_372_036_854_775_808n) throw new CelError("duration overflow");
    this.nanos = nanos;
  }
}

export class CelOptional {
  static readonly NONE = new CelOptional(undefined);
  readonly #value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.#value = value;
  }

  get hasValue(): boolean {
    return this.#value !== undefined;
  }

  get(): CelValue {
    if (this.#value === undefined) throw new CelError("optional.none() dereference");
    return this.#value;
  }
}

export class CelTypeValue {
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }
}

/** A value of a library: a Quantity, an IP. `typeName` is what overloads are chosen by. */
export abstract class CelOpaque {
  abstract readonly typeName: string;
  abstract equals(other: CelOpaque): boolean;
}

/** A map, or an object whose fields a schema names. */
export abstract class CelMap {
  abstract get(key: CelValue): CelValue | undefined;
  abstract keys(): readonly CelValue[];
  readonly type: CelType | undefined = undefined;

  has(key: CelValue): boolean {
    return this.get(key) !== undefined;
  }

  get size(): number {
    return this.keys().length;
  }
}

/** What an expression makes with `{…}`. */
export class LiteralMap extends CelMap {
  readonly #entries: ReadonlyMap<unknown, readonly [CelValue, CelValue]>;
  override readonly type: CelType | undefined;

  constructor(entries: Iterable<readonly [CelValue, CelValue]>, type?: CelType) {
    super();
    const byKey = new Map<unknown, readonly [CelValue, CelValue]>();
    for (const entry of entries) byKey.set(keyOf(entry[0]), entry);
    this.#entries = byKey;
    this.type = type;
  }

  override get(key: CelValue): CelValue | undefined {
    return this.#entries.get(keyOf(key))?.[1];
  }

  override keys(): readonly CelValue[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  override get size(): number {
    return this.#entries.size;
  }
}

/** JSON, converted as far as it is looked at. */
export class JsonMap extends CelMap {
  readonly raw: Readonly<Record<string, unknown>>;
  override readonly type: CelType | undefined;
  #converted: Map<string, CelValue> | undefined;

  constructor(raw: Readonly<Record<string, unknown>>, type?: CelType) {
    super();
    this.raw = raw;
    this.type = type;
  }

  override get(key: CelValue): CelValue | undefined {
    if (typeof key !== "string") return undefined;
    const known = this.#converted?.get(key);
    if (known !== undefined) return known;
    const field = this.type?.kind === "object" ? this.type.fields.get(key) : undefined;
    const property = field?.property ?? key;
    const raw = Object.hasOwn(this.raw, property) ? this.raw[property] : undefined;
    if (raw === undefined) return undefined;
    const value = fromJson(raw, field?.type ?? (this.type?.kind === "map" ? this.type.value : undefined));
    this.#converted ??= new Map();
    this.#converted.set(key, value);
    return value;
  }

  override keys(): readonly CelValue[] {
    return Object.keys(this.raw).filter((key) => this.raw[key] !== undefined);
  }
}

/** Values that are worked out when they are asked for: `variables`. */
export class LazyMap extends CelMap {
  readonly #names: ReadonlySet<string>;
  readonly #resolve: (name: string) => CelValue;

  constructor(names: Iterable<string>, resolve: (name: string) => CelValue) {
    super();
    this.#names = new Set(names);
    this.#resolve = resolve;
  }

  override get(key: CelValue): CelValue | undefined {
    return typeof key === "string" && this.#names.has(key) ? this.#resolve(key) : undefined;
  }

  override keys(): readonly CelValue[] {
    return [...this.#names];
  }
}

/** Numbers compare across their kinds, also as keys. */
function keyOf(key: CelValue): unknown {
  if (key instanceof CelUint) return key.value;
  return typeof key === "number" && Number.isInteger(key) ? BigInt(key) : key;
}

/** JSON as CEL has it: whole numbers are ints, unless the schema says otherwise. Upstream: pkg/cel/common/values.go */
export function fromJson(raw: unknown, type?: CelType): CelValue {
  if (raw === null || raw === undefined) return null;
  switch (typeof raw) {
    case "boolean":
    case "bigint":
      return raw;
    case "string":
      return fromText(raw, type);
    case "number":
      return Number.isInteger(raw) && type?.kind !== "double" ? BigInt(raw) : raw;
    case "object":
      if (Array.isArray(raw)) {
        const element = type?.kind === "list" ? type.element : undefined;
        return raw.map((item) => fromJson(item, element));
      }
      if (isCelObject(raw)) return raw;
      return new JsonMap(raw as Record<string, unknown>, type?.kind === "object" || type?.kind === "map" ? type : undefined);
    default:
      throw new CelError(`unsupported conversion to ref.Val: (${typeof raw})`);
  }
}

function fromText(raw: string, type: CelType | undefined): CelValue {
  switch (type?.kind) {
    case "timestamp":
      return parseTimestamp(raw);
    case "duration":
      return parseDuration(raw);
    case "bytes":
      return new Uint8Array(Buffer.from(raw, "base64"));
    default:
      return raw;
  }
}

function isCelObject(
  raw: object,
): raw is CelMap | CelOpaque | CelUint | CelOptional | CelTimestamp | CelDuration | CelTypeValue | Uint8Array {
  return (
    raw instanceof CelMap ||
    raw instanceof CelOpaque ||
    raw instanceof CelUint ||
    raw instanceof CelOptional ||
    raw instanceof CelTimestamp ||
    raw instanceof CelDuration ||
    raw instanceof CelTypeValue ||
    raw instanceof Uint8Array
  );
}

/** Back to JSON. Upstream: cel-go's ConvertToNative to structpb.Value */
export function toJson(value: CelValue): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (isList(value)) return value.map(toJson);
  if (value instanceof CelUint) return Number(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelOptional) return value.hasValue ? toJson(value.get()) : null;
  if (value instanceof CelTypeValue) return value.type;
  if (value instanceof JsonMap && value.type === undefined) return value.raw;
  if (value instanceof CelMap) return Object.fromEntries(value.keys().map((key) => [keyText(key), toJson(value.get(key) ?? null)]));
  return String(value);
}

function keyText(key: CelValue): string {
  return key instanceof CelUint ? String(key.value) : String(key);
}

export const isList = (value: CelValue): value is readonly CelValue[] => Array.isArray(value);

/** The name `type(x)` gives, and messages use. */
export function typeNameOf(value: CelValue): string {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "string":
      return "string";
  }
  if (value === null) return "null_type";
  if (isList(value)) return "list";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof CelMap) return value.type?.kind === "object" ? value.type.name : "map";
  if (value instanceof CelUint) return "uint";
  if (value instanceof CelOptional) return "optional_type";
  if (value instanceof CelTimestamp) return "google.protobuf.Timestamp";
  if (value instanceof CelDuration) return "google.protobuf.Duration";
  if (value instanceof CelTypeValue) return "type";
  return value.typeName;
}

/** Values of different types are unequal, numbers compare across theirs. */
export function equals(a: CelValue, b: CelValue, charge?: (cost: number) => void): boolean {
  if (a === b) return true;
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    return right !== undefined && sameKind(left, right);
  }
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  charge?.(1);
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => equals(item, b[index] ?? null, charge));
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.from(a).equals(Buffer.from(b));
  if (a instanceof CelMap) return b instanceof CelMap && mapsEqual(a, b, charge);
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.nanos === b.nanos;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelTypeValue) return b instanceof CelTypeValue && a.type === b.type;
  if (a instanceof CelOptional) {
    if (!(b instanceof CelOptional) || a.hasValue !== b.hasValue) return false;
    return !a.hasValue || equals(a.get(), b.get());
  }
  return a instanceof CelOpaque && b instanceof CelOpaque && a.typeName === b.typeName && a.equals(b);
}

function mapsEqual(a: CelMap, b: CelMap, charge?: (cost: number) => void): boolean {
  if (a.size !== b.size) return false;
  return a.keys().every((key) => {
    charge?.(1);
    const other = b.get(key);
    return other !== undefined && equals(a.get(key) ?? null, other, charge);
  });
}

/** A double and an int meet as doubles. Upstream: cel-go common/types/compare.go */
function sameKind(left: bigint | number, right: bigint | number): boolean {
  return typeof left === typeof right ? left === right : Number(left) === Number(right);
}

function numeric(value: CelValue): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof CelUint ? value.value : undefined;
}

/** Negative, zero or positive; undefined where the two have no order. */
export function compare(a: CelValue, b: CelValue): number | undefined {
  const left = numeric(a);
  const right = numeric(b);
  if (left !== undefined && right !== undefined) {
    if (Number.isNaN(left) || Number.isNaN(right)) throw new CelError("NaN values cannot be ordered");
    const [x, y] = typeof left === typeof right ? [left, right] : [Number(left), Number(right)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof a === "string" && typeof b === "string") return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof CelTimestamp && b instanceof CelTimestamp) || (a instanceof CelDuration && b instanceof CelDuration)) {
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  }
  return undefined;
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)$/;

export function parseTimestamp(text: string): CelTimestamp {
  const match = TIMESTAMP.exec(text);
  const ms = match
    ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}${(match[8] ?? "Z").toUpperCase()}`)
    : Number.NaN;
  if (Number.isNaN(ms))
    throw new CelError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  return new CelTimestamp(BigInt(ms) * 1_000_000n + BigInt((match?.[7] ?? "").slice(0, 9).padEnd(9, "0")));
}

export function timestampText(timestamp: CelTimestamp): string {
  const rest = ((timestamp.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (timestamp.nanos - rest) / 1_000_000_000n;
  // Only the representation: no clock is read here.
  const base = isoSeconds(Number(seconds));
  const fraction = rest === 0n ? "" : `.${rest.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${base}${fraction}Z`;
}

function isoSeconds(seconds: number): string {
  const { year, month, day, hours, minutes, seconds: rest } = civil(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hours)}:${two(minutes)}:${two(rest)}`;
}

export interface CivilTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** From 0. */
  readonly yearDay: number;
}

/** The calendar of seconds since 1970, in UTC. */
export function civil(seconds: number): CivilTime {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const yearDay = dayOfYear >= 306 ? dayOfYear - 306 : dayOfYear + 59 + (leap ? 1 : 0);
  return {
    year,
    month,
    day,
    hours: Math.floor(rest / 3600),
    minutes: Math.floor((rest % 3600) / 60),
    seconds: rest % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay,
  };
}

const DURATION_UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Go's time.ParseDuration. */
export function parseDuration(text: string): CelDuration {
  const failed = () => new CelError(`time: invalid duration ${JSON.stringify(text)}`);
  const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (text === "0" || text === "+0" || text === "-0") return new CelDuration(0n);
  if (!match) throw failed();
  let nanos = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of text.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = DURATION_UNITS[unit];
    if (scale === undefined) throw failed();
    nanos += BigInt(whole || "0") * scale + (fraction ? (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length) : 0n);
  }
  return new CelDuration(match[1] === "-" ? -nanos : nanos);
}

/** Seconds, as the JSON of a protobuf duration and `string(duration)` have it. */
export function durationText(duration: CelDuration): string {
  const negative = duration.nanos < 0n;
  const nanos = negative ? -duration.nanos : duration.nanos;
  const rest = nanos % 1_000_000_000n;
  const fraction = rest === 0n ? "" : `.${rest.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${negative ? "-" : ""}${nanos / 1_000_000_000n}${fraction}s`;
}
