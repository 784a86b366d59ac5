import type { Pod } from "../api/generated/core-v1.ts";
import type { PodSandboxConfig } from "../containers/runtime.ts";

/** What the runtime is told of a pod. Upstream: pkg/kubelet/kuberuntime generatePodSandboxConfig */
export function sandboxConfig(pod: Pod, attempt: number): PodSandboxConfig {
  const { uid, namespace = "", name, labels = {}, annotations = {} } = pod.metadata;
  const { spec } = pod;
  return {
    uid,
    namespace,
    name,
    attempt,
    labels,
    annotations,
    shareProcessNamespace: spec.shareProcessNamespace ?? false,
    hostPid: spec.hostPID ?? false,
    network: {
      podUid: uid,
      namespace,
      name,
      hostname: (spec.hostname || name).slice(0, 63).replace(/[-.]+$/, ""),
      subdomain: spec.subdomain,
      hostNetwork: spec.hostNetwork ?? false,
      dnsPolicy: spec.dnsPolicy ?? "ClusterFirst",
      dnsConfig: spec.dnsConfig,
      hostAliases: spec.hostAliases ?? [],
      hostPorts: spec.containers.flatMap((container) =>
        (container.ports ?? []).flatMap(({ hostPort, containerPort }) => (hostPort ? [{ hostPort, containerPort }] : [])),
      ),
    },
  };
}
