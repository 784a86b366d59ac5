import type { PolicyRule } from "./generated/rbac-v1.ts";

/** Rules of one verb, one group, one resource and at most one name. Upstream: component-helpers/auth/rbac/validation BreakdownRule */
export function breakDownRule(rule: PolicyRule): PolicyRule[] {
  const single = (given: readonly string[] | undefined): readonly string[] => given ?? [];
  const forResources = single(rule.apiGroups).flatMap((group) =>
    single(rule.resources).flatMap((resource) =>
      rule.verbs.flatMap((verb): PolicyRule[] =>
        rule.resourceNames?.length
          ? rule.resourceNames.map((name) => ({ apiGroups: [group], resources: [resource], verbs: [verb], resourceNames: [name] }))
          : [{ apiGroups: [group], resources: [resource], verbs: [verb] }],
      ),
    ),
  );
  const forPaths = single(rule.nonResourceURLs).flatMap((url) =>
    rule.verbs.map((verb): PolicyRule => ({ nonResourceURLs: [url], verbs: [verb] })),
  );
  return [...forResources, ...forPaths];
}

/** Whether one of `breakDownRule`'s rules is within another. Upstream: component-helpers/auth/rbac/validation ruleCovers */
export function ruleCovers(own: PolicyRule, wanted: PolicyRule): boolean {
  const all = (mine: readonly string[] | undefined, theirs: readonly string[] | undefined) =>
    (theirs ?? []).every((each) => mine?.includes("*") || mine?.includes(each));
  if (!all(own.verbs, wanted.verbs)) return false;
  if (wanted.nonResourceURLs)
    return wanted.nonResourceURLs.every((url) =>
      own.nonResourceURLs?.some((mine) => mine === "*" || mine === url || (mine.endsWith("*") && url.startsWith(mine.slice(0, -1)))),
    );
  const [resource = ""] = wanted.resources ?? [];
  const bySubresource = resource.includes("/") && own.resources?.includes(`*/${resource.split("/")[1]}`);
  if (!all(own.apiGroups, wanted.apiGroups) || !(all(own.resources, wanted.resources) || bySubresource)) return false;
  if (!own.resourceNames?.length) return true;
  return wanted.resourceNames !== undefined && wanted.resourceNames.every((name) => own.resourceNames?.includes(name));
}

/** Those of the servant's rules that none of the owner's covers, broken down. Upstream: validation.Covers */
export function uncoveredRules(owner: readonly PolicyRule[], servant: readonly PolicyRule[]): PolicyRule[] {
  const owned = owner.flatMap(breakDownRule);
  return servant.flatMap(breakDownRule).filter((rule) => !owned.some((own) => ruleCovers(own, rule)));
}
