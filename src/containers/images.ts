import { createHash } from "node:crypto";
import { type BaseName, baseTree, BUILT_AT_MS } from "./bases.ts";
import type { FrozenTree } from "./inode.ts";
import { createMemoryFileSystem, directoryName } from "./memory-filesystem.ts";
import { executable } from "./process-table.ts";
import { type ImageInfo, ImagePullError } from "./runtime.ts";

/** What a simulated server does, as an image's YAML tells it. `${hostname}`, `${remote}`, `${path}`, `${count}` are filled in. */
export interface AppSpec {
  /** Logged when it starts. */
  readonly startLog?: string;
  readonly port?: number;
  readonly response?: string;
  readonly status?: number;
  readonly contentType?: string;
  /** Logged for each request. */
  readonly requestLog?: string;
  /** Good answers before it answers with `failure`. */
  readonly healthyAnswers?: number;
  readonly failure?: string;
  readonly failureStatus?: number;
  /** Simulated ms an answer takes. */
  readonly delayMs?: number;
  /** Simulated ms of CPU time that an answer costs: under a limit they take longer, and wait for each other. */
  readonly cpuMs?: number;
  /** It ends by itself: after how long, with what code. */
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
  /** Whether it stops at SIGTERM; a plain `node app.js` as process 1 does not. */
  readonly handlesSigterm?: boolean;
}

export interface ImageFile {
  readonly path: string;
  readonly content: string;
  readonly mode?: number;
}

/** An image: data plus programs. */
export interface Image {
  /** Fully qualified, without a tag: `docker.io/luksa/kubia`. */
  readonly repository: string;
  /** Undefined: any tag is there. */
  readonly tags: readonly string[] | undefined;
  readonly base: BaseName;
  /** Programs beyond the base's. */
  readonly programs: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal: string;
  readonly sizeBytes: number;
  readonly files: readonly ImageFile[];
  readonly app: AppSpec | undefined;
  /** What differs by tag. */
  readonly appsByTag: Readonly<Record<string, AppSpec>>;
  /** On every node from the start. */
  readonly preloaded: boolean;
  /** Not in the catalogue: a stand-in that only stays alive. */
  readonly generic: boolean;
}

export interface ImageReference {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | undefined;
  /** `docker.io/library/busybox:latest` */
  readonly name: string;
}

/** Upstream: containerd's reference/docker normalisation. */
export function parseImageName(image: string): ImageReference {
  const [withoutDigest = "", digest] = image.split("@");
  const slash = withoutDigest.lastIndexOf("/");
  const colon = withoutDigest.indexOf(":", slash + 1);
  const path = colon < 0 ? withoutDigest : withoutDigest.slice(0, colon);
  const tag = colon < 0 ? "latest" : withoutDigest.slice(colon + 1);
  const first = path.split("/")[0] ?? "";
  const hasRegistry = path.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost");
  let repository = hasRegistry ? path : `docker.io/${path}`;
  repository = repository.replace(/^index\.docker\.io\//, "docker.io/");
  if (/^docker\.io\/[^/]+$/.test(repository)) repository = repository.replace("docker.io/", "docker.io/library/");
  return { repository, tag, digest, name: digest ? `${repository}@${digest}` : `${repository}:${tag}` };
}

const record = (value: unknown, where: string): Record<string, unknown> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${where}: expected an object`);
  return value as Record<string, unknown>;
};
const text = (value: unknown, where: string, fallback?: string): string => {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value !== "string" && typeof value !== "number") throw new Error(`${where}: expected a string`);
  return String(value);
};
const texts = (value: unknown, where: string): string[] => {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${where}: expected a list of strings`);
  return value.map((item, index) => text(item, `${where}[${index}]`));
};
const FIELDS = new Set([
  "repository",
  "tags",
  "base",
  "programs",
  "entrypoint",
  "cmd",
  "env",
  "user",
  "workingDir",
  "stopSignal",
  "sizeMiB",
  "files",
  "app",
  "appsByTag",
  "preloaded",
]);
const BASES: readonly BaseName[] = ["busybox", "alpine", "debian", "none"];
const APP_TEXTS = ["startLog", "response", "contentType", "requestLog", "failure"] as const;
const APP_NUMBERS = ["port", "status", "healthyAnswers", "failureStatus", "delayMs", "cpuMs", "exitAfterMs", "exitCode"] as const;

