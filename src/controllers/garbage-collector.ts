import type { OwnerReference } from "../api/generated/meta-v1.ts";
import { apiVersionOf, type Kind } from "../api/kind.ts";
import { keyOf, type KubernetesObject } from "../api/meta.ts";
import { kindByName, KINDS } from "../api/resources/index.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";

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

class GarbageCollector {
  readonly #context: ControllerContext;
  readonly #kinds: readonly Kind[] = KINDS.filter((kind) => !IGNORED.includes(kind.kind) && !kind.storedAs);
  readonly #byId = new Map<string, Kind>();
  readonly #reconciler: Reconciler;

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME) };
    for (const kind of this.#kinds) this.#byId.set(idOf(kind), kind);
    this.#reconciler = new Reconciler({ name: NAME, clock: context.clock, tasks: context.tasks, workers: 20, reconcile: (key) => this.#reconcile(key), onError: (key, error) => context.log(NAME, key, error) });
  }

  start(): void {
    for (const kind of this.#kinds) {
      const enqueue = (object: KubernetesObject) => this.#reconciler.add(`${idOf(kind)} ${keyOf(object)}`);
      this.#context.informers.of(kind).addHandler({
        added: (object) => {
          if (object.metadata.ownerReferences?.length || object.metadata.finalizers?.length) enqueue(object);
        },
        updated: (object, old) => {
          const owners = object.metadata.ownerReferences;
          if (owners !== old.metadata.ownerReferences || object.metadata.deletionTimestamp !== old.metadata.deletionTimestamp || object.metadata.finalizers !== old.metadata.finalizers) enqueue(object);
          if (object.metadata.deletionTimestamp && !old.metadata.deletionTimestamp && object.metadata.finalizers?.includes(FOREGROUND)) this.#enqueueDependents(object);
        },
        deleted: (object) => {
          this.#enqueueDependents(object);
          // A foreground owner may have waited for this one.
          for (const owner of object.metadata.ownerReferences ?? []) this.#enqueueOwner(object, owner);
        },
      });
    }
  }

  #enqueueDependents(owner: KubernetesObject): void {
    for (const kind of this.#kinds) for (const dependent of this.#context.informers.of(kind).byIndex("owner", owner.metadata.uid)) this.#reconciler.add(`${idOf(kind)} ${keyOf(dependent)}`);
  }

  #enqueueOwner(object: KubernetesObject, reference: OwnerReference): void {
    const kind = kindByName(reference.apiVersion, reference.kind);
    if (kind) this.#reconciler.add(`${idOf(kind)} ${kind.namespaced ? `${object.metadata.namespace}/${reference.name}` : reference.name}`);
  }

  async #reconcile(id: string): Promise<Result | void> {
    const [kindId, key] = id.split(" ") as [string, string];
    const kind = this.#byId.get(kindId);
    const object = kind && this.#context.informers.of(kind).find(key);
    if (!kind || !object) return {};
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
      await client.mutate(kind, object.metadata, (now) => ({ ...now, metadata: { ...now.metadata, ownerReferences: now.metadata.ownerReferences?.filter((reference) => solid.some((keep) => keep.uid === reference.uid)) } as KubernetesObject["metadata"] }));
      return;
    }
    const propagationPolicy = waiting > 0 && this.#hasDependents(object) ? "Foreground" : "Background";
    await client.delete(kind, object.metadata, { propagationPolicy, preconditions: { uid: object.metadata.uid } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  /** The cache first, then the server: a stale cache must not cost an object its life. */
  async #findOwner(object: KubernetesObject, reference: OwnerReference): Promise<KubernetesObject | "unknown" | undefined> {
    const kind = kindByName(reference.apiVersion, reference.kind);
    if (!kind || IGNORED.includes(kind.kind)) return "unknown";
    const name = { namespace: kind.namespaced ? object.metadata.namespace : undefined, name: reference.name };
    const cached = this.#context.informers.of(kind).find(kind.namespaced ? `${object.metadata.namespace}/${reference.name}` : reference.name);
    if (cached?.metadata.uid === reference.uid) return cached;
    return this.#context.client.find(kind, name);
  }

  #hasDependents(object: KubernetesObject): boolean {
    return this.#kinds.some((kind) => this.#context.informers.of(kind).byIndex("owner", object.metadata.uid).length > 0);
  }

  async #finishForeground(kind: Kind, object: KubernetesObject): Promise<void> {
    const blocked = this.#kinds.some((other) =>
      this.#context.informers.of(other).byIndex("owner", object.metadata.uid).some((dependent) => dependent.metadata.ownerReferences?.some((owner) => owner.uid === object.metadata.uid && owner.blockOwnerDeletion)),
    );
    if (blocked) return this.#enqueueDependents(object);
    await this.#removeFinalizer(kind, object, FOREGROUND);
  }

  async #orphanDependents(kind: Kind, object: KubernetesObject): Promise<void> {
    for (const other of this.#kinds) {
      for (const dependent of this.#context.informers.of(other).byIndex("owner", object.metadata.uid)) {
        await this.#context.client.mutate(other, dependent.metadata, (now) => ({ ...now, metadata: { ...now.metadata, ownerReferences: now.metadata.ownerReferences?.filter((owner) => owner.uid !== object.metadata.uid) } as KubernetesObject["metadata"] }));
      }
    }
    await this.#removeFinalizer(kind, object, ORPHAN);
  }

  async #removeFinalizer(kind: Kind, object: KubernetesObject, finalizer: string): Promise<void> {
    await this.#context.client.mutate(kind, object.metadata, (now) =>
      now.metadata.finalizers?.includes(finalizer) ? { ...now, metadata: { ...now.metadata, finalizers: now.metadata.finalizers.filter((other) => other !== finalizer) } } : now,
    );
  }
}

const idOf = (kind: Kind) => `${apiVersionOf(kind)}/${kind.plural}`;
