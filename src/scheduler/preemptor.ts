import type { Pod } from "../api/generated/core-v1.ts";
import { keyOf, splitKey } from "../api/meta.ts";
import { pods } from "../api/resources/pod.ts";
import { isNotFound } from "../api/status.ts";
import type { ComponentContext } from "../client/component.ts";
import type { EventRecorder } from "../client/event-recorder.ts";
import { rfc3339 } from "../util/clock.ts";
import { SCHEDULER_NAME } from "./framework.ts";
import type { Snapshot } from "./snapshot.ts";

/** Carries out what preemption has decided: nominates, and evicts the victims. Upstream: pkg/scheduler/framework/preemption/executor.go */
export class Preemptor {
  readonly #context: ComponentContext;
  readonly #snapshot: Snapshot;
  readonly #events: EventRecorder;

  constructor(context: ComponentContext, snapshot: Snapshot, events: EventRecorder) {
    this.#context = context;
    this.#snapshot = snapshot;
    this.#events = events;
  }

  /** The pod waits for the node, and its victims go. */
  evict(pod: Pod, nodeName: string, victims: readonly Pod[]): void {
    // Lesser pods that waited for the node find no room there any more.
    for (const { pod: other } of this.#snapshot.nominatedOn(nodeName))
      if ((other.spec.priority ?? 0) < (pod.spec.priority ?? 0)) this.withdraw(other);
    this.#snapshot.nominate(pod, nodeName);
    this.#context.tasks.run("preemption", () => this.#evict(pod, nodeName, victims));
  }

  /** Its nomination came to nothing. */
  withdraw(pod: Pod): void {
    this.#snapshot.withdraw(pod.metadata.uid);
    const withoutNomination = (current: Pod): Pod => {
      if (current.status.nominatedNodeName === undefined || current.metadata.uid !== pod.metadata.uid) return current;
      const { nominatedNodeName: _, ...status } = current.status;
      return { ...current, status };
    };
    this.#context.tasks.run(
      "nomination",
      async () => void (await this.#context.client.mutate(pods, splitKey(keyOf(pod)), withoutNomination, { subresource: "status" })),
    );
  }

  async #evict(pod: Pod, nodeName: string, victims: readonly Pod[]): Promise<void> {
    const { client, journal } = this.#context;
    journal.record(
      SCHEDULER_NAME,
      `pods/${keyOf(pod)}`,
      `preempts ${victims.map((victim) => victim.metadata.name).join(", ")} on ${nodeName}`,
    );
    await client.mutate(
      pods,
      splitKey(keyOf(pod)),
      (current) => ({ ...current, status: { ...current.status, nominatedNodeName: nodeName } }),
      { subresource: "status" },
    );
    for (const victim of victims) {
      const name = splitKey(keyOf(victim));
      try {
        await client.mutate(pods, name, (current) => this.#disrupted(current), { subresource: "status" });
        await client.delete(pods, name, { preconditions: { uid: victim.metadata.uid } });
        this.#events.event({ object: victim }, "Normal", "Preempted", `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`);
      } catch (error) {
        if (!isNotFound(error)) this.#context.log(SCHEDULER_NAME, `preempting ${keyOf(victim)}`, error);
      }
    }
  }

  /** Says why the victim goes. Upstream: pkg/scheduler/framework/preemption PreemptPod */
  #disrupted(victim: Pod): Pod {
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      ...(victim.metadata.generation ? { observedGeneration: victim.metadata.generation } : {}),
      lastProbeTime: null as unknown as string,
      lastTransitionTime: rfc3339(this.#context.clock.now()),
      reason: "PreemptionByScheduler",
      message: `${SCHEDULER_NAME}: preempting to accommodate a higher priority pod`,
    };
    return {
      ...victim,
      status: {
        ...victim.status,
        conditions: [...(victim.status.conditions ?? []).filter((other) => other.type !== condition.type), condition],
      },
    };
  }
}
