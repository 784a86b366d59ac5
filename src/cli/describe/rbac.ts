import type { PolicyRule, RoleRef, Subject } from "../../api/generated/rbac-v1.ts";
import type { Described } from "./describe-object.ts";
import { DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

/** A rule about one resource, or one path. */
interface SmallRule {
  readonly group: string | undefined;
  readonly resource: string | undefined;
  readonly name: string | undefined;
  readonly url: string | undefined;
  readonly verbs: string[];
}

/** Upstream: describe.RoleDescriber, ClusterRoleDescriber */
export async function describeRole({ object }: Described): Promise<string> {
  const writer = head(object.metadata);
  writer.line(0, "PolicyRule:");
  writer.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
  writer.line(1, "---------\t-----------------\t--------------\t-----");
  const rules = compact(((object["rules"] ?? []) as PolicyRule[]).flatMap(breakDown));
  for (const rule of rules.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)))
    writer.line(1, `${resourceText(rule)}\t${list(rule.url)}\t${list(rule.name)}\t[${rule.verbs.join(" ")}]`);
  return writer.render();
}

/** Upstream: describe.RoleBindingDescriber, ClusterRoleBindingDescriber */
export async function describeRoleBinding({ object }: Described): Promise<string> {
  const writer = head(object.metadata);
  const role = object["roleRef"] as RoleRef;
  writer.line(0, "Role:");
  writer.line(1, `Kind:\t${role.kind}`);
  writer.line(1, `Name:\t${role.name}`);
  writer.line(0, "Subjects:");
  writer.line(1, "Kind\tName\tNamespace");
  writer.line(1, "----\t----\t---------");
  for (const { kind, name, namespace } of (object["subjects"] ?? []) as Subject[]) writer.line(1, `${kind}\t${name}\t${namespace ?? ""}`);
  return writer.render();
}

function head(metadata: Described["object"]["metadata"]): DescribeWriter {
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  return writer;
}

/** One rule for every resource, verb and name. Upstream: component-helpers/auth/rbac/validation BreakdownRule */
function breakDown(rule: PolicyRule): SmallRule[] {
  const names = rule.resourceNames?.length ? rule.resourceNames : [undefined];
  const resources = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb) => names.map((name) => ({ group, resource, name, url: undefined, verbs: [verb] }))),
    ),
  );
  const urls = (rule.nonResourceURLs ?? []).flatMap((url) =>
    rule.verbs.map((verb) => ({
      group: undefined,
      resource: undefined,
      name: undefined,
      url,
      verbs: [verb],
    })),
  );
  return [...resources, ...urls];
}

/** Rules about the same resource become one with all their verbs. Upstream: CompactRules */
function compact(rules: readonly SmallRule[]): SmallRule[] {
  const merged = new Map<string, SmallRule>();
  const out: SmallRule[] = [];
  for (const rule of rules) {
    const key = JSON.stringify([rule.group, rule.resource, rule.name]);
    const present = rule.url === undefined ? merged.get(key) : undefined;
    if (present) present.verbs.push(...rule.verbs);
    else {
      out.push(rule);
      if (rule.url === undefined) merged.set(key, rule);
    }
  }
  return out;
}

const list = (value: string | undefined) => `[${value ?? ""}]`;
const sortKey = (rule: SmallRule) =>
  `Verbs:[${rule.verbs.join(" ")}],APIGroups:${list(rule.group)},Resources:${list(rule.resource)},ResourceNames:${list(rule.name)},NonResourceURLs:${list(rule.url)},`;

/** `pods.apps/log`. Upstream: CombineResourceGroup */
function resourceText({ resource, group }: SmallRule): string {
  if (resource === undefined) return "";
  const [name = "", ...sub] = resource.split("/");
  return `${name}${group ? `.${group}` : ""}${sub.length > 0 ? `/${sub.join("/")}` : ""}`;
}
