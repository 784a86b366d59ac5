import type { ResourceQuota, Service } from "../api/generated/core-v1.ts";
import { apiVersionOf, type Kind } from "../api/kind.ts";
import type { KubernetesObject, ObjectName } from "../api/meta.ts";
import { badRequest, expired, notFound } from "../api/status.ts";
import { CompactedError } from "../store/store.ts";
import type { Entry, Store, WatchEvent, WatchHandle } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import type { Journal } from "../util/journal.ts";
import type { Rng } from "../util/rng.ts";
import type { AdmissionCluster, AdmissionPlugin } from "./admission/admission.ts";
import { ADMISSION_PLUGINS } from "./admission/index.ts";
import { type Connection, connectRequest } from "./admission/connect.ts";
import { type CallWebhook, WebhookAnswers, WebhooksPending, withWebhooks } from "./admission/webhook-calls.ts";
import type { DeleteOptions } from "./deletion.ts";
import { keyPrefix, KindTable, storageKey, storedKind } from "./kind-table.ts";
import { decodeContinue, encodeContinue, type ListQuery, revisionOfList, listError } from "./list-options.ts";
import { type ObjectView, viewOf } from "./object-view.ts";
import { type DeleteResult, RegistryWriter, type Transform, type UpdateOptions, type UpdateResult } from "./registry-writer.ts";
import { componentContext, type RequestContext } from "./request-context.ts";
import { type Matcher, matcherOf, type Selection } from "./selection.ts";
import { DEFAULT_RANGES, ServiceAllocator, type ServiceRanges } from "./service-allocator.ts";

export interface RegistryOptions {
  readonly kinds: readonly Kind[];
  readonly store: Store;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly journal: Journal;
  readonly admission?: readonly AdmissionPlugin[];
  readonly serviceRanges?: ServiceRanges;
}

export interface ListResult {
  readonly views: readonly ObjectView[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface RegistryEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly view: ObjectView;
  readonly revision: number;
}

export interface RegistryWatchOptions extends Selection {
  /** Events later than this revision. */
  readonly after: number;
  onEvents(events: readonly RegistryEvent[]): void;
  onProgress?(revision: number): void;
  /** An object could not be shown in the version that is watched: nothing more comes. */
  onFailed?(error: unknown): void;
}

/**
 * The one door to the objects: HTTP and the components in this process come through it.
 * Synchronous: between reading and writing nothing else runs, and the store's compare-and-swap
 * holds even when another server writes to the same store.
 */
export class Registry {
  readonly kinds: KindTable;
  readonly store: Store;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly journal: Journal;
  readonly #writer: RegistryWriter;
  /** Who may do what; undefined: everyone everything. */
  authorize: AdmissionCluster["authorize"] | undefined;
  /** How the doors reach webhooks; undefined: not at all. */
  callWebhook: CallWebhook | undefined;

