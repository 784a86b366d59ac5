import type { Plugin } from "../framework.ts";

/** A pod that names its node goes nowhere else. */
export const nodeName: Plugin = {
  name: "NodeName",
  filter: (pod, node) =>
    pod.spec.nodeName && pod.spec.nodeName !== node.name
      ? { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }
      : undefined,
  mayHelp: (event) => event.type === "node-added",
};
