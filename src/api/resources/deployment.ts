import { type FieldError, forbidden, invalid, notSupported } from "../field-errors.ts";
import type { Deployment } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { isPercent } from "../validation/names.ts";
import { age, integer, text } from "./support/columns.ts";
import { nonNegative, setTemplateDefaults, templateColumns, validateSelector, validateTemplate } from "./support/workload.ts";

/** Upstream: pkg/registry/apps/deployment */
export const deployments: Kind<Deployment> = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  singular: "deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "apps/v1", type: "Deployment" },
  subresources: { scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } }, status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ||= "RollingUpdate";
    if (spec.strategy.type === "RollingUpdate") {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
      spec.strategy.rollingUpdate.maxSurge ??= "25%";
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    setTemplateDefaults(spec.template);
  },
  prepareForCreate(deployment) {
    deployment.status = {};
  },
  prepareForUpdate(deployment, old, { subresource }) {
    // Annotations count as a change of the desired state here. Upstream: deploymentStrategy.PrepareForUpdate
    if (subresource === undefined && !sameJson(deployment.metadata.annotations ?? {}, old.metadata.annotations ?? {})) deployment.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate(deployment) {
    const { spec } = deployment;
    const errors: FieldError[] = [...nonNegative(spec.replicas, "spec.replicas"), ...validateSelector(spec, "spec"), ...validateTemplate(spec.template, "spec.template")];
    errors.push(...validateStrategy(deployment), ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"), ...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"));
    if (spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)) errors.push(invalid("spec.progressDeadlineSeconds", spec.progressDeadlineSeconds, "must be greater than minReadySeconds"));
    return errors;
  },
  validateUpdate: (deployment, old) => (sameJson(deployment.spec.selector, old.spec.selector) ? [] : [invalid("spec.selector", deployment.spec.selector, "field is immutable")]),
  columns: [
    text("Ready", "Ready pods of those wanted.", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    integer("Up-to-date", "Pods of the newest template.", ({ status }) => status.updatedReplicas ?? 0),
    integer("Available", "Pods that have been ready long enough.", ({ status }) => status.availableReplicas ?? 0),
    age(),
    ...templateColumns<Deployment>(),
  ],
};

function validateStrategy({ spec }: Deployment): FieldError[] {
  const { type, rollingUpdate } = spec.strategy ?? {};
  if (type === "Recreate") return rollingUpdate ? [forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")] : [];
  if (type !== "RollingUpdate") return [notSupported("spec.strategy.type", type, ["Recreate", "RollingUpdate"])];
  const errors: FieldError[] = [];
  for (const field of ["maxUnavailable", "maxSurge"] as const) {
    const value = rollingUpdate?.[field];
    const at = `spec.strategy.rollingUpdate.${field}`;
    if (typeof value === "string") for (const message of isPercent(value)) errors.push(invalid(at, value, message));
    else errors.push(...nonNegative(value, at));
  }
  const zero = (value: unknown) => value === 0 || value === "0%";
  if (zero(rollingUpdate?.maxUnavailable) && zero(rollingUpdate?.maxSurge)) errors.push(invalid("spec.strategy.rollingUpdate.maxUnavailable", rollingUpdate?.maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  return errors;
}
