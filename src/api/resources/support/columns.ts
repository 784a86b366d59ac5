import { ageOf } from "../../duration.ts";
import type { Column } from "../../kind.ts";
import type { KubernetesObject } from "../../meta.ts";

/** The Age column that most tables have. */
export function age<T extends KubernetesObject>(): Column<T> {
  return {
    name: "Age",
    type: "string",
    priority: 0,
    description: "Time since the object was created.",
    cell: (object, nowMs) => ageOf(object.metadata.creationTimestamp, nowMs),
  };
}

/** A plain text column. */
export function text<T>(name: string, description: string, cell: (object: T, nowMs: number) => string, priority = 0): Column<T> {
  return { name, type: "string", priority, description, cell };
}

export function integer<T>(name: string, description: string, cell: (object: T) => number, priority = 0): Column<T> {
  return { name, type: "integer", priority, description, cell };
}

/** Roles and the like print the time itself. */
export function createdAt<T extends KubernetesObject>(): Column<T> {
  return {
    name: "Created At",
    type: "date",
    priority: 0,
    description: "When the object was created.",
    cell: (object) => object.metadata.creationTimestamp,
  };
}
