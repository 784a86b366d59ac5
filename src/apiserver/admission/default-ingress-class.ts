import type { Ingress, IngressClass } from "../../api/generated/networking-v1.ts";
import { forbiddenRequest } from "../../api/status.ts";
import type { AdmissionPlugin } from "./admission.ts";

const IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class";

/** Upstream: plugin/pkg/admission/network/defaultingressclass/admission.go */
export const defaultIngressClass: AdmissionPlugin = {
  name: "DefaultIngressClass",
  mutate({ operation, kind, object, name, subresource }, cluster) {
    if (operation !== "CREATE" || kind.kind !== "Ingress" || subresource !== undefined) return;
    const ingress = object as Ingress;
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.["kubernetes.io/ingress.class"] !== undefined) return;
    const defaults = (cluster.list("networking.k8s.io", "IngressClass") as IngressClass[]).filter(
      (found) => found.metadata.annotations?.[IS_DEFAULT] === "true",
    );
    if (defaults.length > 1) throw forbiddenRequest(kind, name, `${defaults.length} default IngressClasses were found, only 1 allowed`);
    if (defaults[0]) ingress.spec = { ...ingress.spec, ingressClassName: defaults[0].metadata.name };
  },
};
