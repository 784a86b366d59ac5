import type { Event } from "../api/generated/core-v1.ts";
import type { KubernetesObject } from "../api/meta.ts";
import { isNotFound } from "../api/status.ts";
import type { Timer } from "../util/clock.ts";
import type { Registry } from "./registry.ts";
import { componentContext } from "./request-context.ts";

// Upstream: --event-ttl
const EVENT_TTL_MS = 3_600_000;
// Those that end within the same minute go together.
const SWEEP_MIN_MS = 60_000;

/** Forgets events an hour after they were last written. One timer, and only while there are events. Returns how to stop. */
export function startEventExpiry(registry: Registry): () => void {
  const kind = registry.kinds.core("Event");
  let timer: Timer | undefined;
  const arm = (delayMs: number) => {
    timer ??= registry.clock.after(Math.max(delayMs, SWEEP_MIN_MS), () => {
      timer = undefined;
      const nextMs = sweep();
      if (nextMs !== undefined) arm(nextMs - registry.clock.now());
    });
  };
  const sweep = (): number | undefined => {
    let nextMs: number | undefined;
    for (const { object } of registry.list(kind).views) {
      const dueMs = lastWriteMs(object as Event) + EVENT_TTL_MS;
      if (dueMs > registry.clock.now()) nextMs = Math.min(nextMs ?? dueMs, dueMs);
      else remove(registry, object);
    }
    return nextMs;
  };
  const handle = registry.watch(kind, { after: registry.store.revision, onEvents: () => arm(EVENT_TTL_MS) });
  const nextMs = sweep();
  if (nextMs !== undefined) arm(nextMs - registry.clock.now());
  return () => {
    timer?.cancel();
    handle.close();
  };
}

function remove(registry: Registry, object: KubernetesObject): void {
  try {
    registry.delete(registry.kinds.core("Event"), object.metadata, {}, componentContext("kube-apiserver"));
  } catch (error) {
    // Somebody was faster.
    if (!isNotFound(error)) throw error;
  }
}

function lastWriteMs(event: Event): number {
  const times = [event.lastTimestamp, event.series?.lastObservedTime, event.eventTime, event.metadata.creationTimestamp];
  return Math.max(...times.map((time) => (time ? Date.parse(time) : 0)));
}
