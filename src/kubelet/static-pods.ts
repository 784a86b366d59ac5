import { createHash } from "node:crypto";
import type { Pod } from "../api/generated/core-v1.ts";
import { pods } from "../api/resources/pod.ts";
import { isAlreadyExists } from "../api/status.ts";
import type { Client } from "../client/client.ts";

export const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/** A manifest as the kubelet runs it: named after its node, with a uid of its own. Upstream: pkg/kubelet/config/common.go applyDefaults */
export function staticPod(manifest: Pod, nodeName: string, seen: string): Pod {
  const hash = createHash("md5").update(JSON.stringify(manifest)).update(nodeName).digest("hex");
  const namespace = manifest.metadata.namespace ?? "default";
  return {
    ...manifest,
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...manifest.metadata,
      name: `${manifest.metadata.name}-${nodeName}`,
      namespace,
      uid: hash,
      annotations: {
        ...manifest.metadata.annotations,
        "kubernetes.io/config.hash": hash,
        "kubernetes.io/config.seen": seen,
        "kubernetes.io/config.source": "file",
      },
    },
    spec: { ...manifest.spec, nodeName, tolerations: [...(manifest.spec.tolerations ?? []), { effect: "NoExecute", operator: "Exists" }] },
    status: manifest.status ?? {},
  };
}

/** Makes the API object that shows a static pod. Upstream: pkg/kubelet/pod/mirror_client.go */
export async function createMirror(pod: Pod, nodeUid: string | undefined, client: Client): Promise<void> {
  const { name, namespace, labels, annotations, uid } = pod.metadata;
  const owner =
    nodeUid && pod.spec.nodeName ? [{ apiVersion: "v1", kind: "Node", name: pod.spec.nodeName, uid: nodeUid, controller: true }] : [];
  try {
    await client.create(pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        ...(labels ? { labels } : {}),
        annotations: { ...annotations, [MIRROR_ANNOTATION]: uid },
        ownerReferences: owner,
      },
      spec: pod.spec,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

export const mirroredUid = (pod: Pod) => pod.metadata.annotations?.[MIRROR_ANNOTATION];
