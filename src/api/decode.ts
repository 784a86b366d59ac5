import type { Kind } from "./kind.ts";
import { apiVersionOf } from "./kind.ts";
import type { KubernetesObject } from "./meta.ts";
import { setKey } from "./merge-patch.ts";
import { parseQuantity } from "./quantity.ts";
import { SCHEMA_OR_ARRAY, SCHEMA_OR_BOOL, type SchemaType, type StructType, structType } from "./schema.ts";
import { badRequest, messageOf } from "./status.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

export interface Decoded {
  readonly object: KubernetesObject;
  readonly warnings: readonly string[];
}

/**
 * Turns what a client sent into an object of a kind: known fields only, right types, canonical
 * quantities and times, no nulls, no empty optional lists and maps. Fresh and mutable.
 * Throws StatusError 400 in upstream's words. Upstream: k8s.io/apimachinery/pkg/runtime/serializer/json
 */
export function decode(kind: Kind, body: unknown, fieldValidation: FieldValidation): Decoded {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error`);
  }
  checkGroupVersionKind(kind, body as Record<string, unknown>);
  const findings: string[] = [...(duplicateFields.get(body) ?? [])].map((path) => `duplicate field ${JSON.stringify(path)}`);
  let object: Record<string, unknown>;
  try {
    object = decodeStruct(
      kind.schema.package === "" ? CUSTOM_RESOURCE : structType(kind.schema.package, kind.schema.type),
      body as Record<string, unknown>,
      { path: "", findings, depth: 0 },
    );
  } catch (error) {
    if (error instanceof TypeMismatch) throw badRequest(`${cannotBeHandled(kind)}: ${error.message}`);
    throw error;
  }
  object["apiVersion"] = apiVersionOf(kind);
  object["kind"] = kind.kind;
  object["metadata"] ??= {};
  findings.push(...(kind.prune?.(object) ?? []).map((path) => `unknown field ${JSON.stringify(path)}`));
  if (findings.length > 0 && fieldValidation === "Strict")
    throw badRequest(`${cannotBeHandled(kind)}: strict decoding error: ${findings.join(", ")}`);
  return { object: object as unknown as KubernetesObject, warnings: fieldValidation === "Warn" ? findings : [] };
}

/** Custom resources are taken as they come, but for their metadata; their own schema prunes them. */
const CUSTOM_RESOURCE: StructType = {
  form: "struct",
  package: "",
  name: "",
  goName: "unstructured.Unstructured",
  atomic: false,
  written: new Map(),
  get fields() {
    return structType("meta/v1", "PartialObjectMetadata").fields;
  },
};

/** One struct of Go's, leniently: what it does not know is left out, a wrong type is refused in Go's words. */
export function decodeAs(type: StructType, body: Record<string, unknown>): Record<string, unknown> {
  return decodeStruct(type, body, { path: "", findings: [], depth: 0 });
}

const cannotBeHandled = (kind: Kind) => `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`;

function checkGroupVersionKind(kind: Kind, body: Record<string, unknown>): void {
  const apiVersion = apiVersionOf(kind);
  const given = { apiVersion: body["apiVersion"] ?? apiVersion, kind: body["kind"] ?? kind.kind };
  if (given.kind !== kind.kind) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): no kind ${JSON.stringify(given.kind)} is registered for version ${JSON.stringify(given.apiVersion)}`,
    );
  }
  if (given.apiVersion !== apiVersion) {
    throw badRequest(`the API version in the data (${String(given.apiVersion)}) does not match the expected API version (${apiVersion})`);
  }
}

class TypeMismatch extends Error {}

interface Position {
  /** `spec.containers[0].name` for findings; Go's errors leave indexes out. */
  readonly path: string;
  readonly findings: string[];
  readonly depth: number;
}

const DEPTH_MAX = 200;

