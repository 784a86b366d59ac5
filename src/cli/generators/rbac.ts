import type { CommandContext } from "../command.ts";
import { ExitError } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";
import type { Generator } from "./index.ts";

const RULE_FLAGS: readonly FlagSpec[] = [
  { name: "resource", type: "stringSlice", usage: "Resource that the rule applies to" },
  {
    name: "resource-name",
    type: "stringArray",
    usage: "Resource in the white list that the rule applies to, repeat this flag for multiple items",
  },
  {
    name: "verb",
    type: "stringSlice",
    usage: "Verb that applies to the resources contained in the rule",
  },
];

const SUBJECT_FLAGS: readonly FlagSpec[] = [
  { name: "group", type: "stringArray", usage: "Groups to bind to the role." },
  {
    name: "serviceaccount",
    type: "stringArray",
    usage: "Service accounts to bind to the role, in the format <namespace>:<name>.",
  },
  { name: "user", type: "stringArray", usage: "Usernames to bind to the role." },
];

const RBAC = "rbac.authorization.k8s.io";

const RESOURCE_VERBS = "* get delete list create update patch watch proxy deletecollection use bind escalate impersonate".split(" ");
const URL_VERBS = "* get post put delete patch head options".split(" ");
/** Verbs that only some resources have. */
const SPECIAL_VERBS: Readonly<Record<string, readonly string[]>> = {
  use: ["podsecuritypolicies.policy", "podsecuritypolicies.extensions"],
  bind: ["roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"],
  escalate: ["roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"],
  impersonate: ["users.", "serviceaccounts.", "groups.", "userextras.authentication.k8s.io"],
};

function checkUrls(urls: readonly string[], verbs: readonly string[]): void {
  const wrong = urls.length > 0 ? verbs.find((verb) => !URL_VERBS.includes(verb)) : undefined;
  if (wrong !== undefined) throw new Error(`invalid verb: '${wrong}' for nonResourceURL`);
  for (const url of urls) {
    if (url === "*") continue;
    if (url === "" || !url.startsWith("/")) throw new Error("nonResourceURL should start with /");
    if (url.slice(0, -1).includes("*")) throw new Error("nonResourceURL only supports wildcard matches when '*' is at the end");
  }
}

/** Rules need the server's words for resources: `po` becomes pods. */
async function rules(context: CommandContext, mayHaveUrls: boolean): Promise<Record<string, unknown>[]> {
  const { flags } = context;
  const given = [...new Set(flags.list("verb"))];
  const verbs = given.includes("*") ? ["*"] : given;
  if (verbs.length === 0) throw new Error("at least one verb must be specified");
  const resources = flags.list("resource");
  const urls = [...new Set(flags.list("non-resource-url"))];
  if (mayHaveUrls && resources.length === 0 && urls.length === 0) throw new Error("one of resource or nonResourceURL must be specified");
  if (!mayHaveUrls || resources.length > 0)
    for (const verb of verbs) if (!RESOURCE_VERBS.includes(verb)) context.io.err(`Warning: '${verb}' is not a standard resource verb\n`);
  if (!mayHaveUrls && resources.length === 0) throw new Error("at least one resource must be specified");
  const meant = await resourceRules(context, verbs);
  checkUrls(urls, verbs);
  return [...meant, ...(urls.length > 0 ? [{ nonResourceURLs: urls, verbs }] : [])];
}

/** A rule for each group. Upstream: create_role.go validateResource and generateResourcePolicyRules */
async function resourceRules(context: CommandContext, verbs: readonly string[]): Promise<Record<string, unknown>[]> {
  const byGroup = new Map<string, Set<string>>();
  let isChecked = true;
  for (const text of withoutCovered(context.flags.list("resource"))) {
    const [, name = "", wanted = "", subresource] = /^([^./]*)(?:\.([^/]*))?(?:\/(.*))?$/.exec(text) ?? [];
    if (isChecked && name === "") throw new Error("resource must be specified if apiGroup/subresource specified");
    // What comes after a subresource of all is taken as it is.
    if (name === "*") isChecked = false;
    const { resource, group, isKnown } = await groupResource(context, name, wanted);
    if (isChecked) checkVerbs(verbs, { resource, group, isKnown });
    byGroup.set(group, (byGroup.get(group) ?? new Set()).add(`${resource}${subresource ? `/${subresource}` : ""}`));
  }
  const names = [...new Set(context.flags.list("resource-name"))];
  return [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, resources]) => ({
      apiGroups: [group],
      ...(names.length > 0 ? { resourceNames: names } : {}),
      resources: [...resources],
      verbs,
    }));
}

/** "All of them" stands for the others, too. */
const withoutCovered = (words: readonly string[]) => (words.includes("*") ? ["*"] : words);

