import type { ReplicaSet } from "../api/generated/apps-v1.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { replicaSets } from "../api/resources/replica-set.ts";
import type { Controller } from "./controller.ts";
import { startReplicaManager } from "./support/replica-manager.ts";

export const replicaSetController: Controller = {
  name: "replicaset-controller",
  start: (context) =>
    startReplicaManager<ReplicaSet>(context, {
      name: "replicaset-controller",
      kind: replicaSets,
      selectorOf: (set) => selectorFromLabelSelector(set.spec.selector),
    }),
};
