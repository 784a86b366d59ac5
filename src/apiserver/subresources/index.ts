import type { Binding, Pod } from "../../api/generated/core-v1.ts";
import type { Eviction } from "../../api/generated/policy-v1.ts";
import type { TokenRequest } from "../../api/generated/authentication-v1.ts";
import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { badRequest, methodNotSupported, serviceUnavailable } from "../../api/status.ts";
import { readObject } from "../http/body.ts";
import type { HttpExchange } from "../http/http-exchange.ts";
import type { ResourceTarget } from "../http/request-info.ts";
import { nameOf, sendWritten } from "../http/resource-handler.ts";
import type { ServerParts } from "../http/server-parts.ts";
import { serveProxy } from "../proxy/proxy.ts";
import { bindPod } from "./binding.ts";
import { evictPod } from "./eviction.ts";
import { serveLog } from "./log.ts";
import { issueToken } from "./token.ts";

type SubresourceHandler = (exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget) => Promise<void>;

/** A subresource that has its own meaning, by `plural/subresource`. Exec, attach and port-forward are upgrades: src/apiserver/streams/. */
export const SUBRESOURCE_HANDLERS: Readonly<Record<string, SubresourceHandler>> = {
  "nodes/proxy": serveProxy,
  "pods/proxy": serveProxy,
  "services/proxy": serveProxy,
  "pods/log": (exchange, parts, _kind, target) => serveLog(exchange, parts, nameOf(target)),
  "pods/binding": bindingOf,
  "bindings/": bindingOf,
  "pods/eviction": eviction,
  "serviceaccounts/token": token,
  "namespaces/finalize": finalize,
};

function virtual(group: string, version: string, kind: string, schemaPackage: string): Kind {
  return {
    group,
    version,
    kind,
    plural: kind.toLowerCase(),
    singular: kind.toLowerCase(),
    namespaced: true,
    schema: { package: schemaPackage, type: kind },
  };
}

const BINDING = virtual("", "v1", "Binding", "core/v1");
const EVICTION = virtual("policy", "v1", "Eviction", "policy/v1");
const TOKEN_REQUEST = virtual("authentication.k8s.io", "v1", "TokenRequest", "authentication/v1");

const created = (message = "") => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  ...(message ? { message } : {}),
  code: 201,
});

async function bindingOf(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  if (exchange.method !== "POST") throw methodNotSupported(kind, exchange.method.toLowerCase());
  const context = exchange.context();
  const binding = (await readObject(BINDING, exchange.request, context)) as Binding;
  const name = target.name ?? binding.metadata.name;
  if (!binding.target?.name) throw badRequest("target.name is required");
  bindPod(
    parts.registry,
    { namespace: target.namespace, name, uid: binding.metadata.uid, annotations: binding.metadata.annotations },
    binding.target.name,
    context,
  );
  await parts.registry.store.durable();
  exchange.sendJson(201, created());
}

async function eviction(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  if (exchange.method !== "POST") throw methodNotSupported(kind, exchange.method.toLowerCase());
  const context = exchange.context();
  const body = (await readObject(EVICTION, exchange.request, context)) as Eviction & KubernetesObject;
  evictPod(parts.registry, nameOf(target), body, context, parts.evictionGuard);
  await parts.registry.store.durable();
  exchange.sendJson(201, created());
}

async function token(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  if (exchange.method !== "POST") throw methodNotSupported(kind, exchange.method.toLowerCase());
  if (!parts.tokens) throw serviceUnavailable("this server issues no tokens");
  const request = (await readObject(TOKEN_REQUEST, exchange.request, exchange.context())) as TokenRequest & KubernetesObject;
  exchange.sendJson(201, issueToken(parts.registry, nameOf(target), request, parts.tokens));
}

/** Only spec.finalizers may change here. Upstream: pkg/registry/core/namespace/strategy.go namespaceFinalizeStrategy */
async function finalize(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  if (exchange.method !== "PUT") throw methodNotSupported(kind, exchange.method.toLowerCase());
  const context = exchange.context();
  const given = (await readObject(kind, exchange.request, context)) as Pod & { spec?: { finalizers?: string[] } };
  const name = { name: target.name ?? given.metadata.name };
  parts.registry.get(kind, name);
  const result = parts.registry.modify(
    kind,
    name,
    (current) =>
      ({
        ...current,
        spec: { ...(current as { spec?: object }).spec, finalizers: given.spec?.finalizers ?? [] },
      }) as unknown as KubernetesObject,
    context,
    { direct: true, action: "finalizes" },
  );
  await sendWritten(exchange, parts, kind, result.view, 200);
}
