import type { Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { apiVersionOf, type ResourceInfo } from "../discovery.ts";

const explain: CommandSpec = {
  usage:
    "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]",
  long: "Describe fields and structure of various resources.\n\n Fields are named by their path: <type>.<fieldName>[.<fieldName>]",
  examples:
    "# The fields of pods\nkubectl explain pods\n\n# One field\nkubectl explain pods.spec.containers",
  flags: [
    {
      name: "api-version",
      type: "string",
      usage: "Use given api-version (group/version) of the resource.",
    },
    {
      name: "output",
      shorthand: "o",
      type: "string",
      default: "plaintext",
      usage:
        "Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2).",
    },
    { name: "recursive", type: "bool", usage: "Show all fields, of fields too." },
  ],
  async run(context) {
    const [argument, ...more] = context.args;
    if (argument === undefined)
      throw new Error(
        'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.\n',
      );
    if (more.length > 0) throw context.usage("We accept only this format: explain RESOURCE");
    const [type = "", ...fields] = argument.split(".").filter(Boolean);
    const info = await resourceOf(context, type);
    const group = info.group === "" ? `api/${info.version}` : `apis/${info.group}/${info.version}`;
    const client = await context.client();
    const index = await client.get<{ paths: Record<string, { serverRelativeURL: string }> }>(
      "/openapi/v3",
      { timeout: "32s" },
    );
    const url = index.paths[group]?.serverRelativeURL;
    if (!url)
      throw new Error(
        `couldn't find resource for "${info.group}/${info.version}, Resource=${info.resource}"`,
      );
    const document = await client.get<{ components?: { schemas?: Record<string, Schema> } }>(url);
    context.io.out(
      new Explainer(document.components?.schemas ?? {}).render(
        info,
        fields,
        context.flags.bool("recursive"),
      ),
    );
  },
};

export default explain;

async function resourceOf(context: CommandContext, type: string): Promise<ResourceInfo> {
  const discovery = await context.discovery();
  const wanted = context.flags.text("api-version");
  const info = await discovery.get(type);
  if (wanted === "") return info;
  const other = (await discovery.resources()).find(
    (each) => each.resource === info.resource && apiVersionOf(each) === wanted,
  );
  if (!other) throw new Error(`couldn't find resource for "${wanted}, Resource=${info.resource}"`);
  return other;
}

interface Schema {
  description?: string;
  type?: string;
  format?: string;
  $ref?: string;
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  required?: string[];
  enum?: unknown[];
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

/** Upstream: k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl */
class Explainer {
  readonly #schemas: Readonly<Record<string, Schema>>;

  constructor(schemas: Readonly<Record<string, Schema>>) {
    this.#schemas = schemas;
  }

  render(info: ResourceInfo, path: readonly string[], recursive: boolean): string {
    const root = Object.values(this.#schemas).find((schema) =>
      schema["x-kubernetes-group-version-kind"]?.some(
        (each) =>
          each.kind === info.kind && each.group === info.group && each.version === info.version,
      ),
    );
    if (!root)
      throw new Error(
        `GVK ${info.group}/${info.version}, Kind=${info.kind} not found in OpenAPI schema`,
      );
    let schema = root;
    let field: { name: string; schema: Schema; required: boolean } | undefined;
    for (const name of path) {
      const holder = this.#element(schema);
      const next = holder.properties?.[name];
      if (!next) throw new Error(`field ${JSON.stringify(name)} does not exist`);
      field = { name, schema: next, required: holder.required?.includes(name) ?? false };
      schema = next;
    }
    const lines = [
      ...(info.group === "" ? [] : [`GROUP:      ${info.group}`]),
      `KIND:       ${info.kind}`,
      `VERSION:    ${info.version}`,
      "",
    ];
    if (field)
      lines.push(
        `FIELD: ${field.name} <${this.#typeName(field.schema)}>${field.required ? " -required-" : ""}`,
        ...enumLines(this.#element(field.schema)),
        "",
      );
    lines.push("DESCRIPTION:", ...this.#description(schema), "");
    const holder = this.#element(schema);
    if (holder.properties) lines.push("FIELDS:", ...this.#fields(holder, recursive, 1, new Set()));
    return `${lines.join("\n")}\n\n`.replace(/\n{3,}$/, "\n\n");
  }

  #description(schema: Schema): string[] {
    const own = schema.description;
    const target = this.#element(schema);
    const text =
      own && target !== schema && target.description
        ? `${own}\n${target.description}`
        : (own ?? target.description ?? "");
    return text === ""
      ? ["    <empty>"]
      : text
          .split("\n")
          .flatMap((line) => wrap(line, 76))
          .map((line) => `    ${line}`.trimEnd());
  }

  #fields(schema: Schema, recursive: boolean, level: number, seen: ReadonlySet<Schema>): string[] {
    return Object.keys(schema.properties ?? {})
      .sort()
      .flatMap((name) => {
        const property = schema.properties?.[name] as Schema;
        const indent = "  ".repeat(level);
        const head = `${indent}${name}\t<${this.#typeName(property)}>${schema.required?.includes(name) ? " -required-" : ""}`;
        const element = this.#element(property);
        if (recursive)
          return [
            head,
            ...(seen.has(element)
              ? []
              : this.#fields(element, true, level + 1, new Set([...seen, element]))),
          ];
        const description = this.#description(property).map((line) =>
          `${"  ".repeat(level)}${line.slice(2)}`.trimEnd(),
        );
        return [head, ...enumLines(element).map((line) => `${indent}${line}`), ...description, ""];
      });
  }

  #element(schema: Schema): Schema {
    const target = this.#resolve(schema);
    if (target.items) return this.#element(target.items);
    if (target.additionalProperties && typeof target.additionalProperties === "object")
      return this.#element(target.additionalProperties);
    return target;
  }

  #resolve(schema: Schema): Schema {
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    return reference ? (this.#schemas[reference.split("/").at(-1) ?? ""] ?? schema) : schema;
  }

  #typeName(schema: Schema): string {
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (reference) {
      const target = this.#resolve(schema);
      return target.properties || !target.type
        ? (reference.split(".").at(-1) ?? "Object")
        : reference.includes("util.intstr")
          ? "IntOrString"
          : (reference.split(".").at(-1) ?? target.type);
    }
    if (schema.items) return `[]${this.#typeName(schema.items)}`;
    if (schema.additionalProperties && typeof schema.additionalProperties === "object")
      return `map[string]${this.#typeName(schema.additionalProperties)}`;
    return schema.type === "object" || !schema.type ? "Object" : schema.type;
  }
}

function enumLines(schema: Schema): string[] {
  return schema.enum ? [`ENUM:`, ...schema.enum.map((value) => `    ${String(value)}`)] : [];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export type { Json };
