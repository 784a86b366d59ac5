import type { Endpoints } from "../../api/generated/core-v1.ts";
import type { EndpointSlice } from "../../api/generated/discovery-v1.ts";
import type { Described } from "./describe-object.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.EndpointsDescriber */
export async function describeEndpoints({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, subsets } = object as unknown as Endpoints & {
    metadata: { name: string; namespace: string; uid: string };
  };
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writeLabels(writer, "Labels", object.metadata.labels);
  writeAnnotations(writer, "Annotations", object.metadata.annotations);
  writer.line(0, "Subsets:");
  for (const subset of subsets ?? []) {
    const ips = (list: readonly { ip: string }[] | undefined) => list?.map(({ ip }) => ip).join(",") || "<none>";
    writer.line(1, `Addresses:\t${ips(subset.addresses)}`);
    writer.line(1, `NotReadyAddresses:\t${ips(subset.notReadyAddresses)}`);
    if (subset.ports?.length) {
      writer.line(1, "Ports:");
      writer.line(2, "Name\tPort\tProtocol");
      writer.line(2, "----\t----\t--------");
      for (const port of subset.ports) writer.line(2, `${port.name || "<unset>"}\t${port.port}\t${port.protocol ?? "TCP"}`);
    }
    writer.raw("\n");
  }
  writeEvents(
    writer,
    await eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
    nowMs,
  );
  return writer.render();
}

/** Upstream: describe.EndpointSliceDescriber */
export async function describeEndpointSlice({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const slice = object as unknown as EndpointSlice;
  const { metadata } = object;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `AddressType:\t${slice.addressType}`);
  if (!slice.ports?.length) writer.line(0, "Ports: <unset>");
  else {
    writer.line(0, "Ports:");
    writer.line(1, "Name\tPort\tProtocol");
    writer.line(1, "----\t----\t--------");
    for (const port of slice.ports) writer.line(1, `${port.name || "<unset>"}\t${port.port ?? "<unset>"}\t${port.protocol ?? "TCP"}`);
  }
  if (!slice.endpoints?.length) writer.line(0, "Endpoints: <none>");
  else {
    writer.line(0, "Endpoints:");
    for (const endpoint of slice.endpoints) {
      writer.line(1, `- Addresses:\t${(endpoint.addresses ?? []).join(", ")}`);
      writer.line(2, "Conditions:");
      writer.line(3, `Ready:\t${endpoint.conditions?.ready ?? "<unset>"}`);
      writer.line(2, `Hostname:\t${endpoint.hostname ?? "<unset>"}`);
      if (endpoint.targetRef) writer.line(2, `TargetRef:\t${endpoint.targetRef.kind}/${endpoint.targetRef.name}`);
      writer.line(2, `NodeName:\t${endpoint.nodeName ?? "<unset>"}`);
      writer.line(2, `Zone:\t${endpoint.zone ?? "<unset>"}`);
    }
  }
  writeEvents(
    writer,
    await eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
    nowMs,
  );
  return writer.render();
}
