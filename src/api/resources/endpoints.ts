import type { Endpoints } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";

/** Upstream: pkg/registry/core/endpoint */
export const endpoints: Kind<Endpoints> = {
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  singular: "endpoints",
  shortNames: ["ep"],
  namespaced: true,
  schema: { package: "core/v1", type: "Endpoints" },
  setDefaults(object) {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= "TCP";
  },
  warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
  columns: [text("Endpoints", "Addresses and ports, at most three.", shown), age()],
};

function shown(object: Endpoints): string {
  const all: string[] = [];
  for (const subset of object.subsets ?? []) {
    const ports = subset.ports?.length ? subset.ports : [undefined];
    for (const port of ports) for (const address of subset.addresses ?? []) all.push(port ? `${address.ip}:${port.port}` : address.ip);
  }
  if (all.length === 0) return "<none>";
  return all.length > 3 ? `${all.slice(0, 3).join(",")} + ${all.length - 3} more...` : all.join(",");
}
