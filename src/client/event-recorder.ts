import type { KubernetesObject } from "../api/meta.ts";

/** What an event is about. Part of an object may be named: `spec.containers{kubia}`. */
export interface EventTarget {
  readonly object: KubernetesObject & { readonly apiVersion?: string; readonly kind?: string };
  readonly fieldPath?: string;
}

/** Events as `kubectl describe` shows them: same object, reason and message again counts up instead of a new event. */
export interface EventRecorder {
  /** A recorder for another source: `from("kubelet", "worker1")`. */
  from(component: string, host?: string): EventRecorder;
  event(target: EventTarget, type: "Normal" | "Warning", reason: string, message: string): void;
}
