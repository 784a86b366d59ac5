import type { Json } from "../connection/client.ts";
import { goValue } from "../../api/go-value.ts";
import type { Described } from "./describe-object.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

/** Any object, field by field. Upstream: describe.genericDescriber */
export async function describeGeneric({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const writer = new DescribeWriter();
  const { metadata } = object;
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace ?? ""}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  const { managedFields: _1, name: _2, namespace: _3, labels: _4, annotations: _5, ...rest } = metadata as Json;
  writeMap(writer, { ...object, metadata: rest }, 0);
  writeEvents(
    writer,
    await eventsOf(
      showEvents && client,
      { name: metadata.name, namespace: metadata.namespace ?? "", uid: metadata.uid },
      metadata.namespace,
    ),
    nowMs,
  );
  return writer.render();
}

function writeMap(writer: DescribeWriter, map: Json, level: number): void {
  for (const key of Object.keys(map).sort()) {
    const value = map[key];
    const title = titleOf(key);
    if (Array.isArray(value)) {
      writer.line(level, `${title}:`);
      for (const item of value) {
        if (typeof item === "object" && item !== null && !Array.isArray(item)) writeMap(writer, item as Json, level + 1);
        else writer.line(level + 1, goValue(item));
      }
    } else if (typeof value === "object" && value !== null) {
      writer.line(level, `${title}:`);
      writeMap(writer, value as Json, level + 1);
    } else writer.line(level, `${title}:\t${goValue(value)}`);
  }
}

const ACRONYMS = new Set(["API", "URL", "UID", "GUID"]);

/** creationTimestamp → Creation Timestamp, nonResourceURLs → Non Resource URLs. Upstream: smartLabelFor */
function titleOf(field: string): string {
  if (!/^[\p{L}-]*$/u.test(field)) return field;
  const words: string[] = [];
  for (const part of splitCamelCase(field)) {
    const before = words.at(-1) ?? "";
    // An acronym takes the word that follows: UR and Ls are URLs. One word at most.
    if (/^[\p{Lu}-]{2,}$/u.test(before) && /^\p{Lu}/u.test(part)) words.push(`${words.pop() ?? ""}${part}`, "");
    else words.push(part);
  }
  return words
    .filter((word) => word !== "")
    .map((word) => {
      if (ACRONYMS.has(word.toUpperCase())) return word.toUpperCase();
      return word.toLowerCase() === word ? `${word.slice(0, 1).toUpperCase()}${word.slice(1)}` : word;
    })
    .join(" ");
}

/** Runs of small and of capital letters; the last capital belongs to the small letters behind it. Upstream: fatih/camelcase */
const splitCamelCase = (text: string): string[] => text.match(/\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{Lu}|-+/gu) ?? [];