function decodeStruct(type: StructType, value: Record<string, unknown>, at: Position): Record<string, unknown> {
  if (at.depth > DEPTH_MAX) throw new TypeMismatch("json: exceeded max depth");
  const object: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (type === CUSTOM_RESOURCE && name !== "metadata") {
      // A copy: what the schema does not know is going to be taken out.
      setKey(object, name, structuredClone(value[name]));
      continue;
    }
    const field = type.fields.get(name);
    const path = at.path === "" ? name : `${at.path}.${name}`;
    if (!field) {
      at.findings.push(`unknown field ${JSON.stringify(path)}`);
      continue;
    }
    const given = value[name];
    if (given === null || given === undefined) continue;
    const decoded = decodeValue(field.type, given, { path, findings: at.findings, depth: at.depth + 1 }, type.name);
    if (decoded === undefined || (field.dropsZero && isZero(decoded)) || (!field.required && isEmptyCollection(field.type, decoded)))
      continue;
    object[name] = decoded;
  }
  for (const [name, zero] of type.written) if (object[name] === undefined) object[name] = writtenZero(type, name, zero);
  return object;
}

const isZero = (value: unknown) => value === "" || value === 0 || value === false;

/** A struct that Go always writes brings along what it always writes itself. */
function writtenZero(type: StructType, name: string, zero: unknown): unknown {
  if (typeof zero !== "object") return zero;
  const inner = type.fields.get(name)?.type;
  const object: Record<string, unknown> = {};
  if (inner?.form === "struct") for (const [field, value] of inner.written) object[field] = writtenZero(inner, field, value);
  return object;
}

function isEmptyCollection(type: SchemaType, value: unknown): boolean {
  if (type.form === "list") return (value as unknown[]).length === 0;
  return type.form === "map" && Object.keys(value as object).length === 0;
}

function decodeValue(type: SchemaType, value: unknown, at: Position, owner: string): unknown {
  switch (type.form) {
    case "struct":
      if (typeof value !== "object" || Array.isArray(value)) throw mismatch(type, value, at, owner);
      return decodeStruct(type, value as Record<string, unknown>, at);
    case "list":
      if (!Array.isArray(value)) throw mismatch(type, value, at, owner);
      return value.map((item, index) =>
        item === null ? emptyOf(type.item) : decodeValue(type.item, item, { ...at, path: `${at.path}[${index}]` }, owner),
      );
    case "map":
      return decodeMap(type, value, at, owner);
    case "scalar":
      return decodeScalar(type, value, at, owner);
  }
}

function decodeMap(type: Extract<SchemaType, { form: "map" }>, value: unknown, at: Position, owner: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw mismatch(type, value, at, owner);
  const map: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const decoded = member === null ? emptyOf(type.value) : decodeValue(type.value, member, { ...at, path: `${at.path}.${key}` }, owner);
    setKey(map, key, decoded);
  }
  return map;
}

/** What a null inside a list or map is for Go. */
function emptyOf(type: SchemaType): unknown {
  if (type.form === "list") return [];
  if (type.form !== "scalar") return {};
  return {
    string: "",
    bytes: "",
    time: undefined,
    microtime: undefined,
    duration: "0s",
    quantity: "0",
    intOrString: 0,
    boolean: false,
    int: 0,
    float: 0,
    any: null,
  }[type.scalar];
}

function decodeScalar(type: Extract<SchemaType, { form: "scalar" }>, value: unknown, at: Position, owner: string): unknown {
  switch (type.scalar) {
    case "any":
      return type.goName === SCHEMA_OR_BOOL || type.goName === SCHEMA_OR_ARRAY ? decodeSchema(value, at) : value;
    case "string":
      if (typeof value !== "string") throw mismatch(type, value, at, owner);
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw mismatch(type, value, at, owner);
      return value;
    case "int":
      if (typeof value !== "number" || !Number.isInteger(value)) throw mismatch(type, value, at, owner);
      return value;
    case "float":
      if (typeof value !== "number") throw mismatch(type, value, at, owner);
      return value;
    case "intOrString":
      if (typeof value !== "string" && !(typeof value === "number" && Number.isInteger(value))) throw mismatch(type, value, at, owner);
      return value;
    case "quantity":
      return decodeQuantity(value);
    case "bytes":
      return decodeBase64(type, value, at, owner);
    case "time":
    case "microtime":
      return decodeTime(type.scalar, value, at, owner);
    case "duration":
      if (typeof value !== "string") throw mismatch(type, value, at, owner);
      return value;
  }
}

