import type { Described } from "./describe-object.ts";
import { DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

interface Quota {
  metadata: { name: string };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

/** Upstream: describe.NamespaceDescriber */
export async function describeNamespace({ client, object }: Described): Promise<string> {
  const { metadata } = object;
  const list = async (resource: string) =>
    (
      await client
        .get<{ items?: Quota[] }>(`/api/v1/namespaces/${metadata.name}/${resource}`)
        .catch(() => ({ items: [] as Quota[] }))
    ).items ?? [];
  const [quotas, limits] = await Promise.all([list("resourcequotas"), list("limitranges")]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Status:\t${(object["status"] as { phase?: string } | undefined)?.phase ?? ""}`);
  writer.raw("\n");
  if (quotas.length === 0) writer.line(0, "No resource quota.");
  else {
    writer.line(0, "Resource Quotas");
    for (const {
      metadata: { name },
      status,
    } of quotas) {
      writer.line(1, `Name:\t${name}`);
      writer.line(1, "Resource\tUsed\tHard");
      writer.line(1, "--------\t---\t---");
      for (const [resource, hard] of Object.entries(status?.hard ?? {}).sort())
        writer.line(1, `${resource}\t${status?.used?.[resource] ?? "0"}\t${hard}`);
    }
  }
  writer.raw("\n");
  writer.line(0, limits.length === 0 ? "No LimitRange resource." : "Resource Limits");
  return writer.render();
}
