import type { Namespace } from "../api/generated/core-v1.ts";
import { KINDS } from "../api/resources/index.ts";
import { namespaces } from "../api/resources/namespace.ts";
import { pods } from "../api/resources/pod.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { customKinds } from "./support/custom-kinds.ts";
import { sameValue } from "./support/hash.ts";

const NAME = "namespace-controller";
const RETRY_MS = 500;

/** Empties a namespace that is being deleted, then lets it go. Upstream: pkg/controller/namespace */
export const namespaceController: Controller = {
  name: NAME,
  start(context) {
    const scoped = { ...context, client: context.client.as(NAME) };
    const reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => reconcile(scoped, key),
      log: context.log,
    });
    const enqueue = (namespace: Namespace) => {
      if (namespace.metadata.deletionTimestamp) reconciler.add(namespace.metadata.name);
    };
    context.informers.of(namespaces).addHandler({ added: enqueue, updated: enqueue });
    // The last pod to go is what the namespace waits for.
    context.informers.of(pods).addHandler({
      deleted: (pod) => {
        const namespace = context.informers.of(namespaces).find(pod.metadata.namespace ?? "");
        if (namespace) enqueue(namespace);
      },
    });
  },
};

async function reconcile(context: ControllerContext, name: string): Promise<Result | void> {
  const { client, informers, clock } = context;
  const namespace = informers.of(namespaces).find(name);
  if (!namespace?.metadata.deletionTimestamp || !namespace.spec.finalizers?.includes("kubernetes")) return {};
  const remaining: string[] = [];
  const finalizers = new Map<string, number>();
  for (const kind of [...KINDS, ...customKinds(client.kinds)]) {
    if (!kind.namespaced || kind.storedAs || kind.verbs?.includes("delete") === false) continue;
    const { items } = await client.list(kind, { namespace: name });
    let left = 0;
    for (const item of items) {
      if (!item.metadata.deletionTimestamp) {
        await client.delete(kind, item.metadata, { propagationPolicy: "Background" }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }
      if (await client.find(kind, item.metadata)) {
        left++;
        for (const finalizer of item.metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
      }
    }
    if (left > 0) remaining.push(`${kind.plural}.${kind.group} has ${left} resource instances`);
  }
  await setConditions(context, namespace, remaining, finalizers, clock.now());
  if (remaining.length > 0) return { requeueAfterMs: RETRY_MS };
  const current = await client.find(namespaces, { name });
  if (current)
    await client.update(
      namespaces,
      {
        ...current,
        spec: { ...current.spec, finalizers: (current.spec.finalizers ?? []).filter((finalizer) => finalizer !== "kubernetes") },
      },
      { subresource: "finalize" },
    );
  return {};
}

async function setConditions(
  { client }: ControllerContext,
  namespace: Namespace,
  remaining: readonly string[],
  finalizers: ReadonlyMap<string, number>,
  nowMs: number,
): Promise<void> {
  const condition = (type: string, bad: boolean, reason: string, message: string, goodReason: string, goodMessage: string) => {
    const old = namespace.status.conditions?.find((other) => other.type === type);
    const status = bad ? "True" : "False";
    return {
      lastTransitionTime: old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : rfc3339(nowMs),
      message: bad ? message : goodMessage,
      reason: bad ? reason : goodReason,
      status,
      type,
    };
  };
  const holding = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const conditions = [
    condition("NamespaceDeletionDiscoveryFailure", false, "", "", "ResourcesDiscovered", "All resources successfully discovered"),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      "",
      "",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    condition(
      "NamespaceDeletionContentFailure",
      false,
      "",
      "",
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization",
    ),
    condition(
      "NamespaceContentRemaining",
      remaining.length > 0,
      "SomeResourcesRemain",
      `Some resources are remaining: ${remaining.join(", ")}`,
      "ContentRemoved",
      "All content successfully removed",
    ),
    condition(
      "NamespaceFinalizersRemaining",
      holding.length > 0,
      "SomeFinalizersRemain",
      `Some content in the namespace has finalizers remaining: ${holding.join(", ")}`,
      "ContentHasNoFinalizers",
      "All content-preserving finalizers finished",
    ),
  ];
  if (sameValue(conditions, namespace.status.conditions)) return;
  await client.mutate(namespaces, namespace.metadata, (now) => ({ ...now, status: { ...now.status, conditions } }), {
    subresource: "status",
  });
}
