import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import { ConnectionError } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";
import { OUTPUT_FLAGS } from "../printers/output.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { DRY_RUN_FLAG } from "../dry-run.ts";
import { ALL_NAMESPACES_FLAG, FILE_FLAGS } from "../objects/resources.ts";

const entry = (
  name: string,
  short: string,
  flags: readonly FlagSpec[],
  run: (context: CommandContext) => Promise<number | void>,
): CommandEntry => ({ name, short, load: async () => ({ flags, run }) });

const auth: CommandSpec = {
  long: "Inspect authorization.",
  subcommands: [
    entry(
      "can-i",
      "Check whether an action is allowed",
      [
        ALL_NAMESPACES_FLAG,
        { name: "list", type: "bool", usage: "If true, prints all allowed actions." },
        { name: "no-headers", type: "bool", usage: "Leave out the headers" },
        {
          name: "quiet",
          shorthand: "q",
          type: "bool",
          usage: "If true, suppress output and just return the exit code.",
        },
        {
          name: "subresource",
          type: "string",
          usage: "SubResource such as pod/log or deployment/scale",
        },
      ],
      canI,
    ),
    {
      name: "reconcile",
      short: "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects",
      load: async () => {
        const { reconcile, RECONCILE_FLAGS } = await import("./auth-reconcile.ts");
        return { usage: "-f FILENAME", flags: [...FILE_FLAGS, ...OUTPUT_FLAGS, DRY_RUN_FLAG, ...RECONCILE_FLAGS], run: reconcile };
      },
    },
    entry("whoami", "Experimental: Check self subject attributes", [...OUTPUT_FLAGS], whoami),
  ],
};

export default auth;

// Upstream: pkg/cmd/auth/cani.go resourceVerbs, nonResourceURLVerbs
const RESOURCE_VERBS: ReadonlySet<string> = new Set(
  "get list watch create update patch delete deletecollection use bind escalate impersonate * approve sign attest".split(" "),
);
const URL_VERBS: ReadonlySet<string> = new Set("get put post head options delete patch *".split(" "));

// What roles speak of without a resource of the API. Upstream: nonStandardResourceNames
const BEYOND_DISCOVERY: ReadonlySet<string> = new Set(["users", "groups"]);

/** Upstream: pkg/cmd/auth/cani.go Complete, Validate and the run */
async function canI(context: CommandContext): Promise<number | void> {
  const { flags, args } = context;
  const [verb = "", target = ""] = args;
  if (flags.bool("list") && args.length > 0) throw new Error("list option must be specified with no arguments");
  if (!flags.bool("list") && args.length !== 2)
    throw new Error(
      "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
    );
  await context.checkConfig();
  const namespace = flags.bool("all-namespaces") ? "" : await context.namespace();
  if (flags.bool("list")) return listRules(context, namespace);
  const asked = await accessTo(context, target, { verb, namespace });
  if (flags.bool("no-headers")) throw new Error("--no-headers cannot be set without --list specified");
  return mayI(context, asked);
}

/** Whether the server allows it. */
async function mayI(context: CommandContext, spec: Json): Promise<number> {
  const client = await context.client();
  const { status = {} } = await client.json<{ status?: { allowed?: boolean; reason?: string; evaluationError?: string } }>(
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    { body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", metadata: {}, spec } },
  );
  const reasons = [status.reason, status.evaluationError].map((reason) => (reason ? ` - ${reason}` : "")).join("");
  if (!context.flags.bool("quiet")) context.print(status.allowed ? "yes" : `no${reasons}`);
  return status.allowed ? 0 : 1;
}

/** What is asked for; with warnings where the question makes little sense. */
async function accessTo(
  context: CommandContext,
  target: string,
  { verb, namespace }: { readonly verb: string; readonly namespace: string },
): Promise<Json> {
  const subresource = context.flags.text("subresource");
  const warn = (text: string) => context.io.err(`Warning: ${text}\n\n`);
  if (target.startsWith("/")) {
    if (subresource !== "") throw new Error("--subresource can not be used with NonResourceURL");
    if (!URL_VERBS.has(verb)) warn(`verb '${verb}' is not a known verb`);
    return { nonResourceAttributes: { path: target, verb } };
  }
  const [, type = "", name] = /^([^/]*)(?:\/(.*))?$/s.exec(target) ?? [];
  const info = type === "*" ? undefined : await findResource(context, type);
  if (!info && type !== "*" && !BEYOND_DISCOVERY.has(type.toLowerCase())) warn(`the server doesn't have a resource type ${inGroup(type)}`);
  if (type !== "" && !context.flags.bool("all-namespaces")) {
    if (info && !info.namespaced)
      warn(`resource '${info.resource}' is not namespace scoped${info.group ? ` in group '${info.group}'` : ""}`);
    if (!RESOURCE_VERBS.has(verb)) warn(`verb '${verb}' is not a known verb`);
  }
  return {
    resourceAttributes: {
      ...(namespace ? { namespace } : {}),
      verb,
      ...(info?.group ? { group: info.group } : {}),
      resource: info?.resource ?? type,
      ...(subresource ? { subresource } : {}),
      ...(name ? { name } : {}),
    },
  };
}

/** `'deployments' in group 'apps'` */
function inGroup(type: string): string {
  const [resource = "", ...group] = type.toLowerCase().split(".");
  return `'${resource}'${group.length > 0 ? ` in group '${group.join(".")}'` : ""}`;
}

/** Upstream says only that there is no such resource, whatever the reason. */
async function findResource(context: CommandContext, type: string): Promise<ResourceInfo | undefined> {
  try {
    return await (await context.discovery()).find(type);
  } catch (error) {
    if (error instanceof ConnectionError) return undefined;
    throw error;
  }
}

interface Rules {
  status?: {
    resourceRules?: {
      verbs: string[];
      apiGroups?: string[];
      resources?: string[];
      resourceNames?: string[];
    }[];
    nonResourceRules?: { verbs: string[]; nonResourceURLs?: string[] }[];
  };
}

async function listRules(context: CommandContext, namespace: string): Promise<void> {
  const { flags } = context;
  if (flags.bool("quiet") || flags.bool("all-namespaces") || flags.text("subresource") !== "")
    throw new Error("list option can't be specified with neither quiet, all-namespaces nor subresource options");
  const answer = await (
    await context.client()
  ).json<Rules>("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectRulesReview",
      metadata: {},
      spec: { namespace },
    },
  });
  const rules = [...(answer.status?.resourceRules ?? []), ...(answer.status?.nonResourceRules ?? [])].flatMap(breakDown);
  const lines = compact(rules)
    .sort((a, b) => (goText(a) < goText(b) ? -1 : goText(a) > goText(b) ? 1 : 0))
    .map((rule) => `${withGroup(rule)}\t${goList(rule.nonResourceURLs)}\t${goList(rule.resourceNames)}\t${goList(rule.verbs)}\n`);
  if (!context.flags.bool("no-headers")) lines.unshift("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
  context.io.out(tableWriter().render(lines.join("")));
}

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

