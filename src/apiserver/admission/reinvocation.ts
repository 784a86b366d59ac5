import type { KubernetesObject } from "../../api/meta.ts";
import { deepEqual } from "../objects.ts";
import type { AdmissionRequest } from "./admission.ts";

/**
 * What the second round of the mutating webhooks, or policies, has to know of the first.
 * Upstream: k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/reinvocationcontext.go
 */
export class Reinvocations {
  readonly #invoked = new Set<string>();
  readonly #required = new Set<string>();
  #lastOutput: unknown;

  /** Asked again after the next change, if it wants to be. */
  invoked(id: string): void {
    this.#invoked.add(id);
  }

  changed(): void {
    for (const id of this.#invoked) this.#required.add(id);
    this.#invoked.clear();
  }

  isRequired(id: string): boolean {
    return this.#required.has(id);
  }

  /** In the second round: other plugins may have changed the object since. */
  begin({ reinvocation, object }: AdmissionRequest): void {
    if (reinvocation && !deepEqual(this.#lastOutput, object)) this.changed();
  }

  end({ object }: AdmissionRequest): void {
    this.#lastOutput = structuredClone(object);
  }
}

/** One plugin's, by the object that a request is about: both rounds change the same one in place. */
export class ReinvocationStates {
  readonly #states = new WeakMap<KubernetesObject, Reinvocations>();

  of({ object }: AdmissionRequest): Reinvocations {
    const known = object && this.#states.get(object);
    if (known) return known;
    const state = new Reinvocations();
    if (object) this.#states.set(object, state);
    return state;
  }
}

/** Makes the object of a request another one, in place. @returns whether it is another one now. */
export function replaceObject(object: KubernetesObject, replacement: KubernetesObject): boolean {
  if (deepEqual(replacement, object)) return false;
  const target = object as unknown as Record<string, unknown>;
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, replacement);
  return true;
}
