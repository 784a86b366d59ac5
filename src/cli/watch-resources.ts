import { exitWhenInterrupted, sleep } from "../host/cli-host.ts";
import { JSON_TYPE, TABLE_TYPE, type Json } from "./client.ts";
import type { CommandContext } from "./command.ts";
import { tableOptions, targetQuery } from "./commands/get.ts";
import { apiVersionOf, pathOf } from "./discovery.ts";
import { requestTimeoutMs } from "./go-duration.ts";
import { outputFormat, sortKeys } from "./printers/output.ts";
import { plainTable, renderTable, type Table } from "./printers/table.ts";
import { tableWriter } from "./printers/tab-writer.ts";
import type { Target } from "./resources.ts";

/** `get --watch`: the list, then every change. Upstream: k8s.io/kubectl/pkg/cmd/get/get.go watch */
export async function watchResources(
  context: CommandContext,
  targets: readonly Target[],
  printer: ((object: Json) => string) | undefined,
): Promise<void> {
  const [target] = targets;
  if (targets.length !== 1 || !target) {
    const several = new Set(targets.map(({ info }) => info)).size > 1;
    throw new Error(
      several
        ? "you may only specify a single resource type"
        : "watch is only supported on individual resources and resource collections - more than 1 resource was found",
    );
  }
  if (outputFormat(context.flags).format.startsWith("custom-columns")) printer = await customColumnsPrinter(context);
  const print = printer ? objectWriter(context, target, printer) : tableRowWriter(context, target);
  if (context.flags.text("sort-by") !== "")
    context.io.err(
      context.flags.bool("watch")
        ? "warning: --watch requested, --sort-by will be ignored for watch events received\n"
        : "warning: --watch-only requested, --sort-by will be ignored\n",
    );
  const client = await context.client();
  const accept = printer ? JSON_TYPE : TABLE_TYPE;
  const path = pathOf(target.info, target.namespace, target.name);
  const listed = await client.get(path, targetQuery(context, target), accept);
  const version = (listed["metadata"] as { resourceVersion?: string } | undefined)?.resourceVersion;
  if (!context.flags.bool("watch-only")) print("ADDED", listed);
  const abort = new AbortController();
  exitWhenInterrupted();
  const timeoutMs = requestTimeoutMs(context.flags);
  if (timeoutMs > 0) void sleep(timeoutMs).then(() => abort.abort());
  const query = {
    ...targetQuery(context, target),
    limit: undefined,
    resourceVersion: target.name === undefined ? version : "0",
    fieldSelector: target.name === undefined ? context.flags.text("field-selector") : `metadata.name=${target.name}`,
  };
  // A watch of one object starts with what is already known of it.
  let skip = target.name === undefined ? 0 : 1;
  for await (const event of client.watch(pathOf(target.info, target.namespace), query, {
    accept,
    signal: abort.signal,
  })) {
    if (event.type === "BOOKMARK") continue;
    if (event.type === "ERROR") break;
    if (skip-- > 0) continue;
    print(event.type, event.object);
  }
}

type Print = (type: string, object: Json) => void;

function tableRowWriter(context: CommandContext, target: Target): Print {
  const writer = tableWriter(true);
  const options = tableOptions(context, target, false);
  const withEvents = context.flags.bool("output-watch-events");
  let columns: Table["columnDefinitions"];
  let first = true;
  return (type, object) => {
    const table = object["kind"] === "Table" ? (object as Table) : plainTable(object);
    if (table.columnDefinitions?.length) columns = table.columnDefinitions;
    if ((table.rows ?? []).length === 0) return;
    let text = renderTable({ ...table, columnDefinitions: columns ?? [] }, { ...options, headers: options.headers && first });
    if (withEvents) text = withEventColumn(text, type, options.headers && first);
    first = false;
    context.io.out(writer.render(text));
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
  return (type, object) => {
    for (const each of Array.isArray(object["items"]) ? (object["items"] as Json[]) : [object]) {
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
  const { parseCustomColumns, renderCustomColumns } = await import("./printers/custom-columns.ts");
  const columns = parseCustomColumns(outputFormat(context.flags).argument);
  const writer = tableWriter(true);
  let first = !context.flags.bool("no-headers");
  return (object) => {
    const text = writer.render(renderCustomColumns(columns, [object], first));
    first = false;
    return text;
  };
}
