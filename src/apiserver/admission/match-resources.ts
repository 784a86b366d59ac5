import type { MatchResources, NamedRuleWithOperations } from "../../api/generated/admissionregistration-v1.ts";
import type { LabelSelector } from "../../api/generated/meta-v1.ts";
import type { Kind } from "../../api/kind.ts";
import { selectorFromLabelSelector } from "../../api/labels.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { notFound } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionRequest } from "./admission.ts";

/** What a policy, a binding or a webhook is about. */
export interface MatchCriteria {
  readonly rules: readonly NamedRuleWithOperations[] | undefined;
  readonly excludeRules?: readonly NamedRuleWithOperations[] | undefined;
  readonly matchPolicy: string | undefined;
  readonly namespaceSelector: LabelSelector | undefined;
  readonly objectSelector: LabelSelector | undefined;
}

export function criteriaOf(resources: MatchResources): MatchCriteria {
  return {
    rules: resources.resourceRules,
    excludeRules: resources.excludeResourceRules,
    matchPolicy: resources.matchPolicy,
    namespaceSelector: resources.namespaceSelector,
    objectSelector: resources.objectSelector,
  };
}

/**
 * The kind by which the request matches: its own, or one that shows the same objects. Undefined: it is none of theirs.
 * @param everythingWithoutRules policies and bindings without rules match all; a webhook without rules matches nothing.
 * Upstream: k8s.io/apiserver/pkg/admission/plugin/policy/matching/matching.go
 */
export function matchedKind(
  criteria: MatchCriteria,
  request: AdmissionRequest,
  cluster: AdmissionCluster,
  everythingWithoutRules = true,
): Kind | undefined {
  // The rules first: they are the cheapest to look at.
  const matched =
    criteria.rules?.length || !everythingWithoutRules
      ? matchRules(criteria.rules ?? [], criteria.matchPolicy, request, cluster)
      : request.kind;
  if (!matched) return undefined;
  if (criteria.excludeRules?.length && matchRules(criteria.excludeRules, criteria.matchPolicy, request, cluster)) return undefined;
  if (!matchesObjectSelector(criteria.objectSelector, request)) return undefined;
  return matchesNamespaceSelector(criteria.namespaceSelector, request, cluster) ? matched : undefined;
}

function matchRules(
  rules: readonly NamedRuleWithOperations[],
  matchPolicy: string | undefined,
  request: AdmissionRequest,
  cluster: AdmissionCluster,
): Kind | undefined {
  if (rules.some((rule) => matchesRule(rule, request, request.kind))) return request.kind;
  if (matchPolicy === "Exact") return undefined;
  // Only rules that would match but for group and version are worth looking for other versions.
  if (!rules.some((rule) => rule.operations?.some((operation) => operation === "*" || operation === request.operation))) return undefined;
  return cluster.equivalents(request.kind).find((kind) => rules.some((rule) => matchesRule(rule, request, kind)));
}

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules/rules.go */
function matchesRule(rule: NamedRuleWithOperations, request: AdmissionRequest, kind: Kind): boolean {
  const among = (values: readonly string[] | undefined, wanted: string) =>
    values?.some((value) => value === "*" || value === wanted) ?? false;
  return (
    matchesScope(rule.scope, kind) &&
    among(rule.operations, request.operation) &&
    among(rule.apiGroups, kind.group) &&
    among(rule.apiVersions, kind.version) &&
    matchesResource(rule.resources, kind.plural, request.subresource ?? "") &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(request.name))
  );
}

function matchesScope(scope: string | undefined, kind: Kind): boolean {
  if (scope === undefined || scope === "*") return true;
  return scope === (kind.namespaced ? "Namespaced" : "Cluster");
}

function matchesResource(resources: readonly string[] | undefined, plural: string, subresource: string): boolean {
  return (resources ?? []).some((pattern) => {
    const [resource = "", sub = ""] = pattern.split("/", 2);
    return (resource === "*" || resource === plural) && (sub === "*" || sub === subresource);
  });
}

function matchesObjectSelector(labelSelector: LabelSelector | undefined, { object, old }: AdmissionRequest): boolean {
  const selector = selectorFromLabelSelector(labelSelector ?? {});
  if (selector.empty) return true;
  // Options of a connection have no metadata, and so no labels.
  return [object, old].some((candidate) => candidate !== undefined && selector.matches(candidate.metadata?.labels));
}

function matchesNamespaceSelector(labelSelector: LabelSelector | undefined, request: AdmissionRequest, cluster: AdmissionCluster): boolean {
  const name = namespaceOf(request);
  if (!name) return true;
  const selector = selectorFromLabelSelector(labelSelector ?? {});
  if (selector.empty) return true;
  const own = isNamespace(request) ? (request.object ?? request.old) : undefined;
  const namespace = own ?? cluster.find("", "Namespace", { name });
  if (!namespace) throw notFound({ group: "", plural: "namespaces" }, name);
  return selector.matches(namespace.metadata.labels);
}

export function isNamespace({ kind }: AdmissionRequest): boolean {
  return kind.group === "" && kind.kind === "Namespace";
}

/** A namespace is a request in itself. Upstream: RequestInfo */
export function namespaceOf(request: AdmissionRequest): string {
  return isNamespace(request) ? request.name : (request.namespace ?? "");
}

/** The object as this kind shows it. */
export function asKind(kind: Kind, object: KubernetesObject | undefined): KubernetesObject | null {
  if (!object) return null;
  return kind.storedAs ? kind.storedAs.fromStored(object) : object;
}
