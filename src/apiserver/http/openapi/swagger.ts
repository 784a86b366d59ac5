import type { Schema } from "./facts.ts";
import { isRecord } from "./schemas.ts";

/** OpenAPI v3 as far as it is made here. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, object>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly securitySchemes: object };
}

export interface Swagger {
  readonly swagger: "2.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Record<string, Schema>;
  readonly definitions: Record<string, Schema>;
  readonly securityDefinitions: object;
  readonly security: readonly object[];
}

export function emptySwagger(version: string): Swagger {
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths: {},
    definitions: {},
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", type: "apiKey", name: "authorization", in: "header" },
    },
    security: [{ BearerToken: [] }],
  };
}

/** What an old client can read of a v3 document. Upstream: the difference between kube-openapi's builder and builder3 */
export function addToSwagger(swagger: Swagger, { paths, components }: OpenApiDocument): void {
  for (const [name, schema] of Object.entries(components.schemas)) swagger.definitions[name] ??= toV2(schema);
  for (const [path, item] of Object.entries(paths)) swagger.paths[path] = pathItem(item as Schema);
}

const OPERATIONS = new Set(["get", "put", "post", "delete", "patch"]);

function pathItem(item: Schema): Schema {
  const entries = Object.entries(item).map(([key, value]) => [
    key,
    OPERATIONS.has(key) ? operation(value as Schema) : key === "parameters" ? (value as Schema[]).map(parameter) : value,
  ]);
  return Object.fromEntries(entries) as Schema;
}

interface Body {
  readonly required?: boolean;
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

function operation({ requestBody, parameters, responses, tags, description, operationId, ...others }: Schema): Schema {
  const body = requestBody as Body | undefined;
  const [schema] = Object.values(body?.content ?? {}).map((media) => media.schema);
  const answers = responses as Readonly<Record<string, { readonly description: string; readonly content?: Body["content"] }>>;
  return {
    description,
    consumes: Object.keys(body?.content ?? { "*/*": {} }),
    produces: Object.keys(answers["200"]?.content ?? { "*/*": {} }),
    schemes: ["https"],
    tags,
    operationId,
    parameters: [
      ...(schema ? [{ name: "body", in: "body", ...(body?.required ? { required: true } : {}), schema: toV2(schema) }] : []),
      ...((parameters as Schema[] | undefined) ?? []).map(parameter),
    ],
    responses: Object.fromEntries(
      Object.entries(answers).map(([code, answer]) => {
        const [found] = Object.values(answer.content ?? {});
        return [code, { description: answer.description, ...(found ? { schema: toV2(found.schema) } : {}) }];
      }),
    ),
    ...others,
  };
}

function parameter({ schema, ...others }: Schema): Schema {
  return { ...(schema as Schema), ...others };
}

const NO_SUCH = new Set(["oneOf", "anyOf", "not", "nullable"]);

/** Upstream: apiextensions-apiserver/pkg/controller/openapi/v2/conversion.go, and kube-openapi's ToProto of OneOf types. */
function toV2(schema: Schema): Schema {
  const { allOf, $ref, ...others } = schema;
  const [only] = Array.isArray(allOf) ? (allOf as Schema[]) : [];
  const reference = typeof $ref === "string" ? $ref : typeof only?.["$ref"] === "string" ? only["$ref"] : undefined;
  const out: Schema = {};
  for (const [key, value] of Object.entries(others)) if (!NO_SUCH.has(key)) out[key] = inner(key, value);
  if (reference !== undefined) out["$ref"] = reference.replace("#/components/schemas/", "#/definitions/");
  // Quantities and IntOrStrings are written as strings.
  else if (Array.isArray(schema["oneOf"]) && out["type"] === undefined && !schema["x-kubernetes-int-or-string"]) out["type"] = "string";
  return closed(schema, out);
}

function inner(key: string, value: unknown): unknown {
  if (key === "properties" && isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, isRecord(property) ? toV2(property) : property]));
  if ((key === "items" || key === "additionalProperties") && isRecord(value)) return toV2(value);
  return value;
}

/** kubectl cannot cope with what may be null or anything beside fields or items that it knows. */
function closed(schema: Schema, out: Schema): Schema {
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema["nullable"] === true) delete out["type"];
  if (schema["nullable"] === true || open) {
    delete out["items"];
    delete out["properties"];
  }
  if (out["type"] === "array" && out["items"] === undefined) delete out["type"];
  if (open && out["type"] === "object") delete out["type"];
  const properties = schema["properties"];
  const required = out["required"];
  if (isRecord(properties) && Array.isArray(required)) {
    const kept = required.filter(
      (name) => !(isRecord(properties[String(name)]) && (properties[String(name)] as Schema)["nullable"] === true),
    );
    if (kept.length > 0) out["required"] = kept;
    else delete out["required"];
  }
  return out;
}
