import type { PodTemplate } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { text } from "./support/columns.ts";
import { formatLabels } from "./service.ts";
import { setTemplateDefaults, validateTemplate } from "./support/workload.ts";

/** Upstream: pkg/registry/core/podtemplate. Its table has no age. */
export const podTemplates: Kind<PodTemplate> = {
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  singular: "podtemplate",
  namespaced: true,
  hasGeneration: true,
  schema: { package: "core/v1", type: "PodTemplate" },
  setDefaults: ({ template }) => setTemplateDefaults(template),
  validate: ({ template }) => validateTemplate(template, "template"),
  columns: [
    text("Containers", "Names of its containers.", ({ template }) =>
      (template?.spec?.containers ?? []).map((container) => container.name).join(","),
    ),
    text("Images", "Their images.", ({ template }) =>
      (template?.spec?.containers ?? []).map((container) => container.image ?? "").join(","),
    ),
    text("Pod Labels", "Labels of pods made from it.", ({ template }) => formatLabels(template?.metadata?.labels)),
  ],
};
