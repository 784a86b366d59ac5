import type { Pod, PodCondition } from "../../api/generated/core-v1.ts";
import { pods } from "../../api/resources/pod.ts";
import type { Client } from "../../client/client.ts";
import { rfc3339 } from "../../util/clock.ts";

/** Says in the pod why it is about to be deleted, if it is the same pod still. */
export async function markDisrupted(client: Client, pod: Pod, reason: string, message: string, nowMs: number): Promise<void> {
  const condition: PodCondition = { type: "DisruptionTarget", status: "True", reason, message, lastTransitionTime: rfc3339(nowMs) };
  const change = (now: Pod): Pod => {
    if (now.metadata.uid !== pod.metadata.uid) return now;
    const others = (now.status.conditions ?? []).filter(({ type }) => type !== condition.type);
    return { ...now, status: { ...now.status, conditions: [...others, condition] } };
  };
  await client.mutate(pods, pod.metadata, change, { subresource: "status" });
}
