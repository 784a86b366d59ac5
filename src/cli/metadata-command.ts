import { isLabelValue, isQualifiedName } from "../api/validation/names.ts";
import type { CommandContext, CommandSpec } from "./command.ts";
import { pathOf } from "./discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "./dry-run.ts";
import { throwAll } from "./errors.ts";
import { reporter, OUTPUT_FLAGS, type Report } from "./report.ts";
import {
  ALL_NAMESPACES_FLAG,
  fetchObjects,
  FIELD_SELECTOR_FLAG,
  FILE_FLAGS,
  hasFiles,
  SELECTOR_FLAG,
  targetsOf,
  type Found,
} from "./resources.ts";

interface Words {
  readonly field: "labels" | "annotations";
  readonly noun: string;
  readonly done: string;
  readonly undone: string;
  readonly unchanged: string;
  readonly manager: string;
}

interface Changes {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** `label` and `annotate`, which differ in words. Upstream: k8s.io/kubectl/pkg/cmd/label, annotate */
export function metadataCommand(words: Words): CommandSpec {
  const verb = words.noun === "label" ? "label" : "annotate";
  return {
    usage: `[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]`,
    examples: `# Set a ${words.noun} on the pod "foo"\nkubectl ${verb} pods foo unhealthy=true\n\n# Change one that is there\nkubectl ${verb} --overwrite pods foo status=unhealthy\n\n# Take one away\nkubectl ${verb} pods foo bar-`,
    flags: [
      ...FILE_FLAGS,
      ...OUTPUT_FLAGS,
      ALL_NAMESPACES_FLAG,
      DRY_RUN_FLAG,
      SELECTOR_FLAG,
      FIELD_SELECTOR_FLAG,
      { name: "all", type: "bool", usage: "Select all resources of the given types" },
      {
        name: "field-manager",
        type: "string",
        default: words.manager,
        usage: "Name that the changes are recorded under.",
      },
      { name: "list", type: "bool", usage: `If true, print the ${words.field}.` },
      { name: "local", type: "bool", usage: "If true, do not ask the server." },
      {
        name: "overwrite",
        type: "bool",
        usage: `If true, ${words.field} that are there may change.`,
      },
      {
        name: "resource-version",
        type: "string",
        usage: "Only change the object when it has this version. Only for a single one.",
      },
    ],
    run: (context) => run(context, words),
  };
}

async function run(context: CommandContext, words: Words): Promise<void> {
  const { flags } = context;
  const { resources, changes } = understand(context, words);
  if (resources.length === 0 && !hasFiles(context))
    throw new Error(`one or more resources must be specified as <resource> <name> or <resource>/<name>`);
  if (changes.set.size === 0 && changes.remove.length === 0 && !flags.bool("list"))
    throw new Error(`at least one ${words.noun} update is required`);
  const dryRun = dryRunOf(flags, context.io);
  const targets = await targetsOf(context, resources);
  if (
    targets.some(({ name, manifest }) => name === undefined && !manifest) &&
    !flags.bool("all") &&
    !flags.has("selector") &&
    !flags.has("field-selector") &&
    !flags.bool("list")
  ) {
    throw new Error("resource(s) were provided, but no name was specified");
  }
  const errors: unknown[] = [];
  const report = await reporter(context, dryRun);
  for (const found of await fetchObjects(context, targets, {
    selector: flags.text("selector"),
    fieldSelector: flags.text("field-selector"),
    errors,
  })) {
    try {
      if (flags.bool("list") && changes.set.size === 0 && changes.remove.length === 0)
        list(context, found, words, targets.length > 1 || targets[0]?.name === undefined);
      else await change(context, found, { words, changes, dryRun, report });
    } catch (error) {
      errors.push(error);
    }
  }
  throwAll(errors);
}

/** Which arguments name resources, and which are changes. Upstream: cmdutil.GetResourcesAndPairs and parseLabels */
function understand(context: CommandContext, words: Words): { resources: string[]; changes: Changes } {
  const isPair = (arg: string) => (arg.includes("=") && !arg.startsWith("=")) || arg.endsWith("-");
  const first = context.args.findIndex(isPair);
  const resources = first < 0 ? [...context.args] : context.args.slice(0, first);
  const pairs = first < 0 ? [] : context.args.slice(first);
  const stray = pairs.find((pair) => !isPair(pair));
  if (stray !== undefined)
    throw new Error(
      words.noun === "label"
        ? `unknown label spec: ${stray}`
        : `unexpected ${words.noun}: ${stray}`.replace(/^.*$/, `all resources must be specified before ${words.noun} changes: ${stray}`),
    );
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 0) remove.push(pair.slice(0, -1));
    else {
      const [key, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
      if (words.noun === "label" && isLabelValue(value).length > 0)
        throw new Error(`invalid label value: ${JSON.stringify(pair)}: ${isLabelValue(value).join(";")}`);
      void isQualifiedName;
      set.set(key, value);
    }
  }
  const both = remove.find((key) => set.has(key));
  if (both !== undefined)
    throw new Error(
      words.noun === "label"
        ? `can not both modify and remove a label in the same command`
        : `can not both modify and remove the following annotation(s) in the same command: ${both}`,
    );
  return { resources, changes: { set, remove } };
}

