import type { PodEvents } from "../pod-events.ts";
import { MountError } from "../start-error.ts";
import type { PayloadSources } from "./payload.ts";
import type { PodVolumes } from "./pod-volumes.ts";

// Upstream: volume operations back off from 500 ms to about 2 minutes.
const RETRY_MS = 500;
const MAX_RETRY_MS = 122_000;

/** Mounts a pod's volumes, tells what cannot be mounted, and tries again later each time. */
export class VolumeMounter {
  readonly #volumes: PodVolumes;
  readonly #events: PodEvents;
  #failures = 0;

  constructor(volumes: PodVolumes, events: PodEvents) {
    this.#volumes = volumes;
    this.#events = events;
  }

  /** Undefined when all is mounted; else how long to wait before the next try. */
  mount(sources: PayloadSources): number | undefined {
    const failed = this.#try(() => this.#volumes.mount(sources.pod, sources));
    if (failed) return Math.min(RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS);
    this.#failures = 0;
    return undefined;
  }

  refresh(sources: PayloadSources): void {
    this.#try(() => this.#volumes.refresh(sources.pod, sources));
  }

  /** Whether it failed. */
  #try(work: () => void): boolean {
    try {
      work();
      return false;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      this.#events.ofPod("Warning", "FailedMount", `MountVolume.SetUp failed for volume "${error.volume}" : ${error.message}`);
      return true;
    }
  }
}
