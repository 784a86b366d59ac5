import type { Node, NodeCondition, Pod, Taint } from "../api/generated/core-v1.ts";
import { nodes } from "../api/resources/node.ts";
import { leases } from "../api/resources/lease.ts";
import { pods } from "../api/resources/pod.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { markDisrupted } from "./support/disruption.ts";
import { sameValue } from "./support/hash.ts";

const NAME = "node-controller";
// Upstream: --node-monitor-grace-period
const GRACE_MS = 50_000;
const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const PRESSURE: Record<string, string> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
  NetworkUnavailable: "node.kubernetes.io/network-unavailable",
};

/** Notices nodes that went silent, taints what is not well, and evicts after the tolerated time. Upstream: pkg/controller/nodelifecycle, pkg/controller/tainteviction */
export const nodeLifecycleController: Controller = {
  name: NAME,
  start: (context) => new NodeLifecycle(context).start(),
};

class NodeLifecycle {
  readonly #context: ControllerContext;
  readonly #reconciler: Reconciler;
  readonly #evictor: Reconciler;
  readonly #registered = new Set<string>();
  /** Pods whose tolerated time runs. */
  readonly #toBeEvicted = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME), events: context.events.from(NAME) };
    const base = { clock: context.clock, tasks: context.tasks };
    this.#reconciler = new Reconciler({
      ...base,
      name: NAME,
      reconcile: (key) => this.#reconcile(key),
      log: context.log,
    });
    this.#evictor = new Reconciler({
      ...base,
      name: "taint-eviction-controller",
      reconcile: (key) => this.#evict(key),
      log: context.log,
    });
  }

  start(): void {
    const { informers } = this.#context;
    const podInformer = informers.of(pods);
    podInformer.addIndex("nodeName", (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
    informers.of(leases);
    informers.of(nodes).addHandler({
      added: (node) => {
        if (!this.#registered.has(node.metadata.uid)) {
          this.#registered.add(node.metadata.uid);
          this.#context.events.event(
            { object: node },
            "Normal",
            "RegisteredNode",
            `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`,
          );
        }
        this.#reconciler.add(node.metadata.name);
      },
      updated: (node, old) => {
        if (node.status.conditions !== old.status.conditions || node.spec !== old.spec) this.#reconciler.add(node.metadata.name);
        if (!sameValue(noExecute(node), noExecute(old)))
          for (const pod of podInformer.byIndex("nodeName", node.metadata.name))
            this.#evictor.add(`${pod.metadata.namespace}/${pod.metadata.name}`);
      },
    });
    podInformer.addHandler({
      added: (pod) => {
        const node = informers.of(nodes).find(pod.spec.nodeName ?? "");
        if (node && noExecute(node).length > 0) this.#evictor.add(`${pod.metadata.namespace}/${pod.metadata.name}`);
      },
    });
  }

  async #reconcile(name: string): Promise<Result | void> {
    const { informers, clock } = this.#context;
    const node = informers.of(nodes).find(name);
    if (!node) return {};
    const lease = informers.of(leases).find(`kube-node-lease/${name}`);
    const heard = Math.max(
      Date.parse(lease?.spec.renewTime ?? "") || 0,
      Date.parse(readyOf(node)?.lastHeartbeatTime ?? "") || 0,
      Date.parse(node.metadata.creationTimestamp),
    );
    const silentMs = clock.now() - heard;
    let current = node;
    if (silentMs >= GRACE_MS && readyOf(node)?.status !== "Unknown") current = await this.#markUnknown(node);
    await this.#taint(current);
    if (readyOf(current)?.status !== "True") await this.#markPodsNotReady(current);
    return { requeueAfterMs: silentMs >= GRACE_MS ? GRACE_MS : GRACE_MS - silentMs + 1000 };
  }

  async #markUnknown(node: Node): Promise<Node> {
    const now = rfc3339(this.#context.clock.now());
    const updated = await this.#context.client.mutate(
      nodes,
      node.metadata,
      (current) => {
        const conditions: NodeCondition[] = (current.status.conditions ?? []).map((condition) =>
          condition.type === "NetworkUnavailable"
            ? condition
            : {
                ...condition,
                status: "Unknown",
                reason: "NodeStatusUnknown",
                message: "Kubelet stopped posting node status.",
                lastTransitionTime: now,
              },
        );
        return { ...current, status: { ...current.status, conditions } };
      },
      { subresource: "status" },
    );
    this.#context.events.event({ object: node }, "Normal", "NodeNotReady", `Node ${node.metadata.name} status is now: NodeNotReady`);
    return updated ?? node;
  }

  async #taint(node: Node): Promise<void> {
    const ready = readyOf(node);
    const nowText = rfc3339(this.#context.clock.now());
    const wanted: Taint[] = [];
    const bad = ready === undefined || ready.status === "False" ? NOT_READY : ready.status === "Unknown" ? UNREACHABLE : undefined;
    if (bad) wanted.push({ key: bad, effect: "NoSchedule", timeAdded: nowText }, { key: bad, effect: "NoExecute", timeAdded: nowText });
    for (const [type, key] of Object.entries(PRESSURE))
      if (node.status.conditions?.some((condition) => condition.type === type && condition.status === "True"))
        wanted.push({ key, effect: "NoSchedule", timeAdded: nowText });
    if (node.spec.unschedulable) wanted.push({ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule", timeAdded: nowText });
    const managed = [NOT_READY, UNREACHABLE, "node.kubernetes.io/unschedulable", ...Object.values(PRESSURE)];
    await this.#context.client.mutate(nodes, node.metadata, (current) => {
      const old = current.spec.taints ?? [];
      const kept = old.filter(
        (taint) => !managed.includes(taint.key) || wanted.some((other) => other.key === taint.key && other.effect === taint.effect),
      );
      const added = wanted.filter((taint) => !kept.some((other) => other.key === taint.key && other.effect === taint.effect));
      if (added.length === 0 && kept.length === old.length) return current;
      const { taints: _taints, ...spec } = current.spec;
      const taints = [...kept, ...added];
      return { ...current, spec: taints.length > 0 ? { ...spec, taints } : spec };
    });
  }

  async #markPodsNotReady(node: Node): Promise<void> {
    if (readyOf(node)?.status !== "Unknown") return;
    const now = rfc3339(this.#context.clock.now());
    for (const pod of this.#context.informers.of(pods).byIndex("nodeName", node.metadata.name)) {
      if (!pod.status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True")) continue;
      await this.#context.client.mutate(
        pods,
        pod.metadata,
        (current) => ({
          ...current,
          status: {
            ...current.status,
            conditions: (current.status.conditions ?? []).map((condition) =>
              condition.type === "Ready" ? { ...condition, status: "False", lastTransitionTime: now } : condition,
            ),
          },
        }),
        { subresource: "status" },
      );
      this.#context.events.event({ object: pod }, "Warning", "NodeNotReady", "Node is not ready");
    }
  }

  /** A pod that does not tolerate its node's NoExecute taints goes, at once or when its time is up. */
  async #evict(key: string): Promise<Result | void> {
    const { informers, client, clock, events } = this.#context;
    const pod = informers.of(pods).find(key);
    const node = pod && informers.of(nodes).find(pod.spec.nodeName ?? "");
    if (!pod || !node || pod.metadata.deletionTimestamp) {
      this.#toBeEvicted.delete(key);
      return {};
    }
    let dueMs = Infinity;
    for (const taint of noExecute(node)) dueMs = Math.min(dueMs, toleratedUntil(pod, taint, clock.now()));
    const recorder = events.from("taint-eviction-controller");
    if (dueMs === Infinity) {
      if (this.#toBeEvicted.delete(key))
        recorder.event({ object: pod }, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
      return {};
    }
    if (dueMs > clock.now()) {
      this.#toBeEvicted.add(key);
      return { requeueAfterMs: dueMs - clock.now() };
    }
    this.#toBeEvicted.delete(key);
    recorder.event({ object: pod }, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
    await markDisrupted(client, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", clock.now());
    await client.delete(pods, pod.metadata, { preconditions: { uid: pod.metadata.uid } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return {};
  }
}

const readyOf = (node: Node) => node.status.conditions?.find((condition) => condition.type === "Ready");
const noExecute = (node: Node) => (node.spec.taints ?? []).filter((taint) => taint.effect === "NoExecute");

function toleratedUntil(pod: Pod, taint: Taint, nowMs: number): number {
  const matching = (pod.spec.tolerations ?? []).filter(
    (toleration) =>
      (!toleration.effect || toleration.effect === "NoExecute") &&
      (!toleration.key || toleration.key === taint.key) &&
      (toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "")),
  );
  if (matching.length === 0) return nowMs;
  const limits = matching.flatMap((toleration) => (toleration.tolerationSeconds === undefined ? [] : [toleration.tolerationSeconds]));
  if (limits.length < matching.length && limits.length === 0) return Infinity;
  return (Date.parse(taint.timeAdded ?? "") || nowMs) + Math.min(...limits) * 1000;
}
