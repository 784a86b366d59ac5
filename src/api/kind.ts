import type { Clock } from "../util/clock.ts";
import type { FieldError } from "./field-errors.ts";
import type { KubernetesObject } from "./meta.ts";
import type { UserInfo } from "./user.ts";

/**
 * All that the server needs to know of a kind. Discovery, routes, tables, OpenAPI and
 * `api-resources` are derived from it. One file a kind in src/api/resources/.
 *
 * The functions get objects freshly decoded from the request, which they may change in place;
 * `old` is what is stored: frozen, never to be changed.
 */
export interface Kind<T extends KubernetesObject = KubernetesObject> {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Also the resource's name in URLs. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  /** Where the schema table describes it: package "core/v1" and type "Pod". */
  readonly schema: { readonly package: string; readonly type: string };
  /** Undefined: create delete deletecollection get list patch update watch. */
  readonly verbs?: readonly Verb[];
  /** status and scale get generic endpoints; all others are served by src/apiserver/subresources/. */
  readonly subresources?: Readonly<Record<string, Subresource>>;
  /** Where the objects of this kind are kept when it is another version's view (events.k8s.io on events, autoscaling/v1 on v2). */
  readonly storedAs?: StoredAs;

  /** Fills in what the types and pkg/apis/.../defaults.go default. Must be idempotent. */
  setDefaults?(object: T): void;
  /** Upstream: strategy.PrepareForCreate. The status is already dropped for kinds with a status subresource. */
  prepareForCreate?(object: T, context: StrategyContext): void;
  /** Upstream: strategy.PrepareForUpdate. Status is already kept from old; on the status subresource everything but status is. */
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void;
  /** Field errors in upstream's order and words; object metadata is validated by generic code. */
  validate?(object: T): FieldError[];
  /** Only on create, after `validate`. */
  validateCreate?(object: T): FieldError[];
  /** On update, after `validate`: immutable fields and the like. */
  validateUpdate?(object: T, old: T, subresource?: string): FieldError[];
  validateStatusUpdate?(object: T, old: T): FieldError[];
  /** Texts for `Warning` headers. Upstream: strategy.WarningsOnCreate/Update. */
  warnings?(object: T, old: T | undefined): string[];
  /** What is stored at the first delete instead of removing the object: it holds a finalizer. */
  beginDeletion?(object: T, deletionTimestamp: string): T;
  /** How metadata.name is validated: default is a DNS-1123 subdomain. */
  readonly nameRule?: "dns-1123-subdomain" | "dns-1123-label" | "dns-1035-label" | "path-segment";
  /** Kinds whose metadata.generation counts changes of everything but metadata and status. */
  readonly hasGeneration?: boolean;
  /** Grace period for a delete, in seconds; undefined: deleted at once. Upstream: rest.GracefulDeleteStrategy. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** Fields besides metadata.name and metadata.namespace that field selectors may name. Upstream: strategy.ToSelectableFields. */
  selectableFields?(object: T): Record<string, string>;
  /** What `kubectl get` shows, besides the leading Name column that generic code adds. Undefined: Name and Age. */
  readonly columns?: readonly Column<T>[];
  /** Undefined: the kind and "List". */
  readonly listKind?: string;
  /** Said with every answer about this version. */
  readonly deprecationWarning?: string;
  /** The schema of a custom resource with its descriptions, as the CustomResourceDefinition has it. */
  readonly openApiSchema?: Readonly<Record<string, unknown>>;
  /** Custom resources: drops what the schema does not know, in place. Returns the paths of what a client sent in vain. */
  prune?(object: Record<string, unknown>): string[];
  /** Custom resources: how all versions of them are kept, and read again by the schema of today. */
  readonly storedForm?: StoredForm;
  /** Where the scale of a custom resource is. */
  readonly scalePaths?: ScalePaths;
}

/** Upstream: apiextensions/v1 CustomResourceSubresourceScale */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

export interface Subresource {
  readonly verbs: readonly ("create" | "delete" | "get" | "patch" | "update")[];
  /** It changes the status, as `status` itself does: certificatesigningrequests/approval. */
  readonly writesStatus?: true;
  /** What it answers with, when that is not the kind itself: pods/eviction → policy/v1 Eviction. */
  readonly responseKind?: { readonly group: string; readonly version: string; readonly kind: string };
}

export interface StoredForm {
  readonly apiVersion: string;
  /** A webhook is asked for it: reads and writes may have to wait. */
  readonly isAsked: boolean;
  fromStored(object: KubernetesObject): KubernetesObject;
  toStored(object: KubernetesObject): KubernetesObject;
}

export interface StoredAs {
  readonly kind: Kind;
  toStored(object: KubernetesObject): KubernetesObject;
  fromStored(object: KubernetesObject): KubernetesObject;
}

export interface StrategyContext {
  readonly clock: Clock;
  /** Undefined for the object itself; "status", "binding" … */
  readonly subresource: string | undefined;
  readonly user: UserInfo;
}

export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  /** 0 is always shown, 1 with -o wide. */
  readonly priority: number;
  readonly description: string;
  /** A cell as the server renders it: ages already humanised, against `nowMs`. */
  cell(object: T, nowMs: number): string | number | boolean | null;
}

/** "v1" or "apps/v1". */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** "pods" or "deployments.apps": how messages name a resource. */
export function groupResource(kind: { readonly group: string; readonly plural: string }): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}
