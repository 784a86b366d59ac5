import { parseSelector } from "../../api/labels.ts";
import { setSubject, SUBJECT_FLAGS } from "./set-subject.ts";
import { begin, changeObjects, withPodSpec, type ContainerJson, type PodSpecJson } from "../objects/change.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG, dryRunOf } from "../dry-run.ts";
import { messageOf } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, reporter } from "../report.ts";
import { resourcesAndPairs } from "../objects/resource-pairs.ts";
import { hasFiles } from "../objects/resource-arguments.ts";
import { FILE_FLAGS, SELECTOR_FLAG } from "../objects/resources.ts";

const UNSELECTED: readonly FlagSpec[] = [
  ...FILE_FLAGS,
  ...OUTPUT_FLAGS,
  DRY_RUN_FLAG,
  FIELD_MANAGER_FLAG("kubectl-set"),
  { name: "all", type: "bool", usage: "Select all resources of the given types" },
  { name: "local", type: "bool", usage: "If true, do not ask the server." },
];
const COMMON: readonly FlagSpec[] = [...UNSELECTED, SELECTOR_FLAG];
const SELECTOR_FLAGS: readonly FlagSpec[] = [
  ...UNSELECTED.filter(({ name }) => name !== "kustomize").map((flag) => (flag.name === "recursive" ? { ...flag, default: true } : flag)),
  { name: "resource-version", type: "string", usage: "If given, change the selector only of this version of the object." },
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
    sub("selector", "Set the selector on a resource", SELECTOR_FLAGS, setSelector),
    sub("serviceaccount", "Update the service account of a resource", UNSELECTED, setServiceAccount, ["sa"]),
    sub(
      "subject",
      "Update the user, group, or service account in a role binding or cluster role binding",
      [...COMMON, ...SUBJECT_FLAGS],
      setSubject,
    ),
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

function refuseLocalServerDryRun({ flags }: CommandContext): void {
  if (flags.bool("local") && flags.text("dry-run") === "server")
    throw new Error("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
}

function refuseAllAndSelector({ flags }: CommandContext): void {
  if (flags.bool("all") && flags.text("selector") !== "") throw new Error("cannot set --all and --selector at the same time");
}

/** Upstream: kubectl/pkg/cmd/set/set_image.go */
async function setImage(context: CommandContext): Promise<void> {
  const begun = await begin(context);
  const { resources, pairs } = resourcesAndPairs(context.args, "image");
  const removal = pairs.filter((pair) => !pair.includes("="));
  if (removal.length > 0) throw new Error(`invalid image format: ${removal.join(", ")}`);
  const images = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  await changeObjects(context, {
    ...begun,
    manager: context.flags.text("field-manager"),
    operation: "image updated",
    args: resources,
    needsNames: true,
    flow: "atomic",
    refusal: "failed to patch image update to pod template:",
    check() {
      refuseAllAndSelector(context);
      if (resources.length === 0 && !hasFiles(context))
        throw new Error("one or more resources must be specified as <resource> <name> or <resource>/<name>");
      if (images.size === 0) throw new Error("at least one image update is required");
      if (images.size > 1 && images.has("*"))
        throw new Error("all containers are already specified by *, but saw more than one container_name=container_image pairs");
      refuseLocalServerDryRun(context);
    },
    change: (found, errors) =>
      withPodSpec(found, (spec) => {
        for (const [name, image] of images) {
          const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
          const matching = name === "*" ? all : all.filter((container) => container.name === name);
          if (matching.length === 0) errors.push(new Error(`error: unable to find container named ${JSON.stringify(name)}`));
          for (const container of matching) container.image = image;
        }
      }),
  });
}

function selected(context: CommandContext, spec: PodSpecJson): ContainerJson[] {
  const pattern = new RegExp(
    `^${context.flags
      .text("containers")
      .replace(/[.+^${}()|[\]\\?]/g, "\\$&")
      .replaceAll("*", ".*")}$`,
  );
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].filter(({ name }) => pattern.test(name));
}

async function setEnv(context: CommandContext): Promise<void> {
  await (await import("./set-env.ts")).setEnv(context);
}

/** Upstream: parseResourceList of kubectl/pkg/cmd/set/set_resources.go */
async function resourceList(text: string): Promise<Record<string, string>> {
  const { isQuantity, parseQuantity } = await import("../../api/quantity.ts");
  const pairs = text === "" ? [] : text.split(",");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = "", quantity, ...more] = pair.split("=");
      if (quantity === undefined || more.length > 0) throw new Error(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
      if (!isQuantity(quantity)) throw new Error(QUANTITY_EXPECTED);
      return [name, parseQuantity(quantity).toString()];
    }),
  );
}

