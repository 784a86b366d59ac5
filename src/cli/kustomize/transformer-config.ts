import { DEFAULT_CONFIG } from "./default-config.ts";
import type { FieldSpec } from "./field-specs.ts";
import { decodeStruct, embedded, listOf, struct, TEXT } from "./go-struct.ts";
import { FIELD_SPEC } from "./kustomization.ts";
import { type Gvk, isSelected, sameGvk } from "./resource.ts";
import { compareGvk } from "./sort.ts";

/** Fields that hold the name of another object, of the kind given. */
export interface NameReference extends Partial<Gvk> {
  readonly fieldSpecs?: readonly FieldSpec[];
}

/** Which fields the transformers write. Upstream: kustomize/api/internal/plugins/builtinconfig TransformerConfig */
export interface TransformerConfig {
  readonly namePrefix?: readonly FieldSpec[];
  readonly nameSuffix?: readonly FieldSpec[];
  readonly namespace?: readonly FieldSpec[];
  readonly commonLabels?: readonly FieldSpec[];
  readonly labels?: readonly FieldSpec[];
  readonly templateLabels?: readonly FieldSpec[];
  readonly commonAnnotations?: readonly FieldSpec[];
  readonly nameReference?: readonly NameReference[];
  readonly varReference?: readonly FieldSpec[];
  readonly images?: readonly FieldSpec[];
  readonly replicas?: readonly FieldSpec[];
}

type ListName = Exclude<keyof TransformerConfig, "nameReference">;

/** In the order in which they are merged, with the names that errors have for them. */
const LISTS: readonly [ListName, string][] = [
  ["namePrefix", "NamePrefix"],
  ["nameSuffix", "NameSuffix"],
  ["namespace", "NameSpace"],
  ["commonAnnotations", "CommonAnnotations"],
  ["commonLabels", "CommonLabels"],
  ["labels", "Labels"],
  ["templateLabels", "TemplateLabels"],
  ["varReference", "VarReference"],
  ["images", "Images"],
  ["replicas", "Replicas"],
];

const CONFIG = struct("builtinconfig.TransformerConfig", {
  ...Object.fromEntries(LISTS.map(([name]) => [name, { ...listOf(FIELD_SPEC), goName: "types.FsSlice" }])),
  nameReference: {
    ...listOf(
      struct("builtinconfig.NameBackReferences", {
        ...embedded("Gvk", { group: TEXT, version: TEXT, kind: TEXT }),
        fieldSpecs: { ...listOf(FIELD_SPEC), goName: "types.FsSlice" },
      }),
    ),
    goName: "builtinconfig.nbrSlice",
  },
});

export const EMPTY_CONFIG: TransformerConfig = {};

/** The built-in fields, with those of the files that `configurations` names. */
export function configWith(files: readonly unknown[]): TransformerConfig {
  let own = EMPTY_CONFIG;
  for (const file of files) {
    try {
      own = mergeConfigs(own, sortedConfig(decodeStruct(CONFIG, file, { strict: true, coerce: true }) as TransformerConfig));
    } catch (error) {
      const { message } = error as Error;
      if (!message.startsWith("json:")) throw error;
      throw new Error(`error unmarshaling JSON: while decoding JSON: ${message}`, { cause: error });
    }
  }
  return files.length === 0 ? sortedConfig(DEFAULT_CONFIG) : mergeConfigs(sortedConfig(DEFAULT_CONFIG), own);
}

export function mergeConfigs(config: TransformerConfig, more: TransformerConfig): TransformerConfig {
  const merged: Record<string, unknown> = {};
  for (const [name, shown] of LISTS) merged[name] = wrapped(shown, () => mergeFieldSpecs(config[name] ?? [], more[name] ?? []));
  merged["nameReference"] = wrapped("NameReference", () => (more.nameReference ?? []).reduce(mergeReference, config.nameReference ?? []));
  return sortedConfig(merged);
}

function wrapped<T>(name: string, merge: () => T): T {
  try {
    return merge();
  } catch (error) {
    throw new Error(`failed to merge ${name} fieldSpec: ${(error as Error).message}`, { cause: error });
  }
}

export function mergeFieldSpecs(specs: readonly FieldSpec[], more: readonly FieldSpec[]): FieldSpec[] {
  const result = [...specs];
  for (const spec of more) {
    const same = result.find(
      (each) => isSelected({ kind: "", group: "", version: "", ...each }, spec) && (each.path ?? "") === (spec.path ?? ""),
    );
    if (!same) result.push(spec);
    else if ((same.create ?? false) !== (spec.create ?? false)) throw new Error("conflicting fieldspecs");
  }
  return result;
}

function mergeReference(all: readonly NameReference[], more: NameReference): NameReference[] {
  const whole = (each: NameReference): Gvk => ({ kind: each.kind ?? "", group: each.group ?? "", version: each.version ?? "" });
  const isThere = all.some((each) => sameGvk(whole(each), whole(more)));
  if (!isThere) return [...all, more];
  return all.map((each) =>
    sameGvk(whole(each), whole(more)) ? { ...each, fieldSpecs: mergeFieldSpecs(each.fieldSpecs ?? [], more.fieldSpecs ?? []) } : each,
  );
}

function sortedConfig(config: TransformerConfig): TransformerConfig {
  return Object.fromEntries(
    Object.entries(config).map(([name, list]: [string, readonly Partial<Gvk>[] | undefined]) => [name, [...(list ?? [])].sort(compareGvk)]),
  );
}
