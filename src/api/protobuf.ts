import { SCHEMA_OR_ARRAY, SCHEMA_OR_BOOL, type SchemaField, schemaOf, type SchemaType, type StructType, structType } from "./schema.ts";
import { badRequest } from "./status.ts";

/**
 * Reads what kubectl's generators and helm send as application/vnd.kubernetes.protobuf. Only reading:
 * answers may always be JSON. Upstream: k8s.io/apimachinery/pkg/runtime/serializer/protobuf
 */
export interface DecodedProtobuf {
  readonly apiVersion: string;
  readonly kind: string;
  /** As it would stand in JSON, apiVersion and kind included. */
  readonly object: Record<string, unknown>;
}

/** Where the schema table describes a kind; undefined for a kind that nobody knows. */
export type KindLookup = (apiVersion: string, kind: string) => { readonly package: string; readonly type: string } | undefined;

const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const DEPTH_MAX = 100;

/** Throws StatusError 400 for bytes that are no such message. */
export function decodeProtobuf(kindLookup: KindLookup | undefined, bytes: Uint8Array): DecodedProtobuf {
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw badRequest("provided data does not appear to be a protobuf message, expected prefix 6b 38 73 00");
  }
  try {
    const { apiVersion, kind, raw } = readEnvelope(new Reader(bytes, MAGIC.length, bytes.length));
    const schema = (kindLookup ?? schemaOf)(apiVersion, kind);
    if (!schema) throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme`);
    const object = readMessage(planOf(structType(schema.package, schema.type)), raw, 0);
    return { apiVersion, kind, object: { kind, apiVersion, ...object } };
  } catch (error) {
    if (error instanceof WireError) throw badRequest(`proto: ${error.message}`);
    throw error;
  }
}

class WireError extends Error {}

/** runtime.Unknown: the type in one field, the object's bytes in another. */
function readEnvelope(reader: Reader): { apiVersion: string; kind: string; raw: Reader } {
  let apiVersion = "";
  let kind = "";
  let raw = new Reader(new Uint8Array(), 0, 0);
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 2) {
      const type = reader.message();
      while (!type.done) {
        const inner = type.tag();
        if (inner.field === 1 && inner.wire === 2) apiVersion = type.string();
        else if (inner.field === 2 && inner.wire === 2) kind = type.string();
        else type.skip(inner.wire);
      }
    } else if (field === 2 && wire === 2) raw = reader.message();
    else reader.skip(wire);
  }
  return { apiVersion, kind, raw };
}

/** What a message's numbers mean: a field, or an embedded struct whose fields are this object's own. */
type Plan = Map<number, { readonly field: SchemaField } | { readonly embedded: Plan }>;

const plans = new WeakMap<StructType, Plan>();

function planOf(type: StructType): Plan {
  const known = plans.get(type);
  if (known) return known;
  const plan: Plan = new Map();
  for (const field of type.fields.values()) {
    let level = plan;
    for (const number of field.proto.slice(0, -1)) {
      const embedded = level.get(number);
      if (embedded && "embedded" in embedded) level = embedded.embedded;
      else {
        const inner: Plan = new Map();
        level.set(number, { embedded: inner });
        level = inner;
      }
    }
    const last = field.proto.at(-1);
    if (last !== undefined) level.set(last, { field });
  }
  plans.set(type, plan);
  return plan;
}

function readMessage(plan: Plan, reader: Reader, depth: number, object: Record<string, unknown> = {}): Record<string, unknown> {
  if (depth > DEPTH_MAX) throw new WireError("exceeded max depth");
  while (!reader.done) {
    const { field: number, wire } = reader.tag();
    const known = plan.get(number);
    if (!known) reader.skip(wire);
    else if ("embedded" in known) {
      if (wire !== 2) throw wrongWire(wire, number);
      readMessage(known.embedded, reader.message(), depth + 1, object);
    } else readField(known.field, wire, reader, depth, object);
  }
  return object;
}

function readField(field: SchemaField, wire: number, reader: Reader, depth: number, object: Record<string, unknown>): void {
  const { type, name } = field;
  // Named lists (ExtraValue, Verbs) are messages with one repeated field; plain ones repeat the field itself.
  if (type.form === "list" && type.goName.startsWith("[]")) {
    const list = (object[name] ??= []) as unknown[];
    if (wire === 2 && isVarint(type.item)) {
      const packed = reader.message();
      while (!packed.done) list.push(readVarint(type.item, packed));
    } else list.push(readValue(type.item, wire, reader, depth));
  } else if (type.form === "map") {
    const map = (object[name] ??= {}) as Record<string, unknown>;
    const [key, value] = readMapEntry(type.value, wire, reader, depth);
    if (key === "__proto__") Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
    else map[key] = value;
  } else {
    // Go's encoder writes "", 0 and false of fields that are no pointers: JSON leaves them out.
    const value = readValue(type, wire, reader, depth);
    if (value !== null && !(field.dropsZero && (value === "" || value === 0 || value === false))) object[name] = value;
  }
}

function readMapEntry(type: SchemaType, wire: number, reader: Reader, depth: number): [string, unknown] {
  if (wire !== 2) throw wrongWire(wire, 0);
  const entry = reader.message();
  let key = "";
  let value: unknown;
  while (!entry.done) {
    const tag = entry.tag();
    if (tag.field === 1 && tag.wire === 2) key = entry.string();
    else if (tag.field === 2) value = readValue(type, tag.wire, entry, depth);
    else entry.skip(tag.wire);
  }
  return [key, value ?? emptyValue(type)];
}

function emptyValue(type: SchemaType): unknown {
  if (type.form === "list") return [];
  if (type.form !== "scalar") return {};
  return {
    string: "",
    bytes: "",
    time: null,
    microtime: null,
    duration: "0s",
    quantity: "0",
    intOrString: 0,
    boolean: false,
    int: 0,
    float: 0,
    any: null,
  }[type.scalar];
}

const isVarint = (type: SchemaType) => type.form === "scalar" && (type.scalar === "int" || type.scalar === "boolean");

function readVarint(type: SchemaType, reader: Reader): unknown {
  return type.form === "scalar" && type.scalar === "boolean" ? reader.varint() !== 0n : Number(BigInt.asIntN(64, reader.varint()));
}

function readValue(type: SchemaType, wire: number, reader: Reader, depth: number): unknown {
  if (isVarint(type)) {
    if (wire !== 0) throw wrongWire(wire, 0);
    return readVarint(type, reader);
  }
  if (type.form === "scalar" && type.scalar === "float") return reader.float(wire);
  if (wire !== 2) throw wrongWire(wire, 0);
  if (type.goName === SCHEMA_OR_BOOL || type.goName === SCHEMA_OR_ARRAY) return readSchema(type.goName, reader.message(), depth + 1);
  switch (type.form) {
    case "struct":
      return readMessage(planOf(type), reader.message(), depth + 1);
    case "scalar":
      return readScalar(type.scalar, reader);
    default:
      return readWrapped(type, reader.message(), depth + 1);
  }
}

/** A JSON schema, or what may stand in its place. */
function readSchema(goName: string, reader: Reader, depth: number): unknown {
  const plan = planOf(structType("apiextensions/v1", "JSONSchemaProps"));
  const isBool = goName === SCHEMA_OR_BOOL;
  let allows = false;
  let schema: unknown;
  const schemas: unknown[] = [];
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (isBool && field === 1 && wire === 0) allows = reader.varint() !== 0n;
    else if (field === (isBool ? 2 : 1) && wire === 2) schema = readMessage(plan, reader.message(), depth);
    else if (!isBool && field === 2 && wire === 2) schemas.push(readMessage(plan, reader.message(), depth));
    else reader.skip(wire);
  }
  return schema ?? (isBool ? allows : schemas);
}

/** A list or map in a message of its own, as field 1. */
function readWrapped(type: Extract<SchemaType, { form: "list" | "map" }>, reader: Reader, depth: number): unknown {
  if (depth > DEPTH_MAX) throw new WireError("exceeded max depth");
  const list: unknown[] = [];
  const map: Record<string, unknown> = {};
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field !== 1) reader.skip(wire);
    else if (type.form === "list") list.push(readValue(type.item, wire, reader, depth));
    else {
      const [key, value] = readMapEntry(type.value, wire, reader, depth);
      Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
    }
  }
  return type.form === "list" ? list : map;
}

function readScalar(scalar: Extract<SchemaType, { form: "scalar" }>["scalar"], reader: Reader): unknown {
  switch (scalar) {
    case "bytes":
      return reader.bytes().toString("base64");
    case "time":
    case "microtime":
      return readTime(scalar, numbersOf(reader.message()));
    case "duration":
      return renderGoDuration(numbersOf(reader.message()).get(1) ?? 0n);
    case "quantity":
      return fieldsOfMessage(reader.message()).get(1)?.toString() ?? "0";
    case "intOrString":
      return readIntOrString(reader.message());
    case "any":
      return readRaw(reader.message());
    default:
      return reader.string();
  }
}

function readTime(scalar: "time" | "microtime", fields: ReadonlyMap<number, bigint>): string | null {
  if (fields.size === 0) return null;
  const seconds = fields.get(1) ?? 0n;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw new WireError("time out of range");
  const text = date.toISOString().slice(0, 19);
  if (scalar === "time") return `${text}Z`;
  return `${text}.${String((fields.get(2) ?? 0n) / 1000n).padStart(6, "0")}Z`;
}

function readIntOrString(reader: Reader): number | string {
  let kind = 0n;
  let number = 0;
  let text = "";
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 0) kind = reader.varint();
    else if (field === 2 && wire === 0) number = Number(BigInt.asIntN(64, reader.varint()));
    else if (field === 3 && wire === 2) text = reader.string();
    else reader.skip(wire);
  }
  return kind === 1n ? text : number;
}

/** RawExtension and FieldsV1: JSON in field 1. */
function readRaw(reader: Reader): unknown {
  const raw = fieldsOfMessage(reader).get(1);
  if (!raw || raw.length === 0) return null;
  try {
    return JSON.parse(raw.toString()) as unknown;
  } catch (error) {
    throw new WireError("raw field is not JSON", { cause: error });
  }
}

function numbersOf(reader: Reader): Map<number, bigint> {
  const numbers = new Map<number, bigint>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (wire === 0) numbers.set(field, BigInt.asIntN(64, reader.varint()));
    else reader.skip(wire);
  }
  return numbers;
}

function fieldsOfMessage(reader: Reader): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (wire === 2) fields.set(field, reader.bytes());
    else reader.skip(wire);
  }
  return fields;
}

/** `1m30s`, as time.Duration prints itself. */
function renderGoDuration(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  const decimal = (value: bigint, unit: bigint) => {
    const fraction = String(value % unit)
      .padStart(String(unit).length - 1, "0")
      .replace(/0+$/, "");
    return unit > 1n && fraction !== "" ? `${value / unit}.${fraction}` : `${value / unit}`;
  };
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1000n)}µs`;
  if (size < 1_000_000_000n) return `${sign}${decimal(size, 1_000_000n)}ms`;
  const minutes = size / 60_000_000_000n;
  const seconds = `${decimal(size % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return sign + seconds;
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

const wrongWire = (wire: number, field: number) =>
  new WireError(field === 0 ? `wrong wireType = ${wire}` : `wrong wireType = ${wire} for field ${field}`);

class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  tag(): { field: number; wire: number } {
    const tag = this.#small();
    const field = Math.floor(tag / 8);
    if (field === 0) throw new WireError("illegal tag 0");
    return { field, wire: tag % 8 };
  }

  varint(): bigint {
    // Most numbers are one byte long.
    const first = this.#byte();
    if (first < 0x80) return BigInt(first);
    let value = BigInt(first & 0x7f);
    for (let shift = 7n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new WireError("integer overflow");
  }

  bytes(): Buffer {
    const length = this.#length();
    const at = this.#at;
    this.#at += length;
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  string(): string {
    return this.bytes().toString();
  }

  message(): Reader {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return new Reader(this.#bytes, from, from + length);
  }

  float(wire: number): number {
    const size = wire === 1 ? 8 : wire === 5 ? 4 : 0;
    if (size === 0) throw wrongWire(wire, 0);
    this.#need(size);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, size);
    this.#at += size;
    return size === 8 ? view.getFloat64(0, true) : view.getFloat32(0, true);
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 2) this.message();
    else if (wire === 1 || wire === 5) {
      this.#need(wire === 1 ? 8 : 4);
      this.#at += wire === 1 ? 8 : 4;
    } else throw new WireError(`illegal wireType ${wire}`);
  }

  #length(): number {
    const length = this.#small();
    this.#need(length);
    return length;
  }

  #small(): number {
    const value = this.varint();
    if (value > 0x7fffffffn) throw new WireError("integer overflow");
    return Number(value);
  }

  #byte(): number {
    this.#need(1);
    return this.#bytes[this.#at++] as number;
  }

  #need(count: number): void {
    if (this.#at + count > this.#end) throw new WireError("unexpected EOF");
  }
}
