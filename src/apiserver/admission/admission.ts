import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject, ObjectName } from "../../api/meta.ts";
import type { Clock } from "../../util/clock.ts";
import type { Rng } from "../../util/rng.ts";
import type { AccessCheck } from "../../api/user.ts";
import type { RequestContext } from "../request-context.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** One request as admission sees it. */
export interface AdmissionRequest {
  readonly operation: Operation;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string | undefined;
  /** Freshly decoded: a mutating plugin changes it in place. Undefined on DELETE. */
  readonly object: KubernetesObject | undefined;
  readonly old: KubernetesObject | undefined;
  readonly context: RequestContext;
  /** The mutating plugins are at it once more, after a webhook or a policy has changed the object. */
  readonly reinvocation?: boolean;
}

/** What a plugin may look up: the objects as they are stored. */
export interface AdmissionCluster {
  readonly clock: Clock;
  readonly rng: Rng;
  /** By the core group's or another group's kind name: `find("", "ServiceAccount", …)`. */
  find(group: string, kind: string, name: ObjectName): KubernetesObject | undefined;
  list(group: string, kind: string, namespace?: string): readonly KubernetesObject[];
  /** By apiVersion and kind, as an object names itself: also custom resources. */
  kind(apiVersion: string, kind: string): Kind | undefined;
  /** The kinds that show the same objects: `autoscaling/v1` of `autoscaling/v2`. */
  equivalents(kind: Kind): readonly Kind[];
  get(kind: Kind, name: ObjectName): KubernetesObject | undefined;
  all(kind: Kind, namespace?: string): readonly KubernetesObject[];
  /** Notes what a quota has used now, in the same step as the write that it is charged for. */
  chargeQuota?(quota: KubernetesObject, used: Readonly<Record<string, string>>): void;
  /** What authorization says: to expressions that ask. */
  authorize(attributes: AccessCheck): { readonly allowed: boolean; readonly reason?: string };
}

/** One plugin, named as upstream's --enable-admission-plugins names it. */
export interface AdmissionPlugin {
  readonly name: string;
  /** Whether it looks at exec, attach and port-forward too. */
  readonly connects?: true;
  /** "reinvoke": what was changed may concern plugins that have been asked before. */
  mutate?(request: AdmissionRequest, cluster: AdmissionCluster): "reinvoke" | undefined | void;
  validate?(request: AdmissionRequest, cluster: AdmissionCluster): void;
}

export function isPodCreation(request: AdmissionRequest): boolean {
  return request.operation === "CREATE" && request.kind.group === "" && request.kind.kind === "Pod" && request.subresource === undefined;
}
