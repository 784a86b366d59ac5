import type { FieldSpec } from "./field-specs.ts";
import { decodeStruct, embedded, FLAG, INT, INT64, ANY, listOf, mapOf, struct, TEXT, type Shape } from "./go-struct.ts";
import type { Replacement } from "./replacements.ts";
import type { Selector } from "./resource.ts";

export interface GeneratorOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  disableNameSuffixHash?: boolean;
  immutable?: boolean;
}

export interface GeneratorArgs {
  name?: string;
  namespace?: string;
  behavior?: string;
  literals?: string[];
  files?: string[];
  env?: string;
  envs?: string[];
  type?: string;
  options?: GeneratorOptions;
}

export interface PatchEntry {
  path?: string;
  patch?: string;
  target?: Selector;
  options?: { allowNameChange?: boolean; allowKindChange?: boolean };
}

export interface Image {
  name?: string;
  newName?: string;
  newTag?: string;
  digest?: string;
  tagSuffix?: string;
}

export interface LabelEntry {
  pairs?: Record<string, string>;
  includeSelectors?: boolean;
  includeTemplates?: boolean;
  fields?: FieldSpec[];
}

export interface Variable {
  name?: string;
  objref?: { apiVersion?: string; group?: string; version?: string; kind?: string; name?: string; namespace?: string };
  fieldref?: { fieldPath?: string };
}

export interface SortOptions {
  order?: string;
  legacySortOptions?: { orderFirst?: string[]; orderLast?: string[] };
}

/** What a kustomization file may say. Upstream: kustomize/api/types/kustomization.go */
export interface Kustomization {
  apiVersion: string;
  kind: string;
  openapi?: Record<string, string>;
  namePrefix?: string;
  nameSuffix?: string;
  namespace?: string;
  commonLabels?: Record<string, string>;
  commonAnnotations?: Record<string, string>;
  labels?: LabelEntry[];
  resources: string[];
  bases?: string[];
  components?: string[];
  crds?: string[];
  configurations?: string[];
  generators?: string[];
  transformers?: string[];
  validators?: string[];
  buildMetadata?: string[];
  patches?: PatchEntry[];
  patchesStrategicMerge?: string[];
  patchesJson6902?: PatchEntry[];
  images: Image[];
  imageTags?: Image[];
  replicas?: { name?: string; count?: number }[];
  replacements?: (Replacement & { path?: string })[];
  vars?: Variable[];
  configMapGenerator?: GeneratorArgs[];
  secretGenerator?: GeneratorArgs[];
  generatorOptions?: GeneratorOptions;
  helmGlobals?: Record<string, unknown>;
  helmCharts: Record<string, unknown>[];
  helmChartInflationGenerator?: Record<string, unknown>[];
  sortOptions?: SortOptions;
}

