import type { Event, ObjectReference } from "../api/generated/core-v1.ts";
import type { KubernetesObject } from "../api/meta.ts";
import { StatusError } from "../api/status.ts";
import type { EventRecorder, EventTarget } from "../client/event-recorder.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Registry } from "./registry.ts";
import { componentContext } from "./request-context.ts";

// Upstream: client-go/tools/record/events_cache.go
const REMEMBERED_MAX = 4096;
const SIMILAR_MAX = 10;
const SIMILAR_INTERVAL_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;

interface PendingEvent {
  readonly component: string;
  readonly host: string | undefined;
  readonly involved: ObjectReference;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly timeMs: number;
}

/** Recorders for every component of this process, with upstream's correlation: count up, combine, hold back. */
export function createEventRecorder(registry: Registry, component: string, onLost?: (error: unknown) => void): EventRecorder {
  return new Recorder(new EventSink(registry, onLost), component, undefined);
}

class Recorder implements EventRecorder {
  readonly #sink: EventSink;
  readonly #component: string;
  readonly #host: string | undefined;

  constructor(sink: EventSink, component: string, host: string | undefined) {
    this.#sink = sink;
    this.#component = component;
    this.#host = host;
  }

  from(component: string, host?: string): EventRecorder {
    return new Recorder(this.#sink, component, host);
  }

  event(target: EventTarget, type: "Normal" | "Warning", reason: string, message: string): void {
    const { object, fieldPath } = target;
    this.#sink.add({
      component: this.#component,
      host: this.#host,
      involved: referenceTo(object, fieldPath),
      type,
      reason,
      message,
      timeMs: this.#sink.now(),
    });
  }
}

/** Writes events one after the other, never from within the call that recorded them. */
class EventSink {
  readonly #registry: Registry;
  readonly #onLost: ((error: unknown) => void) | undefined;
  #queue: PendingEvent[] = [];
  #scheduled = false;
  #lastNanos = 0n;
  /** What the same event is stored as, by all that makes it the same. */
  readonly #recorded = new Map<string, { readonly namespace: string; readonly name: string }>();
  readonly #similar = new Map<string, { messages: Set<string>; lastMs: number }>();
  readonly #buckets = new Map<string, { tokens: number; lastMs: number }>();

  constructor(registry: Registry, onLost: ((error: unknown) => void) | undefined) {
    this.#registry = registry;
    this.#onLost = onLost;
  }

  now(): number {
    return this.#registry.clock.now();
  }

  add(event: PendingEvent): void {
    this.#queue.push(event);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const event of queue) {
      try {
        this.#write(event);
      } catch (error) {
        // As upstream: an event that the server refuses (its namespace is going away) is dropped.
        if (!(error instanceof StatusError)) throw error;
        this.#onLost?.(error);
      }
    }
  }

  #write(event: PendingEvent): void {
    const aggregated = this.#aggregate(event);
    if (!this.#admit(event)) return;
    const key = identityOf(aggregated.event, aggregated.combined);
    const known = this.#recorded.get(key);
    const kind = this.#registry.kinds.core("Event");
    const context = componentContext(event.component);
    if (known && this.#registry.findView(kind, known)) {
      const change = (current: KubernetesObject | undefined) => counted(current as Event, aggregated.event);
      this.#registry.modify(kind, known, change, context);
      return;
    }
    const draft = this.#newEvent(aggregated.event);
    this.#registry.create(kind, draft.metadata.namespace, draft, context);
    remember(this.#recorded, key, { namespace: draft.metadata.namespace ?? "default", name: draft.metadata.name });
  }

  /** More than ten different messages of one kind within ten minutes become one. Upstream: EventAggregator */
  #aggregate(event: PendingEvent): { event: PendingEvent; combined: boolean } {
    const key = identityOf({ ...event, message: "" }, false);
    let group = this.#similar.get(key);
    if (!group || event.timeMs - group.lastMs > SIMILAR_INTERVAL_MS) group = { messages: new Set(), lastMs: event.timeMs };
    group.lastMs = event.timeMs;
    if (group.messages.size < SIMILAR_MAX) group.messages.add(event.message);
    remember(this.#similar, key, group);
    if (group.messages.has(event.message)) return { event, combined: false };
    return { event: { ...event, message: `(combined from similar events): ${event.message}` }, combined: true };
  }

  /** A token bucket for every source and object. Upstream: EventSourceObjectSpamFilter */
  #admit(event: PendingEvent): boolean {
    const key = [
      event.component,
      event.host,
      event.involved.kind,
      event.involved.namespace,
      event.involved.name,
      event.involved.uid,
      event.involved.apiVersion,
    ].join("\n");
    const bucket = this.#buckets.get(key) ?? { tokens: SPAM_BURST, lastMs: event.timeMs };
    bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (event.timeMs - bucket.lastMs) / SPAM_REFILL_MS);
    bucket.lastMs = event.timeMs;
    remember(this.#buckets, key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #newEvent(event: PendingEvent): Event {
    const nanos = BigInt(Math.floor(event.timeMs * 1000)) * 1000n;
    this.#lastNanos = nanos > this.#lastNanos ? nanos : this.#lastNanos + 1n;
    const timestamp = rfc3339(event.timeMs);
    return {
      metadata: {
        name: `${event.involved.name}.${this.#lastNanos.toString(16)}`,
        namespace: event.involved.namespace || "default",
        uid: "",
        resourceVersion: "",
        creationTimestamp: "",
      },
      involvedObject: event.involved,
      reason: event.reason,
      message: event.message,
      source: { component: event.component, ...(event.host ? { host: event.host } : {}) },
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
      count: 1,
      type: event.type,
      eventTime: null as unknown as string,
      reportingComponent: event.component,
      reportingInstance: event.host ?? "",
    };
  }
}

function counted(current: Event, event: PendingEvent): Event {
  return { ...current, count: (current.count ?? 1) + 1, lastTimestamp: rfc3339(event.timeMs), message: event.message };
}

function identityOf(event: PendingEvent, combined: boolean): string {
  const { involved } = event;
  return [
    event.component,
    event.host,
    involved.kind,
    involved.namespace,
    involved.name,
    involved.fieldPath,
    involved.uid,
    involved.apiVersion,
    event.type,
    event.reason,
    combined ? "(combined)" : event.message,
  ].join("\n");
}

/** Upstream: client-go/tools/reference GetReference */
function referenceTo(object: EventTarget["object"], fieldPath: string | undefined): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    ...(object.kind ? { kind: object.kind } : {}),
    ...(namespace ? { namespace } : {}),
    name,
    uid,
    ...(object.apiVersion ? { apiVersion: object.apiVersion } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(fieldPath ? { fieldPath } : {}),
  };
}

/** A map that forgets its oldest member: setting makes a member the newest. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= REMEMBERED_MAX) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
