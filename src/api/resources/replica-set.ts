import type { ReplicaSet } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer } from "./support/columns.ts";
import {
  nonNegative,
  setTemplateDefaults,
  templateColumns,
  templateWarnings,
  validateImmutable,
  validateLastingTemplate,
  validateSelector,
  validateTemplateLabels,
} from "./support/workload.ts";

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
  subresources: {
    scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } },
    status: { verbs: ["get", "patch", "update"] },
  },
  setDefaults(set) {
    set.spec.replicas ??= 1;
    setTemplateDefaults(set.spec.template);
  },
  prepareForCreate(set) {
    set.status = { replicas: 0 };
  },
  validate: ({ spec }) => [
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    // Upstream says "deployment" here too.
    ...validateSelector(spec.selector, "spec.selector", "deployment"),
    ...validateTemplateLabels(spec, "spec.template"),
    ...validateLastingTemplate(spec.template, "spec.template", "ReplicaSet"),
  ],
  validateUpdate: (set, old) => validateImmutable(set.spec.selector, old.spec.selector, "spec.selector"),
  warnings: templateWarnings,
  selectableFields: (set) => ({ "status.replicas": String(set.status.replicas ?? 0) }),
  columns: [
    integer("Desired", "How many pods it should have.", (set) => set.spec.replicas ?? 0),
    integer("Current", "How many it has.", (set) => set.status.replicas ?? 0),
    integer("Ready", "How many of them are ready.", (set) => set.status.readyReplicas ?? 0),
    age(),
    ...templateColumns<ReplicaSet>(),
  ],
};
