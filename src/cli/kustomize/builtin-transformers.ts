import type { FieldSpec } from "./field-specs.ts";
import type { Kustomization, LabelEntry } from "./kustomization.ts";
import { mergeFieldSpecs, type TransformerConfig } from "./transformer-config.ts";
import type { Json } from "./values.ts";

/** The transformers that fields of a kustomization ask for, in the order in which they run, with their configurations. Upstream: kusttarget_configplugin.go */
export function builtinTransformers(file: Kustomization, config: TransformerConfig): [string, Json][] {
  const { patchesStrategicMerge = [], patches = [], namespace = "", namePrefix = "", nameSuffix = "" } = file;
  const { commonAnnotations = {}, patchesJson6902 = [], replicas = [], replacements = [] } = file;
  const some = (kind: string, isWanted: boolean, fields: Json): [string, Json][] => (isWanted ? [[kind, fields]] : []);
  return [
    ...some("PatchStrategicMergeTransformer", patchesStrategicMerge.length > 0, { paths: patchesStrategicMerge }),
    ...patches.map((entry): [string, Json] => ["PatchTransformer", withoutEmpty({ ...entry })]),
    ...some("NamespaceTransformer", namespace !== "", { metadata: { namespace }, fieldSpecs: config.namespace ?? [] }),
    ...some("PrefixTransformer", namePrefix !== "", { prefix: namePrefix, fieldSpecs: config.namePrefix ?? [] }),
    ...some("SuffixTransformer", nameSuffix !== "", { suffix: nameSuffix, fieldSpecs: config.nameSuffix ?? [] }),
    ...labelTransformers(file, config),
    ...some("AnnotationsTransformer", Object.keys(commonAnnotations).length > 0, {
      annotations: commonAnnotations,
      fieldSpecs: config.commonAnnotations ?? [],
    }),
    ...patchesJson6902.map(({ target, path, patch }): [string, Json] => [
      "PatchJson6902Transformer",
      withoutEmpty({ target, path, jsonOp: patch }),
    ]),
    ...replicas.map((replica): [string, Json] => ["ReplicaCountTransformer", { replica, fieldSpecs: config.replicas ?? [] }]),
    ...file.images.map((imageTag): [string, Json] => ["ImageTagTransformer", { imageTag, fieldSpecs: config.images ?? [] }]),
    ...some("ReplacementTransformer", replacements.length > 0, { replacements }),
  ];
}

/** Labels of `commonLabels` come last; they are configured as soon as there are labels at all. */
function labelTransformers({ labels = [], commonLabels = {} }: Kustomization, config: TransformerConfig): [string, Json][] {
  if (labels.length === 0 && Object.keys(commonLabels).length === 0) return [];
  return [
    ...labels.map((entry): [string, Json] => ["LabelTransformer", { labels: entry.pairs ?? {}, fieldSpecs: labelFields(entry, config) }]),
    ["LabelTransformer", { labels: commonLabels, fieldSpecs: config.commonLabels ?? [] }],
  ];
}

function labelFields({ fields = [], includeSelectors, includeTemplates }: LabelEntry, config: TransformerConfig): FieldSpec[] {
  const merge = (prefix: string, all: readonly FieldSpec[], more: readonly FieldSpec[]): FieldSpec[] => {
    try {
      return mergeFieldSpecs(all, more);
    } catch (error) {
      throw new Error(`${prefix}: ${(error as Error).message}`, { cause: error });
    }
  };
  const own = merge("failed to merge labels", fields, config.labels ?? []);
  if (includeSelectors) return merge("failed to merge labels", own, config.commonLabels ?? []);
  const templates = includeTemplates ? merge("failed to merge template fieldSpec", own, config.templateLabels ?? []) : own;
  return merge("failed to merge labels", templates, [{ path: "metadata/labels", create: true }]);
}

/** As Go writes a struct whose fields may be left out. */
function withoutEmpty(fields: Json): Json {
  const isSaid = (value: unknown) => value !== undefined && value !== "" && value !== false;
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => isSaid(value))
      .map(([key, value]) => [
        key,
        typeof value === "object" && value !== null && !Array.isArray(value) ? withoutEmpty(value as Json) : value,
      ]),
  );
}
