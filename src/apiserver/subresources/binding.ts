import type { Pod } from "../../api/generated/core-v1.ts";
import { conflict } from "../../api/status.ts";
import type { KubernetesObject, ObjectName } from "../../api/meta.ts";
import { rfc3339 } from "../../util/clock.ts";
import type { Registry } from "../registry.ts";
import type { RequestContext } from "../request-context.ts";

/** Gives the pod its node. Upstream: pkg/registry/core/pod/storage/storage.go setPodNodeAndMetadata */
export function bindPod(
  registry: Registry,
  name: ObjectName & { readonly uid?: string | undefined; readonly annotations?: Record<string, string> | undefined },
  nodeName: string,
  context: RequestContext,
): void {
  const kind = registry.kinds.core("Pod");
  const pod = registry.get(kind, name) as Pod;
  const refuse = (why: string) => conflict({ group: "", plural: "pods/binding" }, name.name, why);
  if (name.uid && name.uid !== pod.metadata.uid) {
    throw conflict(kind, name.name, `Precondition failed: UID in precondition: ${name.uid}, UID in object meta: ${pod.metadata.uid}`);
  }
  if (pod.metadata.deletionTimestamp !== undefined) throw refuse(`pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
  if (pod.spec?.nodeName) throw refuse(`pod ${pod.metadata.name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec?.schedulingGates?.length) throw refuse(`pod ${pod.metadata.name} has non-empty .spec.schedulingGates`);
  const now = rfc3339(registry.clock.now());
  registry.modify(kind, name, (current) => bound(current as Pod, nodeName, now, name.annotations) as KubernetesObject, context, {
    direct: true,
    action: `binds the pod to ${nodeName}`,
  });
}

function bound(pod: Pod, nodeName: string, now: string, annotations: Record<string, string> | undefined): Pod {
  const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== "PodScheduled");
  const generation = pod.metadata.generation;
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(annotations ? { annotations: { ...pod.metadata.annotations, ...annotations } } : {}) },
    spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName },
    status: {
      ...pod.status,
      conditions: [
        ...others,
        {
          type: "PodScheduled",
          status: "True",
          ...(generation ? { observedGeneration: generation } : {}),
          lastProbeTime: null as unknown as string,
          lastTransitionTime: now,
        },
      ],
    },
  };
}
