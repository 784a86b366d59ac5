import { invalid } from "../field-errors.ts";
import type { ReplicaSet } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { age, integer } from "./support/columns.ts";
import { nonNegative, setTemplateDefaults, templateColumns, validateSelector, validateTemplate } from "./support/workload.ts";

/** Upstream: pkg/registry/apps/replicaset */
export const replicaSets: Kind<ReplicaSet> = {
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  singular: "replicaset",
  shortNames: ["rs"],
  categories: ["all"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "apps/v1", type: "ReplicaSet" },
  subresources: { scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } }, status: { verbs: ["get", "patch", "update"] } },
  setDefaults(set) {
    set.spec.replicas ??= 1;
    setTemplateDefaults(set.spec.template);
  },
  prepareForCreate(set) {
    set.status = { replicas: 0 };
  },
  validate: (set) => [...nonNegative(set.spec.replicas, "spec.replicas"), ...nonNegative(set.spec.minReadySeconds, "spec.minReadySeconds"), ...validateSelector(set.spec, "spec"), ...validateTemplate(set.spec.template, "spec.template")],
  validateUpdate: (set, old) => (sameJson(set.spec.selector, old.spec.selector) ? [] : [invalid("spec.selector", set.spec.selector, "field is immutable")]),
  selectableFields: (set) => ({ "status.replicas": String(set.status.replicas ?? 0) }),
  columns: [
    integer("Desired", "How many pods it should have.", (set) => set.spec.replicas ?? 0),
    integer("Current", "How many it has.", (set) => set.status.replicas ?? 0),
    integer("Ready", "How many of them are ready.", (set) => set.status.readyReplicas ?? 0),
    age(),
    ...templateColumns<ReplicaSet>(),
  ],
};
