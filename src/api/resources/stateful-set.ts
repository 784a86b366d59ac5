import { notSupported, required } from "../field-errors.ts";
import type { StatefulSet } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { nonNegative, setTemplateDefaults, templateColumns, validateSelector, validateTemplate } from "./support/workload.ts";

/** Upstream: pkg/registry/apps/statefulset */
export const statefulSets: Kind<StatefulSet> = {
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  singular: "statefulset",
  shortNames: ["sts"],
  categories: ["all"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "apps/v1", type: "StatefulSet" },
  subresources: { scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } }, status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.podManagementPolicy ||= "OrderedReady";
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ||= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.persistentVolumeClaimRetentionPolicy ??= { whenDeleted: "Retain", whenScaled: "Retain" };
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    setTemplateDefaults(spec.template);
  },
  prepareForCreate(set) {
    set.status = { replicas: 0, availableReplicas: 0 };
  },
  validate: ({ spec }) => [
    ...(spec.podManagementPolicy ? (["OrderedReady", "Parallel"].includes(spec.podManagementPolicy) ? [] : [notSupported("spec.podManagementPolicy", spec.podManagementPolicy, ["OrderedReady", "Parallel"])]) : [required("spec.podManagementPolicy")]),
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...validateSelector(spec, "spec"),
    ...validateTemplate(spec.template, "spec.template"),
  ],
  columns: [text("Ready", "Ready pods of those wanted.", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`), age(), ...templateColumns<StatefulSet>().slice(0, 2)],
};
