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
    this.#folderFor(`/${folder}`, gid);
    if (gid > 0) this.#shareWith("/", gid, 0o2777);
    for (const [path, { data, mode }] of payload) {
      const slash = path.lastIndexOf("/");
      const parents = slash > 0 ? path.slice(0, slash).split("/") : [];
      parents.forEach((_name, depth) => this.#folderFor(`/${folder}/${parents.slice(0, depth + 1).join("/")}`, gid));
      files.writeFile(`/${folder}/${path}`, data, { mode: gid > 0 ? mode | READABLE : mode, uid: 0, gid });
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

  #folderFor(path: string, gid: number): void {
    if (this.#fileSystem.exists(path)) return;
    this.#fileSystem.mkdir(path, { mode: 0o755 });
    if (gid > 0) this.#shareWith(path, gid, 0o2755);
  }

  #shareWith(path: string, gid: number, mode: number): void {
    this.#fileSystem.chown(path, 0, gid);
    this.#fileSystem.chmod(path, mode);
  }
}

/** What the owner and the group of a pod's fsGroup may do in a read-only volume. Upstream: pkg/volume/volume_linux.go */
const READABLE = 0o440;

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
