const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  e: "\x1b",
};

/** Backslash escapes of echo -e and printf; `stop`: \c was met. */
export function unescapeText(text: string): { readonly text: string; readonly stop: boolean } {
  let stop = false;
  const result = text.replace(
    /\\(?:([0-7]{1,4})|x([0-9a-fA-F]{1,2})|(.))|\\c[^]*/g,
    (whole, octal: string | undefined, hex: string | undefined, letter: string | undefined) => {
      if (stop) return "";
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (letter === "c") {
        stop = true;
        return "\0c";
      }
      return ESCAPES[letter ?? ""] ?? whole;
    },
  );
  return stop ? { text: result.slice(0, result.indexOf("\0c")), stop } : { text: result, stop };
}

/** What echo prints; dash's knows only -n, and minds backslashes always. */
export function echoText(args: readonly string[], dash = false): string {
  let newline = true;
  let escapes = dash;
  let at = 0;
  for (; at < args.length && (dash ? at === 0 && args[at] === "-n" : /^-[neE]+$/.test(args[at] ?? "")); at++) {
    const flags = args[at] ?? "";
    if (flags.includes("n")) newline = false;
    if (flags.includes("e")) escapes = true;
    if (flags.includes("E")) escapes = false;
  }
  const joined = args.slice(at).join(" ");
  if (!escapes) return joined + (newline ? "\n" : "");
  const { text, stop } = unescapeText(joined);
  return text + (newline && !stop ? "\n" : "");
}

/** What printf prints; the format is used again while arguments are left. */
export function printfText(format: string, args: readonly string[]): string {
  let output = "";
  let at = 0;
  do {
    const before = at;
    output += unescapeText(format).text.replace(
      /%([-+ 0#]*)(\*|\d+)?(?:\.(\d+))?([diouxXeEfgGcsbq%])/g,
      (_whole, flags: string, width: string | undefined, precision: string | undefined, kind: string) => {
        if (kind === "%") return "%";
        const wide = width === "*" ? Number(args[at++] ?? 0) : Number(width ?? 0);
        const cell = formatOne(kind, args[at++] ?? "", flags, precision === undefined ? undefined : Number(precision));
        if (flags.includes("-")) return cell.padEnd(wide);
        return flags.includes("0") && !"sbcq".includes(kind)
          ? cell.replace(/^-?/, (sign) => sign + "0".repeat(Math.max(0, wide - cell.length)))
          : cell.padStart(wide);
      },
    );
    if (at === before) break;
  } while (at < args.length);
  return output;
}

function formatOne(kind: string, arg: string, flags: string, precision: number | undefined): string {
  if (kind === "s") return precision === undefined ? arg : arg.slice(0, precision);
  if (kind === "b") return unescapeText(arg).text;
  if (kind === "c") return arg.slice(0, 1);
  if (kind === "q") return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
  const number = /^['"]/.test(arg)
    ? arg.charCodeAt(1)
    : Number(arg === "" ? 0 : /^-?0[0-7]+$/.test(arg) ? Number.parseInt(arg, 8) : arg) || 0;
  const sign = number >= 0 && flags.includes("+") ? "+" : "";
  switch (kind) {
    case "o":
      return Math.trunc(number).toString(8);
    case "x":
      return (flags.includes("#") ? "0x" : "") + Math.trunc(number).toString(16);
    case "X":
      return Math.trunc(number).toString(16).toUpperCase();
    case "e":
    case "E":
      return sign + number.toExponential(precision ?? 6).replace(/e([-+])(\d)$/, "e$10$2");
    case "f":
      return sign + number.toFixed(precision ?? 6);
    case "g":
    case "G":
      return sign + String(Number(number.toPrecision(precision ?? 6)));
    default:
      return sign + String(Math.trunc(number)).padStart(precision ?? 0, "0");
  }
}
