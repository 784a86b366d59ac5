import type { FieldSpec } from "./field-specs.ts";
import type { Selector } from "./resource.ts";
import type { Replacement } from "./replacements.ts";

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

/** What a kustomization file may say, as far as kubesim builds it. */
export interface Kustomization {
  apiVersion?: string;
  kind?: string;
  namePrefix?: string;
  nameSuffix?: string;
  namespace?: string;
  commonLabels?: Record<string, string>;
  commonAnnotations?: Record<string, string>;
  labels?: {
    pairs?: Record<string, string>;
    includeSelectors?: boolean;
    includeTemplates?: boolean;
    includeVolumeClaimTemplates?: boolean;
    fields?: FieldSpec[];
  }[];
  resources?: string[];
  bases?: string[];
  components?: string[];
  patches?: PatchEntry[];
  patchesStrategicMerge?: string[];
  patchesJson6902?: PatchEntry[];
  images?: { name?: string; newName?: string; newTag?: string; digest?: string; tagSuffix?: string }[];
  imageTags?: Kustomization["images"];
  replicas?: { name?: string; count?: number }[];
  replacements?: (Replacement & { path?: string })[];
  configMapGenerator?: GeneratorArgs[];
  secretGenerator?: GeneratorArgs[];
  generatorOptions?: GeneratorOptions;
  sortOptions?: { order?: string; legacySortOptions?: { orderFirst?: string[]; orderLast?: string[] } };
}

const KNOWN =
  "apiVersion kind metadata openapi namePrefix nameSuffix namespace commonLabels labels commonAnnotations patchesStrategicMerge patchesJson6902 patches images imageTags replacements replicas vars sortOptions resources components crds bases configMapGenerator secretGenerator helmGlobals helmCharts helmChartInflationGenerator generatorOptions configurations generators transformers validators buildMetadata".split(
    " ",
  );
/** Known to kustomize, not to kubesim. */
const NOT_BUILT =
  "openapi vars crds helmGlobals helmCharts helmChartInflationGenerator configurations generators transformers validators buildMetadata".split(
    " ",
  );
const DEPRECATED: readonly [keyof Kustomization, string][] = [
  ["bases", "resources"],
  ["commonLabels", "labels"],
  ["imageTags", "images"],
  ["patchesJson6902", "patches"],
  ["patchesStrategicMerge", "patches"],
];

/** Checks what was read from a file. Upstream: kustomize/api/types/kustomization.go */
export function checkKustomization(value: unknown, warn: (text: string) => void): Kustomization {
  if (value === undefined || value === null) throw new Error("kustomization.yaml is empty");
  if (typeof value !== "object" || Array.isArray(value))
    throw new Error("invalid Kustomization: json: cannot unmarshal into Go value of type types.Kustomization");
  const unknown = Object.keys(value).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw new Error(`invalid Kustomization: json: unknown field ${JSON.stringify(unknown)}`);
  const read = value as Kustomization;
  for (const [field, instead] of DEPRECATED)
    if (read[field] !== undefined && read[field] !== null)
      warn(
        `# Warning: '${field}' is deprecated. Please use '${instead}' instead. Run 'kustomize edit fix' to update your Kustomization automatically.\n`,
      );
  const foreign = NOT_BUILT.find((field) => field in value);
  if (foreign !== undefined)
    throw new Error(`kubesim does not build '${foreign}' of kustomizations: render it with kustomize first and pass the result with -f`);
  if (Object.keys(value).every((key) => ["apiVersion", "kind", "metadata"].includes(key))) throw new Error("kustomization.yaml is empty");
  return read;
}

export function fieldErrors({ kind = "Kustomization", apiVersion }: Kustomization): string[] {
  const errors: string[] = [];
  if (kind !== "Kustomization" && kind !== "Component") errors.push("kind should be Kustomization or Component");
  const wanted = kind === "Component" ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
  if (apiVersion !== undefined && apiVersion !== wanted) errors.push(`apiVersion for ${kind} should be ${wanted}`);
  return errors;
}
