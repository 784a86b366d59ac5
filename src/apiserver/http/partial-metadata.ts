import type { ObjectView } from "../object-view.ts";

/**
 * The version of meta.k8s.io in which the client wants metadata only; undefined when it wants whole objects.
 * Upstream: apiserver/pkg/endpoints/handlers/response.go
 */
export function partialMetadataVersionOf(accept: string, kind: "PartialObjectMetadata" | "PartialObjectMetadataList"): string | undefined {
  for (const part of accept.split(",")) {
    const [type, ...parameters] = part.split(";").map((text) => text.trim());
    // What could only be had as protobuf is passed over.
    if (type !== "application/json" && type !== "*/*") continue;
    if (!parameters.some((parameter) => parameter.startsWith("as="))) return undefined;
    if (parameters.includes(`as=${kind}`)) return parameters.find((parameter) => parameter.startsWith("v="))?.slice(2) ?? "v1";
  }
  return undefined;
}

export function renderPartialMetadata({ metadata }: { readonly metadata: object }, version: string): string {
  return JSON.stringify({ kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata });
}

export function renderPartialMetadataList(views: readonly ObjectView[], metadata: object, version: string): string {
  const head = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}`, metadata };
  const items = views.map(({ object }) => renderPartialMetadata(object, version));
  return `${JSON.stringify(head).slice(0, -1)},"items":[${items.join(",")}]}\n`;
}
