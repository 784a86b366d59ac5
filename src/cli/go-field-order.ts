import { schemaOf, structType, type SchemaType } from "../api/schema.ts";
import { renderJson, sortKeys } from "../api/go-json.ts";
import { LAST_APPLIED } from "./last-applied.ts";
import type { ApiObject } from "./resources.ts";

/** Fields that Go declares elsewhere than their protobuf numbers say. */
const EARLY: Readonly<Record<string, number>> = { ingressClassName: 0 };

/** An object as kubectl holds it when it made it itself: a Go struct, whose JSON has the fields in the order of their declaration. */
export function inGoOrder(object: ApiObject): Record<string, unknown> {
  const found = schemaOf(object.apiVersion ?? "", object.kind ?? "");
  const { apiVersion, kind, ...rest } = object;
  const ordered = found ? ordering(structType(found.package, found.type), rest) : rest;
  return { kind, apiVersion, ...(ordered as object) };
}

function ordering(type: SchemaType, value: unknown): unknown {
  if (type.form === "list" && Array.isArray(value)) return value.map((each) => ordering(type.item, each));
  if (type.form === "map") return sortKeys(value);
  if (type.form !== "struct" || typeof value !== "object" || value === null) return value;
  const place = (key: string) => EARLY[key] ?? type.fields.get(key)?.proto[0] ?? Number.MAX_SAFE_INTEGER;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => place(a) - place(b))
      .map(([key, each]) => {
        const field = type.fields.get(key);
        return [key, field ? ordering(field.type, each) : each];
      }),
  );
}

/** The annotation that --save-config adds to what kubectl made itself. */
export function withTypedConfig(object: ApiObject): ApiObject {
  const text = `${renderJson(inGoOrder(object), 0)}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [LAST_APPLIED]: text } } };
}

/** Prints in Go's order for `-o json`. */
export const renderTypedJson = (object: ApiObject): string => `${renderJson(inGoOrder(object))}\n`;
