import { APPLY_PATCH, applyPatch, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from "../../api/patch.ts";
import { apiVersionOf, type Kind, type Verb } from "../../api/kind.ts";
import type { KubernetesObject, ObjectName } from "../../api/meta.ts";
import { badRequest, methodNotSupported, notFound, StatusError, unsupportedMediaType } from "../../api/status.ts";
import type { DeleteOptions } from "../deletion.ts";
import { storedKind } from "../kind-table.ts";
import type { ListResult } from "../registry.ts";
import type { ObjectView } from "../object-view.ts";
import type { UpdateOptions, UpdateResult } from "../registry-writer.ts";
import type { RequestContext } from "../request-context.ts";
import { serveScale } from "../subresources/scale.ts";
import { decodeAs, mediaTypeOf, parseBody, parseJsonBody, parseYamlBody, readBody, readObject } from "./body.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { dryRunOf, isTrue, listQueryOf, numberOf } from "./query.ts";
import type { ResourceTarget } from "./request-info.ts";
import type { ServerParts } from "./server-parts.ts";
import { partialMetadataVersionOf, renderPartialMetadata, renderPartialMetadataList } from "./partial-metadata.ts";
import { renderTable, tableFormatOf } from "./table.ts";
import { validateListOptions } from "../list-options.ts";
import { serveWatch } from "./watch-handler.ts";

/** The generic verbs of one kind: everything but what src/apiserver/subresources/ serves. */
export async function serveResource(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  const { subresource, name } = target;
  if (subresource === "scale" && kind.subresources?.["scale"]) return serveScale(exchange, parts, kind, nameOf(target));
  if (subresource !== undefined && !kind.subresources?.[subresource]) throw pathNotFound();
  if (kind.namespaced && !target.namespace && (name !== undefined || !["GET", "HEAD", "DELETE"].includes(exchange.method))) {
    throw name === undefined && exchange.method === "POST"
      ? badRequest("an empty namespace may not be set during creation")
      : pathNotFound();
  }
  const verb = verbOf(exchange, name, subresource);
  if (subresource === undefined && !(kind.verbs ?? ALL_VERBS).includes(verb)) throw methodNotSupported(kind, verb);
  switch (verb) {
    case "watch":
      return serveWatch(exchange, parts.registry, kind, selectionOf(exchange, target));
    case "list":
      validateListOptions(exchange.query, false);
      return sendList(exchange, parts, kind, parts.registry.list(kind, listQueryOf(exchange.query, target.namespace)));
    case "get":
      return sendObject(exchange, parts, kind, parts.registry.getView(kind, nameOf(target)), 200);
    case "create":
      return create(exchange, parts, kind, target);
    case "update":
      return update(exchange, parts, kind, target);
    case "patch":
      return patch(exchange, parts, kind, target);
    case "delete":
      return remove(exchange, parts, kind, target);
    case "deletecollection":
      return removeCollection(exchange, parts, kind, target);
  }
}

export const ALL_VERBS: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** A path that means nothing to the server. Upstream: errors.NewGenericServerResponse */
export function pathNotFound(): StatusError {
  return new StatusError({ code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: {} });
}

function verbOf(exchange: HttpExchange, name: string | undefined, subresource: string | undefined): Verb {
  const { method, query } = exchange;
  const watching = isTrue(query.get("watch"));
  switch (method) {
    case "GET":
    case "HEAD":
      if (subresource !== undefined) return "get";
      return name === undefined ? (watching ? "watch" : "list") : watching ? "watch" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    default:
      return name === undefined ? "deletecollection" : "delete";
  }
}

export function nameOf(target: ResourceTarget): ObjectName {
  return { namespace: target.namespace, name: target.name ?? "" };
}

function selectionOf(exchange: HttpExchange, target: ResourceTarget) {
  const { query } = exchange;
  const given = query.get("fieldSelector");
  const byName = target.name === undefined ? undefined : `metadata.name=${target.name}`;
  return {
    namespace: target.namespace,
    labelSelector: query.get("labelSelector") ?? undefined,
    fieldSelector: [given, byName].filter(Boolean).join(",") || undefined,
  };
}

async function create(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  if (target.name !== undefined) throw methodNotSupported(kind, "create");
  const context = exchange.context();
  const object = await readObject(kind, exchange.request, context);
  const view = parts.registry.create(kind, target.namespace, object, context);
  await sendWritten(exchange, parts, kind, view, 201);
}

async function update(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  const context = exchange.context();
  const object = await readObject(kind, exchange.request, context);
  const result = parts.registry.update(kind, nameOf(target), object, context, { subresource: target.subresource });
  await sendWritten(exchange, parts, kind, result.view, result.created ? 201 : 200);
}

async function patch(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  const context = exchange.context();
  const result = await applyRequestPatch(exchange, parts, kind, nameOf(target), context, {
    subresource: target.subresource,
    action: target.subresource ? `patches the ${target.subresource} of` : "patches",
  });
  await sendWritten(exchange, parts, kind, result.view, result.created ? 201 : 200);
}

export const PATCH_TYPES: readonly string[] = [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH];

async function applyRequestPatch(
  exchange: HttpExchange,
  parts: ServerParts,
  kind: Kind,
  name: ObjectName,
  context: RequestContext,
  options: UpdateOptions,
): Promise<UpdateResult> {
  const mediaType = mediaTypeOf(exchange.request);
  const bytes = await readBody(exchange.request);
  if (mediaType === APPLY_PATCH) {
    if (!parts.serverSideApply) throw unsupportedMediaType("server-side apply is not supported by this server yet: use client-side apply");
    const applied = parseYamlBody(bytes) as KubernetesObject;
    const force = isTrue(exchange.query.get("force"));
    const change = parts.serverSideApply(kind, applied, {
      fieldManager: context.fieldManager,
      force,
      subresource: options.subresource,
      nowMs: parts.registry.clock.now(),
    });
    return parts.registry.modify(kind, name, (current) => decodeAs(kind, change(current), context), context, {
      ...options,
      action: "applies",
      createMissing: true,
    });
  }
  if (!PATCH_TYPES.includes(mediaType)) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${[...PATCH_TYPES, APPLY_PATCH].join(", ")}`,
    );
  }
  const body = parseJsonBody(bytes);
  return parts.registry.modify(
    kind,
    name,
    (current) => decodeAs(kind, applyPatch(kind, required(kind, name, current), mediaType, body), context),
    context,
    options,
  );
}

function required(kind: Kind, name: ObjectName, current: KubernetesObject | undefined): KubernetesObject {
  if (current === undefined) throw notFound(kind, name.name);
  return current;
}

async function remove(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  const { options, context } = await readDeleteOptions(exchange);
  const { view, removed } = parts.registry.delete(kind, nameOf(target), options, context);
  if (!context.dryRun) await parts.registry.store.durable();
  // A client that asked for its dependents to go with it is told that this takes time.
  const code = !removed && options.orphanDependents === false ? 202 : 200;
  if (!removed || RETURNS_DELETED.has(kind.plural)) return sendObject(exchange, parts, kind, view, code);
  const { name, uid } = view.object.metadata;
  exchange.sendJson(code, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural, uid },
  });
}

// Upstream: ReturnDeletedObject of the storages.
const RETURNS_DELETED = new Set([
  "pods",
  "services",
  "persistentvolumeclaims",
  "persistentvolumes",
  "serviceaccounts",
  "podtemplates",
  "resourcequotas",
]);

async function removeCollection(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  const { options, context } = await readDeleteOptions(exchange);
  const list = parts.registry.deleteCollection(kind, listQueryOf(exchange.query, target.namespace), options, context);
  if (!context.dryRun) await parts.registry.store.durable();
  return sendList(exchange, parts, kind, list);
}

/** Options come in the body or, from curl, in the query. */
async function readDeleteOptions(exchange: HttpExchange): Promise<{ options: DeleteOptions; context: RequestContext }> {
  const bytes = await readBody(exchange.request);
  const { query } = exchange;
  const policy = query.get("propagationPolicy");
  const grace = numberOf(query, "gracePeriodSeconds");
  const orphan = query.get("orphanDependents");
  const fromQuery: DeleteOptions = {
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
  };
  const parsed = bytes.length === 0 ? null : parseBody(DELETE_OPTIONS_KIND, mediaTypeOf(exchange.request), bytes);
  // Every group version calls them its own.
  const named = typeof parsed === "object" && !Array.isArray(parsed) ? { ...parsed, apiVersion: "v1", kind: "DeleteOptions" } : parsed;
  const body = decodeAs(DELETE_OPTIONS_KIND, named, exchange.context()) as unknown as DeleteOptions & { dryRun?: string[] };
  const context = exchange.context();
  const dryRun = context.dryRun || dryRunOf(body.dryRun ?? []);
  return { options: { ...fromQuery, ...body }, context: { ...context, dryRun } };
}

const DELETE_OPTIONS_KIND: Kind = {
  group: "",
  version: "v1",
  kind: "DeleteOptions",
  plural: "deleteoptions",
  singular: "deleteoptions",
  namespaced: false,
  schema: { package: "meta/v1", type: "DeleteOptions" },
};

/** An answer to a write leaves when the write is on disk. */
export async function sendWritten(exchange: HttpExchange, parts: ServerParts, kind: Kind, view: ObjectView, code: number): Promise<void> {
  await parts.registry.store.durable();
  return sendObject(exchange, parts, kind, view, code);
}

export async function sendObject(exchange: HttpExchange, parts: ServerParts, kind: Kind, view: ObjectView, code: number): Promise<void> {
  const format = tableFormatOf(exchange.accept, exchange.query.get("includeObject"));
  if (format) {
    const metadata = { resourceVersion: view.object.metadata.resourceVersion };
    const table = renderTable(kind, [view], { format, metadata, nowMs: parts.registry.clock.now() });
    return exchange.sendPacked(code, table, "application/json");
  }
  const partial = partialMetadataVersionOf(exchange.accept, "PartialObjectMetadata");
  if (partial) return exchange.sendPacked(code, Buffer.from(`${renderPartialMetadata(view.object, partial)}\n`), "application/json");
  if (exchange.isForPeople || exchange.wantsYaml) return exchange.sendObject(code, view.object);
  return exchange.sendPacked(code, Buffer.concat([view.bytes, NEWLINE]), "application/json");
}

const NEWLINE = Buffer.from("\n");

export async function sendList(exchange: HttpExchange, parts: ServerParts, kind: Kind, list: ListResult): Promise<void> {
  const metadata = {
    resourceVersion: list.resourceVersion,
    ...(list.continue ? { continue: list.continue } : {}),
    ...(list.remainingItemCount ? { remainingItemCount: list.remainingItemCount } : {}),
  };
  const partial = partialMetadataVersionOf(exchange.accept, "PartialObjectMetadataList");
  if (partial) return exchange.sendPacked(200, Buffer.from(renderPartialMetadataList(list.views, metadata, partial)), "application/json");
  const format = tableFormatOf(exchange.accept, exchange.query.get("includeObject"));
  const bytes = format
    ? renderTable(kind, list.views, { format, metadata, nowMs: parts.registry.clock.now() })
    : encodeList(kind, metadata, list.views);
  if (!format && (exchange.isForPeople || exchange.wantsYaml)) return exchange.sendObject(200, JSON.parse(bytes.toString("utf8")));
  return exchange.sendPacked(200, bytes, "application/json");
}

/** The stored bytes themselves, without the kind and apiVersion that the list already names. */
function encodeList(kind: Kind, metadata: object, views: readonly ObjectView[]): Buffer {
  const apiVersion = apiVersionOf(kind);
  const typed = storedKind(kind).schema.package !== "";
  const prefix = Buffer.from(`{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersion)},`);
  const chunks: Buffer[] = [
    Buffer.from(
      `{"kind":"${kind.listKind ?? `${kind.kind}List`}","apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`,
    ),
  ];
  views.forEach((view, index) => {
    if (index > 0) chunks.push(COMMA);
    const { bytes } = view;
    if (typed && bytes.subarray(0, prefix.length).equals(prefix)) chunks.push(BRACE, bytes.subarray(prefix.length));
    else chunks.push(bytes);
  });
  chunks.push(LIST_END);
  return Buffer.concat(chunks);
}

const COMMA = Buffer.from(",");
const BRACE = Buffer.from("{");
const LIST_END = Buffer.from("]}\n");
