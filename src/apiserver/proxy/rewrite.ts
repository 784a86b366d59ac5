/** How links of a page behind the proxy are turned into links through the proxy. Upstream: apimachinery/pkg/util/proxy/transport.go */
export interface Rewrite {
  /** `/api/v1/namespaces/default/pods/web/proxy` */
  readonly prefix: string;
  /** host:port that was dialled. */
  readonly source: string;
  /** The Host header of the request. */
  readonly requestHost: string;
}

export function rewriteUrl(text: string, { prefix, source, requestHost }: Rewrite): string {
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s.exec(text);
  if (!match) return text;
  const [, scheme = "", host = "", path = "", rest = ""] = match;
  // mailto:, data: and the like have no path to speak of.
  if (scheme !== "" && !path.startsWith("/") && host === "") return text;
  if ((host !== "" && host !== source && host !== requestHost) || !path.startsWith("/")) return text;
  const origin = host === requestHost && host !== "" ? `${scheme === "" ? "" : `${scheme}:`}//${host}` : "";
  if (path.startsWith(prefix)) return `${origin}${path}${rest}`;
  const joined = `${prefix}/${path}`.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  return `${origin}${joined}${path.endsWith("/") ? "/" : ""}${rest}`;
}

const URL_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  applet: ["codebase"],
  area: ["href"],
  audio: ["src"],
  base: ["href"],
  blockquote: ["cite"],
  body: ["background"],
  button: ["formaction"],
  command: ["icon"],
  del: ["cite"],
  embed: ["src"],
  form: ["action"],
  frame: ["longdesc", "src"],
  head: ["profile"],
  html: ["manifest"],
  iframe: ["longdesc", "src"],
  img: ["longdesc", "src", "usemap"],
  input: ["src", "usemap", "formaction"],
  ins: ["cite"],
  link: ["href"],
  object: ["classid", "codebase", "data", "usemap"],
  q: ["cite"],
  script: ["src"],
  source: ["src"],
  video: ["poster", "src"],
};

// Whatever is in these is text until their own end tag.
const RAW_TEXT = new Set(["iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "title", "textarea", "xmp"]);
const TAG_NAME = /[A-Za-z][^\s/>]*/y;

/** Start tags are written anew, as Go's tokenizer renders them; all else stays byte for byte. One pass: a page cannot hold the server up. */
export function rewriteHtml(html: string, rewrite: (url: string) => string): string {
  const lower = html.toLowerCase();
  let out = "";
  let written = 0;
  for (let at = html.indexOf("<"); at >= 0; at = html.indexOf("<", at)) {
    TAG_NAME.lastIndex = at + 1;
    const name = TAG_NAME.exec(lower)?.[0];
    if (name === undefined) {
      at = html.startsWith("<!--", at) ? after(html, "-->", at + 4) : at + 1;
      continue;
    }
    const start = at + 1 + name.length;
    const end = endOfTag(html, start);
    if (end < 0) break;
    const selfClosing = html[end - 1] === "/" && end > start;
    out += html.slice(written, at) + renderTag(name, html.slice(start, selfClosing ? end - 1 : end), selfClosing, rewrite);
    written = end + 1;
    at = written;
    if (!RAW_TEXT.has(name) || selfClosing) continue;
    const close = lower.indexOf(`</${name}`, at);
    at = close < 0 ? html.length : close + 1;
  }
  return out + html.slice(written);
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

/** The `>` that closes a tag: not one inside a quoted value. */
function endOfTag(html: string, from: number): number {
  for (let at = from; at < html.length; at++) {
    if (html[at] === ">") return at;
    if (html[at] !== "=") continue;
    while (/\s/.test(html[at + 1] ?? "")) at++;
    const quote = html[at + 1];
    if (quote !== '"' && quote !== "'") continue;
    at = html.indexOf(quote, at + 2);
    if (at < 0) return -1;
  }
  return -1;
}

function renderTag(name: string, attributes: string, selfClosing: boolean, rewrite: (url: string) => string): string {
  const urls = URL_ATTRIBUTES[name] ?? [];
  let text = `<${name}`;
  for (const [, key = "", double, single, bare] of attributes.matchAll(
    /([^\s=/"'][^\s=/]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g,
  )) {
    const attribute = key.toLowerCase();
    const value = unescape(double ?? single ?? bare ?? "");
    text += ` ${attribute}="${escape(urls.includes(attribute) ? rewrite(value) : value)}"`;
  }
  return `${text}${selfClosing ? "/" : ""}>`;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|(\w+));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? "0", 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "'": "&#39;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "\r": "&#13;" };
const escape = (text: string) => text.replace(/[&'<>"\r]/g, (character) => ESCAPES[character] ?? character);
