import type { Pod, ServiceAccountTokenProjection } from "../api/generated/core-v1.ts";
import type { NodeParts } from "./node-parts.ts";
import type { PodTokens } from "./pod-tokens.ts";
import type { PayloadSources } from "./volumes/payload.ts";

/** What a pod's environment and volumes take their values from. */
export function payloadSources(pod: Pod, podIP: string, parts: NodeParts, tokens: PodTokens): PayloadSources {
  const { options, lookups } = parts;
  return {
    pod,
    podIP: pod.spec.hostNetwork ? options.ip : podIP,
    hostIP: options.ip,
    nodeName: options.nodeName,
    lookups,
    allocatable: parts.allocatable(),
    serviceIP: options.serviceIP,
    token: (projection: ServiceAccountTokenProjection) => tokens.get(pod, projection),
  };
}
