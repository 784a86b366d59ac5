import type { ComponentContext } from "../client/component.ts";

/** A part of kube-controller-manager: watches, and drives what is towards what should be. */
export interface Controller {
  /** As kube-controller-manager names it. */
  readonly name: string;
  start(context: ControllerContext): void;
}

export interface ControllerContext extends ComponentContext {
  /** PEM of the cluster's CA, for kube-root-ca.crt. */
  readonly caPem: string;
}
