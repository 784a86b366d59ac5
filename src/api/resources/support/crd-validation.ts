import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooMany } from "../../field-errors.ts";
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  SelectableField,
} from "../../generated/apiextensions-v1.ts";
import { sameJson } from "../../merge-patch.ts";
import { messageOf } from "../../status.ts";
import { validateDefaults } from "../../structural-schema/default-rules.ts";
import { resolveFieldPath } from "../../structural-schema/field-path.ts";
import type { JsonSchema } from "../../structural-schema/json-schema.ts";
import { validateSchemaRules } from "../../structural-schema/schema-rules.ts";
import { validateStructural } from "../../structural-schema/structural-rules.ts";
import { isDns1035Label, isDns1123Subdomain } from "../../validation/names.ts";
import { validateConversion } from "./crd-conversion-validation.ts";

/**
 * Upstream validates an internal form in which what all versions have in common stands at the top, and so do its paths:
 * `spec.validation` for the schema of a single version.
 * Upstream: apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go, v1/conversion.go
 */
export function validateCrd(crd: CustomResourceDefinition): FieldError[] {
  const { spec, status, metadata } = crd;
  const errors: FieldError[] = [];
  const { names, group } = spec;
  if (metadata.name !== `${names?.plural}.${group}`)
    errors.push(invalid("metadata.name", metadata.name, 'must be spec.names.plural+"."+spec.group'));
  errors.push(
    ...validateSpec(spec),
    ...validateNames(status?.acceptedNames, "status.acceptedNames"),
    ...validateStoredVersions(crd),
    ...validateApproval(crd),
  );
  if (spec.preserveUnknownFields)
    errors.push(
      invalid(
        "spec.preserveUnknownFields",
        true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
      ),
    );
  return errors;
}

const VERSION_FIELDS = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;
type Common = Pick<CustomResourceDefinitionVersion, (typeof VERSION_FIELDS)[number]>;

function splitCommon(versions: readonly CustomResourceDefinitionVersion[]): { common: Common; own: CustomResourceDefinitionVersion[] } {
  const common: Record<string, unknown> = {};
  const own = versions.map((version) => ({ ...version }));
  for (const field of VERSION_FIELDS) {
    if (!versions.every((version) => sameJson(version[field], versions[0]?.[field]))) continue;
    common[field] = versions[0]?.[field];
    for (const version of own) delete version[field];
  }
  return { common, own };
}

