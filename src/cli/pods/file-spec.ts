/** `file`, `pod:file` or `namespace/pod:file`. Upstream: k8s.io/kubectl/pkg/cmd/cp/filespec.go */
export interface FileSpec {
  readonly namespace: string;
  readonly pod: string;
  readonly file: string;
}

export function parseFileSpec(text: string): FileSpec {
  const colon = text.indexOf(":");
  if (colon < 0) return { namespace: "", pod: "", file: withoutTrailingSlash(text) };
  const pieces = text.slice(0, colon).split("/");
  if (colon === 0 || pieces.length > 2) throw new Error("filespec must match the canonical format: [[namespace/]pod:]file/path");
  const file = withoutTrailingSlash(text.slice(colon + 1)).replaceAll("\\", "/");
  return { namespace: pieces.length === 2 ? (pieces[0] ?? "") : "", pod: pieces.at(-1) ?? "", file };
}

export const withoutTrailingSlash = (file: string): string => (file !== "/" && file.endsWith("/") ? file.slice(0, -1) : file);

/** As Go's path.Clean. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && out.length > 0 && out.at(-1) !== "..") out.pop();
    else if (part !== ".." || !rooted) out.push(part);
  }
  return rooted ? `/${out.join("/")}` : out.join("/") || ".";
}

export const joinPaths = (...parts: string[]): string => {
  const given = parts.filter((part) => part !== "");
  return given.length === 0 ? "" : cleanPath(given.join("/"));
};

export function folderOfPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : cleanPath(path.slice(0, slash + 1));
}

export function baseOfPath(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? (path === "" ? "." : "/") : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Without what would climb out. */
export function stripPathShortcuts(path: string): string {
  let stripped = path;
  while (stripped.startsWith("../")) stripped = stripped.slice("../".length);
  if (stripped === "." || stripped === "..") stripped = "";
  return stripped.startsWith("/") ? stripped.slice(1) : stripped;
}

/** Whether `target` lies in `base`. */
export function isInside(base: string, target: string): boolean {
  const from = cleanPath(base);
  const to = cleanPath(target);
  if (from === to) return true;
  if (from === ".") return !to.startsWith("/") && to !== ".." && !to.startsWith("../");
  return to.startsWith(from === "/" ? from : `${from}/`);
}
