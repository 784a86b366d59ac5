import { groupResource, apiVersionOf, type Kind } from "../../api/kind.ts";
import type { KindSource } from "../../client/client.ts";

/** One kind for every custom resource: that of the version in which it is stored, where it is served, for nothing is lost in it. */
export function customKinds(source: KindSource): Kind[] {
  const byResource = new Map<string, Kind>();
  for (const kind of source.all()) {
    if (!kind.storedForm) continue;
    const resource = groupResource(kind);
    if (!byResource.has(resource) || kind.storedForm.apiVersion === apiVersionOf(kind)) byResource.set(resource, kind);
  }
  return [...byResource.values()];
}
