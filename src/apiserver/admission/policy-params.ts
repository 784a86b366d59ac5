import type { ParamRef } from "../../api/generated/admissionregistration-v1.ts";
import type { Kind } from "../../api/kind.ts";
import { selectorFromLabelSelector } from "../../api/labels.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import type { AdmissionCluster } from "./admission.ts";

/**
 * The objects a binding has its policy evaluated with: once each; null where it takes none. Throws what is wrong with the reference.
 * Upstream: CollectParams in k8s.io/apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go
 */
export function collectParams(
  kind: Kind | undefined,
  reference: ParamRef | undefined,
  requestNamespace: string,
  cluster: AdmissionCluster,
): readonly (KubernetesObject | null)[] {
  if (!kind || !reference) return [null];
  const namespace = paramsNamespace(kind, reference, requestNamespace);
  const params = lookUp(kind, reference, namespace, cluster);
  if (params.length === 0 && reference.parameterNotFoundAction === "Deny")
    throw new Error("no params found for policy binding with `Deny` parameterNotFoundAction");
  return params;
}

function paramsNamespace(kind: Kind, reference: ParamRef, requestNamespace: string): string | undefined {
  if (!kind.namespaced) {
    if (reference.namespace) throw new Error("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
    return undefined;
  }
  const namespace = reference.namespace || requestNamespace;
  if (!namespace) throw new Error("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
  return namespace;
}

function lookUp(
  kind: Kind,
  { name, selector }: ParamRef,
  namespace: string | undefined,
  cluster: AdmissionCluster,
): readonly KubernetesObject[] {
  if (name) {
    const param = cluster.get(kind, { namespace, name });
    return param ? [param] : [];
  }
  if (!selector) throw new Error("one of name or selector must be provided");
  const matcher = selectorFromLabelSelector(selector);
  return cluster.all(kind, namespace).filter((param) => matcher.matches(param.metadata.labels));
}
