import { keyOf, type KubernetesObject } from "../api/meta.ts";
import type { Kind } from "../api/kind.ts";
import type { Client, ObjectEvent, WatchStop } from "./client.ts";

export interface InformerHandler<T> {
  added?(object: T): void;
  updated?(object: T, old: T): void;
  deleted?(object: T): void;
}

/** Which keys an object is found under in an index: `["worker1"]` for the index by node. */
export type IndexFunction<T> = (object: T) => readonly string[];

/**
 * A live, shared copy of all objects of one kind: frozen references, not clones. Handlers run
 * after the cache shows the change, in revision order.
 */
export class Informer<T extends KubernetesObject> {
  readonly kind: Kind<T>;
  readonly #client: Client;
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, { readonly keysOf: IndexFunction<T>; readonly buckets: Map<string, Map<string, T>> }>();
  readonly #handlers: InformerHandler<T>[] = [];
  #stop: WatchStop | undefined;
  #stopped = false;
  #synced = false;

  constructor(kind: Kind<T>, client: Client) {
    this.kind = kind;
    this.#client = client;
    this.addIndex("namespace", (object) => [object.metadata.namespace ?? ""]);
    this.addIndex("owner", (object) => (object.metadata.ownerReferences ?? []).map((owner) => owner.uid));
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** A handler added late is told of everything that is already there. */
  addHandler(handler: InformerHandler<T>): void {
    this.#handlers.push(handler);
    for (const object of this.#objects.values()) handler.added?.(object);
  }

  /** Every informer has "namespace" and "owner" (ownerReferences' uids). */
  addIndex(name: string, keysOf: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return;
    const index = { keysOf, buckets: new Map<string, Map<string, T>>() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) addTo(index.buckets, keysOf(object), key, object);
  }

  /** By `namespace/name`. */
  find(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  get size(): number {
    return this.#objects.size;
  }

  byIndex(name: string, value: string): T[] {
    const bucket = this.#indexes.get(name)?.buckets.get(value);
    return bucket ? [...bucket.values()] : [];
  }

  inNamespace(namespace: string): T[] {
    return this.byIndex("namespace", namespace);
  }

  async start(): Promise<void> {
    const list = await this.#client.list(this.kind);
    if (this.#stopped) return;
    this.#replaceAll(list.items);
    this.#synced = true;
    this.#stop = this.#client.watch(this.kind, {
      resourceVersion: list.metadata.resourceVersion ?? "0",
      onEvents: (events) => {
        for (const event of events) this.#apply(event);
      },
      onExpired: () => void this.start(),
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#stop?.();
  }

  #replaceAll(items: readonly T[]): void {
    const present = new Set(items.map(keyOf));
    for (const [key, object] of this.#objects) if (!present.has(key)) this.#apply({ type: "DELETED", object });
    for (const object of items) this.#apply({ type: "ADDED", object });
  }

  #apply({ type, object }: ObjectEvent<T>): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old && type !== "DELETED" && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (old) for (const index of this.#indexes.values()) removeFrom(index.buckets, index.keysOf(old), key);
    if (type === "DELETED") {
      if (!this.#objects.delete(key)) return;
      for (const handler of this.#handlers) handler.deleted?.(object);
      return;
    }
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) addTo(index.buckets, index.keysOf(object), key, object);
    // An object that was deleted and made again between two looks is two objects.
    if (old && old.metadata.uid !== object.metadata.uid) {
      for (const handler of this.#handlers) handler.deleted?.(old);
      for (const handler of this.#handlers) handler.added?.(object);
    } else if (old) for (const handler of this.#handlers) handler.updated?.(object, old);
    else for (const handler of this.#handlers) handler.added?.(object);
  }
}

/** One informer a kind for everybody in the process. */
export class InformerFactory {
  readonly #client: Client;
  readonly #informers = new Map<Kind, Informer<KubernetesObject>>();
  #started = false;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The shared informer of a kind; started at once when the factory already runs. */
  of<T extends KubernetesObject>(kind: Kind<T>): Informer<T> {
    const key = kind as unknown as Kind;
    let informer = this.#informers.get(key);
    if (!informer) {
      informer = new Informer(kind, this.#client) as unknown as Informer<KubernetesObject>;
      this.#informers.set(key, informer);
      if (this.#started) void informer.start();
    }
    return informer as unknown as Informer<T>;
  }

  /** Stops and forgets the informer of a kind that is no longer served. */
  release(kind: Kind): void {
    this.#informers.get(kind)?.stop();
    this.#informers.delete(kind);
  }

  async start(): Promise<void> {
    this.#started = true;
    await Promise.all([...this.#informers.values()].map((informer) => informer.start()));
  }

  stop(): void {
    for (const informer of this.#informers.values()) informer.stop();
  }
}

function addTo<T>(buckets: Map<string, Map<string, T>>, values: readonly string[], key: string, object: T): void {
  for (const value of values) {
    let bucket = buckets.get(value);
    if (!bucket) buckets.set(value, (bucket = new Map()));
    bucket.set(key, object);
  }
}

function removeFrom<T>(buckets: Map<string, Map<string, T>>, values: readonly string[], key: string): void {
  for (const value of values) {
    const bucket = buckets.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) buckets.delete(value);
  }
}
