import type { Ingress, IngressBackend, IngressClass, IPAddress, ServiceCIDR } from "../../api/generated/networking-v1.ts";
import type { Service } from "../../api/generated/core-v1.ts";
import type { EndpointSlice } from "../../api/generated/discovery-v1.ts";
import type { ApiClient } from "../connection/client.ts";
import { messageOf } from "../errors.ts";
import type { Described } from "./describe-object.ts";
import { writeEventsOf } from "./events.ts";
import { endpointsText } from "./service.ts";
import { DescribeWriter, goTime, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.IngressDescriber */
export async function describeIngress(described: Described): Promise<string> {
  const { client, object } = described;
  const { metadata } = object;
  const { spec, status } = object as unknown as Ingress;
  const backend = (each: IngressBackend) => backendText(client, metadata.namespace ?? "", each);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writeLabels(writer, "Labels", metadata.labels);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").filter((each) => each !== "");
  writer.line(0, `Address:\t${[...new Set(addresses)].sort().join(",")}`);
  writer.line(0, `Ingress Class:\t${spec?.ingressClassName ?? "<none>"}`);
  const fallback = spec?.defaultBackend ? await backend(spec.defaultBackend) : "<default>";
  writer.line(0, `Default backend:\t${fallback}`);
  if (spec?.tls?.length) {
    writer.line(0, "TLS:");
    for (const { secretName, hosts } of spec.tls)
      writer.line(1, `${secretName ? `${secretName} terminates` : "SNI routes"} ${(hosts ?? []).join(",")}`);
  }
  writer.line(0, "Rules:\n  Host\tPath\tBackends");
  writer.line(1, "----\t----\t--------");
  const rules = (spec?.rules ?? []).filter(({ http }) => http);
  for (const { host, http } of rules) {
    writer.line(1, `${host || "*"}\t`);
    for (const { path, backend: target } of http?.paths ?? []) writer.line(2, `\t${path ?? ""} \t${await backend(target)}`);
  }
  if (rules.length === 0) writer.line(1, `*\t*\t${fallback}`);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  await writeEventsOf(writer, described);
  return writer.render();
}

/** `web:80 (10.244.1.5:8080)`. */
async function backendText(client: ApiClient, namespace: string, { service, resource }: IngressBackend): Promise<string> {
  if (resource) return `APIGroup: ${resource.apiGroup ?? "<none>"}, Kind: ${resource.kind}, Name: ${resource.name}`;
  if (!service) return "";
  const { name, port } = service;
  const title = `${name}:${port?.number || (port?.name ?? "")}`;
  try {
    const slices = await client.get<{ items?: EndpointSlice[] }>(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      labelSelector: `kubernetes.io/service-name=${name}`,
    });
    const { spec } = await client.get<Service & Record<string, unknown>>(`/api/v1/namespaces/${namespace}/services/${name}`);
    const found = spec?.ports?.find((each) =>
      port?.number ? each.port === port.number : port?.name !== undefined && each.name === port.name,
    );
    return `${title} (${endpointsText(slices.items ?? [], found?.name ?? "")})`;
  } catch (error) {
    return `${title} (<error: ${messageOf(error)}>)`;
  }
}

/** Upstream: describe.IngressClassDescriber */
export async function describeIngressClass(described: Described): Promise<string> {
  const { spec } = described.object as unknown as IngressClass;
  const writer = head(described);
  writer.line(0, `Controller:\t${spec?.controller ?? ""}`);
  if (spec?.parameters) {
    writer.line(0, "Parameters:");
    if (spec.parameters.apiGroup !== undefined) writer.line(1, `APIGroup:\t${spec.parameters.apiGroup}`);
    writer.line(1, `Kind:\t${spec.parameters.kind}`);
    writer.line(1, `Name:\t${spec.parameters.name}`);
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

/** Upstream: describe.ServiceCIDRDescriber */
export async function describeServiceCidr(described: Described): Promise<string> {
  const { spec, status } = described.object as unknown as ServiceCIDR;
  const writer = head(described);
  writer.line(0, `CIDRs:\t${(spec?.cidrs ?? []).join(", ")}`);
  if (status?.conditions?.length) {
    writer.line(0, "Status:");
    writer.line(0, "Conditions:");
    writer.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    writer.line(1, "----\t------\t------------------\t------\t-------");
    for (const each of status.conditions)
      writer.line(1, `${each.type}\t${each.status}\t${goTime(each.lastTransitionTime)}\t${each.reason ?? ""}\t${each.message ?? ""}`);
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

/** Upstream: describe.IPAddressDescriber */
export async function describeIpAddress(described: Described): Promise<string> {
  const { spec } = described.object as unknown as IPAddress;
  const writer = head(described);
  if (spec?.parentRef) {
    writer.line(0, "Parent Reference:");
    writer.line(1, `Group:\t${spec.parentRef.group ?? ""}`);
    writer.line(1, `Resource:\t${spec.parentRef.resource ?? ""}`);
    writer.line(1, `Namespace:\t${spec.parentRef.namespace ?? ""}`);
    writer.line(1, `Name:\t${spec.parentRef.name ?? ""}`);
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

function head({ object: { metadata } }: Described): DescribeWriter {
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  return writer;
}
