import type { Pod, PodTemplateSpec } from "../../api/generated/core-v1.ts";
import type { Kind } from "../../api/kind.ts";
import { keyOf, type KubernetesObject } from "../../api/meta.ts";
import { pods } from "../../api/resources/pod.ts";
import { isNotFound, messageOf } from "../../api/status.ts";
import type { ComponentContext } from "../../client/component.ts";
import type { Clock } from "../../util/clock.ts";
import { controllerReference } from "./owners.ts";

/** Pods made before others get their turn. */
const SLICE = 8;

/** Makes and deletes pods for a workload, with its events. Upstream: pkg/controller/controller_utils.go RealPodControl */
export class PodControl<T extends KubernetesObject> {
  readonly #context: ComponentContext;
  readonly #kind: Kind<T>;

  constructor(context: ComponentContext, kind: Kind<T>) {
    this.#context = context;
    this.#kind = kind;
  }

  async create(owner: T, template: PodTemplateSpec, change?: (pod: Partial<Pod> & Pick<Pod, "spec">) => void): Promise<Pod> {
    const { client, events } = this.#context;
    const draft = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        generateName: `${owner.metadata.name}-`,
        namespace: owner.metadata.namespace,
        labels: template.metadata?.labels && { ...template.metadata.labels },
        annotations: template.metadata?.annotations && { ...template.metadata.annotations },
        finalizers: template.metadata?.finalizers,
        ownerReferences: [controllerReference(this.#kind as unknown as Kind<never>, owner)],
      },
      spec: structuredClone(template.spec),
    };
    change?.(draft as never);
    try {
      const pod = await client.create(pods, draft as never);
      events.event({ object: owner }, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
      return pod;
    } catch (error) {
      // A namespace that goes away takes its workloads along: nobody wants to hear of it.
      if (!/being terminated/.test(messageOf(error)))
        events.event({ object: owner }, "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  async delete(owner: T, pod: Pod): Promise<void> {
    const { client, events } = this.#context;
    try {
      await client.delete(pods, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
      events.event({ object: owner }, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      events.event({ object: owner }, "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }
}

/** Calls `make` in batches of 1, 2, 4 … so that a doomed template fails once, not a thousand times. Upstream: slowStartBatch */
export async function slowStart(clock: Clock, count: number, make: (index: number) => Promise<unknown>): Promise<void> {
  for (let done = 0, batch = 1; done < count; batch *= 2) {
    const end = Math.min(done + batch, count);
    while (done < end) {
      // A batch of hundreds at once would hold up everybody else.
      const slice = Math.min(SLICE, end - done);
      const first = done;
      await Promise.all(Array.from({ length: slice }, (_, index) => make(first + index)));
      done += slice;
      if (done < count) await clock.yield();
    }
  }
}

/**
 * What a controller has done and not yet seen: a stale cache must never make it do the same twice.
 * Upstream: controller.UIDTrackingControllerExpectations
 */
export class Expectations {
  readonly #created = new Map<string, Set<string>>();
  readonly #deleted = new Map<string, Set<string>>();

  expectCreated(ownerKey: string, pod: Pod): void {
    bucket(this.#created, ownerKey).add(keyOf(pod));
  }

  expectDeleted(ownerKey: string, pod: Pod): void {
    bucket(this.#deleted, ownerKey).add(pod.metadata.uid);
  }

  /** Whether the cache shows all that was done; `find` looks into it by key. */
  settled(ownerKey: string, find: (podKey: string) => Pod | undefined, isGone: (uid: string) => boolean): boolean {
    for (const key of this.#created.get(ownerKey) ?? []) if (find(key)) this.#created.get(ownerKey)?.delete(key);
    for (const uid of this.#deleted.get(ownerKey) ?? []) if (isGone(uid)) this.#deleted.get(ownerKey)?.delete(uid);
    return (this.#created.get(ownerKey)?.size ?? 0) === 0 && (this.#deleted.get(ownerKey)?.size ?? 0) === 0;
  }

  /** A pod was seen to come or go, even if it is gone again by the next look. */
  seenDeleted(ownerKey: string, pod: Pod): void {
    this.#created.get(ownerKey)?.delete(keyOf(pod));
    this.#deleted.get(ownerKey)?.delete(pod.metadata.uid);
  }

  forget(ownerKey: string): void {
    this.#created.delete(ownerKey);
    this.#deleted.delete(ownerKey);
  }
}

function bucket(map: Map<string, Set<string>>, key: string): Set<string> {
  let found = map.get(key);
  if (!found) map.set(key, (found = new Set()));
  return found;
}