/** Reads an image as YAML tells it; throws with the path of what is wrong. */
export function parseImage(value: unknown): Image {
  const raw = record(value, "image");
  for (const field of Object.keys(raw)) if (!FIELDS.has(field)) throw new Error(`image: unknown field "${field}"`);
  const base = text(raw["base"], "base", "busybox") as BaseName;
  if (!BASES.includes(base)) throw new Error(`base: unsupported value "${base}": supported values: ${BASES.join(", ")}`);
  const appsByTag = Object.fromEntries(
    Object.entries(raw["appsByTag"] === undefined ? {} : record(raw["appsByTag"], "appsByTag")).map(([tag, app]) => [
      tag,
      parseApp(app, `appsByTag.${tag}`),
    ]),
  );
  return {
    repository: parseImageName(text(raw["repository"], "repository")).repository,
    tags: raw["tags"] === undefined ? undefined : texts(raw["tags"], "tags"),
    base,
    programs: texts(raw["programs"], "programs"),
    entrypoint: texts(raw["entrypoint"], "entrypoint"),
    cmd: texts(raw["cmd"], "cmd"),
    env: texts(raw["env"], "env"),
    user: text(raw["user"], "user", ""),
    workingDir: text(raw["workingDir"], "workingDir", "/"),
    stopSignal: text(raw["stopSignal"], "stopSignal", "SIGTERM"),
    sizeBytes: Math.round(Number(text(raw["sizeMiB"], "sizeMiB", "20")) * 1024 * 1024),
    files: Array.isArray(raw["files"]) ? raw["files"].map((file, index) => parseFile(file, `files[${index}]`)) : [],
    app: raw["app"] === undefined ? undefined : parseApp(raw["app"], "app"),
    appsByTag,
    preloaded: raw["preloaded"] === true,
    generic: false,
  };
}

function parseFile(value: unknown, where: string): ImageFile {
  const raw = record(value, where);
  return {
    path: text(raw["path"], `${where}.path`),
    content: text(raw["content"], `${where}.content`, ""),
    ...(typeof raw["mode"] === "number" ? { mode: raw["mode"] } : {}),
  };
}

function parseApp(value: unknown, where: string): AppSpec {
  const raw = record(value, where);
  const known = new Set<string>([...APP_TEXTS, ...APP_NUMBERS, "handlesSigterm"]);
  for (const field of Object.keys(raw)) if (!known.has(field)) throw new Error(`${where}: unknown field "${field}"`);
  return {
    ...Object.fromEntries(
      APP_TEXTS.filter((field) => raw[field] !== undefined).map((field) => [field, text(raw[field], `${where}.${field}`)]),
    ),
    ...Object.fromEntries(
      APP_NUMBERS.filter((field) => raw[field] !== undefined).map((field) => [field, Number(text(raw[field], `${where}.${field}`))]),
    ),
    ...(typeof raw["handlesSigterm"] === "boolean" ? { handlesSigterm: raw["handlesSigterm"] } : {}),
  };
}

const sha256 = (value: string) => createHash("sha256").update(value).digest("hex");

/** An image under one of its tags. */
export interface TaggedImage {
  readonly image: Image;
  readonly reference: ImageReference;
  readonly info: ImageInfo;
  readonly app: AppSpec | undefined;
}

/** The images that exist in the world, shared by all nodes. */
export class ImageCatalogue {
  readonly #images = new Map<string, Image>();
  readonly #trees = new Map<Image, FrozenTree>();
  readonly #tagged = new Map<string, TaggedImage>();

  constructor(images: readonly Image[]) {
    for (const image of images) this.add(image);
  }