const GVK = { group: TEXT, version: TEXT, kind: TEXT };
const RES_ID = { ...embedded("Gvk", GVK), name: TEXT, namespace: TEXT };
export const SELECTOR = struct("types.Selector", { ...embedded("ResId", RES_ID), annotationSelector: TEXT, labelSelector: TEXT });
export const FIELD_SPEC = struct("types.FieldSpec", { ...embedded("Gvk", GVK), path: TEXT, create: FLAG });
export const PATCH_ARGS = struct("types.PatchArgs", { allowNameChange: FLAG, allowKindChange: FLAG });
const PATCH = struct("types.Patch", { path: TEXT, patch: TEXT, target: SELECTOR, options: PATCH_ARGS });
const GENERATOR_OPTIONS = struct("types.GeneratorOptions", {
  labels: mapOf(TEXT),
  annotations: mapOf(TEXT),
  disableNameSuffixHash: FLAG,
  immutable: FLAG,
});
const KV_SOURCES = { literals: listOf(TEXT), files: listOf(TEXT), envs: listOf(TEXT), env: TEXT };
const GENERATOR_ARGS = embedded("GeneratorArgs", {
  namespace: TEXT,
  name: TEXT,
  behavior: TEXT,
  ...embedded("KvPairSources", KV_SOURCES),
  options: GENERATOR_OPTIONS,
});
export const CONFIG_MAP_ARGS = struct("types.ConfigMapArgs", GENERATOR_ARGS);
export const SECRET_ARGS = struct("types.SecretArgs", { ...GENERATOR_ARGS, type: TEXT });
export const IMAGE = struct("types.Image", { name: TEXT, newName: TEXT, tagSuffix: TEXT, newTag: TEXT, digest: TEXT });
export const REPLICA = struct("types.Replica", { name: TEXT, count: INT64 });
const FIELD_OPTIONS = struct("types.FieldOptions", { delimiter: TEXT, index: INT, encoding: TEXT, create: FLAG });
const REPLACEMENT_FIELDS = {
  source: struct("types.SourceSelector", { ...embedded("ResId", RES_ID), fieldPath: TEXT, options: FIELD_OPTIONS }),
  targets: listOf(
    struct("types.TargetSelector", { select: SELECTOR, reject: listOf(SELECTOR), fieldPaths: listOf(TEXT), options: FIELD_OPTIONS }),
  ),
  sourceValue: TEXT,
};
export const REPLACEMENT = struct("types.Replacement", REPLACEMENT_FIELDS);
export const REPLACEMENT_FIELD = struct("types.ReplacementField", { ...embedded("Replacement", REPLACEMENT_FIELDS), path: TEXT });
const VAR = struct("types.Var", {
  name: TEXT,
  objref: struct("types.Target", { apiVersion: TEXT, ...embedded("Gvk", GVK), name: TEXT, namespace: TEXT }),
  fieldref: struct("types.FieldSelector", { fieldPath: TEXT }),
});
const LABEL = struct("types.Label", { pairs: mapOf(TEXT), includeSelectors: FLAG, includeTemplates: FLAG, fields: listOf(FIELD_SPEC) });
const SORT_OPTIONS = struct("types.SortOptions", {
  order: TEXT,
  legacySortOptions: struct("types.LegacySortOptions", { orderFirst: listOf(TEXT), orderLast: listOf(TEXT) }),
});
const TEXTS = (names: string): Record<string, Shape> => Object.fromEntries(names.split(" ").map((name) => [name, TEXT]));
const HELM_GLOBALS = struct("types.HelmGlobals", TEXTS("chartHome configHome"));
const HELM_CHART = struct("types.HelmChart", {
  ...TEXTS("name version repo releaseName namespace valuesFile valuesMerge kubeVersion nameTemplate"),
  additionalValuesFiles: listOf(TEXT),
  valuesInline: mapOf(ANY),
  apiVersions: listOf(TEXT),
  ...Object.fromEntries(["includeCRDs", "skipHooks", "skipTests", "debug", "devel"].map((name) => [name, FLAG])),
});
const HELM_CHART_ARGS = struct("types.HelmChartArgs", {
  ...TEXTS("chartName chartVersion chartRepoUrl chartHome chartRepoName helmBin helmHome values valuesMerge releaseName releaseNamespace"),
  valuesLocal: mapOf(ANY),
  extraArgs: listOf(TEXT),
});

