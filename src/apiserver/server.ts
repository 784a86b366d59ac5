import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Kind } from "../api/kind.ts";
import { forbiddenRequest, methodNotSupported, StatusError, unauthorized } from "../api/status.ts";
import { WebhookAnswers, WebhooksPending, withWebhooks } from "./admission/webhook-calls.ts";
import { COMPONENT_STATUS, serveComponentStatus } from "./http/component-statuses.ts";
import { Discovery } from "./http/discovery.ts";
import { Health, HEALTH_METRICS_PATH, HEALTH_PATHS } from "./http/health.ts";
import { HttpExchange, sendRawJson } from "./http/http-exchange.ts";
import { OpenApi } from "./http/openapi.ts";
import { JWKS_PATH, OPENID_CONFIGURATION_PATH, serveOpenIdMetadata } from "./http/openid-metadata.ts";
import { actingUser } from "./http/impersonation.ts";
import { METRICS_TYPE, RequestMetrics } from "./http/metrics.ts";
import { METRICS_KINDS, serveMetrics } from "./http/metrics-api.ts";
import { isTrue } from "./http/query.ts";
import { parseTarget, type ResourceTarget } from "./http/request-info.ts";
import { pathNotFound, serveResource } from "./http/resource-handler.ts";
import { isReview, REVIEW_KINDS, serveReview } from "./http/reviews.ts";
import type { ServerOptions } from "./http/server-parts.ts";
import { methodNotAllowed, sendPageNotFound } from "./http/web-service.ts";
import type { AccessCheck, UserInfo } from "../api/user.ts";
import type { RequestContext } from "./request-context.ts";
import { isStreamRequest, StreamServer } from "./streams/stream-server.ts";
import { SUBRESOURCE_HANDLERS } from "./subresources/index.ts";

export type { AccessDecision, ExtraRoute, ServerOptions } from "./http/server-parts.ts";

