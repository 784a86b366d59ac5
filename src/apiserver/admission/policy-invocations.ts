import type { MatchResources, ParamKind, ParamRef } from "../../api/generated/admissionregistration-v1.ts";
import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { messageOf } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionRequest } from "./admission.ts";
import { criteriaOf, matchedKind, namespaceOf } from "./match-resources.ts";
import { collectParams } from "./policy-params.ts";

const GROUP = "admissionregistration.k8s.io";

export interface Policy extends KubernetesObject {
  readonly spec: { readonly matchConstraints?: MatchResources; readonly failurePolicy?: string; readonly paramKind?: ParamKind };
}

export interface PolicyBinding extends KubernetesObject {
  readonly spec: { readonly policyName?: string; readonly matchResources?: MatchResources; readonly paramRef?: ParamRef };
}

/** A policy to be evaluated, or why it cannot be. */
export type Invocation<P extends Policy, B extends PolicyBinding> =
  | {
      readonly policy: P;
      readonly binding: B;
      readonly matched: Kind;
      readonly param: KubernetesObject | null;
      readonly problem?: undefined;
    }
  | { readonly policy: P; readonly binding: B | undefined; readonly problem: string };

/** Policies do not hold for policies: nobody locks themselves out. Upstream: isPolicyResource in policy/generic/plugin.go */
export function isPolicyResource({ group, plural }: Kind): boolean {
  return group === GROUP && /^(?:validating|mutating)admissionpolic(?:ies|ybindings)$/.test(plural);
}

/** What of a kind of policy is about the request, once for each binding and parameter. Upstream: policy/generic/policy_dispatcher.go */
export function invocationsOf<P extends Policy, B extends PolicyBinding>(
  kindName: string,
  request: AdmissionRequest,
  cluster: AdmissionCluster,
): Invocation<P, B>[] {
  if (isPolicyResource(request.kind)) return [];
  const bindings = cluster.list(GROUP, `${kindName}Binding`) as unknown as readonly B[];
  if (bindings.length === 0) return [];
  const bound = new Map<string, B[]>();
  for (const binding of bindings) {
    const name = binding.spec.policyName ?? "";
    const others = bound.get(name);
    if (others) others.push(binding);
    else bound.set(name, [binding]);
  }
  return [...bound].flatMap(([name, ofPolicy]) => {
    const policy = cluster.find(GROUP, kindName, { name }) as unknown as P | undefined;
    return policy ? invocationsOfPolicy(policy, ofPolicy, request, cluster) : [];
  });
}

function invocationsOfPolicy<P extends Policy, B extends PolicyBinding>(
  policy: P,
  bindings: readonly B[],
  request: AdmissionRequest,
  cluster: AdmissionCluster,
): Invocation<P, B>[] {
  const invocations: Invocation<P, B>[] = [];
  const attempt = <T>(step: () => T, binding?: B): T | undefined => {
    try {
      return step();
    } catch (error) {
      invocations.push({ policy, binding, problem: `failed to configure ${binding ? "binding" : "policy"}: ${messageOf(error)}` });
      return undefined;
    }
  };
  const { matchConstraints, paramKind } = policy.spec;
  const matched = attempt(() => matchedKind(criteriaOf(matchConstraints ?? {}), request, cluster));
  if (!matched) return invocations;
  const params = attempt(() => ({ kind: paramKind && kindOfParams(paramKind, cluster) }));
  if (!params) return invocations;
  for (const binding of bindings) {
    const { matchResources, paramRef } = binding.spec;
    if (!attempt(() => !matchResources || matchedKind(criteriaOf(matchResources), request, cluster) !== undefined, binding)) continue;
    for (const param of attempt(() => collectParams(params.kind, paramRef, namespaceOf(request), cluster), binding) ?? [])
      invocations.push({ policy, binding, matched, param });
  }
  return invocations;
}

function kindOfParams({ apiVersion = "", kind = "" }: ParamKind, cluster: AdmissionCluster): Kind {
  const found = cluster.kind(apiVersion, kind);
  if (!found) throw new Error(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
  return found;
}
