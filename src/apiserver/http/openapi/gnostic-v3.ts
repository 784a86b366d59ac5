import {
  type Encoder,
  inSlices,
  lengthDelimited,
  mapOf,
  type Message,
  messageOf,
  ProtoWriter,
  repeated,
  within,
  write,
} from "./gnostic-writer.ts";
import type { OpenApiDocument } from "./swagger.ts";

/** A schema that may stand for another: one of two messages. */
const schemaOrReference: Encoder = (writer, field, value) =>
  writer.message(field, () => (isReference(value) ? reference(writer, 2, value) : schema(writer, 1, value)));

function isReference(value: unknown): value is { readonly $ref: string } {
  return typeof value === "object" && value !== null && "$ref" in value;
}

const reference = messageOf(() => ({ $ref: [1, "string"], summary: [2, "string"], description: [3, "string"] }), 4);
const schema: Encoder = messageOf(() => SCHEMA, 36);
const schemas = repeated(schemaOrReference);

/** A default that is an object or a list has no place in the message, which is left empty. */
const defaultType: Encoder = (writer, field, value) =>
  writer.message(field, () => {
    if (typeof value === "number") write(writer, 1, "double", value);
    else if (typeof value === "boolean") write(writer, 2, "bool", value);
    else if (typeof value === "string") write(writer, 3, "string", value);
  });

const additionalProperties: Encoder = (writer, field, value) =>
  writer.message(field, () => (typeof value === "boolean" ? write(writer, 2, "bool", value) : schemaOrReference(writer, 1, value)));

const SCHEMA: Message = {
  nullable: [1, "bool"],
  readOnly: [3, "bool"],
  writeOnly: [4, "bool"],
  externalDocs: [6, messageOf(() => ({ description: [1, "string"], url: [2, "string"] }), 3)],
  example: [7, "any"],
  deprecated: [8, "bool"],
  title: [9, "string"],
  multipleOf: [10, "double"],
  maximum: [11, "double"],
  exclusiveMaximum: [12, "bool"],
  minimum: [13, "double"],
  exclusiveMinimum: [14, "bool"],
  maxLength: [15, "int"],
  minLength: [16, "int"],
  pattern: [17, "string"],
  maxItems: [18, "int"],
  minItems: [19, "int"],
  uniqueItems: [20, "bool"],
  maxProperties: [21, "int"],
  minProperties: [22, "int"],
  required: [23, "strings"],
  enum: [24, "anys"],
  type: [25, "string"],
  allOf: [26, schemas],
  oneOf: [27, schemas],
  anyOf: [28, schemas],
  not: [29, schema],
  items: [30, within(1)(schemaOrReference)],
  properties: [31, mapOf(schemaOrReference)],
  additionalProperties: [32, additionalProperties],
  default: [33, defaultType],
  description: [34, "string"],
  format: [35, "string"],
};

const content = mapOf(messageOf(() => ({ schema: [1, schemaOrReference] }), 5));

const parameter: Encoder = within(1)(
  messageOf(
    () => ({
      name: [1, "string"],
      in: [2, "string"],
      description: [3, "string"],
      required: [4, "bool"],
      schema: [10, schemaOrReference],
    }),
    14,
  ),
);
const requestBody = within(1)(messageOf(() => ({ description: [1, "string"], content: [2, content], required: [3, "bool"] }), 4));
const response = within(1)(messageOf(() => ({ description: [1, "string"], content: [3, content] }), 5));

const operation = messageOf(
  () => ({
    tags: [1, "strings"],
    summary: [2, "string"],
    description: [3, "string"],
    operationId: [5, "string"],
    parameters: [6, repeated(parameter)],
    requestBody: [7, requestBody],
    responses: [8, mapOf(response, 2)],
    deprecated: [10, "bool"],
  }),
  13,
);

const pathItem = messageOf(
  () => ({
    get: [4, operation],
    put: [5, operation],
    post: [6, operation],
    delete: [7, operation],
    patch: [10, operation],
    parameters: [13, repeated(parameter)],
  }),
  14,
);

const info = messageOf(() => ({ title: [1, "string"], description: [2, "string"], version: [6, "string"] }), 7);
const securityScheme = within(1)(
  messageOf(() => ({ type: [1, "string"], description: [2, "string"], name: [3, "string"], in: [4, "string"] }), 9),
);

const FIELDS = { openapi: 1, info: 2, paths: 4, components: 5 } as const;
const COMPONENT_FIELDS = { schemas: 1, securitySchemes: 7 } as const;

/**
 * An OpenAPI v3 document as protobuf. Upstream: github.com/google/gnostic-models/openapiv3/OpenAPIv3.proto
 * @param pause lets others run.
 */
export async function encodeOpenApi(
  document: OpenApiDocument & { readonly openapi: string; readonly info: object },
  pause: () => Promise<void>,
): Promise<Buffer> {
  const head = new ProtoWriter();
  head.string(FIELDS.openapi, document.openapi);
  info(head, FIELDS.info, document.info);
  const paths = await inSlices(document.paths, 1, pathItem, pause);
  const components = await inSlices(document.components.schemas, 1, schemaOrReference, pause);
  const security = new ProtoWriter();
  mapOf(securityScheme)(security, COMPONENT_FIELDS.securitySchemes, document.components.securitySchemes);
  return Buffer.concat([
    head.take(),
    ...lengthDelimited(FIELDS.paths, paths),
    ...lengthDelimited(FIELDS.components, [...lengthDelimited(COMPONENT_FIELDS.schemas, components), security.take()]),
  ]);
}
