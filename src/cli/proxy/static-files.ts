import { isLocalFolder, localExists, readLocalFile, readLocalFolder } from "../../host/cli-files.ts";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  gif: "image/gif",
  htm: "text/html; charset=utf-8",
  html: "text/html; charset=utf-8",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  mjs: "text/javascript; charset=utf-8",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webp: "image/webp",
  xml: "text/xml; charset=utf-8",
};

export interface StaticAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const plain = (status: number, text: string): StaticAnswer => ({
  status,
  headers: { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
  body: Buffer.from(text),
});

export const pageNotFound = plain(404, "404 page not found\n");

/** Files of a folder, as Go's file server serves them. `path` is below the prefix. */
export function serveFile(root: string, path: string): StaticAnswer {
  const wanted = decodeURIComponent(path);
  if (wanted.split("/").includes("..")) return plain(400, "invalid URL path\n");
  const moved = (location: string): StaticAnswer => ({ status: 301, headers: { Location: location }, body: Buffer.alloc(0) });
  if (wanted.endsWith("/index.html")) return moved("./");
  const file = `${root}/${wanted}`.replace(/\/+/g, "/");
  if (!localExists(file.replace(/(.)\/$/, "$1"))) return pageNotFound;
  if (!isLocalFolder(file))
    return wanted.endsWith("/")
      ? moved(`../${wanted.split("/").at(-2) ?? ""}`)
      : page(200, TYPES[/\.(\w+)$/.exec(wanted)?.[1]?.toLowerCase() ?? ""], readLocalFile(file));
  if (wanted !== "" && !wanted.endsWith("/")) return moved(`${wanted.split("/").at(-1) ?? ""}/`);
  if (localExists(`${file}/index.html`)) return page(200, TYPES["html"], readLocalFile(`${file}/index.html`));
  const names = readLocalFolder(file).map((name) => (isLocalFolder(`${file}/${name}`) ? `${name}/` : name));
  const lines = names.map((name) => `<a href="${encodeURI(name)}">${name.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</a>\n`);
  return page(
    200,
    TYPES["html"],
    Buffer.from(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.join("")}</pre>\n`),
  );
}

function page(status: number, type: string | undefined, body: Buffer): StaticAnswer {
  const text = !body.subarray(0, 512).some((byte) => byte < 9);
  return {
    status,
    headers: {
      "Content-Type": type ?? (text ? "text/plain; charset=utf-8" : "application/octet-stream"),
      "Content-Length": String(body.length),
    },
    body,
  };
}