  /** A user's own image; replaces one of the same name. */
  add(image: Image): void {
    this.#images.set(image.repository, image);
    for (const [name, tagged] of this.#tagged) if (tagged.image.repository === image.repository) this.#tagged.delete(name);
  }

  list(): readonly Image[] {
    return [...this.#images.values()];
  }

  /** Throws an ImagePullError in containerd's words. */
  find(name: string): TaggedImage {
    const reference = parseImageName(name);
    const known = this.#tagged.get(reference.name);
    if (known) return known;
    const registry = reference.repository.split("/")[0] ?? "";
    const host = registry.split(":")[0] ?? "";
    if (host.endsWith(".invalid")) {
      const url = `https://${registry}/v2/${reference.repository.slice(registry.length + 1)}/manifests/${reference.tag}`;
      throw new ImagePullError(
        `failed to pull and unpack image "${reference.name}": failed to resolve reference "${reference.name}": failed to do request: Head "${url}": dial tcp: lookup ${host}: no such host`,
      );
    }
    const image = this.#images.get(reference.repository);
    const missing = /nonexistent|doesnotexist|does-not-exist|no-such/;
    if (missing.test(reference.repository)) throw accessDenied(reference, registry);
    if (missing.test(reference.tag) || (image?.tags && reference.digest === undefined && !image.tags.includes(reference.tag))) {
      throw new ImagePullError(
        `failed to pull and unpack image "${reference.name}": failed to resolve reference "${reference.name}": ${reference.name}: not found`,
      );
    }
    const tagged = tag(image ?? genericImage(reference), reference);
    this.#tagged.set(reference.name, tagged);
    return tagged;
  }

  /** The root file system that containers of the image share. */
  tree(image: Image): FrozenTree {
    let tree = this.#trees.get(image);
    if (tree) return tree;
    const base = baseTree(image.base, image.programs);
    const fs = createMemoryFileSystem({ base, now: () => BUILT_AT_MS });
    for (const file of image.files) {
      fs.mkdir(directoryName(file.path), { recursive: true });
      fs.writeFile(file.path, file.content, { mode: file.mode ?? 0o644 });
    }
    if (image.workingDir !== "/") fs.mkdir(image.workingDir, { recursive: true });
    // The entry point is there, whatever it is called: it runs the image's app.
    const command = image.entrypoint[0] ?? image.cmd[0];
    if (command?.startsWith("/") && !fs.exists(command)) {
      fs.mkdir(directoryName(command), { recursive: true });
      fs.writeFile(command, executable(programFor(image, command)), { mode: 0o755 });
    }
    tree = fs.freeze();
    this.#trees.set(image, tree);
    return tree;
  }
}

function programFor(image: Image, command: string): string {
  const name = command.slice(command.lastIndexOf("/") + 1);
  return image.programs.includes(name) ? name : "app";
}

function accessDenied(reference: ImageReference, registry: string): ImagePullError {
  const cause =
    registry === "docker.io"
      ? "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
      : `${reference.name}: not found`;
  return new ImagePullError(
    `failed to pull and unpack image "${reference.name}": failed to resolve reference "${reference.name}": ${cause}`,
  );
}

function tag(image: Image, reference: ImageReference): TaggedImage {
  const id = `sha256:${sha256(`config ${reference.repository}:${reference.tag}`)}`;
  const digest = reference.digest ?? `sha256:${sha256(`manifest ${reference.repository}:${reference.tag}`)}`;
  const own = image.appsByTag[reference.tag];
  return {
    image,
    reference,
    info: { id, name: reference.name, repoDigest: `${reference.repository}@${digest}`, sizeBytes: image.sizeBytes, user: image.user },
    app: own ? { ...image.app, ...own } : image.app,
  };
}

function genericImage(reference: ImageReference): Image {
  return {
    repository: reference.repository,
    tags: undefined,
    base: "debian",
    programs: ["generic", "wget", "curl", "ps", "nslookup"],
    entrypoint: ["generic"],
    cmd: [],
    env: [],
    user: "",
    workingDir: "/",
    stopSignal: "SIGTERM",
    sizeBytes: 50 * 1024 * 1024,
    files: [],
    app: {
      handlesSigterm: true,
      startLog: `kubesim: the image ${reference.name} is not in the catalogue; this container only stays alive.`,
    },
    appsByTag: {},
    preloaded: false,
    generic: true,
  };
}
