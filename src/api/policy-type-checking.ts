import { AdmissionCompiler } from "./admission-expressions.ts";
import { BOOL, BYTES, type CelField, type CelType, DOUBLE, DYN, INT, listType, mapType, STRING, TIMESTAMP } from "./cel/types.ts";
import type { ExpressionWarning, NamedRuleWithOperations, ValidatingAdmissionPolicy } from "./generated/admissionregistration-v1.ts";
import type { Kind } from "./kind.ts";
import { type Scalar, type SchemaType, type StructType, structType } from "./schema.ts";

const TYPES_MAX = 10;

/**
 * What is wrong with a policy's expressions when the objects are what their schemas say. Upstream: validating/typechecking.go
 * in k8s.io/apiserver/pkg/admission/plugin/policy
 */
export function checkPolicyTypes(policy: ValidatingAdmissionPolicy, kinds: readonly Kind[]): ExpressionWarning[] {
  const { spec } = policy;
  const targets = typesToCheck(spec.matchConstraints?.resourceRules ?? [], kinds);
  if (targets.length === 0) return [];
  const paramKind =
    spec.paramKind &&
    kinds.find(
      (kind) =>
        kind.kind === spec.paramKind?.kind && (kind.group ? `${kind.group}/${kind.version}` : kind.version) === spec.paramKind?.apiVersion,
    );
  const params = paramKind ? celTypeOfKind(paramKind) : DYN;
  const compilers = targets.map((kind) => {
    const compiler = new AdmissionCompiler({
      hasParams: spec.paramKind !== undefined,
      composed: true,
      objectType: celTypeOfKind(kind),
      paramsType: params,
    });
    for (const { name, expression } of spec.variables ?? []) compiler.compileVariable(name, expression);
    return { kind, compiler };
  });
  const warnings: ExpressionWarning[] = [];
  const check = (expression: string | undefined, fieldRef: string) => {
    if (!expression) return;
    const found = compilers.flatMap(({ kind, compiler }) => {
      const { error } = compiler.compile(expression);
      return error === undefined
        ? []
        : [`${kind.group}/${kind.version}, Kind=${kind.kind}: ${error.replace(/^compilation failed: /, "")}\n`];
    });
    if (found.length > 0) warnings.push({ fieldRef, warning: found.join("\n") });
  };
  for (const [index, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    check(expression, `spec.validations[${index}].expression`);
    check(messageExpression, `spec.validations[${index}].messageExpression`);
  }
  return warnings;
}

/** Only what rules name: a wildcard could be anything. */
function typesToCheck(rules: readonly NamedRuleWithOperations[], kinds: readonly Kind[]): readonly Kind[] {
  const found = new Set<Kind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((text) => text.includes("*"))) continue;
    for (const kind of kinds) {
      if (
        found.size < TYPES_MAX &&
        apiGroups.includes(kind.group) &&
        apiVersions.includes(kind.version) &&
        resources.includes(kind.plural) &&
        kind.schema.package !== ""
      )
        found.add(kind);
    }
  }
  const order = (kind: Kind) => [kind.group, kind.version, kind.kind].join("/");
  return [...found].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

const known = new Map<StructType, CelType>();

function celTypeOfKind(kind: Kind): CelType {
  return kind.schema.package === "" ? DYN : celTypeOf(structType(kind.schema.package, kind.schema.type));
}

function celTypeOf(type: SchemaType): CelType {
  switch (type.form) {
    case "scalar":
      return SCALARS[type.scalar];
    case "list":
      return listType(celTypeOf(type.item));
    case "map":
      return mapType(STRING, celTypeOf(type.value));
    case "struct":
      return celTypeOfStruct(type);
  }
}

/** Types may contain themselves: what is asked for on the way is the one that is being made. */
function celTypeOfStruct(struct: StructType): CelType {
  const before = known.get(struct);
  if (before) return before;
  const fields = new Map<string, CelField>();
  const type: CelType = { kind: "object", name: `${struct.package}.${struct.name}`, fields };
  known.set(struct, type);
  for (const [name, field] of struct.fields) fields.set(name, { type: celTypeOf(field.type) });
  return type;
}

const SCALARS: Readonly<Record<Scalar, CelType>> = {
  string: STRING,
  boolean: BOOL,
  int: INT,
  float: DOUBLE,
  bytes: BYTES,
  time: TIMESTAMP,
  microtime: TIMESTAMP,
  duration: STRING,
  quantity: STRING,
  intOrString: DYN,
  any: DYN,
};
