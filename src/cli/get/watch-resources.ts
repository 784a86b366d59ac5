import { isNotFound } from "../../api/status.ts";
import { exitWhenInterrupted, sleep } from "../../host/cli-host.ts";
import { JSON_TYPE, TABLE_TYPE, type Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { tableOptions, targetQuery } from "./get-tables.ts";
import { apiVersionOf, pathOf } from "../connection/discovery.ts";
import { requestTimeoutMs } from "../go-duration.ts";
import { outputFormat, sortKeys } from "../printers/output.ts";
import { plainTable, renderTable, type Table } from "../printers/table.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { hasFiles } from "../objects/resource-arguments.ts";
import { isSingle, orMissingNamespace, type Target } from "../objects/resources.ts";

/** `get --watch`: the list, then every change. Upstream: k8s.io/kubectl/pkg/cmd/get/get.go watch */
export async function watchResources(
  context: CommandContext,
  targets: readonly Target[],
  printer: ((object: Json) => string) | undefined,
): Promise<void> {
  const { flags } = context;
  if (flags.text("sort-by") !== "")
    context.io.err(
      flags.bool("watch")
        ? "warning: --watch requested, --sort-by will be ignored for watch events received\n"
        : "warning: --watch-only requested, --sort-by will be ignored\n",
    );
  const [target] = targets;
  if (!target || (!hasFiles(context) && new Set(targets.map(({ info }) => info)).size > 1))
    throw new Error("you may only specify a single resource type");
  if (outputFormat(context.flags).format.startsWith("custom-columns")) printer = await customColumnsPrinter(context);
  const print = printer ? objectWriter(context, target, printer) : tableRowWriter(context, target);
  const client = await context.client();
  const accept = printer || !context.flags.bool("server-print") ? JSON_TYPE : TABLE_TYPE;
  const listed: Json[] = [];
  for (const each of targets) {
    const read = () => client.get(pathOf(each.info, each.namespace, each.name), targetQuery(context, each), accept);
    const nameless = each.name === undefined ? each.manifest : undefined;
    const one =
      nameless ?? (await foundOrIgnored(context, () => (isSingle(each) ? orMissingNamespace(client, each.namespace, read) : read())));
    if (!one) return;
    listed.push(one);
  }
  if (!context.flags.bool("watch-only")) print("ADDED", listed);
  if (targets.length > 1) throw new Error(severalTargets(context, targets));
  const abort = new AbortController();
  exitWhenInterrupted();
  const timeoutMs = requestTimeoutMs(context.flags);
  if (timeoutMs > 0) void sleep(timeoutMs).then(() => abort.abort());
  const version = (listed[0]?.["metadata"] as { resourceVersion?: string } | undefined)?.resourceVersion;
  const query = {
    ...targetQuery(context, target),
    limit: undefined,
    resourceVersion: isSingle(target) ? "0" : version,
    fieldSelector: isSingle(target) ? `metadata.name=${target.name ?? ""}` : flags.text("field-selector"),
  };
  // A watch of one object starts with what is already known of it.
  let skip = isSingle(target) ? 1 : 0;
  for await (const event of client.watch(pathOf(target.info, target.namespace), query, {
    accept,
    signal: abort.signal,
  })) {
    if (event.type === "BOOKMARK") continue;
    if (event.type === "ERROR") break;
    if (skip-- > 0) continue;
    print(event.type, [event.object]);
  }
}

async function foundOrIgnored(context: CommandContext, read: () => Promise<Json>): Promise<Json | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isNotFound(error) && context.flags.bool("ignore-not-found")) return undefined;
    throw error;
  }
}

/** They have been listed before anybody notices. Upstream: cli-runtime/pkg/resource/result.go Watch */
const severalTargets = (context: CommandContext, targets: readonly Target[]) =>
  hasFiles(context) && context.flags.list("filename").length === 1
    ? `watch is only supported on individual resources and resource collections - ${targets.length} resources were found`
    : "you may only watch a single resource or type of resource at a time";

type Print = (type: string, objects: readonly Json[]) => void;

function tableRowWriter(context: CommandContext, target: Target): Print {
  const writer = tableWriter(true);
  const options = tableOptions(context, target, false);
  const withEvents = context.flags.bool("output-watch-events");
  let columns: Table["columnDefinitions"];
  let headed = "";
  return (type, objects) => {
    let text = "";
    for (const object of objects) {
      const table = object["kind"] === "Table" ? (object as Table) : plainTable(object);
      if (table.columnDefinitions?.length) columns = table.columnDefinitions;
      if ((table.rows ?? []).length === 0) continue;
      const names = (columns ?? []).map(({ name }) => name).join("\n");
      const headers = options.headers && names !== headed;
      const lines = renderTable({ ...table, columnDefinitions: columns ?? [] }, { ...options, headers });
      text += withEvents ? withEventColumn(lines, type, headers) : lines;
      headed = names;
    }
    if (text !== "") context.io.out(writer.render(text));
  };
}

function withEventColumn(text: string, type: string, headers: boolean): string {
  return text
    .split("\n")
    .map((line, index) =>
      // As wide as the longest, MODIFIED: later events must not move the columns.
      line === "" ? line : `${(headers && index === 0 ? "EVENT" : type).padEnd(8)}\t${line}`,
    )
    .join("\n");
}

function objectWriter(context: CommandContext, target: Target, printer: (object: Json) => string): Print {
  const withEvents = context.flags.bool("output-watch-events");
  const typed = (object: Json) => ({
    apiVersion: apiVersionOf(target.info),
    kind: target.info.kind,
    ...object,
  });
  return (type, objects) => {
    for (const each of objects.flatMap((object) => (Array.isArray(object["items"]) ? (object["items"] as Json[]) : [object]))) {
      const full = typed(each);
      // Events as JSON are one line each.
      if (withEvents && outputFormat(context.flags).format === "json") {
        context.io.out(`${JSON.stringify({ type, object: sortKeys(full) })}\n`);
        continue;
      }
      // An event has no name of its own: the object's is printed.
      const named = outputFormat(context.flags).format === "name";
      context.io.out(printer(withEvents && !named ? { type, object: sortKeys(full) } : full));
    }
  };
}

async function customColumnsPrinter(context: CommandContext): Promise<(object: Json) => string> {
  const { parseCustomColumns, renderCustomColumns } = await import("../printers/custom-columns.ts");
  const columns = parseCustomColumns(outputFormat(context.flags).argument);
  const writer = tableWriter(true);
  let first = !context.flags.bool("no-headers");
  return (object) => {
    const text = writer.render(renderCustomColumns(columns, [object], first));
    first = false;
    return text;
  };
}
