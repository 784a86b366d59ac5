import type { Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { isPodTerminal } from "../api/pod-facts.ts";
import { nodes } from "../api/resources/node.ts";
import { pods } from "../api/resources/pod.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { markDisrupted } from "./support/disruption.ts";

const NAME = "pod-garbage-collector-controller";
/** A node that is away for less may come back with its pods. Upstream: quarantineTime */
const QUARANTINE_MS = 40_000;

/** Deletes pods whose node is gone, and those that wait for a deletion that no kubelet will finish. Upstream: pkg/controller/podgc */
export const podGarbageCollector: Controller = {
  name: NAME,
  start(context) {
    const { informers, clock, tasks } = context;
    const scoped = { ...context, client: context.client.as(NAME) };
    const goneSinceMs = new Map<string, number>();
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      reconcile: (key) => reconcile(scoped, key, goneSinceMs),
      log: context.log,
    });
    informers.of(pods).addIndex("nodeName", (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
    const enqueue = (pod: Pod) => {
      const unscheduled = !pod.spec.nodeName && pod.metadata.deletionTimestamp !== undefined;
      if (unscheduled || (pod.spec.nodeName && informers.of(nodes).synced && !informers.of(nodes).find(pod.spec.nodeName)))
        reconciler.add(keyOf(pod));
    };
    informers.of(pods).addHandler({ added: enqueue, updated: enqueue });
    informers.of(nodes).addHandler({
      added: (node) => goneSinceMs.delete(node.metadata.name),
      deleted: (node) => {
        goneSinceMs.set(node.metadata.name, clock.now());
        for (const pod of informers.of(pods).byIndex("nodeName", node.metadata.name)) reconciler.add(keyOf(pod));
      },
    });
  },
};

async function reconcile(context: ControllerContext, key: string, goneSinceMs: Map<string, number>): Promise<Result | void> {
  const { client, clock, informers } = context;
  const pod = informers.of(pods).find(key);
  if (!pod) return;
  const { nodeName } = pod.spec;
  if (!nodeName) return pod.metadata.deletionTimestamp === undefined ? undefined : remove(context, pod);
  if (informers.of(nodes).find(nodeName)) return;
  const since = goneSinceMs.get(nodeName) ?? clock.now();
  goneSinceMs.set(nodeName, since);
  const leftMs = since + QUARANTINE_MS - clock.now();
  if (leftMs > 0) return { requeueAfterMs: leftMs };
  // The cache may be behind: the node is asked for once more.
  if (await client.find(nodes, { name: nodeName })) return;
  await markDisrupted(client, pod, "DeletionByPodGC", "PodGC: node no longer exists", clock.now());
  if (!isPodTerminal(pod)) {
    await client.mutate(
      pods,
      pod.metadata,
      (now) => (now.metadata.uid === pod.metadata.uid ? { ...now, status: { ...now.status, phase: "Failed" } } : now),
      { subresource: "status" },
    );
  }
  return remove(context, pod);
}

async function remove({ client }: ControllerContext, pod: Pod): Promise<void> {
  await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