interface GroupResource {
  readonly resource: string;
  readonly group: string;
  readonly isKnown: boolean;
}

/** The beginning of a group is enough; what the server does not know stays as it was written. */
async function groupResource(context: CommandContext, name: string, group: string): Promise<GroupResource> {
  const discovery = await context.discovery();
  const info = name === "*" || name === "" ? undefined : await discovery.find(group === "" ? name : `${name}.${group}`);
  if (!info?.group.startsWith(group)) return { resource: name, group, isKnown: false };
  return { resource: info.resource, group: info.group, isKnown: true };
}

function checkVerbs(verbs: readonly string[], { resource, group, isKnown }: GroupResource): void {
  const special = verbs.filter((verb) => SPECIAL_VERBS[verb]);
  const wrong = special.find((verb) => !SPECIAL_VERBS[verb]?.includes(`${resource}.${group}`));
  if (wrong !== undefined) throw new Error(`can not perform '${wrong}' on '${resource}' in group '${group}'`);
  // Resources that only roles know go with their verbs.
  if (!isKnown && special.length === 0) throw new ExitError(unknownResource(group === "" ? resource : `${resource}.${group}`));
}

const role: Generator = {
  usage: "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]",
  flags: RULE_FLAGS,
  resource: "roles",
  namespaced: true,
  needsName: true,
  build: async (context, name) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "Role",
    metadata: { name },
    rules: await rules(context, false),
  }),
};

const clusterrole: Generator = {
  usage: "NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]",
  flags: [
    ...RULE_FLAGS,
    {
      name: "aggregation-rule",
      type: "mapStringString",
      default: "",
      usage: "An aggregation label selector for combining ClusterRoles.",
    },
    {
      name: "non-resource-url",
      type: "stringSlice",
      usage: "A partial url that user should have access to.",
    },
  ],
  resource: "clusterroles",
  namespaced: false,
  needsName: true,
  async build(context, name) {
    const aggregation = context.flags.list("aggregation-rule");
    if (aggregation.length > 0) {
      if (["non-resource-url", "verb", "resource", "resource-name"].some((flag) => context.flags.list(flag).length > 0))
        throw new Error("aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames");
      return {
        apiVersion: `${RBAC}/v1`,
        kind: "ClusterRole",
        metadata: { name },
        aggregationRule: {
          clusterRoleSelectors: [
            {
              matchLabels: Object.fromEntries(aggregation.map(cutPair)),
            },
          ],
        },
        rules: null,
      };
    }
    return {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name },
      rules: await rules(context, true),
    };
  },
};

const cutPair = (pair: string): [string, string] => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];

function subjects({ flags }: CommandContext): { subjects?: Record<string, unknown>[] } {
  const all = [
    ...flags.list("user").map((name) => ({ apiGroup: RBAC, kind: "User", name })),
    ...flags.list("group").map((name) => ({ apiGroup: RBAC, kind: "Group", name })),
    ...flags.list("serviceaccount").map((text) => {
      const [namespace, name, ...more] = text.split(":");
      if (!namespace || !name || more.length > 0) throw new Error("serviceaccount must be <namespace>:<name>");
      return { kind: "ServiceAccount", name, namespace };
    }),
  ];
  return all.length > 0 ? { subjects: all } : {};
}

const rolebinding: Generator = {
  usage:
    "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
  flags: [
    ...SUBJECT_FLAGS,
    { name: "clusterrole", type: "string", usage: "ClusterRole this RoleBinding should reference" },
    { name: "role", type: "string", usage: "Role this RoleBinding should reference" },
  ],
  resource: "rolebindings",
  namespaced: true,
  needsName: true,
  build(context, name) {
    const [cluster, local] = [context.flags.text("clusterrole"), context.flags.text("role")];
    if ((cluster === "") === (local === "")) throw new Error("exactly one of clusterrole or role must be specified");
    return {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: cluster ? "ClusterRole" : "Role", name: cluster || local },
      ...subjects(context),
    };
  },
};

const clusterrolebinding: Generator = {
  usage:
    "NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
  flags: [
    ...SUBJECT_FLAGS,
    {
      name: "clusterrole",
      type: "string",
      required: true,
      usage: "ClusterRole this ClusterRoleBinding should reference",
    },
  ],
  resource: "clusterrolebindings",
  namespaced: false,
  build: (context, name) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: context.flags.text("clusterrole") },
    ...subjects(context),
  }),
};

export const generators: Readonly<Record<string, Generator>> = {
  role,
  clusterrole,
  rolebinding,
  clusterrolebinding,
};

function unknownResource(name: string): string {
  const [resource = "", ...group] = name.split(".");
  const where = group.length > 0 ? ` in group ${JSON.stringify(group.join("."))}` : "";
  return `the server doesn't have a resource type ${JSON.stringify(resource)}${where}`;
}
