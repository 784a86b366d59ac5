import { isLabelValue } from "../../api/validation/names.ts";
import { pathKind } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { resourcesAndPairs } from "./resource-pairs.ts";
import { reporter, OUTPUT_FLAGS, type Report } from "../report.ts";
import { hasFiles, targetsOf } from "./resource-arguments.ts";
import { ALL_NAMESPACES_FLAG, FIELD_SELECTOR_FLAG, FILE_FLAGS, SELECTOR_FLAG, type ApiObject, type Found } from "./resources.ts";
import { visitObjects } from "./visit-objects.ts";

interface Words {
  readonly verb: "label" | "annotate";
  readonly noun: "label" | "annotation";
  readonly field: "labels" | "annotations";
  /** How messages call a file's object. */
  readonly file: string;
}

type Values = Readonly<Record<string, string>>;

interface Changes {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** `label` and `annotate`, which differ in words. Upstream: k8s.io/kubectl/pkg/cmd/label, annotate */
export function metadataCommand(words: Words): CommandSpec {
  const { verb } = words;
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
        default: `kubectl-${verb}`,
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

interface Job {
  readonly words: Words;
  readonly changes: Changes;
  readonly dryRun: DryRun;
  /** One object is meant, whether it is there or not. Upstream: singleItemImplied of cli-runtime's builder */
  readonly single: boolean;
  readonly report: () => Promise<Report>;
}

async function run(context: CommandContext, words: Words): Promise<void> {
  const { flags } = context;
  const dryRun = dryRunOf(flags, context.io);
  const { resources, pairs } = resourcesAndPairs(context.args, words.noun);
  const changes = parseChanges(pairs, words);
  if (words.verb === "label") {
    // annotate of 1.36 lists, whatever -o says.
    if (flags.bool("list") && flags.text("output") !== "") throw new Error("--list and --output may not be specified together");
    await context.lookForNamespace();
  }
  check(context, { words, resources, changes, dryRun });
  // annotate looks at -o before it does anything, label when it has done it.
  if (words.verb === "annotate") await reporter(context, dryRun);
  const unread: unknown[] = [];
  const local = flags.bool("local");
  const targets = local ? [] : await targetsOf(context, resources, { errors: unread, needsNames: true });
  const single = hasFiles(context) ? isSingleFile(flags.list("filename")) : targets.length === 1 && targets[0]?.name !== undefined;
  if (!single && flags.text("resource-version") !== "") throw new Error("--resource-version may only be used with a single resource");
  let report: Promise<Report> | undefined;
  const job: Job = { words, changes, dryRun, single, report: () => (report ??= reporter(context, dryRun)) };
  const [selector, fieldSelector] = [flags.text("selector"), flags.text("field-selector")];
  if (!local)
    return void (await visitObjects(context, { targets, unread, selector, fieldSelector }, (found) => change(context, found, job)));
  const failed: unknown[] = [];
  for (const each of await (await import("./local-objects.ts")).localObjects(context, resources, "unstructured"))
    await change(context, each, job).catch((error: unknown) => failed.push(error));
  throwAll(failed);
}

const isSingleFile = ([file, ...more]: readonly string[]) =>
  file !== undefined && more.length === 0 && file !== "-" && !/^https?:/.test(file) && pathKind(file) !== "folder";

/** Upstream: parseLabels, cmdutil.ParsePairs */
function parseChanges(pairs: readonly string[], { noun }: Words): Changes {
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 0) remove.push(pair.slice(0, -1));
    else {
      const [key, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
      if (noun === "label" && value.includes("=")) throw new Error(`invalid label spec: ${pair}`);
      if (noun === "label" && isLabelValue(value).length > 0)
        throw new Error(`invalid label value: ${JSON.stringify(pair)}: ${isLabelValue(value).join(";")}`);
      set.set(key, value);
    }
  }
  if (noun === "label" && remove.some((key) => set.has(key))) throw new Error("can not both modify and remove a label in the same command");
  return { set, remove };
}

/** Upstream: LabelOptions.Validate, AnnotateFlags.ToOptions */
function check(
  context: CommandContext,
  { words, resources, changes, dryRun }: Pick<Job, "words" | "changes" | "dryRun"> & { resources: readonly string[] },
): void {
  const { flags } = context;
  if (flags.bool("all") && flags.text("selector") !== "") throw new Error("cannot set --all and --selector at the same time");
  if (flags.bool("all") && flags.text("field-selector") !== "") throw new Error("cannot set --all and --field-selector at the same time");
  if (flags.bool("local")) {
    if (dryRun === "server") throw new Error("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
    const files = `-f ${words.file}.yaml or --filename=${words.file}.json`;
    if (resources.length > 0) throw new Error(`can only use local files by ${files} when --local=true is set`);
    if (!hasFiles(context)) throw new Error(`one or more files must be specified as ${files}`);
  } else if (resources.length === 0 && !hasFiles(context))
    throw new Error("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  if (changes.set.size === 0 && changes.remove.length === 0 && !flags.bool("list"))
    throw new Error(`at least one ${words.noun} update is required`);
  const both = changes.remove.filter((key) => changes.set.has(key));
  if (both.length > 0)
    throw new Error(`can not both modify and remove the following annotation(s) in the same command: ${both.join(", ")}`);
}

async function change(context: CommandContext, found: Found, job: Job): Promise<void> {
  const { words, changes, dryRun } = job;
  const { flags } = context;
  const present: Values = found.object.metadata[words.field] ?? {};
  const sends = dryRun !== "client" && !flags.bool("local") && !flags.bool("list");
  if (sends && words.verb === "label")
    for (const key of changes.remove) if (!(key in present)) context.io.out(`label ${JSON.stringify(key)} not found.\n`);
  if (!flags.bool("overwrite")) refuseOverwrite(present, changes, words);
  const wanted: Record<string, string | null> = {};
  for (const [key, value] of changes.set) if (present[key] !== value) wanted[key] = value;
  for (const key of changes.remove) if (key in present) wanted[key] = null;
  const changed = withValues(found.object, words, { present, wanted, version: flags.text("resource-version") });
  const isSent = sends && (words.verb === "annotate" || Object.keys(wanted).length > 0);
  const answer = isSent ? await send(context, found, job, wanted) : changed;
  if (flags.bool("list")) return list(context, { ...found, object: changed }, job);
  // label prints the object as it has changed it, annotate what the server made of it.
  (await job.report())(words.verb === "label" ? changed : answer, found.info, operationOf(wanted, words));
}

interface NewValues {
  readonly present: Values;
  readonly wanted: Readonly<Record<string, string | null>>;
  readonly version: string;
}

function withValues(object: ApiObject, { field }: Words, { present, wanted, version }: NewValues): ApiObject {
  const values = Object.entries({ ...present, ...wanted }).filter(([, value]) => value !== null);
  const metadata = { ...object.metadata, ...(version === "" ? {} : { resourceVersion: version }) };
  if (values.length > 0) return { ...object, metadata: { ...metadata, [field]: Object.fromEntries(values) } };
  const { [field]: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

async function send(
  context: CommandContext,
  { info, namespace, name, object }: Found,
  { words, dryRun }: Job,
  wanted: NewValues["wanted"],
): Promise<ApiObject> {
  const { flags } = context;
  const version = flags.text("resource-version");
  const left = Object.keys(object.metadata[words.field] ?? {}).some((key) => wanted[key] !== null);
  const removesAll = Object.keys(wanted).length > 0 && !left && Object.values(wanted).every((value) => value === null);
  const values = removesAll ? { [words.field]: null } : Object.keys(wanted).length > 0 ? { [words.field]: wanted } : {};
  const metadata = { ...(version === "" ? {} : { resourceVersion: version }), ...values };
  const client = await context.client();
  return client.json<ApiObject>("PATCH", pathOf(info, namespace, name), {
    query: { fieldManager: flags.text("field-manager"), ...dryRunQuery(dryRun) },
    body: Object.keys(metadata).length > 0 ? { metadata } : {},
    contentType: "application/merge-patch+json",
  });
}

function list(context: CommandContext, { info, name, object }: Found, { words, single }: Job): void {
  if (!single) context.print(`Listing ${words.field} for ${info.kind}.${info.group}/${name}:`);
  for (const [key, value] of Object.entries(object.metadata[words.field] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
    context.print(`${single ? "" : " "}${key}=${value}`);
}

function operationOf(wanted: NewValues["wanted"], { verb }: Words): string {
  if (verb === "annotate") return "annotated";
  const values = Object.values(wanted);
  const removes = values.includes(null);
  if (values.some((value) => value !== null)) return removes ? "modified" : "labeled";
  return removes ? "unlabeled" : "not labeled";
}

/** What rollouts note of themselves may always change. */
const CHANGE_CAUSE = "kubernetes.io/change-cause";

function refuseOverwrite(present: Values, changes: Changes, { noun }: Words): void {
  const clashes = [...changes.set].filter(([key, value]) => key in present && present[key] !== value);
  if (noun === "label") {
    throwAll(clashes.map(([key]) => new Error(`'${key}' already has a value (${present[key]}), and --overwrite is false`)));
    return;
  }
  const told = clashes.filter(([key]) => key !== CHANGE_CAUSE).map(([key]) => `'${key}' already has a value (${present[key]})`);
  if (told.length > 0) throw new Error(`--overwrite is false but found the following declared annotation(s): ${told.join("; ")}`);
}
