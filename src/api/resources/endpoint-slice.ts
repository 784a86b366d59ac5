import { notSupported, required } from "../field-errors.ts";
import type { EndpointSlice } from "../generated/discovery-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";

const SHOWN_MAX = 3;

/** Upstream: pkg/registry/discovery/endpointslice */
export const endpointSlices: Kind<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  singular: "endpointslice",
  namespaced: true,
  hasGeneration: true,
  schema: { package: "discovery/v1", type: "EndpointSlice" },
  setDefaults(slice) {
    slice.endpoints ??= [];
    for (const port of slice.ports ?? []) {
      port.name ??= "";
      port.protocol ||= "TCP";
    }
  },
  validate: (slice) => [
    ...(slice.addressType
      ? ["IPv4", "IPv6", "FQDN"].includes(slice.addressType)
        ? []
        : [notSupported("addressType", slice.addressType, ["FQDN", "IPv4", "IPv6"])]
      : [required("addressType")]),
    ...(slice.endpoints ?? []).flatMap((endpoint, index) =>
      !endpoint.addresses?.length ? [required(`endpoints[${index}].addresses`, "must contain at least 1 address")] : [],
    ),
  ],
  columns: [
    text("AddressType", "What its addresses are.", (slice) => slice.addressType),
    text("Ports", "The ports of all its endpoints.", (slice) =>
      list(
        (slice.ports ?? []).map((port) => (port.port === undefined ? "*" : String(port.port))),
        "<unset>",
      ),
    ),
    text("Endpoints", "Its addresses, at most three.", (slice) =>
      list(
        (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? []),
        "<unset>",
      ),
    ),
    age(),
  ],
};

function list(items: readonly string[], none: string): string {
  if (items.length === 0) return none;
  return items.length > SHOWN_MAX ? `${items.slice(0, SHOWN_MAX).join(",")} + ${items.length - SHOWN_MAX} more...` : items.join(",");
}
