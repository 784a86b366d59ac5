import { lookUp, splitFieldPath } from "./field-path.ts";
import { type Field, type FieldSpec, visitField } from "./field-specs.ts";
import type { Variable } from "./kustomization.ts";
import { effectiveNamespace, type Gvk, groupVersion, type Resource, sameGvk, showGvk } from "./resource.ts";
import { isMap } from "./values.ts";

type Value = string | number | bigint | boolean;

/** Lets the resources know which variables are read from them. Upstream: ResAccumulator.MergeVars */
export function bindVariables(all: readonly Resource[], variables: readonly Variable[]): void {
  for (const variable of variables) {
    const { name = "", namespace = "" } = variable.objref ?? {};
    const gvk = kindOf(variable);
    const matches = all.filter((resource) =>
      resource.anyIds.some(
        (id) =>
          id.name === name &&
          sameGvk(id, gvk) &&
          (namespace === "" || id.clusterScoped || effectiveNamespace(id) === effectiveNamespace({ ...id, namespace })),
      ),
    );
    if (matches.length > 1)
      throw new Error(`found ${matches.length} resId matches for var ${showVariable(variable)} (unable to disambiguate)`);
    matches[0]?.variables.push(variable.name ?? "");
  }
}

/** Adds variables, none twice. */
export function addVariables(known: Map<string, Variable>, variables: readonly Variable[]): void {
  for (const variable of variables) {
    const { name = "" } = variable;
    if (known.has(name)) throw new Error(`var '${name}' already encountered`);
    known.set(name, { ...variable, fieldref: { fieldPath: variable.fieldref?.fieldPath || "metadata.name" } });
  }
}

function kindOf({ objref = {} }: Variable): Gvk {
  const { apiVersion = "", group = "", version = "", kind = "" } = objref;
  return apiVersion === "" ? { group, version, kind } : { ...{ group }, ...groupVersion(apiVersion), kind };
}

const showVariable = (variable: Variable): string => showAs(variable, kindOf(variable));

/** As it stands in the kustomization: an `apiVersion` is not looked at. */
export const showWritten = (variable: Variable): string => showAs(variable, variable.objref ?? {});

const showAs = ({ name = "", fieldref }: Variable, gvk: Partial<Gvk>): string => `{${name} ${showGvk(gvk)} {${fieldref?.fieldPath ?? ""}}}`;

/** Puts the variables' values where `$(NAME)` stands. Returns the names of those that nobody uses. Upstream: ResAccumulator.ResolveVars */
export function resolveVariables(
  all: readonly Resource[],
  known: ReadonlyMap<string, Variable>,
  { specs, warn }: { readonly specs: readonly FieldSpec[]; warn(text: string): void },
): string[] {
  const values = new Map([...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, variable]) => [name, valueOf(all, variable)]));
  if (values.size === 0) return [];
  const unused = new Set(values.keys());
  const expand = (text: string): unknown =>
    expanded(text, (name) => {
      const value = values.get(name);
      if (value === undefined) return `$(${name})`;
      if (typeof value === "object") {
        const type = Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
        warn(`MakePrimitiveReplacer: bad replacement type=${type} val=${goValue(value)}`);
        return `$(${name})`;
      }
      unused.delete(name);
      return value as Value;
    });
  for (const resource of all) for (const spec of specs) visitField(resource, spec, undefined, (field) => expandField(field, expand));
  return [...unused];
}

function valueOf(all: readonly Resource[], variable: Variable): unknown {
  const shown = showVariable(variable);
  const holder = all.find(({ variables }) => variables.includes(variable.name ?? ""));
  if (!holder) throw new Error(`var '${shown}' cannot be mapped to a field in the set of known resources`);
  const path = splitFieldPath(variable.fieldref?.fieldPath ?? "").flatMap((word) => {
    const [, name, index] = /^(.*)\[(\d+)\]$/.exec(word) ?? [];
    return index === undefined ? [word] : name ? [name, index] : [index];
  });
  const missing = (cause?: unknown) => new Error(`field specified in var '${shown}' not found in corresponding resource`, { cause });
  let field: Field | undefined;
  try {
    field = lookUp({ value: holder.object, set: () => undefined }, path);
  } catch (error) {
    throw missing(error);
  }
  if (!field) throw missing();
  return field.value ?? "";
}

function expandField(field: Field, expand: (text: string) => unknown): void {
  const { value } = field;
  if (typeof value === "string") field.set(expand(value));
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) {
      if (typeof item !== "string") throw new Error("invalid value type expect a string");
      value[index] = expand(item);
    }
  else if (isMap(value)) for (const [key, text] of Object.entries(value)) if (typeof text === "string") value[key] = expand(text);
}

/** `$(NAME)` in a text; `$$` is a dollar. A text that is nothing but a variable takes its type. Upstream: kustomize/api/filters/refvar expand.go */
function expanded(text: string, valueOfName: (name: string) => Value): unknown {
  const only = /^\$\(([^)]*)\)$/.exec(text);
  if (only) return valueOfName(only[1] ?? "");
  return text.replace(/\$(\$|\([^)]*\)|.)/gs, (all, next: string) => {
    if (next === "$") return "$";
    return next.startsWith("(") && next.endsWith(")") && next.length > 1 ? String(valueOfName(next.slice(1, -1))) : all;
  });
}

/** %v of a value. */
function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  if (!isMap(value)) return value === null ? "<nil>" : String(value);
  return `map[${Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${key}:${goValue(item)}`)
    .join(" ")}]`;
}
