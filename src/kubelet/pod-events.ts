import type { Pod } from "../api/generated/core-v1.ts";
import type { EventRecorder } from "../client/event-recorder.ts";
import type { ContainerEvent } from "./container-starter.ts";

export interface PodEvents {
  /** About one of its containers. */
  readonly emit: ContainerEvent;
  readonly event: (type: "Normal" | "Warning", reason: string, message: string) => void;
}

/** What a kubelet tells of one pod. Upstream: pkg/kubelet/container/ref.go GenerateContainerRef */
export function podEvents(recorder: EventRecorder, podNow: () => Pod, isStopped: () => boolean): PodEvents {
  const object = () => ({ ...podNow(), apiVersion: "v1", kind: "Pod" });
  return {
    emit: (container, type, reason, message) => {
      if (isStopped()) return;
      recorder.event({ object: object(), fieldPath: `spec.${listOf(podNow(), container)}{${container}}` }, type, reason, message);
    },
    event: (type, reason, message) => {
      if (!isStopped()) recorder.event({ object: object() }, type, reason, message);
    },
  };
}

function listOf({ spec }: Pod, container: string): string {
  if ((spec.initContainers ?? []).some(({ name }) => name === container)) return "initContainers";
  return (spec.ephemeralContainers ?? []).some(({ name }) => name === container) ? "ephemeralContainers" : "containers";
}