const KUSTOMIZATION = struct("types.Kustomization", {
  ...embedded("TypeMeta", { kind: TEXT, apiVersion: TEXT }),
  metadata: struct("types.ObjectMeta", { ...TEXTS("name namespace"), labels: mapOf(TEXT), annotations: mapOf(TEXT) }),
  openapi: mapOf(TEXT),
  ...TEXTS("namePrefix nameSuffix namespace"),
  commonLabels: mapOf(TEXT),
  labels: listOf(LABEL),
  commonAnnotations: mapOf(TEXT),
  patchesStrategicMerge: listOf({ form: "string", goName: "types.PatchStrategicMerge" }),
  patchesJson6902: listOf(PATCH),
  patches: listOf(PATCH),
  images: listOf(IMAGE),
  imageTags: listOf(IMAGE),
  replacements: listOf(REPLACEMENT_FIELD),
  replicas: listOf(REPLICA),
  vars: listOf(VAR),
  sortOptions: SORT_OPTIONS,
  ...Object.fromEntries(
    "resources components crds bases configurations generators transformers validators buildMetadata"
      .split(" ")
      .map((name) => [name, listOf(TEXT)]),
  ),
  configMapGenerator: listOf(CONFIG_MAP_ARGS),
  secretGenerator: listOf(SECRET_ARGS),
  helmGlobals: HELM_GLOBALS,
  helmCharts: listOf(HELM_CHART),
  helmChartInflationGenerator: listOf(HELM_CHART_ARGS),
  generatorOptions: GENERATOR_OPTIONS,
});

const DEPRECATED: readonly [keyof Kustomization, string, string?][] = [
  ["bases", "resources"],
  ["commonLabels", "labels"],
  ["imageTags", "images"],
  ["patchesJson6902", "patches"],
  ["patchesStrategicMerge", "patches"],
  ["vars", "replacements", "[EXPERIMENTAL] "],
];

/** Decodes what was read from a kustomization file, with old fields put where they belong now. */
export function decodeKustomization(value: unknown, warn: (text: string) => void): Kustomization {
  let read: Partial<Kustomization>;
  try {
    read = (decodeStruct(KUSTOMIZATION, value, { strict: true }) ?? {}) as Partial<Kustomization>;
  } catch (error) {
    throw new Error(`invalid Kustomization: ${(error as Error).message}`, { cause: error });
  }
  for (const [field, instead, mark = ""] of DEPRECATED)
    if (read[field] !== undefined)
      warn(
        `# Warning: '${field}' is deprecated. Please use '${instead}' instead. ${mark}Run 'kustomize edit fix' to update your Kustomization automatically.\n`,
      );
  const isSaid = ([key, field]: [string, unknown]) => field !== "" && key !== "apiVersion" && key !== "kind";
  if (!Object.entries(read).some(isSaid)) throw new Error("kustomization.yaml is empty");
  return modernized(read);
}

/** Upstream: Kustomization.FixKustomization */
function modernized({ bases = [], imageTags = [], helmChartInflationGenerator = [], ...read }: Partial<Kustomization>): Kustomization {
  const kind = read.kind || "Kustomization";
  const version = kind === "Component" ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
  const withEnvs = (all: GeneratorArgs[] | undefined) =>
    all?.map(({ env, ...args }) => (env ? { ...args, envs: [...(args.envs ?? []), env] } : args));
  const [configMapGenerator, secretGenerator] = [withEnvs(read.configMapGenerator), withEnvs(read.secretGenerator)];
  return {
    ...read,
    ...(configMapGenerator ? { configMapGenerator } : {}),
    ...(secretGenerator ? { secretGenerator } : {}),
    kind,
    apiVersion: read.apiVersion || version,
    resources: [...(read.resources ?? []), ...bases],
    images: [...(read.images ?? []), ...imageTags],
    helmCharts: [...(read.helmCharts ?? []), ...helmChartInflationGenerator.map(modernChart)],
  };
}

const modernChart = (old: Record<string, unknown>) => ({
  name: old["chartName"],
  version: old["chartVersion"],
  repo: old["chartRepoUrl"],
  valuesFile: old["values"],
  valuesInline: old["valuesLocal"],
  valuesMerge: old["valuesMerge"],
  releaseName: old["releaseName"],
});

export function fieldErrors({ kind, apiVersion }: Kustomization): string[] {
  const errors: string[] = [];
  if (kind !== "Kustomization" && kind !== "Component") errors.push("kind should be Kustomization or Component");
  const wanted = kind === "Component" ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
  if (apiVersion !== wanted) errors.push(`apiVersion for ${kind} should be ${wanted}`);
  return errors;
}
