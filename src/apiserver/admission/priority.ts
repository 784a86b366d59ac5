import type { Pod } from "../../api/generated/core-v1.ts";
import type { PriorityClass } from "../../api/generated/scheduling-v1.ts";
import { forbiddenRequest } from "../../api/status.ts";
import { isPodCreation, type AdmissionCluster, type AdmissionPlugin } from "./admission.ts";

interface Resolved {
  readonly name: string;
  readonly value: number;
  readonly preemptionPolicy: string;
}

// They hold even before the objects of these names are made.
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

/** Upstream: plugin/pkg/admission/priority/admission.go */
export const priority: AdmissionPlugin = {
  name: "Priority",
  mutate(request, cluster) {
    if (!isPodCreation(request)) return;
    const spec = (request.object as Pod).spec;
    if (!spec) return;
    const resolved = spec.priorityClassName ? byName(spec.priorityClassName, cluster) : byDefault(cluster);
    if (!resolved) throw forbiddenRequest(request.kind, request.name, `no PriorityClass with name ${spec.priorityClassName} was found`);
    if (resolved.name !== "") spec.priorityClassName = resolved.name;
    if (spec.priority !== undefined && spec.priority !== resolved.value) {
      throw forbiddenRequest(
        request.kind,
        request.name,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${resolved.value} from the given PriorityClass name`,
      );
    }
    spec.priority = resolved.value;
    spec.preemptionPolicy ??= resolved.preemptionPolicy;
  },
};

function byName(name: string, cluster: AdmissionCluster): Resolved | undefined {
  const found = cluster.find("scheduling.k8s.io", "PriorityClass", { name }) as PriorityClass | undefined;
  if (found) return resolve(found);
  const value = SYSTEM_CLASSES[name];
  return value === undefined ? undefined : { name, value, preemptionPolicy: "PreemptLowerPriority" };
}

/** Several classes may call themselves the default: the lowest counts. */
function byDefault(cluster: AdmissionCluster): Resolved {
  const defaults = (cluster.list("scheduling.k8s.io", "PriorityClass") as PriorityClass[]).filter((found) => found.globalDefault);
  const [lowest] = defaults.sort((a, b) => (a.value ?? 0) - (b.value ?? 0));
  return lowest ? resolve(lowest) : { name: "", value: 0, preemptionPolicy: "PreemptLowerPriority" };
}

function resolve(found: PriorityClass): Resolved {
  return { name: found.metadata.name, value: found.value ?? 0, preemptionPolicy: found.preemptionPolicy ?? "PreemptLowerPriority" };
}
