import type { Service } from "../../api/generated/core-v1.ts";
import type { EndpointSlice } from "../../api/generated/discovery-v1.ts";
import type { Described } from "./describe-object.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.ServiceDescriber */
export async function describeService({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, spec, status } = object as unknown as Required<Service>;
  const [slices, events] = await Promise.all([
    client.get<{ items?: EndpointSlice[] }>(`/apis/discovery.k8s.io/v1/namespaces/${metadata.namespace}/endpointslices`, {
      labelSelector: `kubernetes.io/service-name=${metadata.name}`,
    }),
    eventsOf(
      showEvents && client,
      { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid, kind: "Service" },
      metadata.namespace,
    ),
  ]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Selector:\t${selector(spec.selector)}`);
  writer.line(0, `Type:\t${spec.type ?? ""}`);
  if (spec.ipFamilyPolicy) writer.line(0, `IP Family Policy:\t${spec.ipFamilyPolicy}`);
  writer.line(0, `IP Families:\t${spec.ipFamilies?.join(",") || "<none>"}`);
  writer.line(0, `IP:\t${spec.clusterIP ?? ""}`);
  writer.line(0, `IPs:\t${spec.clusterIPs?.join(",") || "<none>"}`);
  if (spec.externalIPs?.length) writer.line(0, `External IPs:\t${spec.externalIPs.join(",")}`);
  if (spec.loadBalancerIP) writer.line(0, `Desired LoadBalancer IP:\t${spec.loadBalancerIP}`);
  if (spec.externalName) writer.line(0, `External Name:\t${spec.externalName}`);
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0)
    writer.line(
      0,
      `LoadBalancer Ingress:\t${ingress.map((each) => (each.ip ? `${each.ip}${each.ipMode ? ` (${each.ipMode})` : ""}` : (each.hostname ?? ""))).join(", ")}`,
    );
  for (const port of spec.ports ?? []) {
    const name = port.name || "<unset>";
    writer.line(0, `Port:\t${name}\t${port.port}/${port.protocol ?? "TCP"}`);
    writer.line(
      0,
      typeof port.targetPort === "string"
        ? `TargetPort:\t${port.targetPort}/${port.protocol ?? "TCP"}`
        : `TargetPort:\t${port.targetPort ?? 0}/${port.protocol ?? "TCP"}`,
    );
    if (port.appProtocol !== undefined) writer.line(0, `AppProtocol:\t${port.appProtocol}`);
    if (port.nodePort) writer.line(0, `NodePort:\t${name}\t${port.nodePort}/${port.protocol ?? "TCP"}`);
    writer.line(0, `Endpoints:\t${endpointsText(slices.items ?? [], port.name ?? "")}`);
  }
  writer.line(0, `Session Affinity:\t${spec.sessionAffinity ?? ""}`);
  if (spec.externalTrafficPolicy) writer.line(0, `External Traffic Policy:\t${spec.externalTrafficPolicy}`);
  if (spec.internalTrafficPolicy) writer.line(0, `Internal Traffic Policy:\t${spec.internalTrafficPolicy}`);
  if (spec.trafficDistribution) writer.line(0, `Traffic Distribution:\t${spec.trafficDistribution}`);
  if (spec.healthCheckNodePort) writer.line(0, `HealthCheck NodePort:\t${spec.healthCheckNodePort}`);
  if (spec.loadBalancerSourceRanges?.length) writer.line(0, `LoadBalancer Source Ranges:\t${spec.loadBalancerSourceRanges.join(",")}`);
  writeEvents(writer, events, nowMs);
  return writer.render();
}

const selector = (labels: Readonly<Record<string, string>> | undefined) =>
  Object.entries(labels ?? {})
    .sort()
    .map(([key, value]) => `${key}=${value}`)
    .join(",") || "<none>";

const MAX_SHOWN = 3;

/** 10.244.1.5:8080,10.244.2.3:8080 + 1 more... Upstream: formatEndpointSlices */
export function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  if (slices.length === 0) return "<none>";
  const all: string[] = [];
  for (const { ports, endpoints } of slices) {
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).map(({ addresses }) => addresses?.[0] ?? "");
    if (!ports?.length) all.push(...ready);
    for (const port of ports ?? [])
      if ((port.name ?? "") === portName) all.push(...ready.map((ip) => `${ip.includes(":") ? `[${ip}]` : ip}:${port.port ?? ""}`));
  }
  const shown = all.slice(0, MAX_SHOWN).join(",");
  return all.length > MAX_SHOWN ? `${shown} + ${all.length - MAX_SHOWN} more...` : shown;
}
