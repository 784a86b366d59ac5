import { certificateApprovingController } from "./certificate-approving.ts";
import { certificateCleaner } from "./certificate-cleaner.ts";
import { certificateSigningController } from "./certificate-signing.ts";
import { clusterRoleAggregation } from "./cluster-role-aggregation.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { cronJobController } from "./cron-job.ts";
import { daemonSetController } from "./daemon-set.ts";
import { deploymentController } from "./deployment.ts";
import { disruptionController } from "./disruption.ts";
import { endpointSliceController } from "./endpoint-slice.ts";
import { endpointsController } from "./endpoints.ts";
import { ephemeralVolumeController } from "./ephemeral-volume.ts";
import { garbageCollector } from "./garbage-collector.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { jobController } from "./job.ts";
import { localPathProvisioner } from "./local-path-provisioner.ts";
import { namespaceController } from "./namespace.ts";
import { nodeLifecycleController } from "./node-lifecycle.ts";
import { persistentVolumeController } from "./persistent-volume.ts";
import { podGarbageCollector } from "./pod-garbage-collector.ts";
import { replicaSetController } from "./replica-set.ts";
import { replicationController } from "./replication-controller.ts";
import { resourceQuotaController } from "./resource-quota.ts";
import { rootCaPublisher } from "./root-ca-publisher.ts";
import { serviceAccountController } from "./service-account.ts";
import { serviceAccountTokenController } from "./service-account-token.ts";
import { statefulSetController } from "./stateful-set.ts";
import { ttlAfterFinishedController } from "./ttl-after-finished.ts";
import { validatingAdmissionPolicyStatus } from "./validating-admission-policy-status.ts";
import { claimProtectionController, volumeProtectionController } from "./volume-protection.ts";

export const CONTROLLERS: readonly Controller[] = [
  serviceAccountController,
  serviceAccountTokenController,
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
  horizontalPodAutoscaler,
  endpointSliceController,
  endpointsController,
  validatingAdmissionPolicyStatus,
  clusterRoleAggregation,
  certificateApprovingController,
  certificateSigningController,
  certificateCleaner,
  disruptionController,
  resourceQuotaController,
  persistentVolumeController,
  localPathProvisioner,
  ephemeralVolumeController,
  claimProtectionController,
  volumeProtectionController,
];

export function startControllers(context: ControllerContext): void {
  for (const controller of CONTROLLERS) controller.start(context);
}
