import { invalid, required } from "../field-errors.ts";
import type { RuntimeClass } from "../generated/node-v1.ts";
import type { Kind } from "../kind.ts";
import { isDns1123Label } from "../validation/names.ts";
import { age, text } from "./support/columns.ts";
import { validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/node/runtimeclass */
export const runtimeClasses: Kind<RuntimeClass> = {
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  singular: "runtimeclass",
  namespaced: false,
  schema: { package: "node/v1", type: "RuntimeClass" },
  validate: ({ handler }) =>
    handler ? isDns1123Label(handler).map((message) => invalid("handler", handler, message)) : [required("handler")],
  validateUpdate: (object, old) => validateImmutable(object.handler, old.handler, "handler"),
  columns: [text("Handler", "The runtime's name for it.", (object) => object.handler), age()],
};
