import type { Container, Pod, PodCondition, PodStatus } from "../../api/generated/core-v1.ts";
import { keyOf } from "../../api/meta.ts";
import { pods } from "../../api/resources/pod.ts";
import { isConflict, isNotFound } from "../../api/status.ts";
import type { PodSandbox } from "../../containers/runtime.ts";
import { rfc3339 } from "../../util/clock.ts";
import type { NodeParts } from "../node-parts.ts";
import { type PodContainers, specOf } from "../pod-containers.ts";
import type { PodProber } from "../probes/pod-prober.ts";
import type { Waiting } from "./container-status.ts";
import { generateStatus, mergedTimes } from "./pod-status.ts";
import { StatusWriter } from "./status-writer.ts";

/** How it stands with a pod on its node. */
export interface Standing {
  readonly containers: PodContainers;
  readonly sandbox: PodSandbox | undefined;
  readonly prober: PodProber;
  /** All containers have ended for good. */
  readonly finished: boolean;
  /** Why the node ended it. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  /** What is to be told of a resize that is not over. */
  readonly resize: readonly PodCondition[];
}

/** Works out one pod's status and has it written when it has changed. */
export class StatusReporter {
  /** The API object whose status is written: the mirror of a static pod; undefined while there is none. */
  object: Pod | undefined;
  /** Why containers could not be started, by name. */
  readonly startErrors = new Map<string, Waiting>();
  readonly startTime: string;
  readonly #parts: NodeParts;
  readonly #writer: StatusWriter;
  #status: PodStatus;
  #reported = "";

  constructor(pod: Pod, object: Pod | undefined, parts: NodeParts) {
    const { client, clock } = parts;
    this.object = object;
    this.#parts = parts;
    this.#status = (object ?? pod).status ?? {};
    this.startTime = this.#status.startTime ?? rfc3339(clock.now());
    this.#writer = new StatusWriter(client, clock, (error) => {
      if (!isNotFound(error)) parts.log(`status of ${keyOf(pod)}`, error);
    });
  }

  get status(): PodStatus {
    return this.#status;
  }

  /** Upstream: kubelet.go rejectPod */
  reject(pod: Pod, reason: string, message: string): void {
    this.#status = {
      ...this.#status,
      phase: "Failed",
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: this.startTime,
      ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
    };
    if (this.object) this.#writer.set(this.object, this.#status);
  }

  /** @param always whether an unchanged status is written too. */
  report(pod: Pod, standing: Standing, always: boolean): void {
    const next = this.#generate(pod, standing);
    const text = JSON.stringify(next);
    if (!always && text === this.#reported) return;
    this.#reported = text;
    if (next.phase !== this.#status.phase) this.#parts.journal.record("kubelet", `pods/${keyOf(pod)}`, `reports the phase ${next.phase}`);
    this.#status = next;
    if (this.object) this.#writer.set(this.object, next);
  }

  #generate(pod: Pod, { containers, sandbox, prober, finished, failure, resize }: Standing): PodStatus {
    const { clock, options } = this.#parts;
    const before = this.#status;
    const conditions = mergedTimes(this.object?.status.conditions ?? before.conditions ?? [], before.conditions ?? []);
    return generateStatus(
      pod,
      { ...before, conditions },
      {
        containers,
        startErrors: this.startErrors,
        sandboxReady: sandbox !== undefined && !finished,
        podIP: sandbox?.network.ip || (finished ? (before.podIP ?? "") : ""),
        hostIP: options.ip,
        startTime: this.startTime,
        nowMs: clock.now(),
        finished,
        failure,
        resize,
        ready: (name) => prober.ready(name, (specOf(pod, name) as Container | undefined)?.readinessProbe !== undefined),
        started: (name) => prober.started(name),
      },
    );
  }

  /** Resolves when all that was reported is written, or has failed. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Deletes the API object of a pod whose containers have all stopped. Upstream: status_manager.go syncPod */
  async deleteStopped(pod: Pod): Promise<void> {
    const { client, journal } = this.#parts;
    const { namespace, name, uid } = pod.metadata;
    journal.record("kubelet", `pods/${keyOf(pod)}`, "has stopped all containers and deletes the pod");
    try {
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** What could not be written is not tried again. */
  stop(): void {
    this.#writer.stop();
  }
}
