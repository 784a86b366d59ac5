import { StatusError } from "../../api/status.ts";
import { findText } from "../../host/cli-host.ts";
import { JSON_TYPE, TABLE_TYPE, type Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf, singularName } from "../discovery.ts";
import { requestTimeoutMs } from "../go-duration.ts";
import { ExitError, throwAll } from "../errors.ts";
import { findPrinter, outputFormat, OUTPUT_FLAGS, unknownFormat } from "../printers/output.ts";
import type * as SortObjects from "../sort-objects.ts";
import { plainTable, renderTable, type Table, type TableOptions } from "../printers/table.ts";
import { tableWriter, type TabWriter } from "../printers/tab-writer.ts";
import {
  ALL_NAMESPACES_FLAG,
  collectedTargets,
  FIELD_SELECTOR_FLAG,
  FILE_FLAGS,
  hasFiles,
  listFailure,
  SELECTOR_FLAG,
  type ApiObject,
  type Found,
  type Target,
} from "../resources.ts";

const get: CommandSpec = {
  usage:
    "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]",
  long: 'Display one or many resources.\n\n Prints a table of what matters most. Filter with a label selector (-l) or a field selector; resources that live in namespaces are those of the current one, unless -A is given.\n\nUse "kubectl api-resources" for a complete list of supported resources.',
  examples:
    "# All pods\nkubectl get pods\n\n# All pods, with more about each (such as its node)\nkubectl get pods -o wide\n\n# One pod as YAML\nkubectl get pod web -o yaml\n\n# Only the phase of a pod\nkubectl get pod web -o jsonpath={.status.phase}\n\n# Chosen columns\nkubectl get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image\n\n# Several kinds together\nkubectl get rs,services\n\n# Every change, as it happens\nkubectl get pods --watch",
  flags: [
    ALL_NAMESPACES_FLAG,
    {
      name: "chunk-size",
      type: "int64",
      default: 500,
      usage: "Ask for large lists in parts of this size. Pass 0 to disable.",
    },
    FIELD_SELECTOR_FLAG,
    ...FILE_FLAGS,
    {
      name: "ignore-not-found",
      type: "bool",
      usage: "If true, objects that do not exist are no error.",
    },
    {
      name: "label-columns",
      shorthand: "L",
      type: "stringSlice",
      usage: "Labels to show as columns, separated by commas; may be given several times.",
    },
    { name: "no-headers", type: "bool", usage: "Leave out the headers of a table." },
    {
      ...(OUTPUT_FLAGS.find((flag) => flag.name === "output") as (typeof OUTPUT_FLAGS)[number]),
      usage:
        "Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide).",
    },
    ...OUTPUT_FLAGS.filter((flag) => flag.name !== "output"),
    {
      name: "output-watch-events",
      type: "bool",
      usage: "With --watch: print the kind of each event too.",
    },
    { name: "raw", type: "string", usage: "Path to ask the server for, as it is." },
    SELECTOR_FLAG,
    {
      name: "server-print",
      type: "bool",
      default: true,
      usage: "If true, the server renders the table.",
    },
    { name: "show-kind", type: "bool", usage: "Put the resource type in front of names." },
    { name: "show-labels", type: "bool", usage: "Show all labels in the last column." },
    {
      name: "sort-by",
      type: "string",
      usage: "Field to sort a list by, as a JSONPath expression such as '{.metadata.name}'.",
    },
    {
      name: "subresource",
      type: "string",
      usage: "Get this subresource instead, such as status or scale.",
    },
    {
      name: "watch",
      shorthand: "w",
      type: "bool",
      usage: "After listing, go on with every change.",
    },
    { name: "watch-only", type: "bool", usage: "Only the changes, without the list." },
  ],
  async run(context) {
    const { flags } = context;
    if (flags.has("raw")) return getRaw(context);
    if (context.args.length === 0 && !hasFiles(context)) return missingType(context);
    if (flags.bool("output-watch-events") && !isWatch(context))
      throw context.usage("--output-watch-events option can only be used with --watch or --watch-only");
    const { format } = outputFormat(flags);
    const custom = format.startsWith("custom-columns");
    const printer = custom ? undefined : await findPrinter(flags);
    if (!printer && !custom && !["", "wide"].includes(format))
      throw unknownFormat(flags.text("output"), ["custom-columns", "custom-columns-file", "wide"]);
    if (flags.bool("show-labels") && (printer || custom)) throw new Error(`--show-labels option cannot be used with ${format} printer`);
    requestTimeoutMs(flags);
    const errors: unknown[] = [];
    const targets = await collectedTargets(context, errors);
    if (targets.length === 0) throwAll(errors);
    if (flags.text("subresource") !== "" && targets.some(({ name }) => name === undefined))
      throw new Error("subresource cannot be used when bulk resources are specified");
    if (isWatch(context)) {
      const { watchResources } = await import("../watch-resources.ts");
      return watchResources(context, targets, printer);
    }
    if (printer || custom) return getObjects(context, targets, { printer, errors });
    return getTables(context, targets, errors);
  },
};

