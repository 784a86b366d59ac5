import type { IncomingMessage } from "node:http";
import type { PolicyRule } from "../../api/generated/rbac-v1.ts";
import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import type { NodeGateway, StreamOptions, StreamSession } from "../node-gateway.ts";
import type { Dial } from "../proxy/proxy.ts";
import type { Metric } from "../../util/prometheus.ts";
import type { Registry } from "../registry.ts";
import type { AccessCheck, UserInfo } from "../../api/user.ts";
import type { EvictionGuard } from "../subresources/eviction.ts";
import type { TokenIssuer, TokenReviewer } from "../subresources/token.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { Descriptions } from "./openapi.ts";
import type { OpenIdMetadata } from "./openid-metadata.ts";

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason?: string;
}

/** Builds what an apply makes of the stored object. Upstream: apimachinery/pkg/util/managedfields */
export type ServerSideApply = (
  kind: Kind,
  applied: KubernetesObject,
  options: { readonly fieldManager: string; readonly force: boolean; readonly subresource: string | undefined; readonly nowMs: number },
) => (current: KubernetesObject | undefined) => KubernetesObject;

/** A path that the daemon serves besides the API; true when it has answered. */
export type ExtraRoute = (exchange: HttpExchange) => Promise<boolean> | boolean;

export interface ServerOptions {
  readonly registry: Registry;
  /** Undefined: nobody, answered with 401. */
  authenticate(request: IncomingMessage): UserInfo | undefined;
  /** Undefined: everyone who is somebody may do everything. */
  authorize?(attributes: AccessCheck): AccessDecision;
  /** What a user may do in a namespace, for SelfSubjectRulesReview. Undefined: everything. */
  rulesOf?(user: UserInfo, namespace: string): { readonly rules: readonly PolicyRule[]; readonly problems: readonly string[] };
  readonly gateway?: NodeGateway;
  /** How the proxy reaches pods and services; undefined: not at all. */
  readonly dial?: Dial;
  readonly tokens?: TokenIssuer;
  readonly tokenReviewer?: TokenReviewer;
  readonly openIdMetadata?: OpenIdMetadata;
  readonly evictionGuard?: EvictionGuard;
  readonly serverSideApply?: ServerSideApply;
  readonly extraRoutes?: readonly ExtraRoute[];
  /** Streams that the daemon serves besides the API's, as exec does; undefined: not one of them. Throws StatusError. */
  extraStreams?(path: string, query: URLSearchParams, options: StreamOptions): (() => Promise<StreamSession>) | undefined;
  /** Read when OpenAPI is first asked for. */
  descriptions?(): Descriptions;
  /** Those of the other components. */
  metrics?(): readonly Metric[];
  /** Told of answers with code 500: bugs. */
  onError?(error: unknown): void;
}

export type ServerParts = ServerOptions;
