import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Kind } from "../api/kind.ts";
import { forbiddenRequest, StatusError, unauthorized } from "../api/status.ts";
import { withWebhooks } from "./admission/webhook-calls.ts";
import { Discovery } from "./http/discovery.ts";
import { HttpExchange } from "./http/http-exchange.ts";
import { OpenApi } from "./http/openapi.ts";
import { isTrue } from "./http/query.ts";
import { parseTarget, type ResourceTarget } from "./http/request-info.ts";
import { pathNotFound, serveResource } from "./http/resource-handler.ts";
import { isReview, REVIEW_KINDS, serveReview } from "./http/reviews.ts";
import type { AccessAttributes, ServerOptions } from "./http/server-parts.ts";
import type { UserInfo } from "./request-context.ts";
import { isStreamRequest, StreamServer } from "./streams/stream-server.ts";
import { SUBRESOURCE_HANDLERS } from "./subresources/index.ts";

export type { AccessAttributes, AccessDecision, ExtraRoute, ServerOptions } from "./http/server-parts.ts";

export interface ApiHandler {
  /** For http.Server's "request". */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** For http.Server's "upgrade": exec, attach, port-forward. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** The REST API over whatever sockets the daemon has opened. */
export function createHandler(options: ServerOptions): ApiHandler {
  const { kinds } = options.registry;
  for (const kind of REVIEW_KINDS) if (!kinds.findKind(kind.group, kind.version, kind.kind)) kinds.add(kind);
  const server = new ApiServer(options);
  const streams = new StreamServer(options, (request, target) => server.admit(request, target));
  return {
    handle: (request, response) => void server.serve(request, response),
    handleUpgrade: (request, socket, head) => void streams.upgrade(request, socket, head),
  };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const ANONYMOUS: UserInfo = { name: "system:anonymous", groups: ["system:unauthenticated"] };
// Upstream: the default always-allow paths and system:public-info-viewer.
const PUBLIC_PATHS = /^\/(healthz|livez|readyz|version)(\/|$)/;

class ApiServer {
  readonly #options: ServerOptions;
  readonly #discovery: Discovery;
  readonly #openapi: OpenApi;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#discovery = new Discovery(options.registry.kinds);
    this.#openapi = new OpenApi(this.#discovery);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock } = this.#options.registry;
    const user = this.#options.authenticate(request);
    const exchange = new HttpExchange(request, response, user ?? ANONYMOUS, clock);
    try {
      if (!user && !PUBLIC_PATHS.test(exchange.path)) throw unauthorized();
      await this.#route(exchange);
    } catch (error) {
      if (!(error instanceof StatusError)) this.#options.onError?.(error);
      exchange.sendError(error);
    }
  }

  /** Authentication, authorization and the kind for a request that will be a stream. Throws what the client is answered. */
  admit(request: IncomingMessage, target: ResourceTarget): UserInfo {
    const user = this.#options.authenticate(request);
    if (!user) throw unauthorized();
    this.#authorize({ ...attributesOf(user, request.method ?? "GET", target), verb: request.method === "GET" ? "get" : "create" });
    return user;
  }

  async #route(exchange: HttpExchange): Promise<void> {
    // Upstream: go-restful, which knows no route for the others.
    if (!METHODS.has(exchange.method)) return exchange.sendText(405, "405: Method Not Allowed");
    const target = parseTarget(exchange.path);
    if (target.type === "path") return this.#servePath(exchange);
    const kind = this.#options.registry.kinds.findResource(target.group, target.version, target.resource);
    this.#authorize(attributesOf(exchange.user, exchange.method, target, isTrue(exchange.query.get("watch"))));
    if (!kind) {
      const handler = SUBRESOURCE_HANDLERS[`${target.resource}/${target.subresource ?? ""}`];
      if (handler && target.group === "") return handler(exchange, this.#options, this.#options.registry.kinds.core("Pod"), target);
      throw pathNotFound();
    }
    // A write that meets webhooks is served again from the start when they have answered: nothing has been stored or sent by then.
    await withWebhooks(exchange.webhooks, this.#options.registry.callWebhook, () => this.#serveKind(exchange, kind, target));
  }

  async #serveKind(exchange: HttpExchange, kind: Kind, target: ResourceTarget): Promise<void> {
    if (kind.deprecationWarning !== undefined) exchange.warnings.push(kind.deprecationWarning);
    if (isReview(kind)) return serveReview(exchange, this.#options, kind);
    if (isStreamRequest(target)) throw new StatusError({ code: 400, reason: "BadRequest", message: "Upgrade request required" });
    const special = kind.group === "" ? SUBRESOURCE_HANDLERS[`${kind.plural}/${target.subresource ?? ""}`] : undefined;
    if (special) return special(exchange, this.#options, kind, target);
    return serveResource(exchange, this.#options, kind, target);
  }

  async #servePath(exchange: HttpExchange): Promise<void> {
    const { path } = exchange;
    for (const route of this.#options.extraRoutes ?? []) if (await route(exchange)) return;
    if (PUBLIC_PATHS.test(path) && !path.startsWith("/version")) return serveHealth(exchange);
    if (path === "/kubesim/trace") return exchange.sendJson(200, { entries: this.#options.registry.journal.of(exchange.query.get("object") ?? "") });
    if (this.#discovery.serve(exchange) || this.#openapi.serve(exchange)) return;
    if (path === "/") return exchange.sendJson(200, { paths: ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"] });
    throw pathNotFound();
  }

  #authorize(attributes: AccessAttributes): void {
    const decision = this.#options.authorize?.(attributes) ?? { allowed: true };
    if (decision.allowed) return;
    const { user, verb, resource, subresource, group, namespace, name } = attributes;
    const what = subresource ? `${resource}/${subresource}` : resource;
    const where = namespace ? ` in the namespace ${JSON.stringify(namespace)}` : " at the cluster scope";
    const why = `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)}${where}${decision.reason ? `: ${decision.reason}` : ""}`;
    throw forbiddenRequest({ group, plural: what }, name, why);
  }
}

function attributesOf(user: UserInfo, method: string, target: ResourceTarget, watching = false): AccessAttributes {
  return {
    user,
    verb: verbOf(method, target.name, watching),
    group: target.group,
    version: target.version,
    resource: target.resource,
    subresource: target.subresource ?? "",
    namespace: target.namespace ?? "",
    name: target.name ?? "",
    path: "",
  };
}

function verbOf(method: string, name: string | undefined, watching: boolean): string {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === undefined ? "deletecollection" : "delete";
    default:
      return watching ? "watch" : name === undefined ? "list" : "get";
  }
}

const CHECKS = ["ping", "log", "etcd", "poststarthook/start-apiserver-admission-initializer", "poststarthook/rbac/bootstrap-roles"];

/** Upstream: apiserver/pkg/server/healthz */
function serveHealth(exchange: HttpExchange): void {
  const [, name = "", ...check] = exchange.path.split("/");
  if (check.length > 0) {
    if (!CHECKS.includes(check.join("/"))) throw pathNotFound();
    return exchange.sendText(200, "ok");
  }
  if (!exchange.query.has("verbose")) return exchange.sendText(200, "ok");
  exchange.sendText(200, `${CHECKS.map((text) => `[+]${text} ok\n`).join("")}${name} check passed\n`);
}
