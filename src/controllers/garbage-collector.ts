import type { OwnerReference } from "../api/generated/meta-v1.ts";
import { groupResource, type Kind } from "../api/kind.ts";
import { keyOf, type KubernetesObject } from "../api/meta.ts";
import { KINDS } from "../api/resources/index.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import type { Informer } from "../client/informer.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { customKinds } from "./support/custom-kinds.ts";

const NAME = "generic-garbage-collector";
const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";
/** Kinds that come and go too often, and never own or are owned. */
const IGNORED = ["Event", "Lease"];

/** Deletes what has no owner any more. Upstream: pkg/controller/garbagecollector */
export const garbageCollector: Controller = {
  name: NAME,
  start: (context) => new GarbageCollector(context).start(),
};

/** One resource whose objects may own and be owned. */
interface Watched {
  /** By which it is written. */
  kind: Kind;
  /** By which it is watched: the schema of a custom resource may change meanwhile, its metadata does not depend on it. */
  readonly informer: Informer<KubernetesObject>;
}

class GarbageCollector {
  readonly #context: ControllerContext;
  /** By `deployments.apps`. */
  readonly #watched = new Map<string, Watched>();
  readonly #reconciler: Reconciler;
  #scheduled = false;

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME) };
    this.#reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      workers: 20,
      reconcile: (key) => this.#reconcile(key),
      log: context.log,
    });
  }

  start(): void {
    for (const kind of KINDS) if (!IGNORED.includes(kind.kind) && !kind.storedAs) this.#watch(kind);
    this.#followCustomKinds();
    // Kinds that are changed go and come again: only what is left of it matters.
    this.#context.client.kinds.onChange(() => {
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.#followCustomKinds());
    });
  }

  #followCustomKinds(): void {
    this.#scheduled = false;
    if (this.#context.tasks.signal.aborted) return;
    const present = new Map(customKinds(this.#context.client.kinds).map((kind) => [groupResource(kind), kind]));
    for (const [resource, kind] of present) {
      const watched = this.#watched.get(resource);
      if (!watched) this.#watch(kind);
      else if (watched.kind.storedForm) watched.kind = kind;
    }
    for (const [resource, { kind, informer }] of this.#watched) {
      if (!kind.storedForm || present.has(resource)) continue;
      this.#watched.delete(resource);
      this.#context.informers.release(informer.kind);
    }
  }

  #watch(kind: Kind): void {
    const informer = this.#context.informers.of(kind);
    const resource = groupResource(kind);
    this.#watched.set(resource, { kind, informer });
    const enqueue = (object: KubernetesObject) => this.#reconciler.add(`${resource} ${keyOf(object)}`);
    informer.addHandler({
      added: (object) => {
        if (object.metadata.ownerReferences?.length || object.metadata.finalizers?.length) enqueue(object);
      },
      updated: (object, old) => {
        const owners = object.metadata.ownerReferences;
        if (
          owners !== old.metadata.ownerReferences ||
          object.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
          object.metadata.finalizers !== old.metadata.finalizers
        )
          enqueue(object);
        if (object.metadata.deletionTimestamp && !old.metadata.deletionTimestamp && object.metadata.finalizers?.includes(FOREGROUND))
          this.#enqueueDependents(object);
      },
      deleted: (object) => {
        this.#enqueueDependents(object);
        // A foreground owner may have waited for this one.
        for (const owner of object.metadata.ownerReferences ?? []) this.#enqueueOwner(object, owner);
      },
    });
  }

  #enqueueDependents(owner: KubernetesObject): void {
    for (const [resource, { informer }] of this.#watched)
      for (const dependent of informer.byIndex("owner", owner.metadata.uid)) this.#reconciler.add(`${resource} ${keyOf(dependent)}`);
  }

  #enqueueOwner(object: KubernetesObject, reference: OwnerReference): void {
    const kind = this.#kindOf(reference);
    if (kind)
      this.#reconciler.add(`${groupResource(kind)} ${kind.namespaced ? `${object.metadata.namespace}/${reference.name}` : reference.name}`);
  }

  async #reconcile(id: string): Promise<Result | void> {
    const [resource, key] = id.split(" ") as [string, string];
    const watched = this.#watched.get(resource);
    const object = watched?.informer.find(key);
    if (!watched || !object) return {};
    const { kind } = watched;
    if (object.metadata.deletionTimestamp && object.metadata.finalizers?.includes(ORPHAN)) return this.#orphanDependents(kind, object);
    if (object.metadata.deletionTimestamp && object.metadata.finalizers?.includes(FOREGROUND)) return this.#finishForeground(kind, object);
    if (object.metadata.ownerReferences?.length && !object.metadata.deletionTimestamp) return this.#collect(kind, object);
    return {};
  }

  /** Deleted when all its owners are gone, or the last ones wait for their dependents. */
  async #collect(kind: Kind, object: KubernetesObject): Promise<void> {
    const { client } = this.#context;
    const solid: OwnerReference[] = [];
    const dangling: OwnerReference[] = [];
    let waiting = 0;
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = await this.#findOwner(object, reference);
      if (owner === "unknown") solid.push(reference);
      else if (!owner || owner.metadata.uid !== reference.uid) dangling.push(reference);
      else if (owner.metadata.deletionTimestamp && owner.metadata.finalizers?.includes(FOREGROUND)) waiting++;
      else solid.push(reference);
    }
    if (solid.length > 0) {
      if (dangling.length === 0 && waiting === 0) return;
      await client.mutate(kind, object.metadata, (now) => ({
        ...now,
        metadata: {
          ...now.metadata,
          ownerReferences: now.metadata.ownerReferences?.filter((reference) => solid.some((keep) => keep.uid === reference.uid)),
        } as KubernetesObject["metadata"],
      }));
      return;
    }
    const propagationPolicy = waiting > 0 && this.#hasDependents(object) ? "Foreground" : "Background";
    await client
      .delete(kind, object.metadata, { propagationPolicy, preconditions: { uid: object.metadata.uid } })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }

  /** The cache first, then the server: a stale cache must not cost an object its life. */
  async #findOwner(object: KubernetesObject, reference: OwnerReference): Promise<KubernetesObject | "unknown" | undefined> {
    const kind = this.#kindOf(reference);
    if (!kind || IGNORED.includes(kind.kind)) return "unknown";
    const name = { namespace: kind.namespaced ? object.metadata.namespace : undefined, name: reference.name };
    const cached = this.#watched
      .get(groupResource(kind))
      ?.informer.find(kind.namespaced ? `${object.metadata.namespace}/${reference.name}` : reference.name);
    if (cached?.metadata.uid === reference.uid) return cached;
    return this.#context.client.find(kind, name);
  }

  #kindOf(reference: OwnerReference): Kind | undefined {
    return this.#context.client.kinds.findByApiVersion(reference.apiVersion, reference.kind);
  }

  #hasDependents(object: KubernetesObject): boolean {
    return [...this.#watched.values()].some(({ informer }) => informer.byIndex("owner", object.metadata.uid).length > 0);
  }

  async #finishForeground(kind: Kind, object: KubernetesObject): Promise<void> {
    const blocked = [...this.#watched.values()].some(({ informer }) =>
      informer
        .byIndex("owner", object.metadata.uid)
        .some((dependent) =>
          dependent.metadata.ownerReferences?.some((owner) => owner.uid === object.metadata.uid && owner.blockOwnerDeletion),
        ),
    );
    if (blocked) return this.#enqueueDependents(object);
    await this.#removeFinalizer(kind, object, FOREGROUND);
  }

  async #orphanDependents(kind: Kind, object: KubernetesObject): Promise<void> {
    for (const { kind: other, informer } of this.#watched.values()) {
      for (const dependent of informer.byIndex("owner", object.metadata.uid)) {
        await this.#context.client.mutate(other, dependent.metadata, (now) => ({
          ...now,
          metadata: {
            ...now.metadata,
            ownerReferences: now.metadata.ownerReferences?.filter((owner) => owner.uid !== object.metadata.uid),
          } as KubernetesObject["metadata"],
        }));
      }
    }
    await this.#removeFinalizer(kind, object, ORPHAN);
  }

  async #removeFinalizer(kind: Kind, object: KubernetesObject, finalizer: string): Promise<void> {
    await this.#context.client.mutate(kind, object.metadata, (now) =>
      now.metadata.finalizers?.includes(finalizer)
        ? { ...now, metadata: { ...now.metadata, finalizers: now.metadata.finalizers.filter((other) => other !== finalizer) } }
        : now,
    );
  }
}
