import { AdmissionCompiler } from "./admission-expressions.ts";
import { global, overload } from "./cel/functions.ts";
import { type CelObjectType, DYN, STRING } from "./cel/types.ts";
import { CelMap, type CelValue, isList } from "./cel/values.ts";

/** What the expressions of mutations give. */
export const APPLY_CONFIGURATION_TYPES = ["Object"];
export const JSON_PATCH_TYPES = ["list(JSONPatch)"];

const JSON_PATCH: CelObjectType = {
  kind: "object",
  name: "JSONPatch",
  fields: new Map([
    ["op", { type: STRING }],
    ["path", { type: STRING }],
    ["from", { type: STRING }],
    ["value", { type: DYN }],
  ]),
};
const ESCAPES: Readonly<Record<string, string>> = { "/": "~1", "~": "~0" };
// Upstream: k8s.io/apiserver/pkg/cel/library/jsonpatch.go
const FUNCTIONS = [
  global(
    "jsonpatch.escapeKey",
    overload("(string) string", (key: string) => key.replace(/[/~]/g, (found) => ESCAPES[found] ?? found)),
  ),
];

/** Expressions that may make `Object{…}` and `JSONPatch{…}`. Upstream: k8s.io/apiserver/pkg/cel/mutation/typeresolver.go */
export function mutationCompiler(options: { readonly hasParams: boolean; readonly composed: boolean }): AdmissionCompiler {
  return new AdmissionCompiler({ ...options, functions: FUNCTIONS, structType });
}

function structType(name: string): CelObjectType | undefined {
  if (name === "JSONPatch") return JSON_PATCH;
  return name === "Object" || name.startsWith("Object.") ? { kind: "object", name, fields: new Map(), any: true } : undefined;
}

/** `Object.spec{selector: Object.spec.wrong{}}` is a mistake that only the values show. Upstream: CheckTypeNamesMatchFieldPathNames in pkg/cel/mutation/dynamic/objects.go */
export function misnamedTypes(value: CelValue, path = "Object"): string[] {
  if (isList(value)) return value.flatMap((item) => misnamedTypes(item, path));
  if (!(value instanceof CelMap) || value.type?.kind !== "object" || value.type.name === "JSONPatch") return [];
  const own =
    value.type.name === path
      ? []
      : [
          `unexpected type name ${JSON.stringify(value.type.name)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`,
        ];
  return [...own, ...value.keys().flatMap((key) => misnamedTypes(value.get(key) ?? null, `${path}.${String(key)}`))];
}
