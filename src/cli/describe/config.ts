import type { ApiObject } from "../objects/resources.ts";
import type { Described } from "./describe-object.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.ConfigMapDescriber */
export async function describeConfigMap({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const writer = head(object);
  const data = (object["data"] ?? {}) as Record<string, string>;
  const binary = (object["binaryData"] ?? {}) as Record<string, string>;
  writer.raw("\nData\n====\n");
  for (const [key, value] of Object.entries(data).sort()) writer.raw(`${key}:\n----\n${value}\n\n`);
  writer.raw("\nBinaryData\n====\n");
  for (const [key, value] of Object.entries(binary).sort()) writer.raw(`${key}: ${Buffer.from(value, "base64").length} bytes\n`);
  writer.raw("\n");
  const { metadata } = object;
  writeEvents(
    writer,
    await eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
    nowMs,
  );
  return writer.render();
}

/** Upstream: describe.SecretDescriber */
export async function describeSecret({ object }: Described): Promise<string> {
  const writer = head(object);
  writer.raw(`\nType:\t${String(object["type"] ?? "")}\n`);
  writer.raw("\nData\n====\n");
  const token = object["type"] === "kubernetes.io/service-account-token";
  for (const [key, value] of Object.entries((object["data"] ?? {}) as Record<string, string>).sort()) {
    const bytes = Buffer.from(value, "base64");
    writer.raw(token && key === "token" ? `${key}:\t${bytes.toString("utf8")}\n` : `${key}:\t${bytes.length} bytes\n`);
  }
  return writer.render();
}

/** Upstream: describe.ServiceAccountDescriber */
export async function describeServiceAccount({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const writer = head(object);
  const names = (list: unknown) => ((list ?? []) as { name: string }[]).map(({ name }) => name);
  for (const [title, values] of [["Image pull secrets", names(object["imagePullSecrets"])]] as const) {
    if (values.length === 0) writer.line(0, `${title}:\t<none>`);
    values.forEach((value, index) => writer.line(0, `${index === 0 ? `${title}:` : ""}\t${value}`));
  }
  const { metadata } = object;
  writeEvents(
    writer,
    await eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
    nowMs,
  );
  return writer.render();
}

function head({ metadata }: ApiObject): DescribeWriter {
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  return writer;
}
