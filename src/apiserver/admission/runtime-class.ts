import type { Pod } from "../../api/generated/core-v1.ts";
import type { RuntimeClass } from "../../api/generated/node-v1.ts";
import { sameJson } from "../../api/merge-patch.ts";
import { forbiddenRequest } from "../../api/status.ts";
import { isPodCreation, type AdmissionCluster, type AdmissionPlugin, type AdmissionRequest } from "./admission.ts";

/** Upstream: plugin/pkg/admission/runtimeclass */
export const runtimeClass: AdmissionPlugin = {
  name: "RuntimeClass",
  mutate(request, cluster) {
    const found = classOf(request, cluster);
    const spec = (request.object as Pod | undefined)?.spec;
    if (!found || !spec) return;
    const fixed = found.overhead?.podFixed;
    if (fixed) {
      if (spec.overhead && !sameJson(spec.overhead, fixed))
        throw forbiddenRequest(request.kind, request.name, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      spec.overhead = { ...fixed };
    }
    const { nodeSelector, tolerations } = found.scheduling ?? {};
    for (const [key, value] of Object.entries(nodeSelector ?? {})) {
      const own = spec.nodeSelector?.[key];
      if (own !== undefined && own !== value)
        throw forbiddenRequest(
          request.kind,
          request.name,
          `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
        );
    }
    if (nodeSelector) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
    if (tolerations)
      spec.tolerations = [
        ...(spec.tolerations ?? []),
        ...tolerations.filter((added) => !spec.tolerations?.some((own) => sameJson(own, added))).map((added) => ({ ...added })),
      ];
  },
  validate(request, cluster) {
    if (!isPodCreation(request)) return;
    const spec = (request.object as Pod).spec;
    const fixed = classOf(request, cluster)?.overhead?.podFixed;
    if (fixed ? !sameJson(spec.overhead ?? {}, fixed) : Object.keys(spec.overhead ?? {}).length > 0) {
      throw forbiddenRequest(
        request.kind,
        request.name,
        fixed
          ? "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
          : "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
      );
    }
  },
};

function classOf(request: AdmissionRequest, cluster: AdmissionCluster): RuntimeClass | undefined {
  const name = isPodCreation(request) ? (request.object as Pod).spec?.runtimeClassName : undefined;
  if (!name) return undefined;
  const found = cluster.find("node.k8s.io", "RuntimeClass", { name }) as RuntimeClass | undefined;
  if (!found) throw forbiddenRequest(request.kind, request.name, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  return found;
}
