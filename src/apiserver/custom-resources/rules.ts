import { type FieldError, invalid } from "../../api/field-errors.ts";
import type { CustomResourceSubresourceScale } from "../../api/generated/apiextensions-v1.ts";
import { sameJson } from "../../api/merge-patch.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { containsRules, validateRules } from "../../api/structural-schema/cel-rules.ts";
import { validateEmbeddedResources } from "../../api/structural-schema/embedded-resources.ts";
import { type JsonSchema, propertyOf } from "../../api/structural-schema/json-schema.ts";
import { validateListTypes } from "../../api/structural-schema/list-types.ts";
import { validateValue } from "../../api/structural-schema/validate-value.ts";
import { isQualifiedName } from "../../api/validation/names.ts";
import { cloneJson } from "../objects.ts";
import { readPath } from "./simple-path.ts";

interface RuleOptions {
  readonly schema: JsonSchema;
  readonly hasStatus: boolean;
  readonly scale: CustomResourceSubresourceScale | undefined;
  /** Whether the definition is being deleted: nothing new may come. */
  readonly refuseCreate?: (name: string) => Error;
}

type CustomResource = KubernetesObject & { status?: unknown };

const BLOCKING = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
const NOT_CHECKED =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/** What happens to custom resources on their way in. Upstream: apiextensions-apiserver/pkg/registry/customresource/strategy.go */
export class CustomResourceRules {
  readonly #options: RuleOptions;
  /** Of rules that failed where nothing has changed: said in warnings, which come after the validation. */
  readonly #ruleWarnings = new WeakMap<object, readonly string[]>();

  constructor(options: RuleOptions) {
    this.#options = options;
  }

  prepareForCreate(object: CustomResource): void {
    if (this.#options.refuseCreate) throw this.#options.refuseCreate(object.metadata.name);
    if (this.#options.hasStatus) delete object.status;
  }

  prepareForUpdate(object: CustomResource, old: CustomResource, subresource: string | undefined): void {
    if (subresource === "status") {
      // Not even labels: all but the status is what it was.
      const { managedFields, resourceVersion } = object.metadata;
      object.metadata = { ...cloneJson(old.metadata), resourceVersion };
      if (managedFields) object.metadata.managedFields = managedFields;
      else delete object.metadata.managedFields;
      return;
    }
    // A status that is no subresource is a field like others.
    if (!this.#options.hasStatus && !sameJson(object.status, old.status)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }

  validateCreate(object: CustomResource): FieldError[] {
    const { schema } = this.#options;
    const errors = [
      ...validateValue(schema, object, ""),
      ...this.#scaleSpec(object),
      ...this.#scaleStatus(object),
      ...validateEmbeddedResources(schema, object),
      ...validateListTypes(schema, object),
    ];
    return this.#withRules(errors, object, undefined);
  }

  validateUpdate(object: CustomResource, old: CustomResource): FieldError[] {
    const { schema } = this.#options;
    const errors = [
      ...validateValue(schema, object, "", { old }),
      ...this.#scaleSpec(object),
      ...this.#scaleStatus(object),
      ...validateEmbeddedResources(schema, object),
      ...this.#listTypes(object, old),
    ];
    return this.#withRules(errors, object, old);
  }

  validateStatusUpdate(object: CustomResource, old: CustomResource): FieldError[] {
    const status = propertyOf(this.#options.schema, "status");
    const values =
      status && object.status !== undefined
        ? validateValue(status, object.status, "status", old.status === undefined ? undefined : { old: old.status })
        : [];
    return this.#withRules([...values, ...this.#scaleStatus(object), ...this.#listTypes(object, old)], object, old);
  }

  warnings(object: CustomResource, old: CustomResource | undefined): string[] {
    const before = new Set(old?.metadata.finalizers ?? []);
    const added = (object.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer)).sort();
    return [...(this.#ruleWarnings.get(object) ?? []), ...added.flatMap(finalizerWarnings)];
  }

  #withRules(errors: readonly FieldError[], object: CustomResource, old: CustomResource | undefined): FieldError[] {
    const { schema } = this.#options;
    if (errors.some((error) => BLOCKING.has(error.type)))
      return containsRules(schema) ? [...errors, invalid("<nil>", null, NOT_CHECKED)] : [...errors];
    const findings = validateRules(schema, object, old, { isResourceRoot: true });
    if (findings.warnings.length > 0) this.#ruleWarnings.set(object, findings.warnings);
    return [...errors, ...findings.errors];
  }

  /** Whoever had duplicates may keep them. */
  #listTypes(object: CustomResource, old: CustomResource): FieldError[] {
    const { schema } = this.#options;
    return validateListTypes(schema, old).length > 0 ? [] : validateListTypes(schema, object);
  }

  #scaleSpec(object: CustomResource): FieldError[] {
    const { scale } = this.#options;
    return scale ? replicasErrors(object, scale.specReplicasPath) : [];
  }

  #scaleStatus(object: CustomResource): FieldError[] {
    const { scale } = this.#options;
    if (!scale) return [];
    const errors = replicasErrors(object, scale.statusReplicasPath);
    const path = scale.labelSelectorPath;
    const selector = path ? readPath(object, path) : undefined;
    if (path && selector !== undefined && typeof selector !== "string")
      errors.push(invalid(path, "", `${path} accessor error: ${goValue(selector)} is of the type ${goType(selector)}, expected string`));
    return errors;
  }
}

function replicasErrors(object: CustomResource, path: string): FieldError[] {
  const value = readPath(object, path);
  if (value === undefined) return [];
  if (typeof value !== "number" || !Number.isInteger(value))
    return [invalid(path, 0, `${path} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected int64`)];
  if (value < 0) return [invalid(path, value, "should be a non-negative integer")];
  return value > 2_147_483_647 ? [invalid(path, value, "should be less than or equal to 2147483647")] : [];
}

const goValue = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean));

function goType(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  return (
    { string: "string", number: Number.isInteger(value) ? "int64" : "float64", boolean: "bool" }[typeof value as string] ??
    "map[string]interface {}"
  );
}

const STANDARD_FINALIZERS = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

/** Upstream: validateKubeFinalizerName */
function finalizerWarnings(finalizer: string): string[] {
  const at = `metadata.finalizers: ${JSON.stringify(finalizer)}:`;
  const warnings = isQualifiedName(finalizer).map((message) => `${at} ${message}`);
  if (finalizer.includes("/") || STANDARD_FINALIZERS.has(finalizer)) return warnings;
  const including = finalizer.includes(".") ? " including a path (/)" : "";
  return [
    ...warnings,
    `${at} prefer a domain-qualified finalizer name${including} to avoid accidental conflicts with other finalizer writers`,
  ];
}