  constructor(options: RegistryOptions) {
    this.kinds = new KindTable(options.kinds);
    this.store = options.store;
    this.clock = options.clock;
    this.rng = options.rng;
    this.journal = options.journal;
    const cluster: AdmissionCluster = {
      clock: options.clock,
      rng: options.rng,
      find: (group, kindName, name) => this.#findByKind(group, kindName, name),
      list: (group, kindName, namespace) => this.#listByKind(group, kindName, namespace),
      kind: (apiVersion, kindName) => this.kinds.findByApiVersion(apiVersion, kindName),
      equivalents: (kind) => this.kinds.all().filter((other) => other !== kind && storedKind(other) === storedKind(kind)),
      get: (kind, name) => this.find(kind, name),
      authorize: (attributes) => this.authorize?.(attributes) ?? { allowed: true },
      all: (kind, namespace) => this.list(kind, { namespace }).views.map((view) => view.object),
      chargeQuota: (quota, used) => this.#chargeQuota(quota, used),
    };
    const services = () => this.#listByKind("", "Service") as readonly Service[];
    this.#writer = new RegistryWriter({
      store: options.store,
      clock: options.clock,
      rng: options.rng,
      journal: options.journal,
      cluster,
      plugins: options.admission ?? ADMISSION_PLUGINS,
      services: new ServiceAllocator(options.serviceRanges ?? DEFAULT_RANGES, services, options.rng),
    });
  }

  findView(kind: Kind, name: ObjectName): ObjectView | undefined {
    const entry = this.store.find(storageKey(kind, name.namespace, name.name));
    return entry && viewOf(kind, entry);
  }

  getView(kind: Kind, name: ObjectName): ObjectView {
    const view = this.findView(kind, name);
    if (!view) throw notFound(kind, name.name);
    return view;
  }

  find<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName): T | undefined {
    return this.findView(kind as Kind, name)?.object as T | undefined;
  }

  get<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName): T {
    return this.getView(kind as Kind, name).object as T;
  }

  list(kind: Kind, query: ListQuery = {}): ListResult {
    const matches = matcherOf(kind, query);
    const prefix = prefixOf(kind, query.namespace);
    const token = query.continue ? decodeContinue(query.continue) : undefined;
    if (token && query.resourceVersion && query.resourceVersion !== "0")
      throw badRequest("specifying resource version is not allowed when using continue");
    const revision = token ? (token.revision > 0 ? token.revision : undefined) : revisionOfList(query, this.store.revision);
    try {
      return this.#listAt(kind, query, { matches, prefix, revision, after: token && keyPrefix(kind) + token.after });
    } catch (error) {
      throw listError(error, revision ?? 0, token?.after);
    }
  }

  create(kind: Kind, namespace: string | undefined, object: KubernetesObject, context: RequestContext): ObjectView {
    return this.#writer.create(kind, namespace, object, context);
  }

  update(kind: Kind, name: ObjectName, object: KubernetesObject, context: RequestContext, options: UpdateOptions = {}): UpdateResult {
    return this.#writer.update(kind, name, () => object, context, options);
  }

  /** Reads, changes and writes in one step. `change` gets what is stored, frozen, and returns a new object. */
  modify(kind: Kind, name: ObjectName, change: Transform, context: RequestContext, options: UpdateOptions = {}): UpdateResult {
    return this.#writer.update(kind, name, change, context, options);
  }

  delete(kind: Kind, name: ObjectName, options: DeleteOptions, context: RequestContext): DeleteResult {
    return this.#writer.delete(kind, name, options, context);
  }

  /** Throws where policies or webhooks have something against a connection to a pod. */
  admitConnection(connection: Connection, context: RequestContext): void {
    const request = connectRequest(this.kinds.core("Pod"), connection, context);
    if (request) this.#writer.admitConnection(request);
  }

  deleteCollection(kind: Kind, query: ListQuery, options: DeleteOptions, context: RequestContext): ListResult {
    const list = this.list(kind, query);
    for (const { object } of list.views) {
      if (this.findView(kind, object.metadata)) this.#writer.delete(kind, object.metadata, options, context);
    }
    return list;
  }

  /** Throws 410 Expired when `after` is no longer kept. Events come in revision order, never from within a write. */
  watch(kind: Kind, options: RegistryWatchOptions): WatchHandle {
    const matches = matcherOf(kind, options);
    const toEvents = (events: readonly WatchEvent[]) =>
      events.flatMap((event) => (event.revision <= options.after ? [] : (registryEvent(kind, event, matches) ?? [])));
    const deliver = kind.storedForm?.isAsked ? this.#inOrder(options) : undefined;
    // Whoever asks for the future waits until it is there.
    const after = Math.min(options.after, this.store.revision);
    try {
      return this.store.watch(prefixOf(kind, options.namespace), {
        after,
        onEvents: (events) => {
          if (deliver) return deliver(() => toEvents(events));
          const relevant = toEvents(events);
          if (relevant.length > 0) options.onEvents(relevant);
        },
        ...(options.onProgress ? { onProgress: (revision: number) => options.onProgress?.(revision) } : {}),
      });
    } catch (error) {
      if (error instanceof CompactedError) throw expired(`too old resource version: ${options.after} (${error.compactedRevision})`);
      throw error;
    }
  }

  /** Events whose objects a webhook has to convert come later, but one after the other. */
  #inOrder(options: RegistryWatchOptions): (translate: () => readonly RegistryEvent[]) => void {
    let last = Promise.resolve();
    let failed = false;
    return (translate) => {
      last = last
        .then(async () => {
          const events = failed ? [] : await withWebhooks(new WebhookAnswers(), this.callWebhook, translate);
          if (events.length > 0) options.onEvents(events);
        })
        .catch((error: unknown) => {
          failed = true;
          options.onFailed?.(error);
        });
    };
  }

  #listAt(
    kind: Kind,
    query: ListQuery,
    at: { matches: Matcher | undefined; prefix: string; revision: number | undefined; after: string | undefined },
  ): ListResult {
    const limit = query.limit && query.limit > 0 ? query.limit : 0;
    const views: ObjectView[] = [];
    let { after, revision } = at;
    for (;;) {
      // One more than asked for tells whether a selector leaves anything for the next page.
      const page = this.store.range(at.prefix, {
        ...(limit ? { limit: at.matches ? Math.max(limit, 500) : limit } : {}),
        ...(after ? { after } : {}),
        ...(revision ? { revision } : {}),
      });
      revision = page.revision;
      if (kind.storedForm?.isAsked) convertAll(kind, page.entries);
      let taken = 0;
      for (const entry of page.entries) {
        if (limit && views.length === limit) break;
        taken++;
        after = entry.key;
        const view = viewOf(kind, entry);
        if (!at.matches || at.matches(view.object)) views.push(view);
      }
      const left = page.entries.length - taken + page.remaining;
      if (left === 0) return { views, resourceVersion: String(revision) };
      if (limit && views.length === limit) {
        const token = encodeContinue({ revision, after: (after ?? "").slice(keyPrefix(kind).length) });
        return { views, resourceVersion: String(revision), continue: token, ...(at.matches ? {} : { remainingItemCount: left }) };
      }
    }
  }

  #chargeQuota({ metadata }: KubernetesObject, used: Readonly<Record<string, string>>): void {
    const charged = (current: KubernetesObject | undefined) => {
      const quota = current as ResourceQuota;
      return { ...quota, status: { ...quota.status, used: { ...used } } };
    };
    this.#writer.update(this.kinds.core("ResourceQuota"), metadata, charged, componentContext("kube-apiserver"), {
      direct: true,
      action: "charges",
    });
  }

  #findByKind(group: string, kindName: string, name: ObjectName): KubernetesObject | undefined {
    const kind = this.#kindOf(group, kindName);
    return kind && (this.store.find(storageKey(kind, name.namespace, name.name))?.object as unknown as KubernetesObject | undefined);
  }

  #listByKind(group: string, kindName: string, namespace?: string): readonly KubernetesObject[] {
    const kind = this.#kindOf(group, kindName);
    if (!kind) return [];
    return this.store.range(prefixOf(kind, namespace)).entries.map((entry) => entry.object as unknown as KubernetesObject);
  }

  #kindOf(group: string, kindName: string): Kind | undefined {
    return this.kinds.findKind(group, "v1", kindName);
  }
}

