import type { Field } from "./field-specs.ts";
import { lookUp, matchPath, type NodeKind, type PathField, splitFieldPath } from "./field-path.ts";
import { resolveScalar } from "./parse.ts";
import { effectiveNamespace, isSelected, type Resource, type ResourceId, type Selector, showId } from "./resource.ts";
import { hasLabels, type ResourceList, selectorPatterns } from "./resource-list.ts";
import { setInText } from "./structured-text.ts";
import { isMap, isMissing, nodeKind, textOf } from "./values.ts";

interface FieldOptions {
  delimiter?: string;
  index?: number;
  create?: boolean;
}

interface Source extends Selector {
  fieldPath?: string;
  options?: FieldOptions;
}

interface Target {
  select?: Selector;
  reject?: Selector[];
  fieldPaths?: string[];
  options?: FieldOptions;
}

export interface Replacement {
  source?: Source;
  sourceValue?: string;
  targets?: Target[];
}

/** Copies a field's value into fields of other objects. Upstream: kustomize/api/filters/replacement */
export function applyReplacement(list: ResourceList, { source, sourceValue, targets }: Replacement): void {
  if ((source === undefined && sourceValue === undefined) || targets === undefined)
    throw new Error("replacements must specify a source and at least one target");
  if (source !== undefined && sourceValue !== undefined) throw new Error("value and resource selectors are mutually exclusive");
  const value = sourceValue === undefined ? valueOf(list, source ?? {}) : sourceValue;
  for (const target of targets) {
    if (target.select === undefined) throw new Error("target must specify resources to select");
    for (const resource of chosenBy(list, target.select, target.reject ?? [])) copyInto(resource, value, target);
  }
}

function valueOf(list: ResourceList, source: Source): unknown {
  const resource = sourceOf(list, source);
  const path = source.fieldPath || "metadata.name";
  let field: Field | undefined;
  try {
    field = lookUp(rootOf(resource), splitFieldPath(path));
  } catch (error) {
    throw new Error(`error looking up replacement source: ${(error as Error).message}`, { cause: error });
  }
  const value = field?.value;
  if (isMissing(value) || (typeof value === "object" && Object.keys(value as object).length === 0))
    throw new Error(`fieldPath \`${path}\` is missing for replacement source ${showId(idOf(source))}`);
  const { delimiter = "", index = 0 } = source.options ?? {};
  if (delimiter === "") return value;
  if (typeof value === "object") throw new Error("delimiter option can only be used with scalar nodes");
  const parts = textOf(value).split(delimiter);
  if (index < 0 || index >= parts.length) throw new Error(`options.index ${index} is out of bounds for value ${textOf(value)}`);
  return parts[index];
}

const rootOf = ({ object }: Resource): Field => ({ value: object, set: () => undefined });

const idOf = ({ group = "", version = "", kind = "", name = "", namespace = "" }: Selector): ResourceId => ({
  group,
  version,
  kind,
  name,
  namespace,
  clusterScoped: false,
});

/** A source is meant by what it is or was called, word for word. */
function sourceOf(list: ResourceList, source: Source): Resource {
  const wanted = idOf(source);
  const isMeant = (id: ResourceId) =>
    (wanted.name === "" || wanted.name === id.name) &&
    (wanted.namespace === "" || effectiveNamespace(wanted) === effectiveNamespace(id)) &&
    isSelected(id, wanted);
  const matches = list.all.filter(({ anyIds }) => anyIds.some(isMeant));
  const { delimiter = "", index = 0, create = false } = source.options ?? {};
  const shown = [
    showId(wanted),
    ...(source.fieldPath ? [source.fieldPath] : []),
    ...(delimiter === "" && !create ? [] : [`${delimiter}(${index}), create=${create}`]),
  ].join(":");
  const [match] = matches;
  if (!match) throw new Error(`nothing selected by ${shown}`);
  if (matches.length > 1) throw new Error(`multiple matches for selector ${shown}`);
  return match;
}

function chosenBy(list: ResourceList, select: Selector, reject: readonly Selector[]): Resource[] {
  const pattern = targetPatterns(select);
  const rejected = reject.filter((each) => Object.values(idOf(each)).some(Boolean)).map(targetPatterns);
  const meant = (id: ResourceId, { gvk, name, namespace }: typeof pattern) => gvk(id) && name(id.name) && namespace(id.namespace);
  return list.all.filter((resource) => {
    if (!hasLabels(resource, select)) return false;
    if (reject.some((each) => (each.labelSelector || each.annotationSelector) && hasLabels(resource, each))) return false;
    const ids = resource.anyIds;
    return !rejected.some((each) => ids.some((id) => meant(id, each))) && ids.some((id) => meant(id, pattern));
  });
}

function targetPatterns(selector: Selector): ReturnType<typeof selectorPatterns> {
  try {
    return selectorPatterns(selector);
  } catch (error) {
    throw new Error(`error creating target selector: ${(error as Error).message}`, { cause: error });
  }
}

function copyInto(resource: Resource, value: unknown, { fieldPaths = [], options = {} }: Target): void {
  const create: NodeKind | undefined = options.create ? nodeKind(value) : undefined;
  for (const path of fieldPaths.length > 0 ? fieldPaths : ["metadata.name"]) {
    const words = splitFieldPath(path);
    if (setInText(rootOf(resource), value, words, create)) continue;
    for (const field of fieldsAt(resource, path, create)) setField(field, value, options);
  }
}

function fieldsAt(resource: Resource, path: string, create: NodeKind | undefined): PathField[] {
  const missing = `unable to find ${create === undefined ? "" : "or create "}field ${JSON.stringify(path)} in replacement target`;
  let fields: PathField[] | undefined;
  try {
    fields = matchPath(rootOf(resource), splitFieldPath(path), create);
  } catch (error) {
    throw new Error(`${missing}: ${(error as Error).message}`, { cause: error });
  }
  if (!fields) throw new Error(missing);
  return fields;
}

function setField(field: PathField, value: unknown, { delimiter = "", index = 0 }: FieldOptions): void {
  let next = value;
  if (delimiter !== "") {
    if (isMap(field.value) || Array.isArray(field.value)) throw new Error("delimiter option can only be used with scalar nodes");
    const parts = textOf(field.value).split(delimiter);
    const text = textOf(value);
    if (index < 0) parts.unshift(text);
    else if (index >= parts.length) parts.push(text);
    else parts[index] = text;
    next = parts.join(delimiter);
  }
  if (isMap(field.value) || Array.isArray(field.value)) field.set(structuredClone(next));
  else field.set(field.isNew ? resolveScalar(textOf(next)) : retyped(field.value, textOf(next)));
}

/** A scalar keeps its type: a number takes only texts of numbers. */
function retyped(old: unknown, text: string): unknown {
  if (typeof old === "string") return text;
  const value = resolveScalar(text);
  const [wanted, given] = [yamlTag(old), yamlTag(value)];
  if (wanted === given || (wanted === "!!float" && given === "!!int")) return value;
  throw new Error(`map[string]interface {}(nil): yaml: cannot decode ${given} \`${text}\` as a ${wanted}`);
}

function yamlTag(value: unknown): string {
  if (value === null || value === undefined) return "!!null";
  if (typeof value === "boolean") return "!!bool";
  if (typeof value === "string") return "!!str";
  return typeof value === "bigint" || Number.isInteger(value) ? "!!int" : "!!float";
}
