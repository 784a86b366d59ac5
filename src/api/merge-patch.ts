type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** User-chosen keys are defined, never assigned: `__proto__` would set the prototype. */
export function setKey(target: Json, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** RFC 7386: null deletes, objects merge, everything else replaces. Shares what it does not change. */
export function applyMergePatch(current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Json = isObject(current) ? { ...current } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setKey(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/** The merge patch that makes `current` into `modified`; undefined when they are the same. */
export function createMergePatch(current: unknown, modified: unknown): Json {
  const patch: Json = {};
  const from = isObject(current) ? current : {};
  const to = isObject(modified) ? modified : {};
  for (const [key, value] of Object.entries(to)) {
    if (!Object.hasOwn(from, key)) setKey(patch, key, value);
    else if (isObject(value) && isObject(from[key])) {
      const inner = createMergePatch(from[key], value);
      if (Object.keys(inner).length > 0) setKey(patch, key, inner);
    } else if (!sameJson(from[key], value)) setKey(patch, key, value);
  }
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) setKey(patch, key, null);
  return patch;
}

/** What `kubectl apply` sends for kinds without a schema. Upstream: apimachinery/pkg/util/jsonmergepatch */
export function createThreeWayMergePatch(original: unknown, modified: unknown, current: unknown): Json {
  const additions = keepAdditions(createMergePatch(current, modified));
  const deletions = keepDeletions(createMergePatch(original, modified));
  return applyKeepingNulls(deletions, additions);
}

function keepAdditions(patch: Json): Json {
  const kept: Json = {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) continue;
    if (isObject(value)) {
      const inner = keepAdditions(value);
      if (Object.keys(inner).length > 0 || Object.keys(value).length === 0) setKey(kept, key, inner);
    } else setKey(kept, key, value);
  }
  return kept;
}

function keepDeletions(patch: Json): Json {
  const kept: Json = {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) setKey(kept, key, null);
    else if (isObject(value)) {
      const inner = keepDeletions(value);
      if (Object.keys(inner).length > 0) setKey(kept, key, inner);
    }
  }
  return kept;
}

function applyKeepingNulls(base: Json, over: Json): Json {
  const result: Json = { ...base };
  for (const [key, value] of Object.entries(over))
    setKey(
      result,
      key,
      isObject(value) && Object.hasOwn(result, key) && isObject(result[key]) ? applyKeepingNulls(result[key], value) : value,
    );
  return result;
}

/** Whether two JSON values are equal. */
/** As JSON.stringify leaves it: members that are undefined are not there. Shares what it need not change. */
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withoutUndefined);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  let changed: Record<string, unknown> | undefined;
  for (const key in value) {
    const member = withoutUndefined(value[key]);
    if (member === value[key] && member !== undefined) continue;
    changed ??= { ...value };
    if (member === undefined) delete changed[key];
    else changed[key] = member;
  }
  return changed ?? value;
}

export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}