const QUANTITY_EXPECTED = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Upstream: kubectl/pkg/cmd/set/set_resources.go */
async function setResources(context: CommandContext): Promise<void> {
  let limits: Record<string, string> = {};
  let requests: Record<string, string> = {};
  await changeObjects(context, {
    ...(await begin(context)),
    manager: context.flags.text("field-manager"),
    operation: "resource requirements updated",
    needsNames: true,
    flow: "atomic",
    refusal: "failed to patch resources update to pod template",
    async check() {
      refuseLocalServerDryRun(context);
      refuseAllAndSelector(context);
      if (context.flags.text("limits") === "" && context.flags.text("requests") === "")
        throw new Error("you must specify an update to requests or limits (in the form of --requests/--limits)");
      limits = await resourceList(context.flags.text("limits"));
      requests = await resourceList(context.flags.text("requests"));
    },
    change: (found, errors) =>
      withPodSpec(found, (spec) => {
        const containers = selected(context, spec);
        if (containers.length === 0) errors.push(new Error(`error: unable to find container named ${context.flags.text("containers")}`));
        for (const container of containers) {
          container.resources = {
            ...container.resources,
            ...(Object.keys(limits).length > 0 ? { limits: { ...container.resources?.limits, ...limits } } : {}),
            ...(Object.keys(requests).length > 0 ? { requests: { ...container.resources?.requests, ...requests } } : {}),
          };
        }
      }),
  });
}

/** Upstream: kubectl/pkg/cmd/set/set_selector.go */
async function setSelector(context: CommandContext): Promise<void> {
  const dryRun = dryRunOf(context.flags, context.io);
  const text = context.args.at(-1);
  const selector = text === undefined ? undefined : labelSelectorOf(text);
  const report = await reporter(context, dryRun, "typed");
  if (!selector) throw new Error("one selector is required");
  await context.lookForNamespace();
  const { labels, hasExpressions } = selector;
  const version = context.flags.text("resource-version");
  await changeObjects(context, {
    dryRun,
    report,
    manager: context.flags.text("field-manager"),
    operation: "selector updated",
    args: context.args.slice(0, -1),
    flow: "visit",
    needsNames: true,
    always: true,
    change({ object, info }) {
      if (info.kind !== "Service") throw new Error("setting a selector is only supported for Services");
      if (hasExpressions) throw new Error(`match expression ${hasExpressions} not supported on this object`);
      return {
        ...object,
        ...(version === "" ? {} : { metadata: { ...object.metadata, resourceVersion: version } }),
        spec: { ...(object["spec"] as object), selector: labels },
      };
    },
  });
}

/** As a LabelSelector names them. Upstream: metav1.ParseToLabelSelector */
const OPERATORS: Readonly<Record<string, string>> = { in: "In", notin: "NotIn", "!=": "NotIn", exists: "Exists", "!": "DoesNotExist" };

function labelSelectorOf(text: string): { labels: Record<string, string>; hasExpressions: string } {
  const labels: Record<string, string> = {};
  const requirements = parsedSelector(text).requirements;
  for (const { key, operator, values } of requirements) if (operator === "=" || operator === "==") labels[key] = values[0] ?? "";
  const others = requirements.filter(({ operator }) => operator !== "=" && operator !== "==");
  return {
    labels,
    hasExpressions:
      others.length === 0
        ? ""
        : `[${others.map(({ key, operator, values }) => `{${key} ${OPERATORS[operator] ?? operator} [${values.join(" ")}]}`).join(" ")}]`,
  };
}

function parsedSelector(text: string): ReturnType<typeof parseSelector> {
  try {
    return parseSelector(text);
  } catch (error) {
    throw new Error(`couldn't parse the selector string ${JSON.stringify(text)}: ${messageOf(error)}`, { cause: error });
  }
}

/** Upstream: kubectl/pkg/cmd/set/set_serviceaccount.go */
async function setServiceAccount(context: CommandContext): Promise<void> {
  refuseLocalServerDryRun(context);
  const begun = await begin(context);
  const account = context.args.at(-1);
  if (account === undefined) throw new Error("serviceaccount is required");
  await changeObjects(context, {
    ...begun,
    manager: context.flags.text("field-manager"),
    operation: "serviceaccount updated",
    // With --local other arguments do not count.
    args: context.flags.bool("local") ? [] : context.args.slice(0, -1),
    needsNames: true,
    flow: "atomic",
    always: true,
    refusal: "failed to patch ServiceAccountName",
    change: (found) => withPodSpec(found, (spec) => void (spec["serviceAccountName"] = account)),
  });
}
