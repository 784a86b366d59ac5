import type { Pod, ResourceQuota } from "../api/generated/core-v1.ts";
import { groupResource, type Kind } from "../api/kind.ts";
import { keyOf, type KubernetesObject, splitKey } from "../api/meta.ts";
import { isPodTerminal } from "../api/pod-facts.ts";
import { parseQuantity, type Quantity } from "../api/quantity.ts";
import { quotaMatches, usageOf } from "../api/quota-usage.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { pods } from "../api/resources/pod.ts";
import { resourceQuotas } from "../api/resources/resource-quota.ts";
import { services } from "../api/resources/service.ts";
import { isConflict, isNotFound } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { sameValue } from "./support/hash.ts";

const NAME = "resourcequota-controller";

/** Counts anew what admission cannot know: what has gone, what is over, what was there before the quota. Upstream: pkg/controller/resourcequota */
export const resourceQuotaController: Controller = { name: NAME, start: (context) => new ResourceQuotaController(context).start() };

class ResourceQuotaController {
  readonly #context: ControllerContext;
  readonly #reconciler: Reconciler;
  /** Kinds whose deletions are listened to. */
  readonly #watched = new Set<Kind>();

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME) };
    this.#reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => this.#sync(key),
      log: context.log,
    });
  }

  start(): void {
    const { informers } = this.#context;
    const enqueue = (quota: ResourceQuota) => {
      this.#watchCounted(quota);
      this.#reconciler.add(keyOf(quota));
    };
    informers.of(resourceQuotas).addHandler({
      added: enqueue,
      updated: (quota, old) => {
        if (!sameValue(quota.spec, old.spec)) enqueue(quota);
      },
    });
    const over = (pod: Pod, old: Pod) => {
      if (isPodTerminal(pod) && !isPodTerminal(old)) this.#recount(pod);
    };
    informers.of(pods).addHandler({ updated: over, deleted: (pod) => this.#recount(pod) });
    informers.of(services).addHandler({ deleted: (service) => this.#recount(service) });
    informers.of(persistentVolumeClaims).addHandler({ deleted: (claim) => this.#recount(claim) });
    for (const kind of [pods, services, persistentVolumeClaims]) this.#watched.add(kind as unknown as Kind);
  }

  #recount(object: KubernetesObject): void {
    for (const quota of this.#context.informers.of(resourceQuotas).inNamespace(object.metadata.namespace ?? ""))
      this.#reconciler.add(keyOf(quota));
  }

  /** Kinds that nobody counts are not watched. */
  #watchCounted(quota: ResourceQuota): void {
    for (const kind of this.#countedKinds(quota)) {
      if (this.#watched.has(kind)) continue;
      this.#watched.add(kind);
      this.#context.informers.of(kind).addHandler({ deleted: (object) => this.#recount(object) });
    }
  }

  #countedKinds({ spec }: ResourceQuota): Kind[] {
    const names = new Set(Object.keys(spec.hard ?? {}).map((name) => name.replace(/^count\//, "")));
    const seen = new Set<string>();
    return this.#context.client.kinds.all().filter((kind) => {
      const resource = groupResource(kind);
      if (!kind.namespaced || !names.has(resource) || seen.has(resource)) return false;
      return seen.add(resource);
    });
  }

  async #sync(key: string): Promise<void> {
    const { client, clock } = this.#context;
    // Read before the objects: a charge in between makes the write a conflict, and all is counted once more.
    const quota = await client.find(resourceQuotas, splitKey(key));
    if (!quota) return;
    const hard = { ...quota.spec.hard };
    const totals = new Map<string, Quantity>(Object.keys(hard).map((name) => [name, parseQuantity("0")]));
    const counting: ResourceQuota = { ...quota, status: { ...quota.status, hard } };
    const kinds = new Set<Kind>([
      pods as unknown as Kind,
      services as unknown as Kind,
      persistentVolumeClaims as unknown as Kind,
      ...this.#countedKinds(quota),
    ]);
    const seen = new Set<string>();
    for (const kind of kinds) {
      if (seen.has(groupResource(kind))) continue;
      seen.add(groupResource(kind));
      const { items } = await client.list(kind, { namespace: quota.metadata.namespace ?? "" });
      for (const object of items) {
        const usage = usageOf(kind, object, clock.now());
        if (!quotaMatches(counting, kind, object, usage)) continue;
        for (const [name, total] of totals) totals.set(name, total.add(usage.get(name) ?? parseQuantity("0")));
      }
    }
    const used = Object.fromEntries([...totals].map(([name, total]) => [name, total.toString()]));
    if (sameValue({ hard, used }, quota.status)) return;
    try {
      await client.updateStatus(resourceQuotas, { ...quota, status: { hard, used } });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      this.#reconciler.addAfter(key, 5);
    }
  }
}