export default get;

const isWatch = ({ flags }: CommandContext) => flags.bool("watch") || flags.bool("watch-only");

async function getRaw(context: CommandContext): Promise<void> {
  if (context.args.length > 0) throw new Error("arguments may not be passed when --raw is specified");
  if (isWatch(context) || context.flags.text("selector") !== "")
    throw new Error("--raw may not be specified with other flags that filter the server request or alter the output");
  if (context.flags.text("output") !== "") throw new Error("--raw and --output are mutually exclusive");
  const client = await context.client();
  const path = context.flags.text("raw");
  if (!/^(\/|https?:)/.test(path))
    throw new Error(`--raw must be a valid URL path: parse ${JSON.stringify(path)}: invalid URI for request`);
  context.io.out(await client.text(path));
}

function missingType(context: CommandContext): never {
  context.io.err(
    'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\n',
  );
  throw new ExitError(
    `error: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples`,
  );
}

export function targetQuery(context: CommandContext, target: Target) {
  const { flags } = context;
  if (target.name !== undefined) return {};
  return {
    labelSelector: flags.text("selector"),
    fieldSelector: flags.text("field-selector"),
    limit: flags.has("sort-by") ? undefined : flags.number("chunk-size") || undefined,
  };
}

export function tableOptions(context: CommandContext, target: Target, several: boolean): TableOptions {
  const { flags } = context;
  return {
    wide: outputFormat(flags).format === "wide",
    headers: !flags.bool("no-headers"),
    namespaces: flags.bool("all-namespaces") && target.info.namespaced,
    showLabels: flags.bool("show-labels"),
    labelColumns: flags.list("label-columns"),
    kindPrefix: flags.bool("show-kind") || several ? singularName(target.info) : "",
  };
}

interface FoundTable {
  readonly target: Target;
  readonly table: Table;
}

async function getTables(context: CommandContext, targets: readonly Target[], errors: unknown[]): Promise<void> {
  const { flags } = context;
  const found = await readTables(context, targets, errors);
  // Whether names carry their kind depends on what was found, not on what was asked for.
  const several = new Set(found.map(({ target }) => target.info)).size > 1;
  const writer = tableWriter();
  let pending = "";
  let shown: Target["info"] | undefined;
  let wrote = false;
  const flush = () => {
    if (pending === "") return;
    context.io.out((wrote && !flags.bool("no-headers") ? "\n" : "") + writer.render(pending));
    wrote = true;
    pending = "";
  };
  for (const { target, table } of sortTables(found, several, flags.text("sort-by"))) {
    if ((table.rows ?? []).length === 0) continue;
    const options = tableOptions(context, target, several);
    if (shown !== target.info) flush();
    pending += renderTable(table, shown === target.info ? { ...options, headers: false } : options);
    shown = target.info;
  }
  flush();
  if (!wrote && errors.length === 0 && !flags.bool("ignore-not-found")) await sayNothingFound(context, targets);
  throwAll(errors);
}

async function readTables(context: CommandContext, targets: readonly Target[], errors: unknown[]): Promise<FoundTable[]> {
  const { flags } = context;
  const found: FoundTable[] = [];
  for (const target of targets) {
    try {
      for (const table of await tablesOf(context, target)) found.push({ target, table });
    } catch (error) {
      if (flags.bool("ignore-not-found") && error instanceof StatusError && error.reason === "NotFound") continue;
      errors.push(
        target.name === undefined ? listFailure(error, target.info, flags.text("selector"), flags.text("field-selector")) : error,
      );
    }
  }
  return found;
}

/** kubectl sorts tables of one kind only, and prints nothing where the path leads nowhere. Upstream: get.go, sorter.go */
function sortTables(found: readonly FoundTable[], several: boolean, path: string): readonly FoundTable[] {
  if (path === "" || !sorter) return found;
  if (several) throw sorter.fieldNotFound(path);
  const [first] = found;
  if (!first) return found;
  const rows = found.flatMap(({ table }) => table.rows ?? []);
  try {
    return [{ ...first, table: { ...first.table, rows: sorter.sortByPath(rows, path, (row) => row.object) } }];
  } catch (error) {
    if (error instanceof ExitError) throw error;
    // Not even an unreadable path is told.
    return [];
  }
}