function validateSpec(spec: CustomResourceDefinitionSpec): FieldError[] {
  const errors: FieldError[] = [];
  const versions = spec.versions ?? [];
  const { common, own } = splitCommon(versions);
  errors.push(...validateGroupAndScope(spec));
  if (!common.schema?.openAPIV3Schema)
    own.forEach(
      (version, index) => version.schema?.openAPIV3Schema ?? errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`)),
    );
  own.forEach((version, index) =>
    errors.push(...validateVersion(version, `spec.versions[${index}]`, Boolean((version.subresources ?? common.subresources)?.status))),
  );
  if (new Set(own.map((version) => version.name)).size < own.length)
    errors.push(invalid("spec.versions", own.map(goVersion), "must contain unique version names"));
  if (own.filter((version) => version.storage).length !== 1)
    errors.push(invalid("spec.versions", own.map(goVersion), "must have exactly one version marked as storage version"));
  const first = own[0]?.name;
  if (first)
    for (const messages of [isDns1035Label(first)])
      if (messages.length > 0) errors.push(invalid("spec.version", first, messages.join(",")));
  for (const field of ["plural", "singular", "kind", "listKind"] as const)
    if (!spec.names?.[field]) errors.push(required(`spec.names.${field}`));
  errors.push(...validateNames(spec.names, "spec.names"));
  errors.push(
    ...validateValidation(
      common.schema,
      "spec.validation",
      versions.some((version) => version.subresources?.status !== undefined),
    ),
  );
  errors.push(...validateSubresources(common.subresources, "spec.subresources"));
  (common.additionalPrinterColumns ?? []).forEach((column, index) =>
    errors.push(...validateColumn(column, `spec.additionalPrinterColumns[${index}]`)),
  );
  if (common.selectableFields?.length) {
    if (!common.schema) errors.push(invalid("spec.selectableFields", "", "may only be set when validations.schema is included"));
    else errors.push(...validateSelectableFields(common.selectableFields, schemaOf(common.schema), "spec.selectableFields"));
  }
  return [...errors, ...validateConversion(spec.conversion)];
}

function validateGroupAndScope({ group, scope }: CustomResourceDefinitionSpec): FieldError[] {
  const errors: FieldError[] = [];
  const messages = group ? isDns1123Subdomain(group) : [];
  if (!group) errors.push(required("spec.group"));
  else if (messages.length > 0) errors.push(invalid("spec.group", group, messages.join(",")));
  else if (!group.includes(".")) errors.push(invalid("spec.group", group, "should be a domain with at least one dot"));
  if (!scope) errors.push(required("spec.scope"));
  else if (scope !== "Cluster" && scope !== "Namespaced") errors.push(notSupported("spec.scope", scope, ["Cluster", "Namespaced"]));
  return errors;
}

function validateVersion(version: CustomResourceDefinitionVersion, path: string, hasStatus: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const messages = isDns1035Label(version.name ?? "");
  if (messages.length > 0) errors.push(invalid(`${path}.name`, version.name ?? "", messages.join(",")));
  for (const message of deprecationErrors(version)) errors.push(invalid(`${path}.deprecationWarning`, version.deprecationWarning, message));
  errors.push(
    ...validateValidation(version.schema, `${path}.schema`, hasStatus),
    ...validateSubresources(version.subresources, `${path}.subresources`),
  );
  (version.additionalPrinterColumns ?? []).forEach((column, index) =>
    errors.push(...validateColumn(column, `${path}.additionalPrinterColumns[${index}]`)),
  );
  if (version.selectableFields?.length) {
    const schema = schemaOf(version.schema);
    if (!schema)
      errors.push(invalid(`${path}.selectableFields`, "", "may only be set when `version.schema.openAPIV3Schema` is not included"));
    else errors.push(...validateSelectableFields(version.selectableFields, schema, `${path}.selectableFields`));
  }
  return errors;
}

function deprecationErrors({ deprecated, deprecationWarning }: CustomResourceDefinitionVersion): string[] {
  if (deprecationWarning === undefined) return [];
  if (!deprecated) return ["can only be set for deprecated versions"];
  const errors: string[] = [];
  if (Buffer.byteLength(deprecationWarning) > 256) errors.push("must be <= 256 characters long");
  if (deprecationWarning === "") errors.push("must not be an empty string");
  const unprintable = /[^\P{C}]|[\u2028\u2029]/u.exec(deprecationWarning);
  if (unprintable)
    errors.push(
      `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(deprecationWarning.slice(0, unprintable.index))}`,
    );
  return errors;
}

/** The part of a version that upstream's internal form shows, in its Go names. */
function goVersion({
  name,
  served,
  storage,
  deprecated,
  deprecationWarning,
  schema,
  subresources,
  additionalPrinterColumns,
  selectableFields,
}: CustomResourceDefinitionVersion): object {
  return {
    Name: name,
    Served: served,
    Storage: storage,
    Deprecated: deprecated ?? false,
    DeprecationWarning: deprecationWarning ?? null,
    Schema: schema ?? null,
    Subresources: subresources ?? null,
    AdditionalPrinterColumns: additionalPrinterColumns ?? null,
    SelectableFields: selectableFields ?? null,
  };
}

/** The generated type knows no booleans among schemas; what is read here was decoded by it. */
export function schemaOf(validation: CustomResourceValidation | undefined): JsonSchema | undefined {
  return validation?.openAPIV3Schema as JsonSchema | undefined;
}

const ALLOWED_AT_ROOT: Readonly<Record<string, string>> = {
  description: "Description",
  type: "Type",
  format: "Format",
  title: "Title",
  maximum: "Maximum",
  exclusiveMaximum: "ExclusiveMaximum",
  minimum: "Minimum",
  exclusiveMinimum: "ExclusiveMinimum",
  maxLength: "MaxLength",
  minLength: "MinLength",
  pattern: "Pattern",
  maxItems: "MaxItems",
  minItems: "MinItems",
  uniqueItems: "UniqueItems",
  multipleOf: "MultipleOf",
  required: "Required",
  items: "Items",
  properties: "Properties",
  externalDocs: "ExternalDocs",
  example: "Example",
  "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
  "x-kubernetes-validations": "XValidations",
};

function validateValidation(validation: CustomResourceValidation | undefined, path: string, hasStatus: boolean): FieldError[] {
  const schema = schemaOf(validation);
  if (!schema) return [];
  const at = `${path}.openAPIV3Schema`;
  const errors: FieldError[] = [];
  if (hasStatus) {
    if (schema.type !== undefined && schema.type !== "object")
      errors.push(
        invalid(
          `${at}.type`,
          schema.type,
          'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
        ),
      );
    else if (Object.keys(schema).some((field) => ALLOWED_AT_ROOT[field] === undefined)) {
      errors.push(
        invalid(
          at,
          schema,
          `only [${Object.values(ALLOWED_AT_ROOT).join(" ")}] fields are allowed at the root of the schema if the status subresource is enabled`,
        ),
      );
    }
  }
  if (schema.nullable) errors.push(forbidden(`${at}.nullable`, "nullable cannot be true at the root"));
  const structural = validateStructural(schema, at);
  const defaults = structural.length > 0 ? [] : validateDefaults(schema, at);
  errors.push(...structural, ...defaults);
  return [...errors, ...validateSchemaRules(schema, at, { checkExpressions: structural.length + defaults.length === 0 })];
}

function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const errors = [
    ...validateScalePath(scale.specReplicasPath, ".spec.", `${path}.scale.specReplicasPath`),
    ...validateScalePath(scale.statusReplicasPath, ".status.", `${path}.scale.statusReplicasPath`),
  ];
  const { labelSelectorPath } = scale;
  if (!labelSelectorPath) return errors;
  const wrong = simplePathErrors(labelSelectorPath, `${path}.scale.labelSelectorPath`);
  if (wrong.length > 0) return [...errors, ...wrong];
  return labelSelectorPath.startsWith(".spec.") || labelSelectorPath.startsWith(".status.")
    ? errors
    : [...errors, invalid(`${path}.scale.labelSelectorPath`, labelSelectorPath, "should be a json path under either .spec or .status")];
}

function validateScalePath(value: string | undefined, prefix: string, path: string): FieldError[] {
  if (!value) return [required(path)];
  const wrong = simplePathErrors(value, path);
  return wrong.length > 0 || value.startsWith(prefix)
    ? wrong
    : [invalid(path, value, `should be a json path under ${prefix.slice(0, -1)}`)];
}

function simplePathErrors(value: string, path: string): FieldError[] {
  return value.startsWith(".") ? [] : [invalid(path, value, "must be a simple json path starting with .")];
}

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

function validateColumn({ name, type, format, jsonPath }: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const types = `must be one of ${COLUMN_TYPES.join(",")}`;
  if (!name) errors.push(required(`${path}.name`));
  if (!type) errors.push(required(`${path}.type`, types));
  else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(`${path}.type`, type, types));
  if (format && !COLUMN_FORMATS.includes(format))
    errors.push(invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(",")}`));
  return [...errors, ...(jsonPath ? simplePathErrors(jsonPath, `${path}.JSONPath`) : [required(`${path}.JSONPath`)])];
}

