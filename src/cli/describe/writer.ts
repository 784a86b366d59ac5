import { escapedForTerminal } from "../printers/terminal.ts";
import { TabWriter } from "../printers/tab-writer.ts";

/** Collects indented lines whose cells are aligned at the end. Upstream: k8s.io/kubectl/pkg/describe PrefixWriter */
export class DescribeWriter {
  #text = "";

  /** Writes a line at a level of indentation (two spaces each). */
  line(level: number, text: string): void {
    this.#text += `${"  ".repeat(level)}${escapedForTerminal(text)}\n`;
  }

  raw(text: string): void {
    this.#text += escapedForTerminal(text);
  }

  /** The cells with the tabs between them, as rollout history shows them. */
  get unaligned(): string {
    return this.#text;
  }

  render(): string {
    return new TabWriter({ minWidth: 0, padding: 2 }).render(this.#text);
  }
}

/** Nothing in an object may steer the terminal. Upstream: printers.WriteEscaped */

/** `a=1,b=2`, or `<none>`. Upstream: labels.FormatLabels */
export const labelsText = (labels: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(",") || "<none>";

/** `Labels:  a=1` and one line for each more. Upstream: printLabelsMultiline */
export function writeLabels(writer: DescribeWriter, title: string, labels: Readonly<Record<string, string>> | undefined, level = 0): void {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return writer.line(level, `${title}:\t<none>`);
  pairs.forEach(([key, value], index) => writer.line(index === 0 ? level : 0, `${index === 0 ? `${title}:` : ""}\t${key}=${value}`));
}

const SKIPPED = "kubectl.kubernetes.io/last-applied-configuration";
const MAX_ANNOTATION = 140;

/** Upstream: printAnnotationsMultiline */
export function writeAnnotations(
  writer: DescribeWriter,
  title: string,
  annotations: Readonly<Record<string, string>> | undefined,
  level = 0,
): void {
  const pairs = Object.entries(annotations ?? {})
    .filter(([key]) => key !== SKIPPED)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return writer.line(level, `${title}:\t<none>`);
  pairs.forEach(([key, value], index) => {
    const lead = index === 0 ? `${title}:\t` : "\t";
    const text = value.replace(/\n$/, "");
    const at = index === 0 ? level : 0;
    if (text.includes("\n") || key.length + text.length + 2 > MAX_ANNOTATION) {
      writer.line(at, `${lead}${key}:`);
      for (const each of text.split("\n"))
        writer.line(0, `\t  ${each.length > MAX_ANNOTATION - 2 ? `${each.slice(0, MAX_ANNOTATION - 2)}...` : each}`);
    } else writer.line(at, `${lead}${key}: ${text}`);
  });
}

/** RFC1123Z, as Go prints it. */
export function goTime(timestamp: string | undefined): string {
  if (!timestamp) return "";
  const date = new Date(timestamp);
  const [day = "", rest = ""] = date.toUTCString().split(", ");
  return `${day}, ${rest.replace("GMT", "+0000")}`;
}

export function selectorText(
  selector:
    | {
        matchLabels?: Record<string, string> | undefined;
        matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] | undefined }[] | undefined;
      }
    | undefined,
): string {
  if (!selector) return "<unset>";
  const parts = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const list = `(${[...(values ?? [])].sort().join(",")})`;
    const negative = operator === "DoesNotExist" ? `!${key}` : `${key} ${operator === "In" ? "in" : "notin"} ${list}`;
    parts.push({ key, text: operator === "Exists" ? key : negative });
  }
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return parts.length === 0 ? "<none>" : parts.map(({ text }) => text).join(",");
}
