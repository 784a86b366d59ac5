import type { Namespace } from "../../api/generated/core-v1.ts";
import { forbiddenRequest, notFound, StatusError } from "../../api/status.ts";
import type { AdmissionPlugin } from "./admission.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/** Upstream: apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go */
export const namespaceLifecycle: AdmissionPlugin = {
  name: "NamespaceLifecycle",
  mutate({ operation, kind, namespace, name }, cluster) {
    if (kind.kind === "Namespace" && kind.group === "") {
      if (operation === "DELETE" && IMMORTAL.has(name)) throw forbiddenRequest(kind, name, "this namespace may not be deleted");
      return;
    }
    if (!kind.namespaced || operation === "DELETE" || namespace === undefined) return;
    const found = cluster.find("", "Namespace", { name: namespace }) as Namespace | undefined;
    if (!found) throw notFound({ group: "", plural: "namespaces" }, namespace);
    if (operation !== "CREATE" || found.status?.phase !== "Terminating") return;
    const refusal = forbiddenRequest(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
    throw new StatusError({
      ...refusal.status,
      code: 403,
      details: {
        ...refusal.status.details,
        causes: [{ reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" }],
      },
    });
  },
};
