import type { Json } from "../client.ts";
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
        if (typeof item === "object" && item !== null) writeMap(writer, item as Json, level + 1);
        else writer.line(level + 1, String(item));
      }
    } else if (typeof value === "object" && value !== null) {
      writer.line(level, `${title}:`);
      writeMap(writer, value as Json, level + 1);
    } else writer.line(level, `${title}:\t${value === null || value === undefined ? "<nil>" : String(value)}`);
  }
}

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  uid: "UID",
  uri: "URI",
  url: "URL",
  api: "API",
  apiVersion: "API Version",
  ip: "IP",
  tls: "TLS",
  id: "ID",
};

/** creationTimestamp → Creation Timestamp. Upstream: smartLabelFor */
function titleOf(field: string): string {
  if (!/^[a-zA-Z]*$/.test(field)) return field;
  return field
    .split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((part) => ABBREVIATIONS[part.toLowerCase()] ?? `${part.slice(0, 1).toUpperCase()}${part.slice(1)}`)
    .join(" ");
}
