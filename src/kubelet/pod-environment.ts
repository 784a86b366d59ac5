import type { Pod } from "../api/generated/core-v1.ts";
import { messageOf } from "../api/status.ts";
import type { PodSandbox } from "../containers/runtime.ts";
import type { Rng } from "../util/rng.ts";
import type { NodeParts } from "./node-parts.ts";
import { payloadSources } from "./payload-sources.ts";
import type { PodEvents } from "./pod-events.ts";
import { PodTokens } from "./pod-tokens.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import type { PayloadSources } from "./volumes/payload.ts";
import { PodVolumes } from "./volumes/pod-volumes.ts";
import { VolumeMounter } from "./volumes/volume-mounter.ts";

// Upstream: workerBackoffPeriod
const RETRY_MS = 10_000;

export const retryMs = (rng: Rng): number => RETRY_MS * (1 + rng.next() / 2);

export interface PodEnvironmentOptions {
  /** Whether it ran before the node was restarted. */
  readonly hadSandbox: boolean;
  readonly events: PodEvents;
  retryAfter(delayMs: number): void;
  /** What is mounted is to be looked at again. */
  refresh(): void;
}

/** Where a pod's containers run: its volumes, and its sandbox with a network. */
export class PodEnvironment {
  readonly volumes: PodVolumes;
  /** What a volume shows has changed since it was written. */
  isStale = false;
  readonly #parts: NodeParts;
  readonly #options: PodEnvironmentOptions;
  readonly #mounter: VolumeMounter;
  readonly #tokens: PodTokens;
  #sandbox: PodSandbox | undefined;
  #sandboxes = 0;
  #hadSandbox: boolean;

  constructor(pod: Pod, parts: NodeParts, options: PodEnvironmentOptions) {
    const { clock, rng, runtime } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#hadSandbox = options.hadSandbox;
    this.volumes = new PodVolumes(pod.metadata.uid, {
      clock,
      rng,
      nodeFileSystem: runtime.nodeFileSystem,
      storage: parts.options.volumeStorage,
      createVolume: (capacityBytes) => parts.options.createVolume(capacityBytes),
    });
    this.#mounter = new VolumeMounter(this.volumes, options.events);
    this.#tokens = new PodTokens(parts, () => {
      this.isStale = true;
      options.refresh();
    });
  }

  get sandbox(): PodSandbox | undefined {
    return this.#sandbox;
  }

  /** Mounts the volumes and starts the sandbox; undefined: not yet, a retry is due. */
  async ensure(pod: Pod): Promise<PodSandbox | undefined> {
    const { runtime, rng } = this.#parts;
    const { events, retryAfter } = this.#options;
    const problem = pod.spec.hostNetwork ? undefined : this.#parts.networkProblem();
    if (problem !== undefined && !this.#sandbox) {
      events.ofPod("Warning", "NetworkNotReady", `network is not ready: ${problem}`);
      retryAfter(1000 + rng.int(0, 500) + RETRY_MS / 4);
      return undefined;
    }
    const mountAgainMs = this.#mounter.mount(this.sources(pod));
    if (mountAgainMs !== undefined) {
      retryAfter(mountAgainMs);
      return undefined;
    }
    if (this.#sandbox) return this.#sandbox;
    if (this.#hadSandbox) events.ofPod("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    try {
      this.#sandbox = await runtime.runPodSandbox(sandboxConfig(pod, this.#sandboxes++));
      this.#hadSandbox = false;
      this.volumes.forgetNetwork();
    } catch (error) {
      events.ofPod("Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${messageOf(error)}`);
      retryAfter(retryMs(rng));
      return undefined;
    }
    return this.#sandbox;
  }

  /** Files follow what they show. */
  refreshNow(pod: Pod): void {
    if (!this.isStale) return;
    this.isStale = false;
    this.#mounter.refresh(this.sources(pod));
  }

  sources(pod: Pod): PayloadSources {
    return payloadSources(pod, this.#sandbox?.network.ip ?? "", this.#parts, this.#tokens);
  }

  async removeSandbox(): Promise<void> {
    if (this.#sandbox) await this.#parts.runtime.removePodSandbox(this.#sandbox.id);
    this.#sandbox = undefined;
  }

  /** No token is renewed any more. */
  stop(): void {
    this.#tokens.stop();
  }
}
