import type { DaemonSet } from "../api/generated/apps-v1.ts";
import type { Node, Pod, PodSpec, Toleration } from "../api/generated/core-v1.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { keyOf } from "../api/meta.ts";
import { isPodActive, isPodAvailable, isPodReady } from "../api/pod-facts.ts";
import { controllerRevisions } from "../api/resources/controller-revision.ts";
import { daemonSets } from "../api/resources/daemon-set.ts";
import { nodes } from "../api/resources/node.ts";
import { pods } from "../api/resources/pod.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { sameValue } from "./support/hash.ts";
import { controllerOf } from "./support/owners.ts";
import { Expectations, PodControl, slowStart } from "./support/pod-control.ts";
import { cleanUpHistory, ensureRevision, REVISION_HASH } from "./support/revisions.ts";

const NAME = "daemonset-controller";
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";
const FEW_NODES = 200;
const NODES_A_MS = 10;
/** Upstream: util.AddOrUpdateDaemonPodTolerations */
const TOLERATIONS: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];

/** Upstream: pkg/controller/daemon */
export const daemonSetController: Controller = { name: NAME, start: (context) => new DaemonSetController(context).start() };

class DaemonSetController {
  readonly #context: ControllerContext;
  readonly #control: PodControl<DaemonSet>;
  readonly #expectations = new Expectations();
  readonly #reconciler: Reconciler;

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME), events: context.events.from(NAME) };
    this.#control = new PodControl(this.#context, daemonSets);
    this.#reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => this.#reconcile(key),
      log: context.log,
    });
  }

  start(): void {
    const { informers } = this.#context;
    const sets = informers.of(daemonSets);
    const all = () => {
      for (const set of sets.list()) this.#enqueue(keyOf(set));
    };
    sets.addHandler({
      added: (set) => this.#reconciler.add(keyOf(set)),
      updated: (set) => this.#reconciler.add(keyOf(set)),
      deleted: (set) => this.#expectations.forget(keyOf(set)),
    });
    informers.of(nodes).addHandler({
      added: all,
      deleted: all,
      updated: (node, old) => {
        if (!sameValue(node.metadata.labels, old.metadata.labels) || !sameValue(node.spec, old.spec)) all();
      },
    });
    const ofPod = (pod: Pod) => {
      const owner = controllerOf(pod);
      if (owner?.kind === "DaemonSet") this.#enqueue(`${pod.metadata.namespace}/${owner.name}`);
    };
    informers.of(pods).addHandler({
      added: ofPod,
      updated: ofPod,
      deleted: (pod) => {
        const owner = controllerOf(pod);
        if (owner?.kind === "DaemonSet") this.#expectations.seenDeleted(`${pod.metadata.namespace}/${owner.name}`, pod);
        ofPod(pod);
      },
    });
    informers.of(controllerRevisions);
  }

  /** A reconcile looks at every node: on thousands of them, events are taken together. */
  #enqueue(key: string): void {
    const { size } = this.#context.informers.of(nodes);
    if (size <= FEW_NODES) this.#reconciler.add(key);
    else this.#reconciler.addAfter(key, size / NODES_A_MS);
  }

  async #reconcile(key: string): Promise<Result | void> {
    const { informers } = this.#context;
    const set = informers.of(daemonSets).find(key);
    if (!set || set.metadata.deletionTimestamp) return {};
    const podInformer = informers.of(pods);
    const own = podInformer.byIndex("owner", set.metadata.uid);
    const settled = this.#expectations.settled(
      key,
      (podKey) => podInformer.find(podKey),
      (uid) => !own.some((pod) => pod.metadata.uid === uid && !pod.metadata.deletionTimestamp),
    );
    const hash = (await ensureRevision(this.#context, daemonSets, set)).metadata.labels?.[REVISION_HASH] ?? "";
    if (settled) await this.#manage(set, key, own, hash);
    const now = podInformer.byIndex("owner", set.metadata.uid);
    await this.#updateStatus(set, now, hash);
    await cleanUpHistory(this.#context, set, new Set(now.map((pod) => pod.metadata.labels?.[REVISION_HASH])));
    const waitSeconds = set.spec.minReadySeconds ?? 0;
    const pending = waitSeconds > 0 && now.some((pod) => isPodReady(pod) && !isPodAvailable(pod, waitSeconds, this.#context.clock.now()));
    return pending ? { requeueAfterMs: waitSeconds * 1000 } : {};
  }

  async #manage(set: DaemonSet, key: string, own: readonly Pod[], hash: string): Promise<void> {
    const byNode = groupByNode(own);
    const missing: string[] = [];
    const surplus: Pod[] = [];
    const outdated: Pod[] = [];
    for (const node of this.#context.informers.of(nodes).list()) {
      const there = byNode.get(node.metadata.name) ?? [];
      byNode.delete(node.metadata.name);
      const { run, keep } = fits(set, node);
      if (!run && !keep) surplus.push(...there.filter((pod) => !pod.metadata.deletionTimestamp));
      else if (there.length === 0 && run) missing.push(node.metadata.name);
      else {
        const failed = there.filter((pod) => pod.status.phase === "Failed" && !pod.metadata.deletionTimestamp);
        const alive = there.filter((pod) => pod.status.phase !== "Failed" && !pod.metadata.deletionTimestamp);
        for (const pod of failed)
          this.#context.events.event(
            { object: set },
            "Warning",
            "FailedDaemonPod",
            `Found failed daemon pod ${keyOf(pod)} on node ${node.metadata.name}, will try to kill it`,
          );
        surplus.push(...failed, ...alive.slice(1));
        if (alive[0] && alive[0].metadata.labels?.[REVISION_HASH] !== hash) outdated.push(alive[0]);
      }
    }
    // Pods whose node is gone.
    for (const [name, there] of byNode) if (name !== "") surplus.push(...there.filter((pod) => !pod.metadata.deletionTimestamp));
    if (set.spec.updateStrategy?.type === "RollingUpdate" && missing.length === 0) surplus.push(...this.#mayUpdate(set, own, outdated));
    for (const pod of surplus) this.#expectations.expectDeleted(key, pod);
    await Promise.all(surplus.map((pod) => this.#control.delete(set, pod)));
    await slowStart(this.#context.clock, missing.length, async (index) => {
      const pod = await this.#control.create(set, set.spec.template, (draft) => {
        draft.metadata = {
          ...draft.metadata,
          labels: {
            ...draft.metadata?.labels,
            [REVISION_HASH]: hash,
            "pod-template-generation": set.metadata.annotations?.[TEMPLATE_GENERATION] ?? "1",
          },
        } as Pod["metadata"];
        pinToNode(draft.spec, missing[index] as string);
      });
      this.#expectations.expectCreated(key, pod);
    });
  }

  /** Old pods that may go now, within maxUnavailable. */
  #mayUpdate(set: DaemonSet, own: readonly Pod[], outdated: readonly Pod[]): Pod[] {
    const desired = this.#context.informers
      .of(nodes)
      .list()
      .filter((node) => fits(set, node).run).length;
    const limit = set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
    const max = Math.max(1, typeof limit === "number" ? limit : Math.ceil((Number.parseInt(limit, 10) / 100) * desired));
    const available = own.filter(
      (pod) => isPodActive(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, this.#context.clock.now()),
    ).length;
    const unready = outdated.filter((pod) => !isPodReady(pod));
    const ready = outdated.filter(isPodReady);
    return [...unready, ...ready.slice(0, Math.max(0, max - (desired - available)))];
  }

  async #updateStatus(set: DaemonSet, own: readonly Pod[], hash: string): Promise<void> {
    const nowMs = this.#context.clock.now();
    const byNode = groupByNode(own.filter((pod) => !pod.metadata.deletionTimestamp));
    const counts = { desired: 0, current: 0, mis: 0, ready: 0, available: 0, updated: 0 };
    for (const node of this.#context.informers.of(nodes).list()) {
      const there = byNode.get(node.metadata.name) ?? [];
      const { run } = fits(set, node);
      if (!run) {
        if (there.length > 0) counts.mis++;
        continue;
      }
      counts.desired++;
      const pod = there[0];
      if (!pod) continue;
      counts.current++;
      if (isPodReady(pod)) counts.ready++;
      if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)) counts.available++;
      if (pod.metadata.labels?.[REVISION_HASH] === hash) counts.updated++;
    }
    const unavailable = counts.desired - counts.available;
    const status: DaemonSet["status"] = {
      currentNumberScheduled: counts.current,
      desiredNumberScheduled: counts.desired,
      ...(counts.available > 0 ? { numberAvailable: counts.available } : {}),
      numberMisscheduled: counts.mis,
      numberReady: counts.ready,
      ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
      observedGeneration: set.metadata.generation ?? 0,
      ...(counts.updated > 0 ? { updatedNumberScheduled: counts.updated } : {}),
    };
    if (sameValue(status, set.status)) return;
    await this.#context.client.mutate(
      daemonSets,
      set.metadata,
      (now) => (now.metadata.uid === set.metadata.uid ? { ...now, status } : now),
      { subresource: "status" },
    );
  }
}

