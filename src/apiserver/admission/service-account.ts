import type { Container, Pod, ServiceAccount, Volume, VolumeMount } from "../../api/generated/core-v1.ts";
import { forbiddenRequest, messageOf, notFound } from "../../api/status.ts";
import { isPodCreation, type AdmissionPlugin } from "./admission.ts";

const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
// Upstream: an hour and seven seconds, which a kubelet knows as the sign of this volume.
const TOKEN_EXPIRATION_SECONDS = 3607;
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/** Upstream: plugin/pkg/admission/serviceaccount/admission.go */
export const serviceAccount: AdmissionPlugin = {
  name: "ServiceAccount",
  mutate(request, cluster) {
    if (!isPodCreation(request)) return;
    const pod = request.object as Pod;
    const spec = pod.spec;
    if (!spec) return;
    const refuse = (why: string) => forbiddenRequest(request.kind, request.name, why);
    if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) {
      if (spec.serviceAccountName) throw refuse("a mirror pod may not reference service accounts");
      return;
    }
    spec.serviceAccountName ||= "default";
    spec.serviceAccount = spec.serviceAccountName;
    const found = cluster.find("", "ServiceAccount", { namespace: request.namespace, name: spec.serviceAccountName }) as
      | ServiceAccount
      | undefined;
    if (!found) {
      const missing = messageOf(notFound({ group: "", plural: "serviceaccounts" }, spec.serviceAccountName)).replace(
        /^serviceaccounts/,
        "serviceaccount",
      );
      throw refuse(`error looking up service account ${request.namespace}/${spec.serviceAccountName}: ${missing}`);
    }
    if (spec.automountServiceAccountToken ?? found.automountServiceAccountToken ?? true) mountToken(pod, cluster.rng.suffix(5));
    if (!spec.imagePullSecrets?.length && found.imagePullSecrets?.length)
      spec.imagePullSecrets = found.imagePullSecrets.map((secret) => ({ ...secret }));
  },
};

function mountToken(pod: Pod, suffix: string): void {
  const spec = pod.spec;
  if (!spec) return;
  const existing = spec.volumes?.find((volume) => volume.name.startsWith("kube-api-access-"));
  const volumeName = existing?.name ?? `kube-api-access-${suffix}`;
  const mount: VolumeMount = { name: volumeName, readOnly: true, mountPath: MOUNT_PATH };
  let mounted = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])] as Container[]) {
    if (container.volumeMounts?.some((given) => given.mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { ...mount }];
    mounted = true;
  }
  if (mounted && !existing) spec.volumes = [...(spec.volumes ?? []), tokenVolume(volumeName)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
      defaultMode: 0o644,
    },
  };
}
