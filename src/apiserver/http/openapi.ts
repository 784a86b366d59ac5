import { createHash } from "node:crypto";
import schemaTable from "../../api/generated/schema.json" with { type: "json" };
import type { Kind } from "../../api/kind.ts";
import { ALL_VERBS, pathNotFound } from "./resource-handler.ts";
import type { Discovery } from "./discovery.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { VERSION_INFO } from "./discovery.ts";

interface FieldFacts {
  readonly type: string;
  readonly required?: boolean;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly structType?: string;
  readonly patch?: string;
  readonly mergeKey?: string;
  readonly default?: unknown;
}

interface TypeFacts {
  readonly fields?: Readonly<Record<string, FieldFacts>>;
  readonly inline?: readonly { readonly type: string }[];
  readonly alias?: string;
  readonly enum?: readonly string[];
  readonly object?: boolean;
}

interface PackageFacts {
  readonly group: string;
  readonly types: Readonly<Record<string, TypeFacts>>;
}

const TABLE = schemaTable as unknown as Readonly<Record<string, PackageFacts>>;
type Schema = Record<string, unknown>;

/** OpenAPI v3, derived from the kinds and the schema table; one document a group version, made when first asked for. */
export class OpenApi {
  readonly #discovery: Discovery;
  readonly #documents = new WeakMap<readonly Kind[], { readonly bytes: Buffer; readonly hash: string }>();

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
  }

  serve(exchange: HttpExchange): boolean {
    const { path } = exchange;
    // Old clients must get an answer; an empty document is a valid one, and they go on with v3.
    if (path === "/openapi/v2" || path === "/swagger-2.0.0.pb-v1") {
      exchange.sendBytes(200, Buffer.alloc(0), "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
      return true;
    }
    if (path === "/openapi/v3") {
      exchange.sendJson(200, { paths: this.#index() });
      return true;
    }
    if (!path.startsWith("/openapi/v3/")) return false;
    const wanted = path.slice("/openapi/v3/".length);
    const found = this.#discovery.groupVersions().find(({ group, version }) => rootOf(group, version) === wanted);
    if (!found) throw pathNotFound();
    const { bytes, hash } = this.#document(found.group, found.version, found.kinds);
    const immutable = exchange.query.get("hash") === hash;
    exchange.sendBytes(200, bytes, "application/json", { ETag: `"${hash}"`, ...(immutable ? { "Cache-Control": "public, immutable", Expires: new Date(253_370_764_800_000).toUTCString() } : {}) });
    return true;
  }

  #index(): Record<string, { serverRelativeURL: string }> {
    const index: Record<string, { serverRelativeURL: string }> = {};
    for (const { group, version, kinds } of this.#discovery.groupVersions()) {
      const root = rootOf(group, version);
      index[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${this.#hashOf(group, version, kinds)}` };
    }
    return index;
  }

  /** Of what the document is made from: an index of all documents must not build them all. */
  #hashOf(group: string, version: string, kinds: readonly Kind[]): string {
    const facts = kinds.map((kind) => [kind.kind, kind.plural, kind.namespaced, kind.verbs, kind.subresources]);
    return createHash("sha256").update(JSON.stringify([SCHEMA_REVISION, group, version, facts])).digest("hex").toUpperCase();
  }

  #document(group: string, version: string, kinds: readonly Kind[]) {
    let document = this.#documents.get(kinds);
    if (!document) {
      document = { bytes: Buffer.from(JSON.stringify(buildDocument(group, version, kinds))), hash: this.#hashOf(group, version, kinds) };
      this.#documents.set(kinds, document);
    }
    return document;
  }
}

// Goes up when this file makes other documents of the same kinds: clients keep them by their hash.
const SCHEMA_REVISION = 1;

function rootOf(group: string, version: string): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function buildDocument(group: string, version: string, kinds: readonly Kind[]): object {
  const schemas: Record<string, Schema> = {};
  const paths: Record<string, object> = {};
  const builder = new SchemaBuilder(schemas);
  for (const kind of kinds) {
    builder.addKind(kind);
    addPaths(paths, kind);
  }
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: VERSION_INFO.gitVersion }, paths, components: { schemas } };
}

function addPaths(paths: Record<string, object>, kind: Kind): void {
  const root = `/${rootOf(kind.group, kind.version)}/${kind.namespaced ? "namespaces/{namespace}/" : ""}${kind.plural}`;
  const verbs = kind.verbs ?? ALL_VERBS;
  const body = { required: true, content: { "*/*": { schema: { $ref: referenceTo(nameOf(kind.schema.package, kind.schema.type)) } } } };
  const collection: Record<string, object> = {};
  const single: Record<string, object> = {};
  if (verbs.includes("list")) collection["get"] = operation(kind, "list");
  if (verbs.includes("create")) collection["post"] = { ...operation(kind, "post"), requestBody: body };
  if (verbs.includes("deletecollection")) collection["delete"] = operation(kind, "deletecollection");
  if (verbs.includes("get")) single["get"] = operation(kind, "get");
  if (verbs.includes("update")) single["put"] = { ...operation(kind, "put"), requestBody: body };
  if (verbs.includes("patch")) single["patch"] = { ...operation(kind, "patch"), requestBody: patchBody(kind) };
  if (verbs.includes("delete")) single["delete"] = operation(kind, "delete");
  paths[root] = collection;
  if (Object.keys(single).length > 0) paths[`${root}/{name}`] = single;
}

const WRITES = new Set(["post", "put", "patch"]);

