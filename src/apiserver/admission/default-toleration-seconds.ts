import type { Pod, Toleration } from "../../api/generated/core-v1.ts";
import { isPodCreation, type AdmissionPlugin } from "./admission.ts";

const TAINT_KEYS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const DEFAULT_SECONDS = 300;

/** Upstream: plugin/pkg/admission/defaulttolerationseconds/admission.go */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  mutate(request) {
    if (!isPodCreation(request)) return;
    const spec = (request.object as Pod).spec;
    if (!spec) return;
    const given = spec.tolerations ?? [];
    const missing = TAINT_KEYS.filter((key) => !given.some((toleration) => tolerates(toleration, key)));
    if (missing.length === 0) return;
    spec.tolerations = [
      ...given,
      ...missing.map((key): Toleration => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: DEFAULT_SECONDS })),
    ];
  },
};

function tolerates(toleration: Toleration, key: string): boolean {
  return (toleration.key === key || !toleration.key) && (toleration.effect === "NoExecute" || !toleration.effect);
}
