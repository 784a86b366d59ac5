import * as host from "../../host/cli-host.ts";

/** Kustomizations and files elsewhere: kubesim runs no git and fetches nothing for a build. */
class RemoteError extends Error {
  constructor(path: string) {
    super(`kubesim builds local folders only: fetch ${path} yourself, and refer to the copy`);
  }
}

/** Reads the files of a kustomization's folder. Upstream: kustomize/api/internal/loader FileLoader */
export class Loader {
  readonly root: string;
  readonly #referrer: Loader | undefined;
  readonly #anywhere: boolean;

  private constructor(root: string, anywhere: boolean, referrer?: Loader) {
    this.root = root;
    this.#anywhere = anywhere;
    this.#referrer = referrer;
  }

  /** @param anywhere whether files outside of a kustomization's folder may be read. */
  static at(folder: string, anywhere: boolean): Loader {
    if (isRepository(folder)) throw new RemoteError(folder);
    return new Loader(confirmedFolder(folder), anywhere);
  }

  /** The loader of another kustomization that this one refers to. */
  child(path: string): Loader {
    if (path === "") throw new Error("new root cannot be empty");
    if (isRepository(path)) throw new RemoteError(path);
    if (path.startsWith("/")) throw new Error(`new root '${path}' cannot be absolute`);
    const root = confirmedFolder(host.joinPath(this.root, path));
    this.#refuseCycle(root);
    return new Loader(root, this.#anywhere, this);
  }

  load(path: string): Buffer {
    if (/^https?:/i.test(path)) throw new RemoteError(path);
    const full = path.startsWith("/") ? path : host.joinPath(this.root, path);
    if (this.#anywhere) return read(full);
    const real = evaluated(full);
    if (host.pathKind(real) === "folder") throw new Error(`'${full}' must resolve to a file`);
    if (!isWithin(host.folderOf(real), this.root)) throw new Error(`security; file '${full}' is not in or below '${this.root}'`);
    return read(real);
  }

  loadText(path: string): string {
    return this.load(path).toString("utf8");
  }

  /** Whether a file can be read: kustomizations are looked for under several names. */
  has(path: string): boolean {
    return host.pathKind(host.joinPath(this.root, path)) === "file";
  }

  #refuseCycle(candidate: string): void {
    if (isWithin(this.root, candidate))
      throw new Error(`cycle detected: candidate root '${candidate}' contains visited root '${this.root}'`);
    if (this.#referrer) this.#referrer.#refuseCycle(candidate);
  }
}

export const isRemoteError = (error: unknown): boolean => error instanceof RemoteError;

const isWithin = (folder: string, root: string): boolean => root === "/" || folder === root || folder.startsWith(`${root}/`);

function read(file: string): Buffer {
  try {
    return host.readBytes(file);
  } catch (error) {
    throw new Error(host.readFailure(file, error), { cause: error });
  }
}

function evaluated(path: string): string {
  try {
    return host.evaluateLinks(host.absolutePath(path));
  } catch (error) {
    throw new Error(`evalsymlink failure on '${path}' : ${(error as Error).message}`, { cause: error });
  }
}

function confirmedFolder(path: string): string {
  const fail = (text: string) => new Error(`must build at directory: ${text}`);
  if (path === "") throw fail("directory path cannot be empty");
  let real: string;
  try {
    real = evaluated(path);
  } catch (error) {
    throw fail(`not a valid directory: ${(error as Error).message}`);
  }
  if (host.pathKind(real) !== "folder") throw fail(`'${path}': file is not directory`);
  return real;
}

/** Whether a path names a git repository. Upstream: kustomize/api/internal/git NewRepoSpecFromURL */
function isRepository(path: string): boolean {
  if (path.startsWith("/")) return false;
  const [text = ""] = path.replace(/^git::/i, "").split("?");
  const [, scheme = "", afterScheme = ""] = /^(ssh:\/\/|https?:\/\/|file:\/\/)?(.*)$/is.exec(text) ?? [];
  const [, user = "", rest = ""] = /^([a-zA-Z][a-zA-Z0-9-]*@)?(.*)$/s.exec(afterScheme) ?? [];
  const isGithub = /^github\.com[/:]/i.test(rest);
  const isScp = scheme === "" && (user !== "" || isGithub);
  if (scheme === "" && !isScp) return false;
  if (scheme.toLowerCase() === "file://") return rest !== "";
  const [, host = "", repository = ""] = (isScp ? /^([^/:]*[/:])(.*)$/s : /^([^/]*\/)(.*)$/s).exec(rest) ?? [];
  if (host === "" && rest === "") return false;
  return /_git\/|\/\/|\.git/.test(repository) ? !/^(\/\/|\.git\/?\.\.)/.test(repository) : repository.split("/").length >= 2;
}
