import { forbidden, invalid } from "../field-errors.ts";
import type { PriorityClass } from "../generated/scheduling-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer, text } from "./support/columns.ts";

const USER_MAX = 1_000_000_000;

/** Upstream: pkg/registry/scheduling/priorityclass */
export const priorityClasses: Kind<PriorityClass> = {
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  singular: "priorityclass",
  shortNames: ["pc"],
  namespaced: false,
  hasGeneration: true,
  schema: { package: "scheduling/v1", type: "PriorityClass" },
  setDefaults(object) {
    object.preemptionPolicy ??= "PreemptLowerPriority";
    object.value ??= 0;
  },
  validate(object) {
    const system = object.metadata.name?.startsWith("system-");
    if (system && !["system-node-critical", "system-cluster-critical"].includes(object.metadata.name)) {
      return [forbidden("metadata.name", `priority class names with 'system-' prefix are reserved for system use only`)];
    }
    return !system && (object.value ?? 0) > USER_MAX
      ? [forbidden("value", `maximum allowed value of a user defined priority is ${USER_MAX}`)]
      : [];
  },
  validateUpdate: (object, old) => [
    ...(object.value !== old.value ? [forbidden("value", "may not be changed in an update.")] : []),
    ...(object.preemptionPolicy !== old.preemptionPolicy
      ? [invalid("preemptionPolicy", object.preemptionPolicy, "field is immutable")]
      : []),
  ],
  columns: [
    integer("Value", "The priority of its pods.", (object) => object.value ?? 0),
    text("Global-Default", "Whether pods without a class get it.", (object) => String(object.globalDefault ?? false)),
    age(),
    text("PreemptionPolicy", "Whether its pods push others away.", (object) => object.preemptionPolicy ?? ""),
  ],
};
