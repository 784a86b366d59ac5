import type { Pod } from "../api/generated/core-v1.ts";
import type { EventRecorder } from "../client/event-recorder.ts";
import type { ContainerEvent } from "./container-starter.ts";

/** What a kubelet has to say about one pod. Upstream: pkg/kubelet/container/ref.go GenerateContainerRef */
export class PodEvents {
  readonly #events: EventRecorder;
  readonly #pod: () => Pod | undefined;

  /** @param pod the pod as it is now; undefined: nothing is said any more. */
  constructor(events: EventRecorder, pod: () => Pod | undefined) {
    this.#events = events;
    this.#pod = pod;
  }

  ofPod(type: "Normal" | "Warning", reason: string, message: string): void {
    const pod = this.#pod();
    if (pod) this.#events.event({ object: { ...pod, apiVersion: "v1", kind: "Pod" } }, type, reason, message);
  }

  readonly ofContainer: ContainerEvent = (container, type, reason, message) => {
    const pod = this.#pod();
    if (!pod) return;
    const fieldPath = `spec.${listOf(pod, container)}{${container}}`;
    this.#events.event({ object: { ...pod, apiVersion: "v1", kind: "Pod" }, fieldPath }, type, reason, message);
  };
}

function listOf({ spec }: Pod, container: string): string {
  if (spec.initContainers?.some(({ name }) => name === container)) return "initContainers";
  return spec.ephemeralContainers?.some(({ name }) => name === container) ? "ephemeralContainers" : "containers";
}
