import { changeObjects, hasPodSpec, withPodSpec, type ContainerJson, type PodSpecJson } from "../change.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG } from "../dry-run.ts";
import type { FlagSpec } from "../flags.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS } from "../report.ts";
import { FILE_FLAGS, SELECTOR_FLAG } from "../resources.ts";

const COMMON: readonly FlagSpec[] = [
  ...FILE_FLAGS,
  ...OUTPUT_FLAGS,
  DRY_RUN_FLAG,
  SELECTOR_FLAG,
  FIELD_MANAGER_FLAG("kubectl-set"),
  { name: "all", type: "bool", usage: "Select all resources of the given types" },
  { name: "local", type: "bool", usage: "If true, do not ask the server." },
];
const CONTAINERS: FlagSpec = {
  name: "containers",
  shorthand: "c",
  type: "string",
  default: "*",
  usage: "The names of containers to change - may use wildcards",
};

const set: CommandSpec = {
  long: "Configure application resources.\n\n These commands help you make changes to existing application resources.",
  subcommands: [
    sub(
      "env",
      "Update environment variables on a pod template",
      [
        ...COMMON,
        CONTAINERS,
        { name: "env", shorthand: "e", type: "stringArray", usage: "key=value pairs of variables" },
        { name: "from", type: "string", usage: "Name of a resource to take variables from" },
        { name: "keys", type: "stringSlice", usage: "Only these keys of the resource" },
        { name: "list", type: "bool", usage: "If true, print the variables." },
        {
          name: "overwrite",
          type: "bool",
          default: true,
          usage: "If false, variables that are there stay.",
        },
        { name: "prefix", type: "string", usage: "Prefix for the names of variables" },
        {
          name: "resolve",
          type: "bool",
          usage: "With --list: show the values that references stand for.",
        },
      ],
      setEnv,
    ),
    sub("image", "Update the image of a pod template", COMMON, setImage),
    sub(
      "resources",
      "Update resource requests/limits on objects with pod templates",
      [
        ...COMMON,
        CONTAINERS,
        {
          name: "limits",
          type: "string",
          usage: "The resource requirement limits (cpu=100m,memory=256Mi).",
        },
        {
          name: "requests",
          type: "string",
          usage: "The resource requirement requests (cpu=100m,memory=256Mi).",
        },
      ],
      setResources,
    ),
    sub("selector", "Set the selector on a resource", COMMON, setSelector),
    sub("serviceaccount", "Update the service account of a resource", COMMON, setServiceAccount, ["sa"]),
    {
      name: "subject",
      short: "Update the user, group, or service account in a role binding or cluster role binding",
      load: async () => (await import("./missing.ts")).missingCommand("set subject"),
    },
  ],
};

export default set;

function sub(
  name: string,
  short: string,
  flags: readonly FlagSpec[],
  run: (context: CommandContext) => Promise<void>,
  aliases: string[] = [],
): CommandEntry {
  return { name, short, aliases, load: async () => ({ flags, run }) };
}

function splitArgs(context: CommandContext, noun: string): { resources: string[]; pairs: string[] } {
  const isPair = (arg: string) => (arg.includes("=") && !arg.startsWith("=")) || (noun === "env" && /^[A-Za-z_][\w.-]*-$/.test(arg));
  const first = context.args.findIndex(isPair);
  return first < 0
    ? { resources: [...context.args], pairs: [] }
    : { resources: context.args.slice(0, first), pairs: context.args.slice(first) };
}

async function setImage(context: CommandContext): Promise<void> {
  const { resources, pairs } = splitArgs(context, "image");
  if (resources.length === 0 && context.flags.list("filename").length === 0)
    throw new Error("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  if (pairs.length === 0) throw new Error("at least one image update is required");
  const images = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  await changeObjects(context, {
    manager: context.flags.text("field-manager"),
    operation: "image updated",
    args: resources,
    change(found) {
      if (!hasPodSpec(found)) return undefined;
      return withPodSpec(found, (spec) => {
        for (const [name, image] of images) {
          const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
          const matching = name === "*" ? all : all.filter((container) => container.name === name);
          if (matching.length === 0) throw new Error(`unable to find container named ${JSON.stringify(name)}`);
          for (const container of matching) container.image = image;
        }
      });
    },
  });
}

function selected(context: CommandContext, spec: PodSpecJson): ContainerJson[] {
  const pattern = new RegExp(
    `^${context.flags
      .text("containers")
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
  return (spec.containers ?? []).filter(({ name }) => pattern.test(name));
}

async function setEnv(context: CommandContext): Promise<void> {
  await (await import("./set-env.ts")).setEnv(context);
}

async function setResources(context: CommandContext): Promise<void> {
  const parse = (text: string) =>
    Object.fromEntries(
      text
        .split(",")
        .filter(Boolean)
        .map((pair) => pair.split("=") as [string, string]),
    );
  const [limits, requests] = [parse(context.flags.text("limits")), parse(context.flags.text("requests"))];
  if (Object.keys(limits).length + Object.keys(requests).length === 0)
    throw new Error("you must specify an update to requests or limits (in the form of --requests/--limits)");
  await changeObjects(context, {
    manager: context.flags.text("field-manager"),
    operation: "resource requirements updated",
    change: (found) =>
      withPodSpec(found, (spec) => {
        for (const container of selected(context, spec)) {
          container.resources = {
            ...container.resources,
            ...(Object.keys(limits).length > 0 ? { limits: { ...container.resources?.limits, ...limits } } : {}),
            ...(Object.keys(requests).length > 0 ? { requests: { ...container.resources?.requests, ...requests } } : {}),
          };
        }
      }),
  });
}

async function setSelector(context: CommandContext): Promise<void> {
  const expression = context.args.at(-1) ?? "";
  const labels = Object.fromEntries(expression.split(",").map((pair) => pair.split("=") as [string, string]));
  await changeObjects(context, {
    manager: context.flags.text("field-manager"),
    operation: "selector updated",
    args: context.args.slice(0, -1),
    change: ({ object }) => ({
      ...object,
      spec: { ...(object["spec"] as object), selector: labels },
    }),
  });
}

async function setServiceAccount(context: CommandContext): Promise<void> {
  const account = context.args.at(-1) ?? "";
  if (context.args.length < 2) throw new Error("serviceaccount is required");
  await changeObjects(context, {
    manager: context.flags.text("field-manager"),
    operation: "serviceaccount updated",
    args: context.args.slice(0, -1),
    change: (found) => withPodSpec(found, (spec) => void (spec["serviceAccountName"] = account)),
  });
}
