/** Strategic merge patches, applied and made. Needs no schema table of its own: callers hand in the type. */
export { createThreeWayStrategicPatch, createTwoWayStrategicPatch } from "./strategic-diff.ts";
export { applyStrategicMergePatch } from "./strategic-merge.ts";
