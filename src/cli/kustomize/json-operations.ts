import { sameJson } from "../../api/merge-patch.ts";
import { isMap, type Json } from "./values.ts";

/** RFC 6902 as the Go library does it that kustomize has, in its words. Replacing a field that is missing adds it. Upstream: evanphx/json-patch v4 */
export function applyOperations(document: Json, operations: readonly unknown[]): Json {
  const root = { document: copied(document) as Json };
  for (const operation of operations) apply(root, isMap(operation) ? operation : {});
  return root.document;
}

/** A copy as JSON has it for Go: numbers beyond 2^53 are rounded. */
function copied(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(copied);
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copied(item)])) : value;
}

interface Root {
  document: Json;
}

function apply(root: Root, operation: Json): void {
  const op = typeof operation["op"] === "string" ? operation["op"] : "unknown";
  const value = structuredClone(operation["value"] ?? null);
  if (op === "move" || op === "copy") {
    const from = pathOf(operation, "from", op);
    const moved = op === "move" ? takeAway(root, from, op) : structuredClone(place(root, from, op).get());
    place(root, pathOf(operation, "path", op), op).add(moved);
    return;
  }
  if (!["add", "remove", "replace", "test"].includes(op)) throw new Error(`Unexpected kind: ${op}`);
  const path = pathOf(operation, "path", op);
  if (op === "remove") takeAway(root, path, op);
  else if (op === "add") place(root, path, op).add(value);
  else if (op === "replace") replace(root, path, value);
  else if (path === "" ? !sameJson(root.document, value) : !sameJson(place(root, path, op).get() ?? null, value))
    throw new Error(`testing value ${path} failed: test failed`);
}

function pathOf(operation: Json, field: "path" | "from", op: string): string {
  const path = operation[field];
  if (typeof path === "string") return path;
  throw new Error(
    field === "from"
      ? `${op} operation failed to decode from: operation, missing from field: missing value`
      : `${op} operation failed to decode path: missing value`,
  );
}

function replace(root: Root, path: string, value: unknown): void {
  if (path !== "") return place(root, path, "replace").replace(value);
  if (typeof value !== "object" || value === null) throw new Error("replace operation value must be object or array: %!w(<nil>)");
  root.document = value as Json;
}

function takeAway(root: Root, path: string, op: string): unknown {
  const holder = place(root, path, op);
  const value = holder.get();
  holder.remove();
  return value;
}

interface Place {
  get(): unknown;
  add(value: unknown): void;
  replace(value: unknown): void;
  remove(): void;
}

const unescaped = (word: string) => word.replaceAll("~1", "/").replaceAll("~0", "~");

function place({ document }: Root, path: string, op: string): Place {
  const words = path.split("/");
  const key = unescaped(words.at(-1) ?? "");
  let holder: unknown = words.length < 2 ? undefined : document;
  for (const word of words.slice(1, -1)) {
    const name = unescaped(word);
    holder = Array.isArray(holder) ? holder[Number(name)] : isMap(holder) ? holder[name] : undefined;
  }
  if (Array.isArray(holder)) return itemOf(holder, key, path, op);
  if (isMap(holder)) return memberOf(holder, key, path, op);
  throw new Error(
    `${op} operation does not apply: doc is missing ${op === "replace" ? `path: ${path}` : `path: ${JSON.stringify(path)}`}: missing value`,
  );
}

function memberOf(holder: Json, key: string, path: string, op: string): Place {
  const set = (value: unknown) => {
    holder[key] = value;
  };
  return {
    get: () => holder[key] ?? null,
    add: set,
    replace: set,
    remove() {
      const shown = op === "move" ? key : path;
      if (!(key in holder)) throw new Error(`error in ${op} for path: '${shown}': Unable to remove nonexistent key: ${key}: missing value`);
      delete holder[key];
    },
  };
}

function itemOf(holder: unknown[], key: string, path: string, op: string): Place {
  const fail = (text: string) => new Error(`error in ${op} for path: '${path}': ${text}`);
  const invalid = () => fail(`Unable to access invalid index: ${key}: invalid index referenced`);
  const index = (length: number) => {
    const number = /^[-+]?\d+$/.test(key) ? Number(key) : undefined;
    if (number === undefined)
      throw fail(`value was not a proper array index: '${key}': strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
    if (number >= length || number < -length) throw invalid();
    return number < 0 ? number + length : number;
  };
  return {
    get: () => holder[index(holder.length)],
    add(value) {
      if (key === "-") holder.push(value);
      else holder.splice(index(holder.length + 1), 0, value);
    },
    replace(value) {
      let at: number;
      try {
        at = index(holder.length);
      } catch (cause) {
        throw new Error(`replace operation does not apply: doc is missing key: ${path}: missing value`, { cause });
      }
      holder[at] = value;
    },
    remove() {
      holder.splice(index(holder.length), 1);
    },
  };
}