export interface ApiHandler {
  /** For http.Server's "request". */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** For http.Server's "upgrade": exec, attach, port-forward. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** The REST API over whatever sockets the daemon has opened. */
export function createHandler(options: ServerOptions): ApiHandler {
  const { kinds } = options.registry;
  for (const kind of [...REVIEW_KINDS, ...METRICS_KINDS, COMPONENT_STATUS])
    if (!kinds.findKind(kind.group, kind.version, kind.kind)) kinds.add(kind);
  options.registry.authorize = options.authorize && ((attributes) => options.authorize?.(attributes) ?? { allowed: true });
  const server = new ApiServer(options);
  const streams = new StreamServer(options, (request, target) => server.admit(request, target));
  return {
    handle: (request, response) => void server.serve(request, response),
    handleUpgrade: (request, socket, head) => {
      const admission = server.admitConnection(request);
      if (!admission) return void streams.upgrade(request, socket, head);
      // Nobody else looks after the socket until webhooks have answered.
      socket.on("error", () => socket.destroy());
      void admission.then(() => streams.upgrade(request, socket, head));
    },
  };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const ANONYMOUS: UserInfo = { name: "system:anonymous", groups: ["system:unauthenticated"] };
const OTHER_PATHS = ["/metrics", HEALTH_METRICS_PATH, "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/version"];
const OPENID_PATHS = [OPENID_CONFIGURATION_PATH, JWKS_PATH];
// Upstream: the default always-allow paths and system:public-info-viewer.
const PUBLIC_PATHS = /^\/(healthz|livez|readyz|version)(\/|$)/;

/** Whoever connects, by whatever program. */
function connectionContext(user: UserInfo, webhooks: WebhookAnswers): RequestContext {
  return {
    user,
    component: user.name,
    fieldManager: "",
    tracksFields: false,
    dryRun: false,
    fieldValidation: "Ignore",
    warnings: [],
    webhooks,
  };
}

class ApiServer {
  /** Streams that may not begin. */
  readonly #refusals = new WeakMap<IncomingMessage, { readonly error: unknown }>();
  readonly #options: ServerOptions;
  readonly #discovery: Discovery;
  readonly #openapi: OpenApi;
  readonly #metrics = new RequestMetrics();
  readonly #health = new Health();

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#discovery = new Discovery(options.registry.kinds);
    this.#openapi = new OpenApi(this.#discovery, {
      ...(options.descriptions ? { descriptions: options.descriptions } : {}),
      pause: () => options.registry.clock.yield(),
    });
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock } = this.#options.registry;
    const exchange = new HttpExchange(request, response, ANONYMOUS, clock);
    try {
      exchange.user = this.#userOf(request, exchange.path);
      await this.#route(exchange);
    } catch (error) {
      if (!(error instanceof StatusError)) this.#options.onError?.(error);
      exchange.sendError(error);
    }
  }

  /** Authentication, authorization and the kind for a request that will be a stream. Throws what the client is answered. */
  admit(request: IncomingMessage, target: ResourceTarget): UserInfo {
    const user = this.#userOf(request, "");
    const attributes = attributesOf(user, request.method ?? "GET", target);
    this.#authorize(attributes);
    // A WebSocket begins with a GET, and yet does more than reading. Upstream: AuthorizePodWebsocketUpgradeCreatePermission
    if (attributes.verb === "get" && isStreamRequest(target)) this.#authorize({ ...attributes, verb: "create" });
    const refusal = this.#refusals.get(request);
    if (refusal) throw refusal.error;
    return user;
  }

  /** Policies and webhooks before a stream begins; what they refuse `admit` throws. Undefined: no webhook has to be waited for. */
  admitConnection(request: IncomingMessage): Promise<void> | undefined {
    const { registry } = this.#options;
    const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
    const target = parseTarget(pathname);
    const user = target.type === "resource" && isStreamRequest(target) ? this.#knownUserOf(request) : undefined;
    if (target.type !== "resource" || !user) return undefined;
    const webhooks = new WebhookAnswers();
    const { namespace, name = "", subresource = "" } = target;
    const attempt = () => registry.admitConnection({ namespace, name, subresource, query }, connectionContext(user, webhooks));
    try {
      this.admit(request, target);
      attempt();
      return undefined;
    } catch (error) {
      if (error instanceof WebhooksPending)
        return withWebhooks(webhooks, registry.callWebhook, attempt).catch(
          (refusal: unknown) => void this.#refusals.set(request, { error: refusal }),
        );
      this.#refusals.set(request, { error });
      return undefined;
    }
  }

  /** Throws 401 for credentials that are not right, and 403 for acting as somebody without leave to. */
  #userOf(request: IncomingMessage, path: string): UserInfo {
    const user = this.#options.authenticate(request);
    const mayBeAnonymous =
      request.headers.authorization === undefined && (this.#options.authorize !== undefined || PUBLIC_PATHS.test(path));
    if (!user && !mayBeAnonymous) throw unauthorized();
    return actingUser(request, user ?? ANONYMOUS, this.#options.authorize);
  }

  #knownUserOf(request: IncomingMessage): UserInfo | undefined {
    try {
      return this.#userOf(request, "");
    } catch {
      // The upgrade itself will say what is wrong.
      return undefined;
    }
  }

  async #route(exchange: HttpExchange): Promise<void> {
    // Upstream: go-restful, which knows no route for the others.
    if (!METHODS.has(exchange.method)) throw methodNotAllowed();
    const target = parseTarget(exchange.path);
    if (target.type === "path") return this.#servePath(exchange);
    const kind = this.#options.registry.kinds.findResource(target.group, target.version, target.resource);
    const attributes = attributesOf(exchange.user, exchange.method, target, isTrue(exchange.query.get("watch")));
    // Only what is served is counted by its name: anybody may ask for anything.
    if (kind) this.#measure(exchange, attributes);
    this.#authorize(attributes);
    if (!kind) {
      const handler = SUBRESOURCE_HANDLERS[`${target.resource}/${target.subresource ?? ""}`];
      if (handler && target.group === "") return handler(exchange, this.#options, this.#options.registry.kinds.core("Pod"), target);
      if (this.#discovery.hasBuiltIn(target.group)) throw pathNotFound();
      return sendPageNotFound(exchange);
    }
    // A write that meets webhooks is served again from the start when they have answered: nothing has been stored or sent by then.
    await withWebhooks(exchange.webhooks, this.#options.registry.callWebhook, () => this.#serveKind(exchange, kind, target));
  }

  #measure({ response }: HttpExchange, attributes: AccessCheck): void {
    const { clock } = this.#options.registry;
    const startMs = clock.now();
    const ended = attributes.verb === "watch" ? this.#metrics.open(attributes) : undefined;
    response.once("close", () => {
      ended?.();
      this.#metrics.observe(attributes, response.statusCode, (clock.now() - startMs) / 1000);
    });
  }

  async #serveKind(exchange: HttpExchange, kind: Kind, target: ResourceTarget): Promise<void> {
    if (kind.deprecationWarning !== undefined) exchange.warnings.push(kind.deprecationWarning);
    if (exchange.method === "GET" && kind.verbs?.includes("list") && !kind.verbs.includes("watch") && isTrue(exchange.query.get("watch")))
      throw methodNotSupported(kind, "watch");
    if (METRICS_KINDS.includes(kind)) return serveMetrics(exchange, this.#options, kind, target);
    if (kind === COMPONENT_STATUS) return serveComponentStatus(exchange, this.#options, target);
    if (isReview(kind)) return serveReview(exchange, this.#options, kind);
    if (isStreamRequest(target)) throw new StatusError({ code: 400, reason: "BadRequest", message: "Upgrade request required" });
    const special = kind.group === "" ? SUBRESOURCE_HANDLERS[`${kind.plural}/${target.subresource ?? ""}`] : undefined;
    if (special) return special(exchange, this.#options, kind, target);
    return serveResource(exchange, this.#options, kind, target);
  }

  async #servePath(exchange: HttpExchange): Promise<void> {
    const { path } = exchange;
    this.#authorize({
      user: exchange.user,
      verb: exchange.method.toLowerCase(),
      group: "",
      version: "",
      resource: "",
      subresource: "",
      namespace: "",
      name: "",
      path,
    });
    for (const route of this.#options.extraRoutes ?? []) if (await route(exchange)) return;
    if (this.#health.serve(exchange)) return;
    const { openIdMetadata } = this.#options;
    if (openIdMetadata && serveOpenIdMetadata(exchange, openIdMetadata)) return;
    if (path === "/metrics")
      return exchange.sendPacked(
        200,
        Buffer.from(this.#metrics.render(this.#options.registry, this.#options.metrics?.() ?? [])),
        METRICS_TYPE,
        { minBytes: 0 },
      );
    if (path === "/kubesim/trace")
      return exchange.sendJson(200, { entries: this.#options.registry.journal.of(exchange.query.get("object") ?? "") });
    if (this.#discovery.serve(exchange) || (await this.#openapi.serve(exchange))) return;
    if (path === "/" || path === "/index.html")
      return sendRawJson(exchange, {
        paths: [...this.#discovery.paths(), ...HEALTH_PATHS, ...OTHER_PATHS, ...(openIdMetadata ? OPENID_PATHS : [])].sort(),
      });
    sendPageNotFound(exchange);
  }

  #authorize(attributes: AccessCheck): void {
    const decision = this.#options.authorize?.(attributes) ?? { allowed: true };
    if (decision.allowed) return;
    const { user, verb, resource, subresource, group, namespace, name, path } = attributes;
    const because = decision.reason ? `: ${decision.reason}` : "";
    if (path !== "") {
      const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${because}`;
      throw new StatusError({ code: 403, reason: "Forbidden", message, details: {} });
    }
    const what = subresource ? `${resource}/${subresource}` : resource;
    const where = namespace ? ` in the namespace ${JSON.stringify(namespace)}` : " at the cluster scope";
    const why = `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)}${where}${because}`;
    throw forbiddenRequest({ group, plural: resource }, name, why);
  }
}

function attributesOf(user: UserInfo, method: string, target: ResourceTarget, watching = false): AccessCheck {
  return {
    user,
    verb: verbOf(method, target.name, watching),
    group: target.group,
    version: target.version,
    resource: target.resource,
    subresource: target.subresource ?? "",
    // A namespace is in itself.
    namespace: target.namespace ?? (target.group === "" && target.resource === "namespaces" ? (target.name ?? "") : ""),
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
