import type { HorizontalPodAutoscaler, HPAScalingRules } from "../../api/generated/autoscaling-v2.ts";

/** kube-controller-manager's --horizontal-pod-autoscaler-downscale-stabilization. */
const DOWNSCALE_STABILIZATION_SECONDS = 5 * 60;
/** Without a behavior: twice as many at once, but four in any case. */
const SCALE_UP_FACTOR = 2;
const SCALE_UP_MINIMUM = 4;

interface Recommendation {
  readonly replicas: number;
  readonly atMs: number;
}

interface ScaleEvent {
  readonly change: number;
  readonly atMs: number;
}

export interface LimitedCondition {
  readonly type: "AbleToScale" | "ScalingLimited";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

interface Normalization {
  readonly current: number;
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly up: HPAScalingRules;
  readonly down: HPAScalingRules;
}

const TOO_MANY = ["TooManyReplicas", "the desired replica count is more than the maximum replica count"] as const;
const TOO_FEW = ["TooFewReplicas", "the desired replica count is less than the minimum replica count"] as const;
const TOO_FAST_UP = ["ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"] as const;
const TOO_FAST_DOWN = ["ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate"] as const;
const WITHIN = ["DesiredWithinRange", "the desired count is within the acceptable range"] as const;
const WAS_HIGHER = "recent recommendations were higher than current one, applying the highest recent recommendation";
const WAS_LOWER = "recent recommendations were lower than current one, applying the lowest recent recommendation";

/** What one autoscaler remembers: its recommendations and how it scaled. Upstream: pkg/controller/podautoscaler/horizontal.go */
export class ScalingHistory {
  #recommendations: Recommendation[] = [];
  #ups: ScaleEvent[] = [];
  #downs: ScaleEvent[] = [];

  /** Nothing goes below what there was when the first look was taken. */
  begin(current: number, nowMs: number): void {
    if (this.#recommendations.length === 0) this.#recommendations.push({ replicas: current, atMs: nowMs });
  }

  scaled({ spec: { behavior } }: HorizontalPodAutoscaler, from: number, to: number, nowMs: number): void {
    if (!behavior) return;
    const rules = to > from ? behavior.scaleUp : behavior.scaleDown;
    const longestMs = Math.max(0, ...(rules?.policies ?? []).map((policy) => policy.periodSeconds)) * 1000;
    const kept = (events: ScaleEvent[]) => [
      ...events.filter((event) => event.atMs >= nowMs - longestMs),
      { change: Math.abs(to - from), atMs: nowMs },
    ];
    if (to > from) this.#ups = kept(this.#ups);
    else this.#downs = kept(this.#downs);
  }

  /** The size that the rules allow now, and what they say of it. */
  normalize(
    hpa: HorizontalPodAutoscaler,
    { current, desired, min, nowMs }: { current: number; desired: number; min: number; nowMs: number },
  ): { readonly replicas: number; readonly conditions: readonly LimitedCondition[] } {
    const { behavior, maxReplicas: max } = hpa.spec;
    let stable: number;
    let stabilized: readonly [string, string];
    let limited: readonly [number, string, string];
    if (behavior) {
      const asked = { current, desired, min, max, up: behavior.scaleUp ?? {}, down: behavior.scaleDown ?? {} };
      stable = this.#stabilizeWithBehavior(asked, nowMs);
      stabilized = desired >= current ? ["ScaleUpStabilized", WAS_LOWER] : ["ScaleDownStabilized", WAS_HIGHER];
      limited = this.#limitRate({ ...asked, desired: stable }, nowMs);
    } else {
      stable = this.#stabilize(desired, nowMs);
      stabilized = ["ScaleDownStabilized", WAS_HIGHER];
      limited = limitPlainly(current, stable, min, max);
    }
    const [replicas, reason, message] = limited;
    const [stableReason, stableMessage] =
      stable === desired ? (["ReadyForNewScale", "recommended size matches current size"] as const) : stabilized;
    return {
      replicas,
      conditions: [
        { type: "AbleToScale", status: "True", reason: stableReason, message: stableMessage },
        { type: "ScalingLimited", status: replicas === stable ? "False" : "True", reason, message },
      ],
    };
  }

  #stabilize(desired: number, nowMs: number): number {
    const cutoffMs = nowMs - DOWNSCALE_STABILIZATION_SECONDS * 1000;
    this.#recommendations = this.#recommendations.filter((each) => each.atMs >= cutoffMs);
    const highest = Math.max(desired, ...this.#recommendations.map((each) => each.replicas));
    this.#recommendations.push({ replicas: desired, atMs: nowMs });
    return highest;
  }

  #stabilizeWithBehavior({ current, desired, up, down }: Normalization, nowMs: number): number {
    const upCutoffMs = nowMs - (up.stabilizationWindowSeconds ?? 0) * 1000;
    const downCutoffMs = nowMs - (down.stabilizationWindowSeconds ?? DOWNSCALE_STABILIZATION_SECONDS) * 1000;
    let lowest = desired;
    let highest = desired;
    for (const { replicas, atMs } of this.#recommendations) {
      if (atMs > upCutoffMs) lowest = Math.min(lowest, replicas);
      if (atMs > downCutoffMs) highest = Math.max(highest, replicas);
    }
    this.#recommendations = this.#recommendations.filter(({ atMs }) => atMs >= upCutoffMs || atMs >= downCutoffMs);
    this.#recommendations.push({ replicas: desired, atMs: nowMs });
    return Math.min(Math.max(current, lowest), highest);
  }

  #limitRate({ current, desired, min, max, up, down }: Normalization, nowMs: number): readonly [number, string, string] {
    if (desired > current) {
      const limit = Math.max(current, this.#limit(up, current, nowMs, "up"));
      const [allowed, why] = max > limit ? [limit, TOO_FAST_UP] : [max, TOO_MANY];
      if (desired > allowed) return [allowed, ...why];
    } else if (desired < current) {
      const limit = Math.min(current, this.#limit(down, current, nowMs, "down"));
      const [allowed, why] = min < limit ? [limit, TOO_FAST_DOWN] : [min, TOO_FEW];
      if (desired < allowed) return [allowed, ...why];
    }
    return [desired, ...WITHIN];
  }

  #limit(rules: HPAScalingRules, current: number, nowMs: number, direction: "up" | "down"): number {
    if (rules.selectPolicy === "Disabled") return current;
    const proposals = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
      const since = (events: readonly ScaleEvent[]) =>
        events.reduce((total, event) => total + (event.atMs > nowMs - periodSeconds * 1000 ? event.change : 0), 0);
      const begun = current - since(this.#ups) + since(this.#downs);
      if (direction === "up") return type === "Pods" ? begun + value : Math.ceil(begun * (1 + value / 100));
      return type === "Pods" ? begun - value : Math.trunc(begun * (1 - value / 100));
    });
    // The greatest change is the highest number upwards and the lowest one downwards.
    const wantsHighest = (direction === "up") !== (rules.selectPolicy === "Min");
    return wantsHighest ? Math.max(...proposals) : Math.min(...proposals);
  }
}

function limitPlainly(current: number, desired: number, min: number, max: number): readonly [number, string, string] {
  const limit = Math.max(SCALE_UP_FACTOR * current, SCALE_UP_MINIMUM);
  const [allowed, why] = max > limit ? [limit, TOO_FAST_UP] : [max, TOO_MANY];
  if (desired < min) return [min, ...TOO_FEW];
  if (desired > allowed) return [allowed, ...why];
  return [desired, ...WITHIN];
}
