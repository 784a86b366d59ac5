import { ageOf } from "../../api/duration.ts";
import type { Column, Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import type { ObjectView } from "../object-view.ts";
import { renderPartialMetadata } from "./partial-metadata.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableFormat {
  readonly version: string;
  readonly includeObject: IncludeObject;
}

const NAME_DESCRIPTION =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE_DESCRIPTION =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

const DEFAULT_COLUMNS: readonly Column<KubernetesObject>[] = [
  {
    name: "Age",
    type: "string",
    priority: 0,
    description: AGE_DESCRIPTION,
    cell: (object, nowMs) => ageOf(object.metadata.creationTimestamp, nowMs),
  },
];

/** Undefined when the client does not ask for a Table first. */
export function tableFormatOf(accept: string, includeObject: string | null): TableFormat | undefined {
  for (const part of accept.split(",")) {
    const [type, ...parameters] = part.split(";").map((text) => text.trim());
    if (parameters.includes("as=Table") && type === "application/json") {
      const version = parameters.find((parameter) => parameter.startsWith("v="))?.slice(2) ?? "v1";
      return { version, includeObject: includeObject === "None" || includeObject === "Object" ? includeObject : "Metadata" };
    }
    if (type === "application/json" || type === "*/*" || type === "application/vnd.kubernetes.protobuf") return undefined;
  }
  return undefined;
}

export function renderTable(kind: Kind, views: readonly ObjectView[], options: TableOptions): Buffer {
  const { format, metadata, nowMs, columns = true } = options;
  const head = {
    kind: "Table",
    apiVersion: `meta.k8s.io/${format.version}`,
    metadata,
    columnDefinitions: columns ? columnDefinitions(kind) : null,
  };
  const rows = views.map((view) => renderRow(kind, view, format, nowMs));
  return Buffer.from(`${JSON.stringify(head).slice(0, -1)},"rows":[${rows.join(",")}]}\n`);
}

export interface TableOptions {
  readonly format: TableFormat;
  readonly metadata: object;
  readonly nowMs: number;
  /** A watch names its columns in its first event only. */
  readonly columns?: boolean;
}

/** Kinds that are not told apart by their names put the name where they want it: events. */
function namesItself(kind: Kind): boolean {
  return kind.columns?.some((column) => column.name === "Name") ?? false;
}

function columnDefinitions(kind: Kind) {
  const name = { name: "Name", type: "string", format: "name", description: NAME_DESCRIPTION, priority: 0 };
  return [
    ...(namesItself(kind) ? [] : [name]),
    ...(kind.columns ?? DEFAULT_COLUMNS).map((column) => ({
      name: column.name,
      type: column.type,
      format: column.format ?? "",
      description: column.description,
      priority: column.priority,
    })),
  ];
}

function renderRow(kind: Kind, view: ObjectView, format: TableFormat, nowMs: number): string {
  const { object } = view;
  const cells = [
    ...(namesItself(kind) ? [] : [object.metadata.name]),
    ...(kind.columns ?? DEFAULT_COLUMNS).map((column) => column.cell(object, nowMs)),
  ];
  return `{"cells":${JSON.stringify(cells)},"object":${renderRowObject(view, format)}}`;
}

function renderRowObject(view: ObjectView, format: TableFormat): string {
  if (format.includeObject === "None") return "null";
  if (format.includeObject === "Object") return view.bytes.toString();
  return renderPartialMetadata(view.object, format.version);
}
