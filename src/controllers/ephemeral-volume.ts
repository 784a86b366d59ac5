import type { Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { pods } from "../api/resources/pod.ts";
import { isAlreadyExists, messageOf } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";
import { controllerReference } from "./support/owners.ts";

const NAME = "ephemeral-volume-controller";

/** Makes the claims of pods' generic ephemeral volumes; the garbage collector takes them away with the pod. Upstream: pkg/controller/volume/ephemeral */
export const ephemeralVolumeController: Controller = {
  name: NAME,
  start(context) {
    const { informers, clock, tasks } = context;
    const client = context.client.as(NAME);
    const events = context.events.from("ephemeral_volume");
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log: context.log,
      async reconcile(key) {
        const pod = informers.of(pods).find(key);
        if (!pod || pod.metadata.deletionTimestamp) return;
        for (const volume of pod.spec.volumes ?? []) {
          const template = volume.ephemeral?.volumeClaimTemplate;
          const name = `${pod.metadata.name}-${volume.name}`;
          if (!template || informers.of(persistentVolumeClaims).find(`${pod.metadata.namespace}/${name}`)) continue;
          const { labels, annotations } = template.metadata ?? {};
          const metadata = {
            name,
            namespace: pod.metadata.namespace as string,
            ...(labels ? { labels } : {}),
            ...(annotations ? { annotations } : {}),
            ownerReferences: [controllerReference(pods as never, pod)],
          };
          await client
            .create(persistentVolumeClaims, { metadata, spec: structuredClone(template.spec) } as never)
            .catch((error: unknown) => {
              if (isAlreadyExists(error)) return;
              events.event(
                { object: pod },
                "Warning",
                "FailedBinding",
                `ephemeral volume ${volume.name}: create PVC ${name}: ${messageOf(error)}`,
              );
              throw error;
            });
        }
      },
    });
    const enqueue = (pod: Pod) => {
      if (pod.spec.volumes?.some((volume) => volume.ephemeral)) reconciler.add(keyOf(pod));
    };
    informers.of(pods).addHandler({ added: enqueue });
  },
};
