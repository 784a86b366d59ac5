/**
 * The schema of one version of a custom resource, as it stands in the CustomResourceDefinition. What makes it structural is checked
 * when the definition is written (structural-rules.ts); everything else here trusts that.
 * Upstream: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types_jsonschema.go
 */
export interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly externalDocs?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly multipleOf?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly id?: string;
  readonly $ref?: string;
  readonly $schema?: string;
  readonly additionalItems?: unknown;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  readonly dependencies?: unknown;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** Upstream: apiextensions/v1 ValidationRule */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

export const META_FIELDS: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** The schema of a field that the schema names; a field may be called `constructor`. */
export function propertyOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of the members of a map. */
export function additionalSchema(schema: JsonSchema | undefined): JsonSchema | undefined {
  const additional = schema?.additionalProperties;
  return typeof additional === "object" && additional !== null ? additional : undefined;
}

/** Whether the predicate holds for the schema or any within it. Upstream: validation.SchemaHas */
export function someSchema(schema: JsonSchema | undefined, predicate: (schema: JsonSchema) => boolean): boolean {
  if (schema === undefined) return false;
  return predicate(schema) || childrenOf(schema).some((child) => someSchema(child, predicate));
}

function childrenOf(schema: JsonSchema): JsonSchema[] {
  const additional = additionalSchema(schema);
  return [
    ...(schema.items ? [schema.items] : []),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.not ? [schema.not] : []),
    ...Object.values(schema.properties ?? {}),
    ...(additional ? [additional] : []),
  ];
}
