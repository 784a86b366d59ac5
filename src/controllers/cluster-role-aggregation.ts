import type { ClusterRole, PolicyRule } from "../api/generated/rbac-v1.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { clusterRoles } from "../api/resources/cluster-role.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";
import { sameValue } from "./support/hash.ts";

const NAME = "clusterrole-aggregation-controller";

/** Roles with an aggregation rule get the rules of all that it selects. Upstream: pkg/controller/clusterroleaggregation */
export const clusterRoleAggregation: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log }) {
    const own = client.as(NAME);
    const all = informers.of(clusterRoles);
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(name) {
        const role = all.find(name);
        if (!role?.aggregationRule) return;
        const rules = aggregate(role, all.list());
        if (!sameValue(rules, role.rules ?? [])) await own.mutate(clusterRoles, role.metadata, (now) => ({ ...now, rules }));
      },
    });
    const changed = () => {
      for (const role of all.list()) if (role.aggregationRule) reconciler.add(role.metadata.name);
    };
    all.addHandler({ added: changed, updated: changed, deleted: changed });
  },
};

function aggregate(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const seen = new Set<string>();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const wanted = selectorFromLabelSelector(selector);
    const chosen = all.filter((other) => other.metadata.name !== role.metadata.name && wanted.matches(other.metadata.labels ?? {}));
    for (const other of chosen.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      for (const rule of other.rules ?? []) {
        const key = JSON.stringify(rule);
        if (!seen.has(key)) rules.push(rule);
        seen.add(key);
      }
    }
  }
  return rules;
}
