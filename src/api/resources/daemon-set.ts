import { invalid, notSupported } from "../field-errors.ts";
import type { DaemonSet } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { age, integer, text } from "./support/columns.ts";
import { formatLabels } from "./service.ts";
import { setTemplateDefaults, templateColumns, validateSelector, validateTemplate } from "./support/workload.ts";

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
    set.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
  },
  validate: ({ spec }) => [
    ...validateSelector(spec, "spec"),
    ...validateTemplate(spec.template, "spec.template"),
    ...(["RollingUpdate", "OnDelete"].includes(spec.updateStrategy?.type ?? "") ? [] : [notSupported("spec.updateStrategy", spec.updateStrategy?.type, ["OnDelete", "RollingUpdate"])]),
  ],
  validateUpdate: (set, old) => (sameJson(set.spec.selector, old.spec.selector) ? [] : [invalid("spec.selector", set.spec.selector, "field is immutable")]),
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