const SELECTABLE_MAX = 8;

function validateSelectableFields(fields: readonly SelectableField[], schema: JsonSchema | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  fields.forEach(({ jsonPath }, index) => {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) return void errors.push(required(at));
    try {
      const found = resolveFieldPath(schema ?? {}, jsonPath, { brackets: false });
      if (found.root === "metadata") errors.push(invalid(at, jsonPath, "must not point to fields in metadata"));
      if (!["string", "boolean", "integer"].includes(found.schema.type ?? ""))
        errors.push(
          invalid(
            at,
            jsonPath,
            "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
          ),
        );
      if (seen.has(found.path)) errors.push(duplicate(at, jsonPath));
      seen.add(found.path);
    } catch (error) {
      errors.push(invalid(at, jsonPath, `is an invalid path: ${messageOf(error)}`));
    }
  });
  return seen.size > SELECTABLE_MAX ? [...errors, tooMany(path, seen.size, SELECTABLE_MAX)] : errors;
}

export function validateNames(names: CustomResourceDefinitionNames | undefined, path: string): FieldError[] {
  if (!names) return [];
  const errors: FieldError[] = [];
  const check = (field: string, value: string, prefix = "") => {
    const messages = value ? isDns1035Label(value.toLowerCase() === value || prefix === "" ? value : value.toLowerCase()) : [];
    if (messages.length > 0) errors.push(invalid(`${path}.${field}`, value, prefix + messages.join(",")));
  };
  const mixed = "may have mixed case, but should otherwise match: ";
  check("plural", names.plural ?? "");
  check("singular", names.singular ?? "");
  check("kind", names.kind ?? "", mixed);
  check("listKind", names.listKind ?? "", mixed);
  (names.shortNames ?? []).forEach((name, index) => check(`shortNames[${index}]`, name));
  if (names.kind && names.kind === names.listKind)
    errors.push(invalid(`${path}.listKind`, names.listKind, "kind and listKind may not be the same"));
  (names.categories ?? []).forEach((name, index) => check(`categories[${index}]`, name));
  return errors;
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const stored = status?.storedVersions ?? [];
  const path = "status.storedVersions";
  if (stored.length === 0) return [invalid(path, null, "must have at least one stored version")];
  const names = (spec.versions ?? []).map((version) => version.name);
  const missing = (spec.versions ?? [])
    .filter((version) => version.storage && !stored.includes(version.name))
    .map((version) => invalid(path, stored, `must have the storage version ${version.name}`));
  const gone = stored.flatMap((name, index) => {
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    return names.includes(name) ? [] : [invalid(`${path}[${index}]`, name, why)];
  });
  return [...missing, ...gone];
}

