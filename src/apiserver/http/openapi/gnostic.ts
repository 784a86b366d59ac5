import type { Swagger } from "./swagger.ts";

/**
 * Swagger 2.0 as protobuf, which client-go asks for. What a message's fields are: number, and what kind of value.
 * Upstream: github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto
 */
interface Message {
  readonly [name: string]: readonly [number, Encoding];
}
type Encoding = "string" | "strings" | "bool" | "int" | "double" | "any" | "anys" | Encoder;
type Encoder = (writer: ProtoWriter, field: number, value: unknown) => void;

/** Bytes of one message; messages within it are written in place, their length before them. */
class ProtoWriter {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #length = 0;

  tag(field: number, wire: 0 | 1 | 2): void {
    this.varint(field * 8 + wire);
  }

  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  string(field: number, text: string): void {
    this.tag(field, 2);
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.#reserve(size);
    this.#length += this.#bytes.write(text, this.#length);
  }

  double(field: number, value: number): void {
    this.tag(field, 1);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  message(field: number, write: () => void): void {
    this.tag(field, 2);
    const start = this.#length;
    write();
    const size = this.#length - start;
    // The length takes as many bytes as it needs: what was written moves by them.
    let width = 1;
    for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 128)) width++;
    this.#reserve(width);
    this.#bytes.copyWithin(start + width, start, this.#length);
    this.#length = start;
    this.varint(size);
    this.#length = start + width + size;
  }

  take(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** A message of these fields; the others, which begin with `x-`, go into `extensions`. */
function messageOf(fields: () => Message, extensions: number): Encoder {
  return (writer, field, value) => writer.message(field, () => writeFields(writer, fields(), extensions, value));
}

function writeFields(writer: ProtoWriter, message: Message, extensions: number, value: unknown): void {
  for (const [key, inner] of Object.entries(value as Record<string, unknown>)) {
    const known = message[key];
    if (known) write(writer, known[0], known[1], inner);
    else if (key.startsWith("x-"))
      writer.message(extensions, () => {
        writer.string(1, key);
        any(writer, 2, inner);
      });
  }
}

function write(writer: ProtoWriter, field: number, encoding: Encoding, value: unknown): void {
  if (typeof encoding === "function") encoding(writer, field, value);
  else if (encoding === "string") writer.string(field, String(value));
  else if (encoding === "strings") for (const text of value as string[]) writer.string(field, text);
  else if (encoding === "any") any(writer, field, value);
  else if (encoding === "anys") for (const each of value as unknown[]) any(writer, field, each);
  else if (encoding === "double") writer.double(field, Number(value));
  else {
    writer.tag(field, 0);
    writer.varint(Number(value));
  }
}

/** Whatever it is, as YAML, of which JSON is a part. */
function any(writer: ProtoWriter, field: number, value: unknown): void {
  writer.message(field, () => writer.string(2, `${JSON.stringify(value)}\n`));
}

/** Messages in a message, without fields of their own: `oneof`. */
function within(...path: readonly [number, ...number[]]): (encoder: Encoder) => Encoder {
  return (encoder) => (writer, field, value) => {
    const descend = (index: number): void => {
      const next = path[index];
      if (index === path.length - 1 && next !== undefined) encoder(writer, next, value);
      else if (next !== undefined) writer.message(next, () => descend(index + 1));
    };
    writer.message(field, () => descend(0));
  };
}

/** A map as a list of names and values. */
function mapOf(encoder: Encoder, number = 1): Encoder {
  return (writer, field, value) => writer.message(field, () => writeEntries(writer, number, encoder, value));
}

function writeEntries(writer: ProtoWriter, number: number, encoder: Encoder, value: unknown): void {
  for (const [name, inner] of Object.entries(value as Record<string, unknown>)) {
    writer.message(number, () => {
      writer.string(1, name);
      encoder(writer, 2, inner);
    });
  }
}

const repeated =
  (encoder: Encoder): Encoder =>
  (writer, field, value) => {
    for (const each of value as unknown[]) encoder(writer, field, each);
  };

const schema: Encoder = messageOf(() => SCHEMA, 31);

const SCHEMA: Message = {
  $ref: [1, "string"],
  format: [2, "string"],
  title: [3, "string"],
  description: [4, "string"],
  default: [5, "any"],
  multipleOf: [6, "double"],
  maximum: [7, "double"],
  exclusiveMaximum: [8, "bool"],
  minimum: [9, "double"],
  exclusiveMinimum: [10, "bool"],
  maxLength: [11, "int"],
  minLength: [12, "int"],
  pattern: [13, "string"],
  maxItems: [14, "int"],
  minItems: [15, "int"],
  uniqueItems: [16, "bool"],
  maxProperties: [17, "int"],
  minProperties: [18, "int"],
  required: [19, "strings"],
  enum: [20, "anys"],
  additionalProperties: [
    21,
    (writer, field, value) =>
      writer.message(field, () => (typeof value === "boolean" ? write(writer, 2, "bool", value) : schema(writer, 1, value))),
  ],
  type: [22, (writer, field, value) => writer.message(field, () => writer.string(1, String(value)))],
  items: [23, within(1)(schema)],
  properties: [25, mapOf(schema)],
  example: [30, "any"],
};

/** Of a query or of a path: the latter cannot be left out, which shifts the numbers. */
const parameterOf = (shift: 0 | 1): Encoder =>
  messageOf(
    () => ({
      required: [1, "bool"],
      in: [2, "string"],
      description: [3, "string"],
      name: [4, "string"],
      type: [5 + shift, "string"],
      format: [6 + shift, "string"],
      uniqueItems: [19 + shift, "bool"],
    }),
    22 + shift,
  );
const bodyParameter = messageOf(
  () => ({ description: [1, "string"], name: [2, "string"], in: [3, "string"], required: [4, "bool"], schema: [5, schema] }),
  6,
);

const inBody = within(1, 1)(bodyParameter);
const inQuery = within(1, 2, 3)(parameterOf(1));
const inPath = within(1, 2, 4)(parameterOf(0));

const parameter: Encoder = (writer, field, value) => {
  const where = (value as { readonly in: string }).in;
  (where === "body" ? inBody : where === "path" ? inPath : inQuery)(writer, field, value);
};

const response: Encoder = within(1)(messageOf(() => ({ description: [1, "string"], schema: [2, within(1)(schema)] }), 5));

const operation = messageOf(
  () => ({
    tags: [1, "strings"],
    description: [3, "string"],
    operationId: [5, "string"],
    produces: [6, "strings"],
    consumes: [7, "strings"],
    parameters: [8, repeated(parameter)],
    responses: [9, mapOf(response)],
    schemes: [10, "strings"],
  }),
  13,
);

const pathItem = messageOf(
  () => ({
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    patch: [8, operation],
    parameters: [9, repeated(parameter)],
  }),
  10,
);
const info = messageOf(() => ({ title: [1, "string"], version: [2, "string"] }), 7);
const apiKey = within(2)(messageOf(() => ({ type: [1, "string"], name: [2, "string"], in: [3, "string"], description: [4, "string"] }), 5));
const strings: Encoder = (writer, field, value) => writer.message(field, () => write(writer, 1, "strings", value));

const FIELDS = { swagger: 1, info: 2, paths: 8, definitions: 9, security: 12, securityDefinitions: 13 } as const;
const PATH_ENTRY = 2;
/** Entries that are encoded before others have their turn. */
const SLICE = 40;

/** @param pause lets others run: there are megabytes to be written. */
export async function encodeSwagger(swagger: Swagger, pause: () => Promise<void>): Promise<Buffer> {
  const head = new ProtoWriter();
  head.string(FIELDS.swagger, swagger.swagger);
  info(head, FIELDS.info, swagger.info);
  const paths = await inSlices(swagger.paths, PATH_ENTRY, pathItem, pause);
  const definitions = await inSlices(swagger.definitions, 1, schema, pause);
  const tail = new ProtoWriter();
  repeated(mapOf(strings))(tail, FIELDS.security, swagger.security);
  mapOf(apiKey)(tail, FIELDS.securityDefinitions, swagger.securityDefinitions);
  return Buffer.concat([
    head.take(),
    ...lengthDelimited(FIELDS.paths, paths),
    ...lengthDelimited(FIELDS.definitions, definitions),
    tail.take(),
  ]);
}

async function inSlices(
  entries: Readonly<Record<string, unknown>>,
  number: number,
  encoder: Encoder,
  pause: () => Promise<void>,
): Promise<Buffer[]> {
  const all = Object.entries(entries);
  const parts: Buffer[] = [];
  for (let start = 0; start < all.length; start += SLICE) {
    const writer = new ProtoWriter();
    writeEntries(writer, number, encoder, Object.fromEntries(all.slice(start, start + SLICE)));
    parts.push(writer.take());
    await pause();
  }
  return parts;
}

function lengthDelimited(field: number, parts: readonly Buffer[]): Buffer[] {
  const writer = new ProtoWriter();
  writer.tag(field, 2);
  writer.varint(parts.reduce((sum, part) => sum + part.length, 0));
  return [writer.take(), ...parts];
}