/** Where a JSON schema may stand, a boolean or a list of schemas may, too. Upstream: apiextensions/v1/marshal.go */
function decodeSchema(value: unknown, at: Position): unknown {
  if (Array.isArray(value)) return value.map((item, index) => decodeSchema(item, { ...at, path: `${at.path}[${index}]` }));
  if (typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) throw new TypeMismatch("boolean or JSON object expected");
  return decodeStruct(structType("apiextensions/v1", "JSONSchemaProps"), value as Record<string, unknown>, at);
}

function decodeQuantity(value: unknown): string {
  if (typeof value !== "string" && typeof value !== "number") throw new TypeMismatch("unable to parse quantity's suffix");
  try {
    return parseQuantity(value).toString();
  } catch (error) {
    throw new TypeMismatch(messageOf(error), { cause: error });
  }
}

function decodeBase64(type: SchemaType, value: unknown, at: Position, owner: string): string {
  if (typeof value !== "string") throw mismatch(type, value, at, owner);
  const text = value.replace(/[\r\n]/g, "");
  const bad = /[^A-Za-z0-9+/=]/.exec(text);
  if (bad || text.length % 4 !== 0)
    throw new TypeMismatch(`illegal base64 data at input byte ${bad?.index ?? text.length - (text.length % 4)}`);
  return text;
}

function decodeTime(scalar: "time" | "microtime", value: unknown, at: Position, owner: string): string | undefined {
  if (typeof value !== "string") throw mismatch({ form: "scalar", scalar: "string", goName: "string" }, value, at, owner);
  if (value === "") return undefined;
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(ms))
    throw new TypeMismatch(
      `parsing time ${JSON.stringify(JSON.stringify(value)).slice(1, -1)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    );
  if (scalar === "time") return `${new Date(ms).toISOString().slice(0, 19)}Z`;
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? "";
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction.padEnd(6, "0").slice(0, 6)}Z`;
}

/** Go's words: the type of the JSON value, the innermost struct, the whole path, the Go type. */
function mismatch(type: SchemaType, value: unknown, at: Position, owner: string): TypeMismatch {
  const given = Array.isArray(value) ? "array" : value === null ? "null" : typeof value === "boolean" ? "bool" : typeof value;
  const shown = given === "number" && type.form === "scalar" && type.scalar === "int" ? `number ${String(value)}` : given;
  return new TypeMismatch(
    `json: cannot unmarshal ${shown} into Go struct field ${owner}.${at.path.replace(/\[\d+\]/g, "")} of type ${type.goName}`,
  );
}

/** Paths that occur twice in the text a body was parsed from. */
const duplicateFields = new WeakMap<object, readonly string[]>();

// Go's decoder stops at 10,000; what comes after the parser here is recursive, and no object is as deep as this.
const JSON_DEPTH_MAX = 1000;

/** JSON.parse that remembers which fields were given twice, for strict decoding. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null) {
    const duplicates = findDuplicates(text);
    if (duplicates.length > 0) duplicateFields.set(value, duplicates);
  }
  return value;
}

/** One pass over text that is known to be JSON. */
function findDuplicates(text: string): string[] {
  const duplicates: string[] = [];
  const stack: { readonly keys: Set<string> | undefined; readonly path: string; index: number }[] = [];
  let pendingPath = "";
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
    const token = match[0];
    const top = stack.at(-1);
    if (token === "{" || token === "[") {
      const path = top?.keys === undefined && top ? `${top.path}[${top.index}]` : pendingPath;
      if (stack.length === JSON_DEPTH_MAX) throw new SyntaxError("exceeded max depth");
      stack.push({ keys: token === "{" ? new Set() : undefined, path, index: 0 });
    } else if (token === "}" || token === "]") stack.pop();
    else if (token === "," && top && !top.keys) top.index++;
    else if (token.startsWith('"') && top?.keys && isKey(text, tokens.lastIndex)) {
      const key = JSON.parse(token) as string;
      pendingPath = top.path === "" ? key : `${top.path}.${key}`;
      if (top.keys.has(key)) duplicates.push(pendingPath);
      top.keys.add(key);
    }
  }
  return duplicates;
}

function isKey(text: string, from: number): boolean {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\t" || text[at] === "\r") at++;
  return text[at] === ":";
}
