import type { Query } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";

interface Table {
  readonly columnDefinitions?: readonly { readonly name: string; readonly format?: string }[];
  readonly rows?: readonly { readonly cells: readonly unknown[]; readonly object?: { readonly metadata?: Metadata } | null }[];
  readonly items?: readonly { readonly metadata: Metadata }[];
}

interface Metadata {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/** Names of a type's objects; a table of names only is the least that a server can be asked for. */
export async function objectNames(context: CommandContext, type: string, namespace?: string): Promise<string[]> {
  const table = await list(context, type, namespace, { includeObject: "None" });
  if (!table?.rows) return (table?.items ?? []).map(({ metadata }) => metadata.name);
  const column = Math.max(0, table.columnDefinitions?.findIndex(({ format }) => format === "name") ?? 0);
  return table.rows.map(({ cells }) => String(cells[column] ?? ""));
}

/** Metadata is long: objects of a type are labelled alike, and the first tell enough without keeping a key waiting. */
const LABELLED_MAX = 250;

/** Label keys and values in use: `app=web`. */
export async function labelsInUse(context: CommandContext, type: string, namespace?: string): Promise<ReadonlyMap<string, Set<string>>> {
  const table = await list(context, type, namespace, { includeObject: "Metadata", limit: LABELLED_MAX });
  const found = new Map<string, Set<string>>();
  for (const { metadata } of [...(table?.items ?? []), ...(table?.rows ?? []).map(({ object }) => object ?? {})])
    for (const [key, value] of Object.entries(metadata?.labels ?? {})) found.set(key, (found.get(key) ?? new Set()).add(value));
  return found;
}

/** One object as it is; undefined when there is none. */
export async function findObject<T>(context: CommandContext, type: string, name: string, namespace?: string): Promise<T | undefined> {
  const info = await (await context.discovery()).find(type);
  if (!info || name === "") return undefined;
  return (await context.client()).get<T>(pathOf(info, namespace ?? (await context.namespace()), name));
}

async function list(context: CommandContext, type: string, namespace: string | undefined, query: Query): Promise<Table | undefined> {
  const info = await (await context.discovery()).find(type);
  if (!info?.verbs.includes("list")) return undefined;
  const client = await context.client();
  return client.get<Table>(pathOf(info, namespace ?? (await context.namespace())), query, AS_TABLE);
}
