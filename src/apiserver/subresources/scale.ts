import { type FieldError, invalid } from "../../api/field-errors.ts";
import type { Scale } from "../../api/generated/autoscaling-v1.ts";
import type { LabelSelector } from "../../api/generated/meta-v1.ts";
import type { Kind, ScalePaths } from "../../api/kind.ts";
import type { KubernetesObject, ObjectName } from "../../api/meta.ts";
import { applyPatch, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from "../../api/patch.ts";
import { conflict, internalError, invalidObject, methodNotSupported, notFound, unsupportedMediaType } from "../../api/status.ts";
import { readPath, withPath } from "../custom-resources/simple-path.ts";
import { decodeAs, mediaTypeOf, parseBody, parseJsonBody, readBody } from "../http/body.ts";
import type { HttpExchange } from "../http/http-exchange.ts";
import type { ServerParts } from "../http/server-parts.ts";
import { MODIFIED_MESSAGE } from "../store-writes.ts";
import type { Registry } from "../registry.ts";
import type { RequestContext } from "../request-context.ts";

export const SCALE_KIND: Kind = {
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  plural: "scales",
  singular: "scale",
  namespaced: true,
  schema: { package: "autoscaling/v1", type: "Scale" },
};

interface Scalable extends KubernetesObject {
  spec?: { replicas?: number; selector?: LabelSelector | Record<string, string> };
  status?: { replicas?: number };
}

const PATCH_TYPES: readonly string[] = [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH];

/** GET, PUT and PATCH of …/scale. */
export async function serveScale(exchange: HttpExchange, parts: ServerParts, kind: Kind, name: ObjectName): Promise<void> {
  const { registry } = parts;
  const context = exchange.context();
  const { object, scale } = getScale(registry, kind, name);
  if (exchange.method === "GET") {
    const path = kind.scalePaths?.specReplicasPath;
    if (path && readPath(object, path) === undefined)
      throw internalError(new Error(`the spec replicas field ${JSON.stringify(path)} does not exist`));
    return exchange.sendJson(200, scale);
  }
  const mediaType = mediaTypeOf(exchange.request);
  const bytes = await readBody(exchange.request);
  let wanted: KubernetesObject;
  if (exchange.method === "PUT") wanted = decodeAs(SCALE_KIND, parseBody(SCALE_KIND, mediaType, bytes), context);
  else if (exchange.method === "PATCH") {
    if (!PATCH_TYPES.includes(mediaType))
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${PATCH_TYPES.join(", ")}`,
      );
    // Read again after the await: the object may have moved on.
    wanted = decodeAs(
      SCALE_KIND,
      applyPatch(SCALE_KIND, scaleOf(kind, registry.get(kind, name)), mediaType, parseJsonBody(bytes)),
      context,
    );
  } else throw methodNotSupported(kind, exchange.method.toLowerCase());
  const written = setScale(registry, kind, name, wanted as Scale, context);
  await registry.store.durable();
  exchange.sendJson(200, scaleOf(kind, written));
}

/** Upstream: pkg/registry/apps/deployment/storage/storage.go scaleUpdatedObjectInfo */
export function setScale(registry: Registry, kind: Kind, name: ObjectName, wanted: Scale, context: RequestContext): KubernetesObject {
  const replicas = wanted.spec?.replicas ?? 0;
  const errors: FieldError[] = replicas < 0 ? [invalid("spec.replicas", replicas, "must be greater than or equal to 0")] : [];
  if (errors.length > 0) throw invalidObject(SCALE_KIND, name.name, errors);
  const change = (current: KubernetesObject | undefined) => {
    const object = current as Scalable;
    const asked = wanted.metadata.resourceVersion;
    if (asked && asked !== object.metadata.resourceVersion) throw conflict(kind, name.name, MODIFIED_MESSAGE);
    return withReplicas(kind, object, replicas);
  };
  getScale(registry, kind, name);
  return registry.modify(kind, name, change, context, { action: `scales to ${replicas} replicas`, ownedThrough: "scale" }).view.object;
}

/** Whose own storage of scales says that it does not find one, and as what. Upstream: pkg/registry/apps/…/storage ScaleREST */
const NOT_FOUND_AS: Readonly<Record<string, { readonly group: string; readonly plural: string }>> = {
  "deployments.apps": { group: "apps", plural: "deployments/scale" },
  "replicasets.apps": { group: "apps", plural: "replicasets/scale" },
  "replicationcontrollers.": { group: "autoscaling", plural: "replicationcontrollers/scale" },
};

/** Throws NotFound. */
export function getScale(registry: Registry, kind: Kind, name: ObjectName): { readonly object: KubernetesObject; readonly scale: Scale } {
  const resource = NOT_FOUND_AS[`${kind.plural}.${kind.group}`];
  const object = resource ? registry.find(kind, name) : registry.get(kind, name);
  if (!object) throw notFound(resource ?? kind, name.name);
  return { object, scale: scaleOf(kind, object) };
}

export function withReplicas(kind: Kind, object: KubernetesObject, replicas: number): KubernetesObject {
  const { spec } = object as Scalable;
  return kind.scalePaths
    ? withPath(object, kind.scalePaths.specReplicasPath, replicas)
    : ({ ...object, spec: { ...spec, replicas } } as KubernetesObject);
}

function scaleOf(kind: Kind, object: KubernetesObject): Scale {
  if (kind.scalePaths) return customScale(kind.scalePaths, object);
  const { spec, status } = object as Scalable;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorText(kind, spec?.selector);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(selector ? { selector } : {}) },
  };
}

/** Upstream: apiextensions-apiserver/pkg/registry/customresource/etcd.go scaleFromCustomResource */
function customScale(paths: ScalePaths, object: KubernetesObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = readPath(object, paths.specReplicasPath);
  const current = readPath(object, paths.statusReplicasPath);
  const selector = paths.labelSelectorPath ? readPath(object, paths.labelSelectorPath) : undefined;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === "number" && replicas !== 0 ? { replicas } : {},
    status: {
      replicas: typeof current === "number" ? current : 0,
      ...(typeof selector === "string" && selector !== "" ? { selector } : {}),
    },
  };
}

/** Upstream: metav1.LabelSelectorAsSelector(…).String() */
function selectorText(kind: Kind, selector: LabelSelector | Record<string, string> | undefined): string {
  if (!selector) return "";
  const plain = kind.kind === "ReplicationController";
  const labels = (plain ? selector : (selector as LabelSelector).matchLabels) as Record<string, string> | undefined;
  const expressions = plain ? [] : ((selector as LabelSelector).matchExpressions ?? []);
  const equals = Object.entries(labels ?? {}).map(([key, value]) => [key, `${key}=${value}`] as const);
  const others = expressions.map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return [key, key] as const;
    if (operator === "DoesNotExist") return [key, `!${key}`] as const;
    return [key, `${key} ${operator === "In" ? "in" : "notin"} (${[...values].sort().join(",")})`] as const;
  });
  return [...equals, ...others]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(",");
}
