import type { LimitRange, ResourceQuota } from "../../api/generated/core-v1.ts";
import type { Described } from "./describe-object.ts";
import { writeLimitRanges, writeResourceQuotas } from "./policy.ts";
import { DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.NamespaceDescriber */
export async function describeNamespace({ client, object }: Described): Promise<string> {
  const { metadata } = object;
  const list = async <T>(resource: string): Promise<readonly T[]> => {
    const path = `/api/v1/namespaces/${metadata.name}/${resource}`;
    return (await client.get<{ items?: T[] }>(path)).items ?? [];
  };
  const [quotas, limits] = await Promise.all([list<ResourceQuota>("resourcequotas"), list<LimitRange>("limitranges")]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Status:\t${(object["status"] as { phase?: string } | undefined)?.phase ?? ""}`);
  writer.raw("\n");
  writeResourceQuotas(writer, quotas);
  writer.raw("\n");
  writeLimitRanges(writer, limits);
  return writer.render();
}
