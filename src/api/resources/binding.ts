import { notSupported, required } from "../field-errors.ts";
import type { Binding } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";

/** A request to put a pod on a node; nothing is stored. Upstream: pkg/registry/core/pod/storage BindingREST, ValidatePodBinding */
export const bindings: Kind<Binding> = {
  group: "",
  version: "v1",
  kind: "Binding",
  plural: "bindings",
  singular: "binding",
  namespaced: true,
  verbs: ["create"],
  schema: { package: "core/v1", type: "Binding" },
  validate: ({ target }) => [
    ...(target?.kind && target.kind !== "Node" ? [notSupported("target.kind", target.kind, ["Node", "<empty>"])] : []),
    ...(target?.name ? [] : [required("target.name")]),
  ],
};
