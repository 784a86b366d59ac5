/** What a message's fields are: number, and what kind of value. */
export interface Message {
  readonly [name: string]: readonly [number, Encoding];
}
type Encoding = "string" | "strings" | "bool" | "int" | "double" | "any" | "anys" | Encoder;
export type Encoder = (writer: ProtoWriter, field: number, value: unknown) => void;

/** Bytes of one message; messages within it are written in place, their length before them. */
export class ProtoWriter {
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
export function messageOf(fields: () => Message, extensions: number): Encoder {
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

export function write(writer: ProtoWriter, field: number, encoding: Encoding, value: unknown): void {
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
export function within(...path: readonly [number, ...number[]]): (encoder: Encoder) => Encoder {
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
export function mapOf(encoder: Encoder, number = 1): Encoder {
  return (writer, field, value) => writer.message(field, () => writeEntries(writer, number, encoder, value));
}

export function writeEntries(writer: ProtoWriter, number: number, encoder: Encoder, value: unknown): void {
  for (const [name, inner] of Object.entries(value as Record<string, unknown>)) {
    writer.message(number, () => {
      writer.string(1, name);
      encoder(writer, 2, inner);
    });
  }
}

export const repeated =
  (encoder: Encoder): Encoder =>
  (writer, field, value) => {
    for (const each of value as unknown[]) encoder(writer, field, each);
  };

const ENTRIES_AT_ONCE = 40;

/** The entries of a map, in parts, between which others have their turn. */
export async function inSlices(
  entries: Readonly<Record<string, unknown>>,
  number: number,
  encoder: Encoder,
  pause: () => Promise<void>,
): Promise<Buffer[]> {
  const all = Object.entries(entries);
  const parts: Buffer[] = [];
  for (let start = 0; start < all.length; start += ENTRIES_AT_ONCE) {
    const writer = new ProtoWriter();
    writeEntries(writer, number, encoder, Object.fromEntries(all.slice(start, start + ENTRIES_AT_ONCE)));
    parts.push(writer.take());
    await pause();
  }
  return parts;
}

/** A field that is a message of these parts. */
export function lengthDelimited(field: number, parts: readonly Buffer[]): Buffer[] {
  const writer = new ProtoWriter();
  writer.tag(field, 2);
  writer.varint(parts.reduce((sum, part) => sum + part.length, 0));
  return [writer.take(), ...parts];
}