function list(context: CommandContext, { info, name, object }: Found, words: Words, several: boolean): void {
  if (several) context.print(`Listing ${words.field} for ${info.kind}.${info.group}/${name}:`.replace(".//", "/").replace("./", "/"));
  const indent = several ? " " : "";
  for (const [key, value] of Object.entries(object.metadata[words.field] ?? {}).sort()) context.print(`${indent}${key}=${value}`);
}

interface Job {
  readonly words: Words;
  readonly changes: Changes;
  readonly dryRun: ReturnType<typeof dryRunOf>;
  readonly report: Report;
}

async function change(
  context: CommandContext,
  { info, namespace, name, object }: Found,
  { words, changes, dryRun, report }: Job,
): Promise<void> {
  const present = object.metadata[words.field] ?? {};
  if (!context.flags.bool("overwrite")) refuseOverwrite(present, changes, words);
  for (const key of changes.remove) if (!(key in present)) context.io.out(`${words.noun} ${JSON.stringify(key)} not found.\n`);
  const wanted: Record<string, string | null> = {};
  for (const [key, value] of changes.set) if (present[key] !== value) wanted[key] = value;
  for (const key of changes.remove) if (key in present) wanted[key] = null;
  const operation = operationOf(wanted, words);
  const after = {
    ...object,
    metadata: {
      ...object.metadata,
      [words.field]: Object.fromEntries(Object.entries({ ...present, ...wanted }).filter(([, value]) => value !== null)),
    },
  };
  if (Object.keys(wanted).length === 0 || dryRun === "client" || context.flags.bool("local")) return report(after, info, operation);
  const version = context.flags.text("resource-version");
  const body = {
    metadata: { ...(version ? { resourceVersion: version } : {}), [words.field]: wanted },
  };
  const client = await context.client();
  const query = { fieldManager: context.flags.text("field-manager"), ...dryRunQuery(dryRun) };
  report(
    await client.json("PATCH", pathOf(info, namespace, name), {
      query,
      body,
      contentType: "application/merge-patch+json",
    }),
    info,
    operation,
  );
}

function operationOf(wanted: Readonly<Record<string, string | null>>, words: Words): string {
  const values = Object.values(wanted);
  if (values.length === 0) return words.unchanged;
  return values.every((value) => value === null) ? words.undone : words.done;
}

function refuseOverwrite(present: Readonly<Record<string, string>>, changes: Changes, words: Words): void {
  const clashes = [...changes.set].filter(([key, value]) => key in present && present[key] !== value);
  if (clashes.length === 0) return;
  if (words.noun === "label")
    throw new Error(clashes.map(([key]) => `'${key}' already has a value (${present[key]}), and --overwrite is false`).join(", "));
  const [[key, value] = ["", ""]] = clashes;
  void value;
  throw new Error(
    `--overwrite is false but found the following declared ${words.noun}(s): ${clashes.map(([name]) => `'${name}' already has a value (${present[name]})`).join("; ")}`.replace(
      "%",
      key && "%",
    ),
  );
}
