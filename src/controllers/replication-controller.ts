import type { ReplicationController } from "../api/generated/core-v1.ts";
import { selectorFromMap } from "../api/labels.ts";
import { replicationControllers } from "../api/resources/replication-controller.ts";
import type { Controller } from "./controller.ts";
import { startReplicaManager } from "./support/replica-manager.ts";

export const replicationController: Controller = {
  name: "replication-controller",
  start: (context) =>
    startReplicaManager<ReplicationController>(context, {
      name: "replication-controller",
      kind: replicationControllers,
      selectorOf: (controller) => selectorFromMap(controller.spec.selector),
    }),
};