/** By the node a pod is on, or is pinned to. */
function groupByNode(own: readonly Pod[]): Map<string, Pod[]> {
  const groups = new Map<string, Pod[]>();
  for (const pod of own) {
    const name = pod.spec.nodeName || pinnedNode(pod.spec) || "";
    const there = groups.get(name);
    if (there) there.push(pod);
    else groups.set(name, [pod]);
  }
  return groups;
}

function pinnedNode(spec: PodSpec): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms[0]?.matchFields?.find((field) => field.key === "metadata.name")?.values?.[0];
}

/** The pod may go to this node only, and stays through its troubles. */
function pinToNode(spec: PodSpec, nodeName: string): void {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const field = { key: "metadata.name", operator: "In", values: [nodeName] };
  const terms = required?.nodeSelectorTerms.map((term) => ({ ...term, matchFields: [field] })) ?? [{ matchFields: [field] }];
  spec.affinity = {
    ...spec.affinity,
    nodeAffinity: { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  };
  const extra = spec.hostNetwork
    ? [...TOLERATIONS, { key: "node.kubernetes.io/network-unavailable", operator: "Exists", effect: "NoSchedule" }]
    : TOLERATIONS;
  spec.tolerations = [...(spec.tolerations ?? []), ...extra];
}

interface Fit {
  readonly run: boolean;
  readonly keep: boolean;
}

/** What was found of a node for a set's spec: on thousands of nodes few change from one look to the next. */
const knownFits = new WeakMap<Node, Map<string, Fit>>();

function fits(set: DaemonSet, node: Node): Fit {
  const key = `${set.metadata.uid} ${set.metadata.generation}`;
  let known = knownFits.get(node);
  if (!known) knownFits.set(node, (known = new Map()));
  let fit = known.get(key);
  if (!fit) known.set(key, (fit = findFit(set, node)));
  return fit;
}

/** Whether the set's pod should run on a node, and whether one that is there may stay. Upstream: NodeShouldRunDaemonPod */
function findFit(set: DaemonSet, node: Node): Fit {
  const { spec } = set.spec.template;
  const labels = node.metadata.labels ?? {};
  if (Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return { run: false, keep: false };
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (
    terms &&
    !terms.some((term) => selectorFromLabelSelector({ matchExpressions: (term.matchExpressions ?? []) as never }).matches(labels))
  )
    return { run: false, keep: false };
  const tolerations = [...(spec.tolerations ?? []), ...TOLERATIONS];
  const untolerated = (node.spec.taints ?? []).filter(
    (taint) => taint.effect !== "PreferNoSchedule" && !tolerations.some((toleration) => covers(toleration, taint)),
  );
  return { run: untolerated.length === 0, keep: !untolerated.some((taint) => taint.effect === "NoExecute") };
}

function covers(toleration: Toleration, taint: { key: string; value?: string; effect: string }): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  return toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "");
}
