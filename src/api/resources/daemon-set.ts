import { type FieldError, invalid, notSupported, required } from "../field-errors.ts";
import type { DaemonSet, DaemonSetUpdateStrategy } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { age, integer, text } from "./support/columns.ts";
import { formatLabels } from "./service.ts";
import { validateLabelSelector } from "./support/label-selector-validation.ts";
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

/** The old count of template changes; pods carry it as a label. Upstream: pkg/apis/apps/v1/conversion.go */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

/** Upstream: pkg/registry/apps/daemonset */
export const daemonSets: Kind<DaemonSet> = {
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  singular: "daemonset",
  shortNames: ["ds"],
  categories: ["all"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "apps/v1", type: "DaemonSet" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ||= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    setTemplateDefaults(spec.template);
  },
  prepareForCreate(set) {
    set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: "1" };
    set.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
  },
  prepareForUpdate(set, old) {
    const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 1);
    const changed = !sameJson(set.spec.template, old.spec.template);
    set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(changed ? before + 1 : before) };
  },
  validate: ({ spec }) => [
    ...(spec.selector ? validateLabelSelector(spec.selector, "spec.selector") : []),
    ...validateTemplateLabels(spec, "spec.template"),
    ...(spec.selector
      ? validateSelector(spec.selector, "spec.selector", "daemonset").filter((error) => error.field === "spec.selector")
      : []),
    ...validateLastingTemplate(spec.template, "spec.template", "DaemonSet"),
    ...validateStrategy(spec.updateStrategy ?? {}),
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"),
  ],
  validateUpdate: (set, old) => validateImmutable(set.spec.selector, old.spec.selector, "spec.selector"),
  warnings: templateWarnings,
  columns: [
    integer("Desired", "Nodes that should run its pod.", ({ status }) => status.desiredNumberScheduled),
    integer("Current", "Nodes that run it.", ({ status }) => status.currentNumberScheduled),
    integer("Ready", "Nodes where it is ready.", ({ status }) => status.numberReady),
    integer("Up-to-date", "Nodes with the newest template.", ({ status }) => status.updatedNumberScheduled ?? 0),
    integer("Available", "Nodes where it has been ready long enough.", ({ status }) => status.numberAvailable ?? 0),
    text("Node Selector", "The nodes that it is for.", ({ spec }) => formatLabels(spec.template?.spec?.nodeSelector)),
    age(),
    ...templateColumns<DaemonSet>(),
  ],
};

/** Upstream: ValidateDaemonSetUpdateStrategy */
function validateStrategy(strategy: DaemonSetUpdateStrategy): FieldError[] {
  const path = "spec.updateStrategy";
  if (strategy.type === "OnDelete") return [];
  if (strategy.type !== "RollingUpdate") return [notSupported(path, strategy, ["RollingUpdate", "OnDelete"])];
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
  const [unavailable, surge] = [amountOrPercent(maxUnavailable) !== 0, amountOrPercent(maxSurge) !== 0];
  return [
    ...validateIntOrPercent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.rollingUpdate.maxSurge`),
    ...(unavailable && surge
      ? [invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero")]
      : []),
    ...(!unavailable && !surge ? [required(`${path}.rollingUpdate.maxUnavailable`, "cannot be 0 when maxSurge is 0")] : []),
    ...validateAtMostAll(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
    ...validateAtMostAll(maxSurge, `${path}.rollingUpdate.maxSurge`),
  ];
}
