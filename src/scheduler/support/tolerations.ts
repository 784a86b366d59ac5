import type { Taint, Toleration } from "../../api/generated/core-v1.ts";

/** Whether one of the tolerations covers the taint. Upstream: k8s.io/component-helpers/scheduling/corev1 */
export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return (tolerations ?? []).some((toleration) => {
    if (toleration.effect && toleration.effect !== taint.effect) return false;
    if (toleration.key && toleration.key !== taint.key) return false;
    switch (toleration.operator ?? "Equal") {
      case "Exists":
        return true;
      case "Equal":
      case "":
        return (toleration.value ?? "") === (taint.value ?? "") && toleration.key !== undefined;
      case "Lt":
        return Number(taint.value) < Number(toleration.value);
      case "Gt":
        return Number(taint.value) > Number(toleration.value);
      default:
        return false;
    }
  });
}
