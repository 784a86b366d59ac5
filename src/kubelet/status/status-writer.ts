import { isDeepStrictEqual } from "node:util";
import type { Pod, PodStatus } from "../../api/generated/core-v1.ts";
import { pods } from "../../api/resources/pod.ts";
import type { Client } from "../../client/client.ts";
import { KUBELET_CONDITIONS } from "./pod-status.ts";

/** Writes the status of one pod: always the latest, never two writes at once. Upstream: pkg/kubelet/status/status_manager.go */
export class StatusWriter {
  readonly #client: Client;
  readonly #failed: (error: unknown) => void;
  #wanted: { readonly pod: Pod; readonly status: PodStatus } | undefined;
  #writing: Promise<void> | undefined;

  constructor(client: Client, failed: (error: unknown) => void) {
    this.#client = client;
    this.#failed = failed;
  }

  /** @param pod names the object that is written: a static pod's mirror. */
  set(pod: Pod, status: PodStatus): void {
    this.#wanted = { pod, status };
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      // Something came in after the last look.
      if (this.#wanted) this.set(this.#wanted.pod, this.#wanted.status);
    });
  }

  /** Resolves when all that was set is written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#wanted) {
      const { pod, status } = this.#wanted;
      this.#wanted = undefined;
      const { namespace, name, uid } = pod.metadata;
      try {
        await this.#client.mutate(pods, { namespace, name }, (current) => (current.metadata.uid === uid ? withStatus(current, status) : current), { subresource: "status" });
      } catch (error) {
        this.#failed(error);
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
  return isDeepStrictEqual(JSON.parse(JSON.stringify(next)), JSON.parse(JSON.stringify(current.status))) ? current : { ...current, status: next };
}
