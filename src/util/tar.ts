/** POSIX tar archives, as far as programs that copy files need them: ustar, GNU's long names, pax paths. */
export interface TarEntry {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  readonly type: "file" | "directory" | "symlink" | "hardlink" | "other";
  /** Of a link. */
  readonly target: string;
  readonly data: Buffer;
}

const BLOCK = 512;
const NAME_MAX_BYTES = 100;
const TYPES: Readonly<Record<string, TarEntry["type"]>> = {
  "0": "file",
  "\0": "file",
  "": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
};
const FLAGS: Readonly<Record<TarEntry["type"], string>> = { file: "0", hardlink: "1", symlink: "2", directory: "5", other: "0" };
const NOTHING = Buffer.alloc(0);

export const TAR_END: Buffer = Buffer.alloc(BLOCK * 2);

export type TarFacts = Omit<TarEntry, "data" | "target"> & { readonly target?: string };

/** The blocks of one entry. */
export function tarEntry(facts: TarFacts, data: Buffer = NOTHING): Buffer[] {
  const target = facts.target ?? "";
  return [
    ...longText("K", target),
    ...longText("L", facts.name),
    header({ ...facts, target, flag: FLAGS[facts.type], size: data.length }),
    ...padded(data),
  ];
}

/** GNU's way with what is too long: an entry before the entry that holds the text. */
function longText(flag: "K" | "L", text: string): Buffer[] {
  if (Buffer.byteLength(text) <= NAME_MAX_BYTES) return [];
  const data = Buffer.from(`${text}\0`);
  return [header({ name: "././@LongLink", target: "", flag, size: data.length, mode: 0, uid: 0, gid: 0, mtimeMs: 0 }), ...padded(data)];
}

const padded = (data: Buffer): Buffer[] => (data.length === 0 ? [] : [data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);

interface Header {
  readonly name: string;
  readonly target: string;
  readonly flag: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
}

function header({ name, target, flag, size, mode, uid, gid, mtimeMs }: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    block.write(
      `${Math.max(0, Math.floor(value))
        .toString(8)
        .padStart(width - 1, "0")}\0`,
      at,
    );
  Buffer.from(name).copy(block, 0, 0, NAME_MAX_BYTES);
  octal(mode & 0o7777, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(size, 124, 12);
  octal(mtimeMs / 1000, 136, 12);
  block.write("        ", 148);
  block.write(flag, 156);
  Buffer.from(target).copy(block, 157, 0, NAME_MAX_BYTES);
  block.write("ustar  \0", 257);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return block;
}

/** The entries of an archive. Throws on what is no archive, and on one that breaks off. */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  let next: { name?: string; target?: string } = {};
  let at = 0;
  while (at < archive.length) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.length < BLOCK) throw new Error("unexpected EOF");
    if (block.every((byte) => byte === 0)) return;
    if (!checksumFits(block)) throw new Error("archive/tar: invalid tar header");
    const size = number(block, 124, 12);
    const data = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (data.length < size) throw new Error("unexpected EOF");
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const flag = String.fromCharCode(block[156] ?? 0);
    if (flag === "L") next = { ...next, name: untilNul(data) };
    else if (flag === "K") next = { ...next, target: untilNul(data) };
    else if (flag === "x") next = { ...next, ...paxFields(data) };
    else if (flag !== "g") {
      yield entryOf(block, data, flag, next);
      next = {};
    }
  }
  // Archives end with two empty blocks; Go's reader takes a plain end for one too.
}

function entryOf(block: Buffer, data: Buffer, flag: string, given: { name?: string; target?: string }): TarEntry {
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? text(block, 345, 155) : "";
  const short = text(block, 0, NAME_MAX_BYTES);
  return {
    name: given.name ?? (prefix ? `${prefix}/${short}` : short),
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    mtimeMs: number(block, 136, 12) * 1000,
    type: (given.name ?? short).endsWith("/") && TYPES[flag] === "file" ? "directory" : (TYPES[flag] ?? "other"),
    target: given.target ?? text(block, 157, NAME_MAX_BYTES),
    data,
  };
}

/** Records of the form `LENGTH KEY=VALUE\n`. */
function paxFields(data: Buffer): { name?: string; target?: string } {
  const found: { name?: string; target?: string } = {};
  for (let at = 0; at < data.length;) {
    const length = Number.parseInt(data.toString("latin1", at, at + 20), 10);
    if (!(length > 0)) break;
    const record = data.toString("utf8", at, at + length - 1).replace(/^\d+ /, "");
    if (record.startsWith("path=")) found.name = record.slice("path=".length);
    if (record.startsWith("linkpath=")) found.target = record.slice("linkpath=".length);
    at += length;
  }
  return found;
}

const untilNul = (data: Buffer) => data.toString("utf8").replace(/\0[^]*$/, "");
const text = (block: Buffer, from: number, length: number) => untilNul(block.subarray(from, from + length));

function number(block: Buffer, from: number, length: number): number {
  // Numbers too large for octal digits are binary, with the first bit set.
  if ((block[from] ?? 0) & 0x80) return block.readUIntBE(from + length - 6, 6);
  return Number.parseInt(text(block, from, length).trim() || "0", 8) || 0;
}

function checksumFits(block: Buffer): boolean {
  let sum = 0;
  for (let index = 0; index < BLOCK; index++) sum += index >= 148 && index < 156 ? 32 : (block[index] ?? 0);
  return sum === number(block, 148, 8);
}
