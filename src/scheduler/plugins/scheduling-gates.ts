import type { Plugin } from "../framework.ts";

/** Keeps pods with scheduling gates out of the queue. */
export const schedulingGates: Plugin = {
  name: "SchedulingGates",
  preEnqueue(pod) {
    const gates = pod.spec.schedulingGates ?? [];
    return gates.length === 0 ? undefined : `waiting for scheduling gates: [${gates.map((gate) => gate.name).join(" ")}]`;
  },
  mayHelp: (event) => event.type === "pod-updated",
};
