import type { ListShape, MapShape, Shape } from "../ownership-shape.ts";
import { additionalSchema, type JsonSchema, propertyOf } from "./json-schema.ts";

/**
 * How the values of a schema are owned in server-side apply. `deduced` is the shape of what no schema describes.
 * Upstream: k8s.io/kube-openapi/pkg/schemaconv/openapi.go
 */
export function shapeOfSchema(schema: JsonSchema, deduced: MapShape): Shape {
  const known = shapes.get(schema);
  if (known) return known;
  const shape = buildShape(schema, deduced);
  shapes.set(schema, shape);
  return shape;
}

const shapes = new WeakMap<JsonSchema, Shape>();
const LEAF: Shape = { form: "leaf" };

function buildShape(schema: JsonSchema, deduced: MapShape): Shape {
  if (schema["x-kubernetes-int-or-string"]) return LEAF;
  switch (schema.type) {
    case "object":
      return schema["x-kubernetes-map-type"] === "atomic" ? LEAF : objectShape(schema, deduced);
    case "array":
      return listShape(schema, deduced) ?? LEAF;
    case undefined:
    case "":
      return deduced;
    default:
      return LEAF;
  }
}

function objectShape(schema: JsonSchema, deduced: MapShape): MapShape {
  const additional = additionalSchema(schema);
  const isFree =
    schema["x-kubernetes-preserve-unknown-fields"] === true ||
    schema.additionalProperties === true ||
    Object.keys(schema.properties ?? {}).length === 0;
  return {
    form: "map",
    member: (name) => {
      const property = propertyOf(schema, name) ?? additional;
      return property ? shapeOfSchema(property, deduced) : isFree ? deduced : undefined;
    },
    isField: (name) => propertyOf(schema, name) !== undefined,
    deduced: false,
  };
}

function listShape(
  { items, "x-kubernetes-list-type": listType, "x-kubernetes-list-map-keys": keys = [] }: JsonSchema,
  deduced: MapShape,
): ListShape | undefined {
  if (!items || (listType !== "set" && listType !== "map")) return undefined;
  const item = shapeOfSchema(items, deduced);
  return {
    form: "list",
    item: listType === "set" ? LEAF : item,
    keys: listType === "set" ? undefined : keys.map((name) => ({ name, default: items.properties?.[name]?.default })),
  };
}
