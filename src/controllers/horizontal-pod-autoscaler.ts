import type { Scale } from "../api/generated/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, MetricStatus } from "../api/generated/autoscaling-v2.ts";
import type { Pod } from "../api/generated/core-v1.ts";
import type { Kind } from "../api/kind.ts";
import { parseSelector, type Selector } from "../api/labels.ts";
import { sameJson } from "../api/merge-patch.ts";
import { keyOf, type KubernetesObject } from "../api/meta.ts";
import { horizontalPodAutoscalers } from "../api/resources/horizontal-pod-autoscaler.ts";
import { pods } from "../api/resources/pod.ts";
import { messageOf } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { ScalingHistory } from "./support/autoscaling-limits.ts";
import { MetricError, type MetricProposal, propose } from "./support/autoscaling-metrics.ts";

const NAME = "horizontal-pod-autoscaler";
/** kube-controller-manager's --horizontal-pod-autoscaler-sync-period. */
const SYNC_MS = 15_000;

/** Scales what autoscalers point at by what its pods use. Upstream: pkg/controller/podautoscaler/horizontal.go */
export const horizontalPodAutoscaler: Controller = {
  name: "horizontal-pod-autoscaler-controller",
  start(context) {
    const { informers, clock, tasks, log } = context;
    const autoscalers = informers.of(horizontalPodAutoscalers);
    const memory = new Map<string, Remembered>();
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      workers: 1,
      async reconcile(key) {
        const hpa = autoscalers.find(key);
        if (!hpa) return void memory.delete(key);
        // Upstream's queue knows one delay only, whether a look succeeds or not.
        try {
          await new Look(context, hpa, memory).run();
        } catch (error) {
          log(NAME, key, error);
        }
        return { requeueAfterMs: SYNC_MS };
      },
    });
    const enqueue = (hpa: HorizontalPodAutoscaler) => {
      const key = keyOf(hpa);
      if (!memory.has(key)) memory.set(key, { history: new ScalingHistory(), selector: undefined });
      reconciler.addAfter(key, SYNC_MS);
    };
    autoscalers.addHandler({ added: enqueue, updated: enqueue, deleted: (hpa) => void memory.delete(keyOf(hpa)) });
    informers.of(pods);
  },
};

interface Remembered {
  readonly history: ScalingHistory;
  /** Of the pods that it scaled when it last looked. */
  readonly selector: Selector | undefined;
}

interface Target {
  readonly kind: Kind;
  readonly object: KubernetesObject;
  readonly scale: Scale;
}

/** One look at one autoscaler. */
class Look {
  readonly #context: ControllerContext;
  readonly #hpa: HorizontalPodAutoscaler;
  readonly #memory: Map<string, Remembered>;
  readonly #history: ScalingHistory;
  readonly #key: string;
  readonly #nowMs: number;
  #conditions: readonly HorizontalPodAutoscalerCondition[];
  #currentReplicas: number | undefined;
  #metrics: readonly MetricStatus[] | undefined;

