import type { Pod, PodStatus } from "../../api/generated/core-v1.ts";
import { pods } from "../../api/resources/pod.ts";
import { sameJson, withoutUndefined } from "../../api/merge-patch.ts";
import type { Client } from "../../client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { Clock, Timer } from "../../util/clock.ts";
import { KUBELET_CONDITIONS } from "./pod-status.ts";

// Upstream: syncPeriod of the status manager
const RETRY_MS = 10_000;

/** Writes the status of one pod: always the latest, never two writes at once. Upstream: pkg/kubelet/status/status_manager.go */
export class StatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #wanted: { readonly pod: Pod; readonly status: PodStatus } | undefined;
  #writing: Promise<void> | undefined;
  #retry: Timer | undefined;
  #stopped = false;

  constructor(client: Client, clock: Clock, failed: (error: unknown) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** @param pod names the object that is written: a static pod's mirror. */
  set(pod: Pod, status: PodStatus): void {
    this.#retry?.cancel();
    this.#wanted = { pod, status };
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      // Something came in after the last look.
      if (this.#wanted) this.set(this.#wanted.pod, this.#wanted.status);
    });
  }

  /** What could not be written is not tried again. */
  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }

  /** Resolves when all that was set is written, or has failed. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#wanted) {
      const { pod, status } = this.#wanted;
      this.#wanted = undefined;
      const { namespace, name, uid } = pod.metadata;
      try {
        await this.#client.mutate(
          pods,
          { namespace, name },
          (current) => (current.metadata.uid === uid ? withStatus(current, status) : current),
          { subresource: "status" },
        );
      } catch (error) {
        this.#failed(error);
        // A webhook or a policy may have been in the way: it need not be there for ever.
        if (!isNotFound(error) && !this.#wanted && !this.#stopped) this.#retry = this.#clock.after(RETRY_MS, () => this.set(pod, status));
      }
    }
  }
}

/** Others own conditions too (PodScheduled, readiness gates, DisruptionTarget): theirs are kept as they are now. */
function withStatus(current: Pod, status: PodStatus): Pod {
  const theirs = (current.status.conditions ?? []).filter(({ type }) => !KUBELET_CONDITIONS.includes(type));
  const known = new Set(theirs.map(({ type }) => type));
  const ours = (status.conditions ?? []).filter(({ type }) => !known.has(type));
  const { nominatedNodeName, resourceClaimStatuses } = current.status;
  const next: PodStatus = {
    ...status,
    ...(nominatedNodeName ? { nominatedNodeName } : {}),
    ...(resourceClaimStatuses ? { resourceClaimStatuses } : {}),
    conditions: [...ours, ...theirs],
  };
  return sameJson(withoutUndefined(next), current.status) ? current : { ...current, status: next };
}
