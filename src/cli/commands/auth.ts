import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { ALL_NAMESPACES_FLAG } from "../resources.ts";

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
      short:
        "Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects",
      load: async () => (await import("./missing.ts")).missingCommand("auth reconcile"),
    },
    entry(
      "whoami",
      "Experimental: Check self subject attributes",
      [
        {
          name: "output",
          shorthand: "o",
          type: "string",
          usage: "Output format. One of: (json, yaml).",
        },
      ],
      whoami,
    ),
  ],
};

export default auth;

async function canI(context: CommandContext): Promise<number | void> {
  const client = await context.client();
  const namespace = context.flags.bool("all-namespaces") ? "" : await context.namespace();
  if (context.flags.bool("list")) return listRules(context, namespace);
  const [verb, resourceText, name] = context.args;
  if (verb === undefined || resourceText === undefined)
    throw new Error(
      "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
    );
  const spec = resourceText.startsWith("/")
    ? { nonResourceAttributes: { path: resourceText, verb } }
    : {
        resourceAttributes: await resourceAttributes(context, verb, resourceText, name, namespace),
      };
  const answer = await client.json<{
    status?: { allowed?: boolean; reason?: string; evaluationError?: string };
  }>("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      metadata: {},
      spec,
    },
  });
  const allowed = answer.status?.allowed ?? false;
  const reason = [
    answer.status?.reason && ` - ${answer.status.reason}`,
    answer.status?.evaluationError && ` - ${answer.status.evaluationError}`,
  ]
    .filter(Boolean)
    .join("");
  if (!context.flags.bool("quiet")) context.print(allowed ? "yes" : `no${reason}`);
  return allowed ? 0 : 1;
}

async function resourceAttributes(
  context: CommandContext,
  verb: string,
  text: string,
  nameArgument: string | undefined,
  namespace: string,
) {
  const [type = "", name] = text.split("/");
  const info = type === "*" ? undefined : await (await context.discovery()).find(type);
  if (!info && type !== "*")
    context.io.err(`Warning: the server doesn't have a resource type '${type}'\n`);
  if (info && !info.namespaced)
    context.io.err(
      `Warning: resource '${info.resource}' is not namespace scoped${info.group ? ` in group '${info.group}'` : ""}\n\n`,
    );
  const chosen = name ?? nameArgument;
  return {
    ...(namespace ? { namespace } : {}),
    verb,
    group: info?.group ?? (type === "*" ? "*" : ""),
    resource: info?.resource ?? type,
    ...(context.flags.text("subresource")
      ? { subresource: context.flags.text("subresource") }
      : {}),
    ...(chosen ? { name: chosen } : {}),
  };
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
  const list = (values: readonly string[] | undefined) => `[${(values ?? []).join(" ")}]`;
  const lines = [
    ...(answer.status?.resourceRules ?? []).flatMap((rule) =>
      (rule.apiGroups ?? [""]).flatMap((group) =>
        (rule.resources ?? []).map((resource) => [
          group === "" ? resource : `${resource}.${group}`,
          "[]",
          list(rule.resourceNames),
          list(rule.verbs),
        ]),
      ),
    ),
    ...(answer.status?.nonResourceRules ?? []).map((rule) => [
      "",
      list(rule.nonResourceURLs),
      "[]",
      list(rule.verbs),
    ]),
  ].map((cells) => `${cells.join("\t")}\n`);
  if (!context.flags.bool("no-headers"))
    lines.unshift("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
  context.io.out(tableWriter().render(lines.join("")));
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
  const output = context.flags.text("output");
  if (output === "json")
    return context.print((await import("../printers/output.ts")).renderJson(answer));
  if (output === "yaml")
    return context.io.out((await import("../../api/yaml.ts")).renderYaml(answer));
  const user = answer.status?.userInfo ?? {};
  const rows = [
    ["ATTRIBUTE", "VALUE"],
    ["Username", user.username ?? ""],
    ...(user.uid ? [["UID", user.uid]] : []),
    ["Groups", `[${(user.groups ?? []).join(" ")}]`],
    ...Object.entries(user.extra ?? {}).map(([key, values]) => [
      `Extra: ${key}`,
      `[${values.join(" ")}]`,
    ]),
  ];
  context.io.out(tableWriter().render(rows.map((row) => `${row.join("\t")}\n`).join("")));
}
