import type { Kind } from "./kind.ts";
import { isObject } from "./merge-patch.ts";
import { validateAppliedBySchema } from "./structural-schema/validate-applied.ts";
import { type SchemaField, type SchemaType, structType } from "./schema.ts";

/** What keeps a configuration from being applied, in upstream's words. Upstream: structured-merge-diff/v6/typed/validate.go */
export function validateApplied(kind: Kind, applied: Record<string, unknown>): string[] {
  if (kind.schema.package === "") return kind.openApiSchema ? validateAppliedBySchema(kind.openApiSchema, applied) : [];
  const errors: string[] = [];
  validate(structType(kind.schema.package, kind.schema.type), applied, "", errors);
  return errors;
}

function validate(type: SchemaType, value: unknown, path: string, errors: string[], field?: SchemaField): void {
  if (value === null || value === undefined) return;
  switch (type.form) {
    case "struct":
      if (!isObject(value)) return void errors.push(`${path}: expected map, got ${render(value)}`);
      for (const [name, member] of Object.entries(value)) {
        const declared = type.fields.get(name);
        if (declared) validate(declared.type, member, `${path}.${name}`, errors, declared);
        else errors.push(`${path}.${name}: field not declared in schema`);
      }
      return;
    case "map":
      if (!isObject(value)) return void errors.push(`${path}: expected map, got ${render(value)}`);
      for (const [name, member] of Object.entries(value)) validate(type.value, member, `${path}.${name}`, errors);
      return;
    case "list":
      if (!Array.isArray(value)) return void errors.push(`${path}: expected list, got ${render(value)}`);
      return validateList(type.item, value, path, errors, field);
    case "scalar":
      return validateScalar(type.scalar, value, path, errors);
  }
}

function validateList(item: SchemaType, list: readonly unknown[], path: string, errors: string[], field: SchemaField | undefined): void {
  const keys = field?.listType === "map" ? field.listMapKeys : [];
  const seen = new Set<string>();
  list.forEach((member, index) => {
    let at = `${path}[${index}]`;
    if (keys.length > 0 && isObject(member)) {
      const key = keys
        .map(
          (name) =>
            [
              name,
              member[name] ?? (item.form === "struct" ? (item.fields.get(name)?.default ?? item.written.get(name)) : undefined),
            ] as const,
        )
        .filter(([, value]) => value !== undefined);
      if (key.length === 0) {
        errors.push(
          `${path}: element ${index}: associative list with keys has an element that omits all key fields [${keys.map((name) => JSON.stringify(name)).join(" ")}] (and doesn't have default values for any key fields)`,
        );
        return;
      }
      at = `${path}[${key
        .sort()
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(",")}]`;
    } else if (field?.listType === "set") at = `${path}[=${JSON.stringify(member)}]`;
    if ((keys.length > 0 || field?.listType === "set") && seen.has(at))
      errors.push(`${path}: duplicate entries for key ${at.slice(path.length)}`);
    seen.add(at);
    validate(item, member, at, errors);
  });
}

function validateScalar(scalar: Extract<SchemaType, { form: "scalar" }>["scalar"], value: unknown, path: string, errors: string[]): void {
  const isNumber = typeof value === "number";
  switch (scalar) {
    case "any":
      return;
    case "boolean":
      if (typeof value !== "boolean") errors.push(`${path}: expected boolean, got ${render(value)}`);
      return;
    case "int":
    case "float":
      if (!isNumber) errors.push(`${path}: expected numeric (int or float), got ${goType(value)}`);
      return;
    case "quantity":
    case "intOrString":
      if (!isNumber && typeof value !== "string") errors.push(`${path}: expected scalar, got ${render(value)}`);
      return;
    default:
      if (typeof value !== "string") errors.push(`${path}: expected string, got ${render(value)}`);
  }
}

const render = (value: unknown) =>
  `&value.valueUnstructured{Value:${isObject(value) ? "map[string]interface {}{}" : Array.isArray(value) ? "[]interface {}{}" : JSON.stringify(value)}}`;

function goType(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}
