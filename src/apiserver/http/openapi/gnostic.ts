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
import type { Swagger } from "./swagger.ts";

const schema: Encoder = messageOf(() => SCHEMA, 31);

const SCHEMA: Message = {
  $ref: [1, "string"],
  format: [2, "string"],
  title: [3, "string"],
  description: [4, "string"],
  default: [5, "any"],
  multipleOf: [6, "double"],
  maximum: [7, "double"],
  exclusiveMaximum: [8, "bool"],
  minimum: [9, "double"],
  exclusiveMinimum: [10, "bool"],
  maxLength: [11, "int"],
  minLength: [12, "int"],
  pattern: [13, "string"],
  maxItems: [14, "int"],
  minItems: [15, "int"],
  uniqueItems: [16, "bool"],
  maxProperties: [17, "int"],
  minProperties: [18, "int"],
  required: [19, "strings"],
  enum: [20, "anys"],
  additionalProperties: [
    21,
    (writer, field, value) =>
      writer.message(field, () => (typeof value === "boolean" ? write(writer, 2, "bool", value) : schema(writer, 1, value))),
  ],
  type: [22, (writer, field, value) => writer.message(field, () => writer.string(1, String(value)))],
  items: [23, within(1)(schema)],
  properties: [25, mapOf(schema)],
  example: [30, "any"],
};

/** Of a query or of a path: the latter cannot be left out, which shifts the numbers. */
const parameterOf = (shift: 0 | 1): Encoder =>
  messageOf(
    () => ({
      required: [1, "bool"],
      in: [2, "string"],
      description: [3, "string"],
      name: [4, "string"],
      type: [5 + shift, "string"],
      format: [6 + shift, "string"],
      uniqueItems: [19 + shift, "bool"],
    }),
    22 + shift,
  );
const bodyParameter = messageOf(
  () => ({ description: [1, "string"], name: [2, "string"], in: [3, "string"], required: [4, "bool"], schema: [5, schema] }),
  6,
);

const inBody = within(1, 1)(bodyParameter);
const inQuery = within(1, 2, 3)(parameterOf(1));
const inPath = within(1, 2, 4)(parameterOf(0));

const parameter: Encoder = (writer, field, value) => {
  const where = (value as { readonly in: string }).in;
  (where === "body" ? inBody : where === "path" ? inPath : inQuery)(writer, field, value);
};

const response: Encoder = within(1)(messageOf(() => ({ description: [1, "string"], schema: [2, within(1)(schema)] }), 5));

const operation = messageOf(
  () => ({
    tags: [1, "strings"],
    description: [3, "string"],
    operationId: [5, "string"],
    produces: [6, "strings"],
    consumes: [7, "strings"],
    parameters: [8, repeated(parameter)],
    responses: [9, mapOf(response)],
    schemes: [10, "strings"],
  }),
  13,
);

const pathItem = messageOf(
  () => ({
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    patch: [8, operation],
    parameters: [9, repeated(parameter)],
  }),
  10,
);
const info = messageOf(() => ({ title: [1, "string"], version: [2, "string"] }), 7);
const apiKey = within(2)(messageOf(() => ({ type: [1, "string"], name: [2, "string"], in: [3, "string"], description: [4, "string"] }), 5));
const strings: Encoder = (writer, field, value) => writer.message(field, () => write(writer, 1, "strings", value));

const FIELDS = { swagger: 1, info: 2, paths: 8, definitions: 9, security: 12, securityDefinitions: 13 } as const;
const PATH_ENTRY = 2;

/**
 * Swagger 2.0 as protobuf, which client-go asks for. Upstream: github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto
 * @param pause lets others run: there are megabytes to be written.
 */
export async function encodeSwagger(swagger: Swagger, pause: () => Promise<void>): Promise<Buffer> {
  const head = new ProtoWriter();
  head.string(FIELDS.swagger, swagger.swagger);
  info(head, FIELDS.info, swagger.info);
  const paths = await inSlices(swagger.paths, PATH_ENTRY, pathItem, pause);
  const definitions = await inSlices(swagger.definitions, 1, schema, pause);
  const tail = new ProtoWriter();
  repeated(mapOf(strings))(tail, FIELDS.security, swagger.security);
  mapOf(apiKey)(tail, FIELDS.securityDefinitions, swagger.securityDefinitions);
  return Buffer.concat([
    head.take(),
    ...lengthDelimited(FIELDS.paths, paths),
    ...lengthDelimited(FIELDS.definitions, definitions),
    tail.take(),
  ]);
}
