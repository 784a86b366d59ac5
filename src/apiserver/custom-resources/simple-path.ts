import { isObject, setKey } from "../../api/merge-patch.ts";

/** Paths such as `.spec.replicas`, in which a dot always parts two names. */
function namesOf(path: string): string[] {
  return path.replace(/^\./, "").split(".");
}

export function readPath(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const name of namesOf(path)) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A copy with another value there; what lies on the way and is no object is replaced by one. */
export function withPath<T extends object>(object: T, path: string, value: unknown): T {
  return put(object as Record<string, unknown>, namesOf(path), value) as T;
}

function put(object: Record<string, unknown>, [name = "", ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const copy = { ...object };
  const inner = Object.hasOwn(copy, name) ? copy[name] : undefined;
  setKey(copy, name, rest.length === 0 ? value : put(isObject(inner) ? inner : {}, rest, value));
  return copy;
}
