import type { ReplicationController } from "../generated/core-v1.ts";
import { type FieldError, invalid, required } from "../field-errors.ts";
import type { Kind } from "../kind.ts";
import { age, integer, text } from "./support/columns.ts";
import { formatLabels } from "./service.ts";
import { nonNegative, setTemplateDefaults, templateWarnings, validateLastingTemplate } from "./support/workload.ts";

/** Upstream: pkg/registry/core/replicationcontroller */
export const replicationControllers: Kind<ReplicationController> = {
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  singular: "replicationcontroller",
  shortNames: ["rc"],
  categories: ["all"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "core/v1", type: "ReplicationController" },
  subresources: {
    scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } },
    status: { verbs: ["get", "patch", "update"] },
  },
  setDefaults(controller) {
    const { spec, metadata } = controller;
    spec.replicas ??= 1;
    const labels = spec.template?.metadata?.labels;
    if (labels && Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    setTemplateDefaults(spec.template);
  },
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
  },
  validate: ({ spec }) => [
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...(Object.keys(spec.selector ?? {}).length === 0 ? [required("spec.selector")] : []),
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...(spec.template ? validateMatch(spec) : [required("spec.template")]),
    ...(spec.template
      ? validateLastingTemplate(spec.template, "spec.template", "ReplicationController").filter(
          ({ field }) => field !== "spec.template.spec.activeDeadlineSeconds",
        )
      : []),
  ],
  warnings: templateWarnings,
  selectableFields: ({ status }) => ({ "status.replicas": String(status.replicas ?? 0) }),
  columns: [
    integer("Desired", "How many pods it should have.", ({ spec }) => spec.replicas ?? 0),
    integer("Current", "How many it has.", ({ status }) => status.replicas ?? 0),
    integer("Ready", "How many of them are ready.", ({ status }) => status.readyReplicas ?? 0),
    age(),
    text(
      "Containers",
      "Names of the template's containers.",
      ({ spec }) => (spec.template?.spec.containers ?? []).map((container) => container.name).join(","),
      1,
    ),
    text(
      "Images",
      "Their images.",
      ({ spec }) => (spec.template?.spec.containers ?? []).map((container) => container.image ?? "").join(","),
      1,
    ),
    text("Selector", "The pods that belong to it.", ({ spec }) => formatLabels(spec.selector), 1),
  ],
};

function validateMatch({ selector = {}, template }: ReplicationController["spec"]): FieldError[] {
  const labels = template?.metadata?.labels ?? {};
  const matches = Object.entries(selector).every(([key, value]) => labels[key] === value);
  return matches ? [] : [invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")];
}
