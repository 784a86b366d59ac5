import type { PodCondition } from "../api/generated/core-v1.ts";
import { type Clock, rfc3339 } from "../util/clock.ts";

export type ResizeReason = "Deferred" | "Infeasible";

export const RESIZE_CONDITIONS = ["PodResizePending", "PodResizeInProgress"];

/** How far one pod's resize has come. Upstream: pkg/kubelet/status/status_manager.go podResizeConditions */
export class ResizeConditions {
  readonly #clock: Clock;
  #pending: PodCondition | undefined;
  #inProgress: PodCondition | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): readonly PodCondition[] {
    return [this.#pending, this.#inProgress].flatMap((condition) => condition ?? []);
  }

  get pending(): PodCondition | undefined {
    return this.#pending;
  }

  /** Whether there is something new to tell. */
  setPending(reason: ResizeReason, message: string, generation: number): boolean {
    const before = this.#pending;
    this.#pending = this.#condition("PodResizePending", before, { reason, message, generation });
    return before?.reason !== reason || before.message !== message || before.observedGeneration !== generation;
  }

  clearPending(): void {
    this.#pending = undefined;
  }

  begin(generation: number): void {
    this.#inProgress = this.#condition("PodResizeInProgress", undefined, { reason: "", message: "", generation });
  }

  /** Whether there is something new to tell. */
  fail(message: string, generation: number): boolean {
    const before = this.#inProgress;
    this.#inProgress = this.#condition("PodResizeInProgress", before, { reason: "Error", message, generation });
    return before?.reason !== "Error" || before.message !== message;
  }

  /** The generation whose resize is done, when one was under way. */
  finish(): number | undefined {
    const generation = this.#inProgress?.observedGeneration;
    this.#inProgress = undefined;
    return generation;
  }

  #condition(
    type: string,
    before: PodCondition | undefined,
    { reason, message, generation }: { readonly reason: string; readonly message: string; readonly generation: number },
  ): PodCondition {
    const now = rfc3339(this.#clock.now());
    return {
      type,
      observedGeneration: generation,
      status: "True",
      lastProbeTime: now,
      lastTransitionTime: before && (before.reason ?? "") === reason ? (before.lastTransitionTime ?? now) : now,
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
    };
  }
}
