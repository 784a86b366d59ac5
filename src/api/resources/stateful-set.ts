import { type FieldError, forbidden, invalid, notSupported, required } from "../field-errors.ts";
import type { StatefulSet, StatefulSetSpec } from "../generated/apps-v1.ts";
import type { PodTemplateSpec } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { age, text } from "./support/columns.ts";
import {
  nonNegative,
  setTemplateDefaults,
  templateColumns,
  templateWarnings,
  validateIntOrPercent,
  validateLastingTemplate,
  validateSelector,
  validateTemplateLabels,
} from "./support/workload.ts";

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
  subresources: {
    scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } },
    status: { verbs: ["get", "patch", "update"] },
  },
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
    for (const claim of spec.volumeClaimTemplates ?? []) {
      // Kept as whole objects upstream: with their kind, and with what the type defaults.
      claim.apiVersion ||= "v1";
      claim.kind ||= "PersistentVolumeClaim";
      if (claim.spec) claim.spec.volumeMode ||= "Filesystem";
      claim.status ??= {};
      claim.status.phase ||= "Pending";
    }
  },
  prepareForCreate(set) {
    set.status = { replicas: 0, availableReplicas: 0 };
  },
  validate: ({ spec }) => [
    ...validatePolicies(spec),
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...nonNegative(spec.ordinals?.start, "spec.ordinals.start"),
    ...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"),
    ...validateSelector(spec.selector, "spec.selector", "statefulset"),
    ...validateTemplateLabels(spec, "spec.template"),
    ...validateLastingTemplate(withClaims(spec), "spec.template", "StatefulSet"),
  ],
  validateUpdate: (set, old) => (sameJson(fixed(set.spec), fixed(old.spec)) ? [] : [forbidden("spec", IMMUTABLE)]),
  warnings: templateWarnings,
  columns: [
    text("Ready", "Ready pods of those wanted.", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    age(),
    ...templateColumns<StatefulSet>().slice(0, 2),
  ],
};

const IMMUTABLE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/** What must stay as it is. */
function fixed(spec: StatefulSetSpec): unknown {
  const {
    replicas: _replicas,
    ordinals: _ordinals,
    template: _template,
    updateStrategy: _strategy,
    revisionHistoryLimit: _limit,
    persistentVolumeClaimRetentionPolicy: _policy,
    minReadySeconds: _seconds,
    ...rest
  } = spec;
  return rest;
}

function validatePolicies(spec: StatefulSetSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.podManagementPolicy) errors.push(required("spec.podManagementPolicy"));
  else if (!["OrderedReady", "Parallel"].includes(spec.podManagementPolicy))
    errors.push(invalid("spec.podManagementPolicy", spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  const path = "spec.updateStrategy";
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (!type) errors.push(required(path));
  else if (type === "OnDelete") {
    if (rollingUpdate) errors.push(invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (type === "RollingUpdate") {
    errors.push(
      ...nonNegative(rollingUpdate?.partition, `${path}.rollingUpdate.partition`),
      ...validateIntOrPercent(rollingUpdate?.maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
    );
  } else errors.push(invalid(path, spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"));
  for (const field of ["whenDeleted", "whenScaled"] as const) {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[field];
    if (policy !== undefined && !["Retain", "Delete"].includes(policy))
      errors.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, ["Delete", "Retain"]));
  }
  return errors;
}

/** The claims become volumes of the same name, which the containers may mount. */
function withClaims(spec: StatefulSetSpec): PodTemplateSpec {
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? "");
  if (claims.length === 0 || !spec.template?.spec) return spec.template;
  const own = (spec.template.spec.volumes ?? []).filter((volume) => !claims.includes(volume.name));
  return {
    ...spec.template,
    spec: { ...spec.template.spec, volumes: [...own, ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))] },
  };
}
