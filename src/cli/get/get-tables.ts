import { isNotFound } from "../../api/status.ts";
import { JSON_TYPE, TABLE_TYPE, type Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { pathOf, singularName } from "../connection/discovery.ts";
import { ExitError, throwAll } from "../errors.ts";
import { outputFormat } from "../printers/output.ts";
import { plainTable, renderTable, type Table, type TableOptions } from "../printers/table.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { assertNamespaced, isSingle, listFailure, orMissingNamespace, type Target } from "../objects/resources.ts";

/** What a list is asked for: by selectors, in parts. */
export function targetQuery(context: CommandContext, target: Target) {
  const { flags } = context;
  if (isSingle(target)) return {};
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

/** `get` as people read it. */
export async function getTables(context: CommandContext, targets: readonly Target[], errors: unknown[]): Promise<void> {
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
  for (const { target, table } of await sortTables(context, found)) {
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
      if (flags.bool("ignore-not-found") && isNotFound(error)) continue;
      errors.push(!isSingle(target) ? listFailure(error, target.info, flags.text("selector"), flags.text("field-selector")) : error);
    }
  }
  return found;
}

/** Upstream: get.go, sorter.go */
async function sortTables(context: CommandContext, found: readonly FoundTable[]): Promise<readonly FoundTable[]> {
  const path = context.flags.text("sort-by");
  if (path === "") return found;
  const { sortByPath, TABLE_ROWS } = await import("./sort-objects.ts");
  if (!context.flags.bool("server-print")) {
    const single = found.flatMap(({ target, table }) => (table.rows ?? []).map((row) => ({ target, table: { ...table, rows: [row] } })));
    return single.length > 1 ? sortByPath(single, path, ({ table }) => table.rows[0]?.object) : single;
  }
  // Of several tables they are sorted themselves, by where the path leads in them, and then the rows of each.
  const tables = found.length > 1 ? sortByPath(found, path, ({ table }) => table) : found;
  return tables.map(({ target, table }) => ({
    target,
    table: sortedRows(table, (rows) => sortByPath(rows, path, (row) => row.object, TABLE_ROWS)),
  }));
}

function sortedRows(table: Table, sort: (rows: NonNullable<Table["rows"]>) => NonNullable<Table["rows"]>): Table {
  const rows = table.rows ?? [];
  if (rows.length <= 1) return table;
  try {
    return { ...table, rows: sort(rows) };
  } catch (error) {
    if (error instanceof ExitError) throw error;
    // Nothing is printed where the path leads nowhere; not even an unreadable one is told.
    return { ...table, rows: [] };
  }
}

async function sayNothingFound(context: CommandContext, targets: readonly Target[]): Promise<void> {
  const namespaced = !context.flags.bool("all-namespaces") && targets.every(({ info }) => info.namespaced);
  context.io.err(namespaced ? `No resources found in ${await context.namespace()} namespace.\n` : "No resources found\n");
}

/** The tables of a target: one for an object, one for each part of a list. */
async function tablesOf(context: CommandContext, target: Target): Promise<Table[]> {
  const { flags } = context;
  if (target.name === undefined && target.manifest) return [plainTable(target.manifest)];
  assertNamespaced(target);
  const client = await context.client();
  const path = pathOf(target.info, target.namespace, target.name, flags.text("subresource"));
  const accept = flags.bool("server-print") ? TABLE_TYPE : JSON_TYPE;
  const query = {
    ...targetQuery(context, target),
    includeObject: flags.has("sort-by") ? "Object" : undefined,
  };
  const read = (token?: string) => client.get(path, { ...query, continue: token }, accept);
  if (isSingle(target)) {
    const answer = await orMissingNamespace(client, target.namespace, () => read());
    // kubectl looks for the labels of what it got: a table has none.
    return target.selects?.({ metadata: {}, ...answer }) === false ? [] : [tableOf(answer)];
  }
  const tables: Table[] = [];
  let token: string | undefined;
  do {
    const table = tableOf(await read(token));
    tables.push(table);
    token = table.metadata?.continue || undefined;
  } while (token !== undefined);
  return tables;
}

const tableOf = (answer: Json): Table => (answer["kind"] === "Table" ? (answer as Table) : plainTable(answer));
