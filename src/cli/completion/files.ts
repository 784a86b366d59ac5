import * as host from "../../host/cli-host.ts";

/** Files and folders that begin as typed. */
export function fileNames(typed: string, only: "all" | "folders" = "all"): string[] {
  const slash = typed.lastIndexOf("/") + 1;
  const shown = typed.slice(0, slash);
  const folder = shown.replace(/^~(?=\/)/, host.homeFolder()) || ".";
  if (host.pathKind(folder) !== "folder") return [];
  return host
    .listFolder(folder)
    .filter((name) => typed.slice(slash).startsWith(".") || !name.startsWith("."))
    .map((name) => ({ name, kind: host.pathKind(host.joinPath(folder, name)) }))
    .filter(({ kind }) => only === "all" || kind === "folder")
    .map(({ name, kind }) => `${shown}${name}${kind === "folder" ? "/" : ""}`);
}