  constructor(context: ControllerContext, hpa: HorizontalPodAutoscaler, memory: Map<string, Remembered>) {
    this.#context = context;
    this.#hpa = hpa;
    this.#memory = memory;
    this.#key = keyOf(hpa);
    this.#nowMs = context.clock.now();
    const known = memory.get(this.#key);
    this.#history = known?.history ?? new ScalingHistory();
    if (!known) memory.set(this.#key, { history: this.#history, selector: undefined });
    this.#conditions = hpa.status?.conditions ?? [];
    this.#currentReplicas = hpa.status?.currentReplicas;
    this.#metrics = hpa.status?.currentMetrics;
  }

  async run(): Promise<void> {
    const target = await this.#target();
    if (!target) return;
    const { maxReplicas: max, minReplicas: min = 1 } = this.#hpa.spec;
    const current = target.scale.spec?.replicas ?? 0;
    this.#condition("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale");
    this.#history.begin(current, this.#nowMs);
    this.#currentReplicas = current;
    this.#metrics = [];
    if (current === 0 && min !== 0) {
      this.#condition("ScalingActive", "False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
      return this.#write(0);
    }
    if (current > max) return this.#rescale(target, max, "Current number of replicas above Spec.MaxReplicas");
    if (current < min) return this.#rescale(target, min, "Current number of replicas below Spec.MinReplicas");
    const proposal = await this.#proposal(target.scale);
    if (!proposal) return;
    const reason =
      proposal.replicas > current ? `${proposal.metric} above target` : proposal.replicas < current ? "All metrics below target" : "";
    const { replicas, conditions } = this.#history.normalize(this.#hpa, { current, desired: proposal.replicas, min, nowMs: this.#nowMs });
    for (const each of conditions) this.#condition(each.type, each.status, each.reason, each.message);
    if (replicas !== current) return this.#rescale(target, replicas, reason);
    return this.#write(current);
  }

  /** Undefined when there is none; the status says so then. */
  async #target(): Promise<Target | undefined> {
    const { apiVersion = "", kind: kindName, name } = this.#hpa.spec.scaleTargetRef;
    const { client, getScale } = this.#context;
    try {
      const parts = apiVersion.split("/");
      if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
      const group = parts.length === 2 ? (parts[0] ?? "") : "";
      const kinds = client.kinds.all().filter((kind) => kind.group === group && kind.kind === kindName);
      if (kinds.length === 0) throw new Error(`no matches for kind ${JSON.stringify(kindName)} in group ${JSON.stringify(group)}`);
      const kind = kinds.find((each) => each.subresources?.["scale"]);
      if (!kind) throw new Error("the server could not find the requested resource");
      return { kind, ...getScale(kind, { namespace: this.#hpa.metadata.namespace, name }) };
    } catch (error) {
      this.#event("Warning", "FailedGetScale", messageOf(error));
      const message = `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`;
      this.#condition("AbleToScale", "False", "FailedGetScale", message);
      await this.#write(this.#hpa.status?.desiredReplicas ?? 0);
      return undefined;
    }
  }

  /** Upstream: computeReplicasForMetrics */
  async #proposal(scale: Scale): Promise<MetricProposal | undefined> {
    const current = scale.spec?.replicas ?? 0;
    try {
      const selected = this.#selected(scale.status?.selector ?? "");
      const statuses: MetricStatus[] = [];
      let best: MetricProposal | undefined;
      let invalid: MetricError | undefined;
      let invalidCount = 0;
      const specs = this.#hpa.spec.metrics ?? [];
      for (const spec of specs) {
        try {
          const { podMetrics: metricsOf } = this.#context;
          const proposal = propose(spec, { hpa: this.#hpa, currentReplicas: current, pods: selected, nowMs: this.#nowMs, metricsOf });
          statuses.push(proposal.status);
          if (!best || best.replicas === 0 || proposal.replicas > best.replicas) best = proposal;
        } catch (error) {
          if (!(error instanceof MetricError)) throw error;
          this.#event("Warning", error.reason, error.inner);
          statuses.push({ type: "" });
          invalid ??= error;
          invalidCount++;
        }
      }
      this.#metrics = statuses;
      // With some unknown nothing is taken away: they might need it.
      if (invalid && (!best || best.replicas < current)) {
        const message = `the HPA was unable to compute the replica count: ${invalid.inner}`;
        this.#condition("ScalingActive", "False", invalid.reason, message);
        throw new MetricError(
          "FailedComputeMetricsReplicas",
          `invalid metrics (${invalidCount} invalid out of ${specs.length}), first error is: ${invalid.message}`,
        );
      }
      if (!best) throw new MetricError("FailedComputeMetricsReplicas", "no metrics");
      const found = `the HPA was able to successfully calculate a replica count from ${best.metric}`;
      this.#condition("ScalingActive", "True", "ValidMetricFound", found);
      return best;
    } catch (error) {
      if (!(error instanceof MetricError)) throw error;
      await this.#write(this.#hpa.status?.desiredReplicas ?? 0);
      this.#event("Warning", "FailedComputeMetricsReplicas", error.message);
      return undefined;
    }
  }

  /** The target's pods, when they are this autoscaler's alone. Upstream: validateAndParseSelector */
  #selected(text: string): readonly Pod[] {
    const refuse = (reason: string, condition: string, message: string, event = message): never => {
      this.#event("Warning", reason, event);
      this.#condition("ScalingActive", "False", condition, message);
      throw new MetricError(reason, event);
    };
    if (text === "")
      return refuse("SelectorRequired", "InvalidSelector", "the HPA target's scale is missing a selector", "selector is required");
    let selector: Selector;
    try {
      selector = parseSelector(text);
    } catch (error) {
      const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`;
      return refuse("InvalidSelector", "InvalidSelector", message);
    }
    this.#memory.set(this.#key, { history: this.#history, selector });
    const namespace = this.#hpa.metadata.namespace ?? "";
    const selected = this.#context.informers
      .of(pods)
      .inNamespace(namespace)
      .filter((pod) => selector.matches(pod.metadata.labels));
    const claiming = [...this.#memory]
      .filter(([key, other]) => key.startsWith(`${namespace}/`) && selected.some((pod) => other.selector?.matches(pod.metadata.labels)))
      .map(([key]) => key)
      .sort();
    if (claiming.length > 1) {
      const message = `pods by selector ${text} are controlled by multiple HPAs: [${claiming.join(" ")}]`;
      return refuse("AmbiguousSelector", "AmbiguousSelector", message);
    }
    return selected;
  }

  async #rescale({ kind, object, scale }: Target, replicas: number, reason: string): Promise<void> {
    const current = scale.spec?.replicas ?? 0;
    const { client, withReplicas } = this.#context;
    try {
      await client.as(NAME).update(kind, withReplicas(kind, object, replicas), { ownedThrough: "scale" });
    } catch (error) {
      const message = messageOf(error);
      this.#event("Warning", "FailedRescale", `New size: ${replicas}; reason: ${reason}; error: ${message}`);
      this.#condition("AbleToScale", "False", "FailedUpdateScale", `the HPA controller was unable to update the target scale: ${message}`);
      return this.#write(this.#hpa.status?.desiredReplicas ?? 0);
    }
    this.#condition("AbleToScale", "True", "SucceededRescale", `the HPA controller was able to update the target scale to ${replicas}`);
    this.#event("Normal", "SuccessfulRescale", `New size: ${replicas}; reason: ${reason}`);
    this.#history.scaled(this.#hpa, current, replicas, this.#nowMs);
    return this.#write(replicas, true);
  }

  async #write(desiredReplicas: number, rescaled = false): Promise<void> {
    const { status } = this.#hpa;
    const lastScaleTime = rescaled ? rfc3339(this.#nowMs) : status?.lastScaleTime;
    const next: HorizontalPodAutoscaler["status"] = {
      ...(this.#conditions.length > 0 ? { conditions: [...this.#conditions] } : {}),
      currentMetrics: [...(this.#metrics ?? [])],
      ...(this.#currentReplicas ? { currentReplicas: this.#currentReplicas } : {}),
      desiredReplicas,
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    };
    if (sameJson(status, next)) return;
    try {
      await this.#context.client.as(NAME).updateStatus(horizontalPodAutoscalers, { ...this.#hpa, status: next });
    } catch (error) {
      this.#event("Warning", "FailedUpdateStatus", messageOf(error));
      throw error;
    }
  }

  #condition(type: string, status: "True" | "False", reason: string, message: string): void {
    const old = this.#conditions.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : rfc3339(this.#nowMs);
    const next = { type, status, lastTransitionTime, reason, message };
    this.#conditions = old ? this.#conditions.map((each) => (each === old ? next : each)) : [...this.#conditions, next];
  }

  #event(type: "Normal" | "Warning", reason: string, message: string): void {
    this.#context.events.from(NAME).event({ object: this.#hpa }, type, reason, message);
  }
}
