import type { Controller, ControllerContext } from "./controller.ts";
import { cronJobController } from "./cron-job.ts";
import { daemonSetController } from "./daemon-set.ts";
import { deploymentController } from "./deployment.ts";
import { endpointSliceController } from "./endpoint-slice.ts";
import { endpointsController } from "./endpoints.ts";
import { garbageCollector } from "./garbage-collector.ts";
import { jobController } from "./job.ts";
import { namespaceController } from "./namespace.ts";
import { nodeLifecycleController } from "./node-lifecycle.ts";
import { podGarbageCollector } from "./pod-garbage-collector.ts";
import { replicaSetController } from "./replica-set.ts";
import { replicationController } from "./replication-controller.ts";
import { rootCaPublisher } from "./root-ca-publisher.ts";
import { serviceAccountController } from "./service-account.ts";
import { statefulSetController } from "./stateful-set.ts";
import { ttlAfterFinishedController } from "./ttl-after-finished.ts";
import { validatingAdmissionPolicyStatus } from "./validating-admission-policy-status.ts";

export const CONTROLLERS: readonly Controller[] = [
  serviceAccountController,
  rootCaPublisher,
  nodeLifecycleController,
  namespaceController,
  garbageCollector,
  podGarbageCollector,
  replicaSetController,
  replicationController,
  deploymentController,
  daemonSetController,
  statefulSetController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  endpointSliceController,
  endpointsController,
  validatingAdmissionPolicyStatus,
];

export function startControllers(context: ControllerContext): void {
  for (const controller of CONTROLLERS) controller.start(context);
}