async function sayNothingFound(context: CommandContext, targets: readonly Target[]): Promise<void> {
  const namespaced = !context.flags.bool("all-namespaces") && targets.every(({ info }) => info.namespaced);
  context.io.err(namespaced ? `No resources found in ${await context.namespace()} namespace.\n` : "No resources found\n");
}

/** The tables of a target: one for an object, one for each part of a list. */
async function tablesOf(context: CommandContext, target: Target): Promise<Table[]> {
  const { flags } = context;
  const client = await context.client();
  const path = pathOf(target.info, target.namespace, target.name, flags.text("subresource"));
  const accept = flags.bool("server-print") ? TABLE_TYPE : JSON_TYPE;
  const query = {
    ...targetQuery(context, target),
    includeObject: flags.has("sort-by") ? "Object" : undefined,
  };
  const tables: Table[] = [];
  let token: string | undefined;
  do {
    const answer = await client.get(path, { ...query, continue: token }, accept);
    const table = answer["kind"] === "Table" ? (answer as Table) : plainTable(answer);
    tables.push(table);
    token = target.name === undefined ? table.metadata?.continue || undefined : undefined;
  } while (token !== undefined);
  if (flags.has("sort-by") && flags.text("sort-by") !== "") await loadSorter(flags.text("sort-by"));
  return tables;
}

let sorter: typeof SortObjects | undefined;

async function loadSorter(_path: string): Promise<void> {
  sorter ??= await import("../sort-objects.ts");
}

/** Objects in a structured form; several become a List. */
async function getObjects(
  context: CommandContext,
  targets: readonly Target[],
  { printer, errors }: { readonly printer: ((object: Json) => string) | undefined; readonly errors: unknown[] },
): Promise<void> {
  const { flags } = context;
  const { found, single } = await readObjects(context, targets, errors);
  let objects: ApiObject[] = found.map(({ object }) => object);
  if (flags.text("sort-by") !== "") {
    await loadSorter("");
    objects = sorter?.sortByPath(objects, flags.text("sort-by"), (object) => object) ?? objects;
  }
  const { format } = outputFormat(flags);
  if (!printer) {
    if (!(single && errors.length > 0)) context.io.out(await customColumns(context, objects));
  } else if (format === "name") context.io.out(objects.map(printer).join(""));
  else if (single && objects.length === 1) context.io.out(printer(objects[0] as ApiObject));
  else if (!single || objects.length > 0) {
    if (!(single && errors.length > 0))
      context.io.out(
        printer({
          apiVersion: "v1",
          items: objects,
          kind: "List",
          metadata: { resourceVersion: "" },
        }),
      );
  }
  if (objects.length === 0 && errors.length === 0 && format === "name" && !flags.bool("ignore-not-found") && !single)
    await Promise.resolve();
  throwAll(errors);
}

async function readObjects(
  context: CommandContext,
  targets: readonly Target[],
  errors: unknown[],
): Promise<{ found: Found[]; single: boolean }> {
  const { fetchObjects } = await import("../resources.ts");
  const { flags } = context;
  const found: Found[] = [];
  const client = await context.client();
  for (const target of targets) {
    if (target.name !== undefined && flags.has("subresource")) {
      const object = await client.get<ApiObject>(pathOf(target.info, target.namespace, target.name, flags.text("subresource")));
      found.push({ info: target.info, namespace: target.namespace, name: target.name, object });
      continue;
    }
    found.push(
      ...(await fetchObjects(context, [target], {
        selector: flags.text("selector"),
        fieldSelector: flags.text("field-selector"),
        chunkSize: flags.number("chunk-size"),
        errors,
        ignoreNotFound: flags.bool("ignore-not-found"),
      })),
    );
  }
  return { found, single: targets.length === 1 && targets[0]?.name !== undefined };
}

async function customColumns(context: CommandContext, objects: readonly ApiObject[]): Promise<string> {
  const { parseCustomColumns, parseCustomColumnsFile, renderCustomColumns } = await import("../printers/custom-columns.ts");
  const { format, argument } = outputFormat(context.flags);
  const columns = format === "custom-columns-file" ? parseCustomColumnsFile(readColumns(argument)) : parseCustomColumns(argument);
  const writer: TabWriter = tableWriter();
  return writer.render(renderCustomColumns(columns, objects, !context.flags.bool("no-headers")));
}

function readColumns(file: string): string {
  const text = findText(file);
  if (text === undefined) throw new Error(`error reading template ${file}, open ${file}: no such file or directory`);
  return text;
}
