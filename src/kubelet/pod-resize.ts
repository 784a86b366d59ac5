import type { Pod } from "../api/generated/core-v1.ts";
import { adoptedAllocation, type Allocation, allocationOf, withAllocation } from "./allocation.ts";
import type { NodeParts } from "./node-parts.ts";
import type { PodContainers } from "./pod-containers.ts";
import type { PodEvents } from "./pod-events.ts";
import { actuateResize, type ContainerUpdate, isResizeInProgress } from "./pod-resizer.ts";
import { ResizeConditions, type ResizeReason } from "./resize-conditions.ts";
import { resizeMessage } from "./resize-messages.ts";

export interface PodResizeOptions {
  readonly parts: NodeParts;
  readonly containers: PodContainers;
  readonly events: PodEvents;
  /** The pod is to be looked at again. */
  trigger(): void;
}

/** What one pod asks for, what it was given, and how it gets from one to the other. */
export class PodResize {
  readonly conditions: ResizeConditions;
  readonly #options: PodResizeOptions;
  #desired: Pod;
  #allocation: Allocation;
  #given: Pod;

  /** @param known the API object of a pod that may have run here before. */
  constructor(pod: Pod, known: Pod | undefined, options: PodResizeOptions) {
    this.#options = options;
    this.conditions = new ResizeConditions(options.parts.clock);
    this.#desired = pod;
    this.#allocation = known ? adoptedAllocation(known) : allocationOf(pod);
    this.#given = withAllocation(pod, this.#allocation);
  }

  /** With the resources that it asks for. */
  get desired(): Pod {
    return this.#desired;
  }

  /** With the resources that it was given: the very same object where it asks for no others. */
  get given(): Pod {
    return this.#given;
  }

  update(pod: Pod): void {
    const isNew = this.#desired.metadata.generation !== pod.metadata.generation;
    this.#desired = pod;
    this.#given = withAllocation(pod, this.#allocation);
    if (isNew && (this.#given !== pod || this.conditions.pending)) this.#options.parts.resizeWanted(pod.metadata.uid);
  }

  /** It may have what it asks for. */
  grant(): void {
    const generation = this.#desired.metadata.generation ?? 0;
    this.#given = this.#desired;
    this.#allocation = allocationOf(this.#desired);
    this.conditions.clearPending();
    this.conditions.begin(generation);
    this.#options.events.ofPod("Normal", "ResizeStarted", resizeMessage("started", this.#desired, generation));
    this.#options.trigger();
  }

  refuse(reason: ResizeReason, message: string): void {
    const generation = this.#desired.metadata.generation ?? 0;
    if (!this.conditions.setPending(reason, message, generation)) return;
    this.#options.events.ofPod("Warning", `Resize${reason}`, resizeMessage(reason, this.#desired, generation, message));
    this.#options.trigger();
  }

  /** It asks for what it has. */
  settle(): void {
    if (!this.conditions.pending) return;
    this.conditions.clearPending();
    this.#options.trigger();
  }

  /** Tells of a resize that all containers have come through. Upstream: SyncPod, ClearPodResizeInProgressCondition */
  finish(): void {
    const { containers, events, parts } = this.#options;
    if (isResizeInProgress(this.#given, containers)) return;
    const generation = this.conditions.finish();
    if (generation === undefined) return;
    events.ofPod("Normal", "ResizeCompleted", resizeMessage("completed", this.#given, generation));
    parts.roomChanged();
  }

  /** Whether the containers have what the pod was given. */
  actuate(updates: readonly ContainerUpdate[]): boolean {
    const { containers, events, parts } = this.#options;
    const problem = actuateResize(this.#given, updates, containers, parts.runtime);
    if (problem === undefined) return true;
    const generation = this.#given.metadata.generation ?? 0;
    if (this.conditions.fail(problem, generation))
      events.ofPod("Warning", "ResizeError", resizeMessage("error", this.#given, generation, problem));
    return false;
  }
}
