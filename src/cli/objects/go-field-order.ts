import declared from "../../api/generated/go-field-order.json" with { type: "json" };
import { schemaOf, structType, type SchemaType, type StructType } from "../../api/schema.ts";
import { renderJson, sortKeys } from "../../api/go-json.ts";
import { LAST_APPLIED } from "../apply/last-applied.ts";
import type { ApiObject } from "./resources.ts";

/**
 * Most Go types declare their fields in the order of their protobuf numbers. The others are in go-field-order.json, as
 * k8s.io/api's types.go have them.
 */
const DECLARED = new Map<string, ReadonlyMap<string, number>>(
  Object.entries(declared).map(([type, fields]) => [type, new Map(fields.map((field, index) => [field, index]))]),
);

/** An object as a typed client holds it: a Go struct, whose JSON has the fields in the order of their declaration. */
export function inGoOrder(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kind = String(object["kind"] ?? "");
  const found = schemaOf(String(object["apiVersion"] ?? ""), kind);
  if (found) return ordering(structType(found.package, found.type), object) as Record<string, unknown>;
  const { apiVersion, items, metadata, ...rest } = object;
  if (!kind.endsWith("List") || !Array.isArray(items))
    return { kind, apiVersion, ...(metadata === undefined ? {} : { metadata }), ...rest };
  // Lists have no facts of their own.
  const each = schemaOf(String(apiVersion), kind.slice(0, -4));
  const type = each && structType(each.package, each.type);
  return { kind, apiVersion, metadata, items: type ? items.map((item) => ordering(type, item)) : sortKeys(items) };
}

function ordering(type: SchemaType, value: unknown): unknown {
  if (type.form === "list" && Array.isArray(value)) return value.map((each) => ordering(type.item, each));
  if (type.form === "map" && typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(sortKeys(value) as object).map(([key, each]) => [key, ordering(type.value, each)]));
  if (type.form !== "struct" || typeof value !== "object" || value === null) return type.form === "scalar" ? sortKeys(value) : value;
  return Object.fromEntries(
    Object.entries({ ...zeroFields(type), ...value })
      .map(([key, each]) => ({ key, each, place: placeOf(type, key) }))
      .sort((a, b) => comparePlaces(a.place, b.place))
      .map(({ key, each }) => {
        const field = type.fields.get(key);
        return [key, field ? ordering(field.type, each) : each];
      }),
  );
}

/** What Go writes though nobody gave it. */
function zeroFields(type: StructType): Readonly<Record<string, unknown>> {
  const pointer = type.name === "TypedLocalObjectReference" || type.name === "TypedObjectReference" ? { apiGroup: null } : {};
  return { ...Object.fromEntries(type.written), ...pointer };
}

/** Embedded structs have a number of their own: their fields' places are paths. */
function placeOf(type: StructType, key: string): readonly number[] {
  const place = DECLARED.get(`${type.package}.${type.name}`)?.get(key);
  if (place !== undefined) return [place];
  const proto = type.fields.get(key)?.proto ?? [];
  if (proto.length > 0) return proto;
  // TypeMeta has no numbers and comes first.
  return [key === "kind" ? -2 : key === "apiVersion" ? -1 : Number.MAX_SAFE_INTEGER];
}

function comparePlaces(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

/** The annotation that --save-config adds to what kubectl made itself. */
export function withTypedConfig(object: ApiObject): ApiObject {
  const text = `${renderJson(inGoOrder(object), 0)}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [LAST_APPLIED]: text } } };
}

/** Prints in Go's order for `-o json`. */
export const renderTypedJson = (object: Readonly<Record<string, unknown>>): string => `${renderJson(inGoOrder(object))}\n`;
