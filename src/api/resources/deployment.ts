import { type FieldError, forbidden, invalid, notSupported } from "../field-errors.ts";
import type { Deployment, DeploymentStrategy } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { age, integer, text } from "./support/columns.ts";
import {
  amountOrPercent,
  nonNegative,
  setTemplateDefaults,
  templateColumns,
  templateWarnings,
  validateAtMostAll,
  validateImmutable,
  validateIntOrPercent,
  validateLastingTemplate,
  validateSelector,
  validateTemplateLabels,
} from "./support/workload.ts";

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
  subresources: {
    scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } },
    status: { verbs: ["get", "patch", "update"] },
  },
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
    if (subresource === undefined && !sameJson(deployment.metadata.annotations ?? {}, old.metadata.annotations ?? {}))
      deployment.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate({ spec }) {
    const { minReadySeconds = 0, progressDeadlineSeconds } = spec;
    const late = progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds;
    return [
      ...nonNegative(spec.replicas, "spec.replicas"),
      ...validateSelector(spec.selector, "spec.selector", "deployment"),
      ...validateTemplateLabels(spec, "spec.template"),
      ...validateLastingTemplate(spec.template, "spec.template", "ReplicaSet"),
      ...validateStrategy(spec.strategy ?? {}),
      ...nonNegative(minReadySeconds, "spec.minReadySeconds"),
      ...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"),
      ...nonNegative(progressDeadlineSeconds, "spec.progressDeadlineSeconds"),
      ...(late ? [invalid("spec.progressDeadlineSeconds", progressDeadlineSeconds, "must be greater than minReadySeconds")] : []),
    ];
  },
  validateUpdate: (deployment, old) => validateImmutable(deployment.spec.selector, old.spec.selector, "spec.selector"),
  warnings: templateWarnings,
  columns: [
    text("Ready", "Ready pods of those wanted.", ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    integer("Up-to-date", "Pods of the newest template.", ({ status }) => status.updatedReplicas ?? 0),
    integer("Available", "Pods that have been ready long enough.", ({ status }) => status.availableReplicas ?? 0),
    age(),
    ...templateColumns<Deployment>(),
  ],
};

/** Upstream: ValidateDeploymentStrategy */
function validateStrategy(strategy: DeploymentStrategy): FieldError[] {
  const path = "spec.strategy";
  const { type, rollingUpdate } = strategy;
  if (type === "Recreate")
    return rollingUpdate ? [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")] : [];
  if (type !== "RollingUpdate") return [notSupported(path, strategy, ["Recreate", "RollingUpdate"])];
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
  const stuck = amountOrPercent(maxUnavailable) === 0 && amountOrPercent(maxSurge) === 0;
  return [
    ...validateIntOrPercent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.rollingUpdate.maxSurge`),
    ...(stuck ? [invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0")] : []),
    ...validateAtMostAll(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
  ];
}
