import type { CommandContext } from "../command.ts";

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly "x-kubernetes-group-version-kind"?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

type Schemas = Readonly<Record<string, Schema>>;

/** `pod.spec.con`: the fields that the path may go on with. */
export async function fieldPaths(context: CommandContext, typed: string): Promise<string[]> {
  const [type = "", ...path] = typed.split(".");
  const before = typed.slice(0, typed.lastIndexOf(".") + 1);
  const info = await (await context.discovery()).find(type);
  if (!info) return [];
  const root = info.group === "" ? `api/${info.version}` : `apis/${info.group}/${info.version}`;
  const document = await (await context.client()).get<{ components?: { schemas?: Schemas } }>(`/openapi/v3/${root}`);
  const schemas = document.components?.schemas ?? {};
  const isMeant = (each: { group: string; version: string; kind: string }) =>
    each.kind === info.kind && each.group === info.group && each.version === info.version;
  let fields = fieldsOf(Object.values(schemas).find((schema) => schema["x-kubernetes-group-version-kind"]?.some(isMeant)) ?? {}, schemas);
  for (const name of path.slice(0, -1)) fields = fieldsOf(fields.get(name) ?? {}, schemas);
  return [...fields].map(([name, schema]) => `${before}${name}${fieldsOf(schema, schemas).size > 0 ? "." : ""}`);
}

/** The fields of what a schema describes, or of what it is a list of. */
function fieldsOf(schema: Schema, schemas: Schemas): Map<string, Schema> {
  const target = schema.$ref === undefined ? schema : (schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  const own = Object.entries(target.properties ?? {});
  const parts = [
    ...(target.allOf ?? []),
    ...(target.items ? [target.items] : []),
    ...(typeof target.additionalProperties === "object" ? [target.additionalProperties] : []),
  ];
  return new Map([...own, ...parts.flatMap((part) => [...fieldsOf(part, schemas)])]);
}
