import { ageOf } from "../../api/duration.ts";
import type { CustomResourceColumnDefinition } from "../../api/generated/apiextensions-v1.ts";
import { compilePath, valueText } from "../../api/json-path.ts";
import type { Column } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";

type Cell = string | number | boolean | null;

const AGE: CustomResourceColumnDefinition = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description:
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
};

/** Upstream: apiextensions-apiserver/pkg/registry/customresource/tableconvertor */
export function customColumns(definitions: readonly CustomResourceColumnDefinition[] | undefined): Column<KubernetesObject>[] {
  return (definitions?.length ? definitions : [AGE]).map(customColumn);
}

function customColumn({ name, type, format, description, priority, jsonPath }: CustomResourceColumnDefinition): Column<KubernetesObject> {
  const find = pathOf(jsonPath);
  return {
    name,
    type: type as Column<KubernetesObject>["type"],
    ...(format ? { format } : {}),
    priority: priority ?? 0,
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    cell: (object, nowMs) => cellOf(type, find(object), nowMs),
  };
}

/** A path that does not parse, or that some object does not fit, shows nothing. */
function pathOf(jsonPath: string): (object: unknown) => readonly unknown[] {
  let path: (object: unknown) => unknown[];
  try {
    path = compilePath(jsonPath);
  } catch {
    return () => [];
  }
  return (object) => {
    try {
      return path(object);
    } catch {
      return [];
    }
  };
}

function cellOf(type: string, found: readonly unknown[], nowMs: number): Cell {
  if (found.length === 0) return null;
  const [value] = found;
  switch (type) {
    case "string":
      return value === null ? "" : valueText(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      if (typeof value !== "string") return null;
      return Number.isNaN(Date.parse(value)) ? "<invalid>" : ageOf(value, nowMs);
    default:
      return null;
  }
}