const goList = (values: readonly string[] | undefined) => `[${(values ?? []).join(" ")}]`;

/** As Go's generated String prints it: what the rules are sorted by. */
const goText = (rule: Rule) =>
  `&PolicyRule{Verbs:${goList(rule.verbs)},APIGroups:${goList(rule.apiGroups)},Resources:${goList(rule.resources)},ResourceNames:${goList(rule.resourceNames)},NonResourceURLs:${goList(rule.nonResourceURLs)},}`;

/** `deployments.apps/scale` */
function withGroup({ resources, apiGroups }: Rule): string {
  const [resource = ""] = resources ?? [];
  const [group = ""] = apiGroups ?? [];
  const [first = "", ...rest] = resource.split("/");
  return `${first}${group === "" ? "" : `.${group}`}${rest.length > 0 ? `/${rest.join("/")}` : ""}`;
}

/** Rules of one verb, resource and name. Upstream: pkg/util/rbac BreakdownRule */
function breakDown(rule: Rule): Rule[] {
  const names = rule.resourceNames?.length ? rule.resourceNames.map((name) => ({ resourceNames: [name] })) : [{}];
  return [
    ...(rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((resource) =>
        rule.verbs.flatMap((verb) =>
          names.map((name) => ({
            apiGroups: [group],
            resources: [resource],
            verbs: [verb],
            ...name,
          })),
        ),
      ),
    ),
    ...(rule.nonResourceURLs ?? []).flatMap((url) => rule.verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] }))),
  ];
}

/** Those that differ by their verbs only become one. Upstream: pkg/util/rbac CompactRules */
function compact(rules: readonly Rule[]): Rule[] {
  const simple = new Map<string, Rule>();
  const others: Rule[] = [];
  for (const rule of rules) {
    if (rule.nonResourceURLs) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const verbs = [...new Set([...(simple.get(key)?.verbs ?? []), ...rule.verbs])];
    simple.set(key, { ...rule, verbs });
  }
  return [...others, ...simple.values()];
}

async function whoami(context: CommandContext): Promise<void> {
  const answer = await (
    await context.client()
  ).json<{
    status?: {
      userInfo?: {
        username?: string;
        uid?: string;
        groups?: string[];
        extra?: Record<string, string[]>;
      };
    };
  }>("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview", metadata: {} },
  });
  const { findPrinter, unknownFormat } = await import("../printers/output.ts");
  const output = context.flags.text("output");
  const printer = output === "" ? undefined : await findPrinter(context.flags, "typed");
  if (printer)
    return context.io.out(
      printer({ kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1", metadata: {}, status: answer.status }),
    );
  if (output !== "") throw unknownFormat(output);
  const user = answer.status?.userInfo ?? {};
  const rows = [
    ["ATTRIBUTE", "VALUE"],
    ["Username", user.username ?? ""],
    ...(user.uid ? [["UID", user.uid]] : []),
    ["Groups", `[${(user.groups ?? []).join(" ")}]`],
    ...Object.entries(user.extra ?? {}).map(([key, values]) => [`Extra: ${key}`, `[${values.join(" ")}]`]),
  ];
  context.io.out(tableWriter().render(rows.map((row) => `${row.join("\t")}\n`).join("")));
}
