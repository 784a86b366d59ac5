/**
 * What differs between two objects, in the form of Go's cmp.Diff, as some messages of the API show it.
 * Upstream prints its internal structs; the names and values are the same, the context is shorter.
 */
export function goDiff(type: string, old: unknown, next: unknown): string {
  return `  ${type}{\n${structLines(old, next, 1).join("")}  }\n`;
}

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function structLines(old: unknown, next: unknown, depth: number): string[] {
  const [before, after] = [isObject(old) ? old : {}, isObject(next) ? next : {}];
  const lines: string[] = [];
  let identical = 0;
  const flush = () => {
    if (identical > 0) lines.push(line(" ", depth, `... // ${identical} identical ${identical === 1 ? "field" : "fields"}`));
    identical = 0;
  };
  // In an order that does not depend on who wrote the object.
  for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    if (same(before[key], after[key])) {
      identical++;
      continue;
    }
    flush();
    lines.push(...valueLines(`${goName(key)}: `, before[key], after[key], depth));
  }
  flush();
  return lines;
}

function valueLines(label: string, old: unknown, next: unknown, depth: number): string[] {
  if (Array.isArray(old) && Array.isArray(next)) {
    const items: string[] = [];
    for (let index = 0; index < Math.max(old.length, next.length); index++) {
      if (!same(old[index], next[index])) items.push(...valueLines("", old[index], next[index], depth + 1));
    }
    return [line(" ", depth, `${label}{`), ...items, line(" ", depth, "},")];
  }
  if (isObject(old) && isObject(next) && !Array.isArray(old) && !Array.isArray(next))
    return [line(" ", depth, `${label}{`), ...structLines(old, next, depth + 1), line(" ", depth, "},")];
  const missing = label === "" ? undefined : "nil";
  return [
    ...(old === undefined && missing === undefined ? [] : [line("-", depth, `${label}${render(old)},`)]),
    ...(next === undefined && missing === undefined ? [] : [line("+", depth, `${label}${render(next)},`)]),
  ];
}

const line = (sign: string, depth: number, text: string) => `${sign} ${"\t".repeat(depth)}${text}\n`;

function render(value: unknown): string {
  if (value === undefined || value === null) return "nil";
  if (Array.isArray(value)) return `{${value.map(render).join(", ")}}`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, inner]) => `${goName(key)}: ${render(inner)}`)
      .join(", ")}}`;
  return JSON.stringify(value);
}

const INITIALISMS: Readonly<Record<string, string>> = {
  tty: "TTY",
  dnsPolicy: "DNSPolicy",
  dnsConfig: "DNSConfig",
  httpGet: "HTTPGet",
  tcpSocket: "TCPSocket",
  grpc: "GRPC",
  os: "OS",
  setHostnameAsFQDN: "SetHostnameAsFQDN",
  uid: "UID",
  ip: "IP",
};

function goName(key: string): string {
  return INITIALISMS[key] ?? key.charAt(0).toUpperCase() + key.slice(1);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