/** Asks for all of them at once, where a webhook has to be asked. */
function convertAll(kind: Kind, entries: readonly Entry[]): void {
  const calls = entries.flatMap((entry) => {
    try {
      viewOf(kind, entry);
      return [];
    } catch (error) {
      if (!(error instanceof WebhooksPending)) throw error;
      return error.calls;
    }
  });
  if (calls.length > 0) throw new WebhooksPending(calls);
}

function prefixOf(kind: Kind, namespace: string | undefined): string {
  return kind.namespaced && namespace ? `${keyPrefix(kind)}${namespace}/` : keyPrefix(kind);
}

/** A change of a selected field makes an object appear or vanish for this watcher. */
function registryEvent(kind: Kind, event: WatchEvent, matches: Matcher | undefined): RegistryEvent | undefined {
  const before = event.previous && viewOf(kind, event.previous);
  const matchedBefore = before !== undefined && (!matches || matches(before.object));
  if (event.type === "DELETE")
    return matchedBefore ? { type: "DELETED", view: viewOf(kind, event.entry), revision: event.revision } : undefined;
  const now = viewOf(kind, event.entry);
  const matchesNow = !matches || matches(now.object);
  if (matchesNow) return { type: matchedBefore ? "MODIFIED" : "ADDED", view: now, revision: event.revision };
  return matchedBefore
    ? { type: "DELETED", view: atRevision(kind, event.previous as Entry, event.revision), revision: event.revision }
    : undefined;
}

/** What a watcher knew last, with the revision at which it went out of its sight. */
function atRevision(kind: Kind, entry: Entry, revision: number): ObjectView {
  const known = viewOf(kind, entry).object;
  const object = { ...known, metadata: { ...known.metadata, resourceVersion: String(revision) } };
  return {
    object,
    get bytes() {
      return Buffer.from(JSON.stringify(object));
    },
  };
}

export function listKindOf(kind: Kind): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(kind), kind: kind.listKind ?? `${kind.kind}List` };
}