function operation(kind: Kind, action: string): Record<string, unknown> {
  const parameter = (name: string) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
  return {
    ...(WRITES.has(action) ? { parameters: ["dryRun", "fieldManager", "fieldValidation"].map(parameter) } : {}),
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group: kind.group, version: kind.version, kind: kind.kind },
  };
}

function patchBody(kind: Kind) {
  const types = ["application/json-patch+json", "application/merge-patch+json", ...(isCustom(kind) ? [] : ["application/strategic-merge-patch+json"]), "application/apply-patch+yaml"];
  const schema = { $ref: referenceTo("io.k8s.apimachinery.pkg.apis.meta.v1.Patch") };
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function isCustom(kind: Kind): boolean {
  return TABLE[kind.schema.package] === undefined;
}

/** Components, each made once, with those that they refer to. */
class SchemaBuilder {
  readonly #schemas: Record<string, Schema>;

  constructor(schemas: Record<string, Schema>) {
    this.#schemas = schemas;
    schemas["io.k8s.apimachinery.pkg.apis.meta.v1.Patch"] = { type: "object", description: "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body." };
  }

  addKind(kind: Kind): void {
    const name = nameOf(kind.schema.package, kind.schema.type);
    this.#add(kind.schema.package, kind.schema.type);
    const schema = this.#schemas[name];
    if (schema) schema["x-kubernetes-group-version-kind"] = [{ group: kind.group, version: kind.version, kind: kind.kind }];
  }

  #add(packageName: string, type: string): void {
    const name = nameOf(packageName, type);
    if (this.#schemas[name]) return;
    const schema: Schema = { type: "object" };
    this.#schemas[name] = schema;
    const facts = TABLE[packageName]?.types[type];
    if (!facts) return;
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    this.#addFields(packageName, facts, properties, required);
    if (Object.keys(properties).length > 0) schema["properties"] = Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (required.length > 0) schema["required"] = required;
  }

  #addFields(packageName: string, facts: TypeFacts, properties: Record<string, Schema>, required: string[]): void {
    for (const { type } of facts.inline ?? []) {
      const [inlinePackage, inlineType] = resolve(packageName, type);
      const inlined = TABLE[inlinePackage]?.types[inlineType];
      if (inlined) this.#addFields(inlinePackage, inlined, properties, required);
    }
    for (const [field, found] of Object.entries(facts.fields ?? {})) {
      properties[field] = { ...this.#schemaOf(packageName, found.type, found.default), ...extensionsOf(found) };
      if (found.required) required.push(field);
    }
  }

  #schemaOf(packageName: string, type: string, fallback: unknown): Schema {
    if (type.startsWith("[]") && type !== "[]byte") return { type: "array", items: this.#itemOf(packageName, type.slice(2)) };
    const map = /^map\[[^\]]+\](.*)$/.exec(type);
    if (map) return { type: "object", additionalProperties: this.#itemOf(packageName, map[1] ?? "string") };
    const plain = PLAIN[type];
    if (plain) return fallback === undefined ? { ...plain } : { ...plain, default: fallback };
    const [foundPackage, foundType] = resolve(packageName, type);
    const facts = TABLE[foundPackage]?.types[foundType];
    if (facts?.alias) return { ...this.#schemaOf(foundPackage, facts.alias, fallback), ...(facts.enum?.length ? { enum: facts.enum } : {}) };
    if (WELL_KNOWN[foundType] && foundPackage === "meta/v1") return { ...WELL_KNOWN[foundType] };
    this.#add(foundPackage, foundType);
    return { allOf: [{ $ref: referenceTo(nameOf(foundPackage, foundType)) }], ...(fallback === undefined ? {} : { default: fallback }) };
  }

  #itemOf(packageName: string, type: string): Schema {
    const item = this.#schemaOf(packageName, type, undefined);
    const reference = item["allOf"];
    // Items name their type by itself; a field may add to it.
    return Array.isArray(reference) ? { allOf: reference, default: {} } : item;
  }
}

const PLAIN: Readonly<Record<string, Schema>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  "[]byte": { type: "string", format: "byte" },
  "types.UID": { type: "string" },
  "types.NodeName": { type: "string" },
  "interface{}": { type: "object" },
  "runtime.RawExtension": { type: "object" },
  "resource.Quantity": { oneOf: [{ type: "string" }, { type: "number" }] },
  "intstr.IntOrString": { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
};

const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  Time: { type: "string", format: "date-time" },
  MicroTime: { type: "string", format: "date-time" },
  Duration: { type: "string" },
  FieldsV1: { type: "object" },
};

function extensionsOf(facts: FieldFacts): Schema {
  return {
    ...(facts.listType ? { "x-kubernetes-list-type": facts.listType } : {}),
    ...(facts.listMapKeys ? { "x-kubernetes-list-map-keys": facts.listMapKeys } : {}),
    ...(facts.mapType || facts.structType ? { "x-kubernetes-map-type": facts.mapType ?? facts.structType } : {}),
    ...(facts.mergeKey ? { "x-kubernetes-patch-merge-key": facts.mergeKey } : {}),
    ...(facts.patch ? { "x-kubernetes-patch-strategy": facts.patch } : {}),
  };
}

/** `Container` in core/v1, `meta/v1.ObjectMeta` anywhere. */
function resolve(packageName: string, type: string): [string, string] {
  const dot = type.indexOf(".");
  return dot < 0 ? [packageName, type] : [type.slice(0, dot), type.slice(dot + 1)];
}

function nameOf(packageName: string, type: string): string {
  const dotted = packageName.replace("/", ".");
  return packageName === "meta/v1" ? `io.k8s.apimachinery.pkg.apis.${dotted}.${type}` : `io.k8s.api.${dotted}.${type}`;
}

function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}
