import type { FileSystem } from "../../containers/filesystem.ts";
import type { Rng } from "../../util/rng.ts";

export interface PayloadFile {
  readonly data: Buffer;
  readonly mode: number;
}

/** Files by their path inside the volume. */
export type Payload = Map<string, PayloadFile>;

/**
 * Writes all files of a volume in one step: a new dated folder, then the `..data` link is renamed onto
 * it, so that a reader sees either all old files or all new ones. Upstream: pkg/volume/util/atomic_writer.go
 */
export class AtomicWriter {
  readonly #fileSystem: FileSystem;
  readonly #rng: Rng;
  #written: Payload | undefined;
  #folder: string | undefined;

  constructor(fileSystem: FileSystem, rng: Rng) {
    this.#fileSystem = fileSystem;
    this.#rng = rng;
  }

  /** False when nothing has changed. */
  write(payload: Payload, nowMs: number, gid: number): boolean {
    if (this.#written && samePayload(this.#written, payload)) return false;
    const files = this.#fileSystem;
    const folder = `..${timestamp(nowMs)}.${this.#rng.int(100_000_000, 4_294_967_295)}`;
    files.mkdir(`/${folder}`, { mode: 0o755 });
    for (const [path, { data, mode }] of payload) {
      const slash = path.lastIndexOf("/");
      if (slash > 0) files.mkdir(`/${folder}/${path.slice(0, slash)}`, { recursive: true, mode: 0o755 });
      files.writeFile(`/${folder}/${path}`, data, { mode, uid: 0, gid });
    }
    const before = new Set([...(this.#written?.keys() ?? [])].map(firstSegment));
    const after = new Set([...payload.keys()].map(firstSegment));
    files.symlink(folder, "/..data_tmp");
    files.rename("/..data_tmp", "/..data");
    for (const name of after) if (!before.has(name)) files.symlink(`..data/${name}`, `/${name}`);
    for (const name of before) if (!after.has(name)) files.remove(`/${name}`);
    if (this.#folder) files.remove(`/${this.#folder}`, { recursive: true });
    this.#folder = folder;
    this.#written = payload;
    return true;
  }
}

const firstSegment = (path: string) => path.split("/", 1)[0] ?? path;

function samePayload(a: Payload, b: Payload): boolean {
  if (a.size !== b.size) return false;
  for (const [path, file] of a) {
    const other = b.get(path);
    if (!other || other.mode !== file.mode || !other.data.equals(file.data)) return false;
  }
  return true;
}

/** `2006_01_02_15_04_05` */
const timestamp = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace(/[-T:]/g, "_");
