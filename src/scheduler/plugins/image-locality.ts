import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";

const MEGABYTE = 1024 * 1024;
// Upstream: plugins/imagelocality: images smaller than the first do not count, larger than the second count no more.
const MIN_BYTES = 23 * MEGABYTE;
const MAX_BYTES_A_CONTAINER = 1000 * MEGABYTE;

/** Prefers nodes that have the pod's images already; a rare image counts less, so that not all pods pile up on one node. */
export const imageLocality: Plugin = {
  name: "ImageLocality",
  weight: 1,
  preScore(pod, nodes) {
    const spread = new Map<string, number>();
    for (const container of pod.spec.containers) {
      const name = normalized(container.image ?? "");
      spread.set(name, nodes.filter((node) => node.images.has(name)).length / nodes.length);
    }
    return [...spread.values()].every((share) => share === 0) ? { skip: true } : { state: spread };
  },
  score(pod, node, state) {
    const spread = state as Map<string, number>;
    const sum = pod.spec.containers.reduce((total, container) => {
      const name = normalized(container.image ?? "");
      return total + (node.images.get(name) ?? 0) * (spread.get(name) ?? 0);
    }, 0);
    const max = MAX_BYTES_A_CONTAINER * pod.spec.containers.length;
    return Math.floor((MAX_NODE_SCORE * (Math.min(Math.max(sum, MIN_BYTES), max) - MIN_BYTES)) / (max - MIN_BYTES));
  },
};

function normalized(image: string): string {
  const hasTag = image.lastIndexOf(":") > image.lastIndexOf("/");
  const tagged = hasTag || image.includes("@") ? image : `${image}:latest`;
  const first = tagged.split("/")[0] as string;
  if (!tagged.includes("/")) return `docker.io/library/${tagged}`;
  return first.includes(".") || first.includes(":") || first === "localhost" ? tagged : `docker.io/${tagged}`;
}