export const APPROVAL_ANNOTATION = "api-approved.kubernetes.io";

export type ApprovalState = "Missing" | "Unapproved" | "Approved" | "Invalid";

/** Whether a group is the community's own. Upstream: apihelpers.IsProtectedCommunityGroup */
export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}

export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): {
  readonly state: ApprovalState;
  readonly reason: string;
} {
  const value = annotations?.[APPROVAL_ANNOTATION] ?? "";
  const see = "see https://github.com/kubernetes/enhancements/pull/1111";
  if (value === "")
    return { state: "Missing", reason: `protected groups must have approval annotation ${JSON.stringify(APPROVAL_ANNOTATION)}, ${see}` };
  if (value.startsWith("unapproved")) return { state: "Unapproved", reason: `not approved: ${JSON.stringify(value)}` };
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+/.test(value)) return { state: "Approved", reason: `approved in ${value}` };
  return {
    state: "Invalid",
    reason: `protected groups must have approval annotation ${JSON.stringify(APPROVAL_ANNOTATION)} with either a URL or a reason starting with "unapproved", ${see}`,
  };
}

function validateApproval({ spec, metadata }: CustomResourceDefinition): FieldError[] {
  if (!isProtectedGroup(spec.group ?? "")) return [];
  const { state, reason } = approvalOf(metadata.annotations);
  const path = `metadata.annotations[${APPROVAL_ANNOTATION}]`;
  if (state === "Missing") return [required(path, reason)];
  return state === "Invalid" ? [invalid(path, metadata.annotations?.[APPROVAL_ANNOTATION], reason)] : [];
}
