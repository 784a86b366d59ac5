import { required } from "../field-errors.ts";
import type { IPAddress } from "../generated/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/networking/ipaddress */
export const ipAddresses: Kind<IPAddress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "IPAddress",
  plural: "ipaddresses",
  singular: "ipaddress",
  shortNames: ["ip"],
  namespaced: false,
  schema: { package: "networking/v1", type: "IPAddress" },
  validate: ({ spec }) => (spec.parentRef ? [] : [required("spec.parentRef")]),
  validateUpdate: (address, old) => validateImmutable(address.spec.parentRef, old.spec.parentRef, "spec.parentRef"),
  columns: [
    text("ParentRef", "Whose address it is.", ({ spec: { parentRef } }) =>
      parentRef
        ? [`${parentRef.resource}${parentRef.group ? `.${parentRef.group}` : ""}`, parentRef.namespace, parentRef.name]
            .filter(Boolean)
            .join("/")
        : "<none>",
    ),
    age(),
  ],
};
