import type { Job } from "../api/generated/batch-v1.ts";
import { keyOf } from "../api/meta.ts";
import { jobs } from "../api/resources/job.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";
import { finishedCondition } from "./support/job-facts.ts";

const NAME = "ttl-after-finished-controller";

/** Deletes jobs some time after they are over. Upstream: pkg/controller/ttlafterfinished */
export const ttlAfterFinishedController: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log }) {
    const own = client.as(NAME);
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(key) {
        const job = informers.of(jobs).find(key);
        const finished = job && finishedCondition(job);
        if (!job || !finished || job.spec.ttlSecondsAfterFinished === undefined || job.metadata.deletionTimestamp) return {};
        const leftMs = Date.parse(finished.lastTransitionTime ?? "") + job.spec.ttlSecondsAfterFinished * 1000 - clock.now();
        if (leftMs > 0) return { requeueAfterMs: leftMs };
        await own
          .delete(jobs, job.metadata, { propagationPolicy: "Foreground", preconditions: { uid: job.metadata.uid } })
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
        return {};
      },
    });
    const enqueue = (job: Job) => {
      if (job.spec.ttlSecondsAfterFinished !== undefined && finishedCondition(job)) reconciler.add(keyOf(job));
    };
    informers.of(jobs).addHandler({ added: enqueue, updated: enqueue });
  },
};
