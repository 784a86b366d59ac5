import type { Scale } from "../api/generated/autoscaling-v1.ts";
import type { Pod } from "../api/generated/core-v1.ts";
import type { Kind } from "../api/kind.ts";
import type { KubernetesObject, ObjectName } from "../api/meta.ts";
import type { AccessCheck } from "../api/user.ts";
import type { ComponentContext } from "../client/component.ts";

/** What a token in a secret stands for. */
export interface SecretToken {
  readonly namespace: string;
  /** The secret's name. */
  readonly secret: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
}

/** A certificate to be made for a PKCS #10 request. */
export interface SigningOptions {
  /** DER, its signature verified. */
  readonly request: Uint8Array;
  /** As certificates.k8s.io names them: "client auth". */
  readonly usages: readonly string[];
  readonly lifetimeMs: number;
}

/** A part of kube-controller-manager: watches, and drives what is towards what should be. */
export interface Controller {
  /** As kube-controller-manager names it. */
  readonly name: string;
  start(context: ControllerContext): void;
}

export interface PodMetrics {
  readonly timestampMs: number;
  readonly windowMs: number;
  readonly containers: readonly { readonly name: string; readonly cpuNanoCores: number; readonly memoryBytes: number }[];
}

export interface ControllerContext extends ComponentContext {
  /** PEM of the cluster's CA, for kube-root-ca.crt. */
  readonly caPem: string;
  /** Signs with the cluster's CA; gives PEM. */
  signCertificate(options: SigningOptions): Promise<string>;
  /** A token that lasts as long as the secret that it is in. */
  issueSecretToken(token: SecretToken): string;
  /** What authorization says of somebody. */
  authorize(attributes: AccessCheck): boolean;
  /** What metrics.k8s.io says of a pod; undefined: nothing yet. */
  podMetrics(pod: Pod): PodMetrics | undefined;
  /** GET …/scale, with the object itself. */
  getScale(kind: Kind, name: ObjectName): { readonly object: KubernetesObject; readonly scale: Scale };
  withReplicas(kind: Kind, object: KubernetesObject, replicas: number): KubernetesObject;
}
