import { ageOf } from "../../api/duration.ts";
import { nowMs } from "../../host/cli-host.ts";
import type { Json } from "../connection/client.ts";
import { escapedForTerminal } from "./terminal.ts";

export interface Table extends Json {
  metadata?: { resourceVersion?: string; continue?: string };
  columnDefinitions?: { name: string; type?: string; format?: string; priority?: number }[];
  rows?: TableRow[] | null;
}

export interface TableRow {
  cells: unknown[];
  object?: {
    metadata?: {
      name?: string;
      namespace?: string;
      labels?: Record<string, string>;
      creationTimestamp?: string;
    };
  };
}

export interface TableOptions {
  readonly wide: boolean;
  readonly headers: boolean;
  readonly namespaces: boolean;
  readonly showLabels: boolean;
  readonly labelColumns: readonly string[];
  /** `pod/` in front of every name. */
  readonly kindPrefix: string;
}

/** The lines of a table, cells separated by tabs. Upstream: cli-runtime/pkg/printers/tableprinter.go */
export function renderTable(table: Table, options: TableOptions): string {
  const columns = table.columnDefinitions ?? [];
  const shown = columns.map((column, index) => ({ column, index })).filter(({ column }) => options.wide || (column.priority ?? 0) === 0);
  const lines: string[] = [];
  if (options.headers && columns.length > 0)
    lines.push(
      headerLine(
        shown.map(({ column }) => column.name),
        options,
      ),
    );
  for (const row of table.rows ?? []) {
    const metadata = row.object?.metadata ?? {};
    const cells = shown.map(({ index }) => cellText(row.cells[index]));
    if (options.kindPrefix !== "" && cells.length > 0) cells[0] = `${options.kindPrefix}/${cells[0]}`;
    if (options.namespaces) cells.unshift(metadata.namespace ?? "");
    for (const label of options.labelColumns) cells.push(metadata.labels?.[label] ?? "");
    if (options.showLabels) cells.push(labelsText(metadata.labels));
    lines.push(cells.join("\t"));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function headerLine(names: readonly string[], options: TableOptions): string {
  const headers = names.map((name) => name.toUpperCase());
  if (options.namespaces) headers.unshift("NAMESPACE");
  for (const label of options.labelColumns) headers.push((label.split("/").at(-1) ?? "").toUpperCase());
  if (options.showLabels) headers.push("LABELS");
  return headers.join("\t");
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : String(value);
  const end = text.search(/[\f\n\r]/);
  return escapedForTerminal(end < 0 ? text.replaceAll("\t", "\\t") : `${text.slice(0, end)}...`);
}

export function labelsText(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "<none>" : pairs.sort().join(",");
}

/** A plain object or list as a table: name and age. */
export function plainTable(object: Json): Table {
  const items = Array.isArray(object["items"]) ? (object["items"] as Json[]) : [object];
  return {
    metadata: object["metadata"] as Table["metadata"] & object,
    columnDefinitions: [
      { name: "Name", priority: 0 },
      { name: "Age", priority: 0 },
    ],
    rows: items.map((item) => {
      const metadata = (item["metadata"] ?? {}) as { name?: string; creationTimestamp?: string };
      return {
        cells: [metadata.name ?? "", ageOf(metadata.creationTimestamp, nowMs())],
        object: { metadata },
      };
    }),
  };
}
