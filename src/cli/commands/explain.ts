import type { CommandContext, CommandSpec } from "../command.ts";
import { ExitError } from "../errors.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import { type Definitions, SwaggerExplainer } from "./explain-openapi-v2.ts";

const explain: CommandSpec = {
  usage: "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]",
  long: "Describe fields and structure of various resources.\n\n Fields are named by their path: <type>.<fieldName>[.<fieldName>]",
  examples:
    "# The fields of pods\nkubectl explain pods\n\n# With their fields in turn\nkubectl explain pods --recursive\n\n# Of another version\nkubectl explain deployments --api-version=apps/v1\n\n# One field\nkubectl explain pods.spec.containers\n\n# As it was said from OpenAPI v2\nkubectl explain deployment --output=plaintext-openapiv2",
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
      usage: "Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2).",
    },
    { name: "recursive", shorthand: "R", type: "bool", usage: "Show all fields, of fields too." },
  ],
  async run(context) {
    await context.checkConfig();
    const [argument, ...more] = context.args;
    if (argument === undefined)
      throw new Error(
        'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.\n',
      );
    if (more.length > 0) throw new Error("We accept only this format: explain RESOURCE\n");
    const { info, fields, apiVersion } = await resourceOf(context, argument);
    const format = context.flags.text("output");
    if (format === "plaintext-openapiv2") return explainV2(context, { ...info, ...apiVersion }, fields);
    const { group, version, resource } = { ...info, ...apiVersion };
    const client = await context.client();
    const index = await client.get<{ paths: Record<string, { serverRelativeURL: string }> }>("/openapi/v3", { timeout: "32s" });
    const url = index.paths[group === "" ? `api/${version}` : `apis/${group}/${version}`]?.serverRelativeURL;
    if (!url) throw new Error(`couldn't find resource for "${group}/${version}, Resource=${resource}"`);
    if (format !== "plaintext") throw new Error(`unrecognized format: ${format}`);
    const document = await client.get<{ components?: { schemas?: Record<string, Schema> } }>(url);
    const served = (await (await context.discovery()).resources()).find(
      (each) => each.group === group && each.version === version && each.resource === resource,
    );
    if (!served) throw new Error(`GVR (${group}/${version}, Resource=${resource}) not found in OpenAPI schema`);
    const explainer = new Explainer(document.components?.schemas ?? {}, context.flags.bool("recursive"));
    // The head is out before a field turns out not to exist.
    context.io.out(explainer.head(served));
    context.io.out(explainer.body(served, fields));
  },
};

export default explain;

async function explainV2(context: CommandContext, gvk: GroupVersionKind, fields: readonly string[]): Promise<void> {
  const client = await context.client();
  const { definitions } = await client.get<{ definitions: Definitions }>("/openapi/v2", {
    timeout: "32s",
  });
  const explainer = new SwaggerExplainer(definitions, context.flags.bool("recursive"));
  context.io.out(explainer.explain(gvk, fields));
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The kind that the argument begins with, in its longest form (`deployments.apps.spec`), and the fields after it. */
async function resourceOf(
  context: CommandContext,
  argument: string,
): Promise<{
  info: ResourceInfo;
  fields: readonly string[];
  apiVersion?: { group: string; version: string };
}> {
  const [type = "", ...fields] = fieldNames(argument);
  const discovery = await context.discovery();
  const wanted = context.flags.text("api-version");
  if (type === "") throw new Error("a resource must be present, got: /, Resource=");
  const info = await discovery.find(type);
  if (!info) throw new ExitError(`the server doesn't have a resource type ${JSON.stringify(type)}`);
  if (wanted !== "") {
    const [group, version, ...more] = wanted.includes("/") ? wanted.split("/") : ["", wanted];
    if (group === undefined || version === undefined || more.length > 0) throw new Error(`unexpected GroupVersion string: ${wanted}`);
    return { info, fields, apiVersion: { group, version } };
  }
  const alike = (await discovery.resources()).filter((each) => each.resource === info.resource);
  for (const each of [info, ...alike]) {
    const name = each.group === "" ? each.resource : `${each.resource}.${each.group}`;
    if (!argument.startsWith(name)) continue;
    const rest = argument.slice(name.length);
    return { info: each, fields: fieldNames(/^[.[]/.test(rest) ? `x${rest}` : rest).slice(1) };
  }
  return { info, fields };
}

/** `pods.spec['containers']`: names, whatever way they are written. Upstream: k8s.io/client-go/util/jsonpath */
function fieldNames(path: string): string[] {
  const trimmed = path.replace(/\.$/, "");
  const names: string[] = [];
  const token = /\.?([^.[\]{}()|'"\s@]+)|\['([^']*)'\]/y;
  if (trimmed.startsWith(".")) throw new Error(FIRST_NODE);
  while (token.lastIndex < trimmed.length) {
    const at = token.lastIndex;
    const [, name, quoted] = token.exec(trimmed) ?? [];
    const found = name ?? quoted;
    if (found === undefined) {
      const character = trimmed[at] ?? "";
      if (character === "[" || character === ".") throw new Error(FIRST_NODE);
      const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
      throw new Error(`unrecognized character in action: U+${code} '${character}'`);
    }
    names.push(found);
  }
  return names;
}

const FIRST_NODE = "invalid jsonpath syntax, first node must be field node";

interface Schema {
  description?: string;
  type?: string;
  $ref?: string;
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  enum?: unknown[];
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

const WIDTH = 76;
/** How many values of an enum the list of fields shows. */
const ENUM_LIMIT = 4;

/** Upstream: k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl */
class Explainer {
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #recursive: boolean;

  constructor(schemas: Readonly<Record<string, Schema>>, recursive: boolean) {
    this.#schemas = schemas;
    this.#recursive = recursive;
  }

  head({ group, kind, version }: GroupVersionKind): string {
    return `${group === "" ? "" : `GROUP:      ${group}\n`}KIND:       ${kind}\nVERSION:    ${version}\n\n`;
  }

  body(info: GroupVersionKind, path: readonly string[]): string {
    const root = Object.values(this.#schemas).find((schema) =>
      schema["x-kubernetes-group-version-kind"]?.some(
        (each) => each.kind === info.kind && each.group === info.group && each.version === info.version,
      ),
    );
    if (!root) throw new Error(`GVK ${info.group}/${info.version}, Kind=${info.kind} not found in OpenAPI schema`);
    const body = this.#output(root, path, new Set());
    if (body === "") throw new Error(`field ${JSON.stringify(path.at(-1))} does not exist`);
    return `${body}\n`;
  }

  /** Follows the path; "" when it leads nowhere. */
  #output(schema: Schema, path: readonly string[], seen: ReadonlySet<string>): string {
    const resolved = this.#resolve(schema);
    const [first] = path;
    if (first === undefined) {
      const fields = this.#fieldList(resolved, 1, new Set());
      const description = indent(4, wrap(WIDTH, this.#description(resolved) || "<empty>"));
      return `DESCRIPTION:\n${description}\n${fields === "" ? "" : `FIELDS:\n${fields}`}`;
    }
    if (schema.$ref !== undefined && seen.has(schema.$ref)) return "";
    const next = resolved.properties?.[first];
    if (next) {
      const head = path.length === 1 ? `FIELD: ${first} <${this.#typeName(next)}>\n${longEnum(next)}\n\n` : "";
      return head + this.#output(next, path.slice(1), new Set());
    }
    const known = schema.$ref === undefined ? seen : new Set([...seen, schema.$ref]);
    if (resolved.items) return this.#output(resolved.items, path, known);
    if (typeof resolved.additionalProperties === "object") return this.#output(resolved.additionalProperties, path, known);
    for (const part of resolved.allOf ?? []) {
      const found = this.#output(part, path, known);
      if (found !== "") return found;
    }
    return "";
  }

  #fieldList(schema: Schema, level: number, seen: ReadonlySet<string>): string {
    if (schema.$ref !== undefined && seen.has(schema.$ref)) return "";
    const known = schema.$ref === undefined ? seen : new Set([...seen, schema.$ref]);
    const resolved = this.#resolve(schema);
    let text = "";
    for (const [name, property] of sorted(resolved.properties ?? {})) {
      text += this.#field(name, property, resolved.required?.includes(name) ?? false, level);
      if (this.#recursive) text += this.#fieldList(property, level + 1, known);
    }
    for (const part of resolved.allOf ?? []) text += this.#fieldList(part, level, known);
    if (resolved.items) text += this.#fieldList(resolved.items, level, known);
    if (typeof resolved.additionalProperties === "object") text += this.#fieldList(resolved.additionalProperties, level, known);
    return text;
  }

  #field(name: string, schema: Schema, required: boolean, level: number): string {
    const depth = level * 2;
    const head = `${" ".repeat(depth)}${name}\t<${this.#typeName(schema)}>${required ? " -required-" : ""}${shortEnum(schema, depth)}\n`;
    if (this.#recursive) return head;
    return `${head}${indent(depth + 2, wrap(78 - depth, schema.description ?? "<no description>"))}\n\n`;
  }

  /** Of the schema and of what it is made of, each ended by a newline. */
  #description(schema: Schema): string {
    const { description, allOf, items, additionalProperties } = this.#resolve(schema);
    return [
      description ? `${description}\n` : "",
      ...(allOf ?? []).map((part) => this.#description(part)),
      items ? this.#description(items) : "",
      typeof additionalProperties === "object" ? this.#description(additionalProperties) : "",
    ].join("");
  }

  #resolve(schema: Schema): Schema {
    return this.#target(schema) ?? schema;
  }

  #target({ $ref }: Schema): Schema | undefined {
    return $ref === undefined ? undefined : this.#schemas[$ref.split("/").at(-1) ?? ""];
  }

  #typeName(schema: Schema): string {
    const { items, additionalProperties, allOf, properties, $ref, type } = schema;
    if (items) return `[]${this.#typeName(items)}`;
    if (typeof additionalProperties === "object") return `map[string]${this.#typeName(additionalProperties)}`;
    if (allOf?.length === 1 && !properties) return this.#typeName(allOf[0] as Schema);
    if ($ref === undefined) return type === undefined || type === "object" ? "Object" : type;
    const target = this.#target(schema);
    if (target?.type !== undefined && target.type !== "object") return target.type;
    return $ref.split("/").at(-1)?.split(".").at(-1) || "Object";
  }
}

const sorted = (properties: Readonly<Record<string, Schema>>): [string, Schema][] =>
  Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));

const enumValue = (value: unknown): string => (value === "" ? '""' : String(value));

function longEnum(schema: Schema): string {
  return schema.enum ? `ENUM:${schema.enum.map((value) => `\n    ${enumValue(value)}`).join("")}` : "";
}

function shortEnum(schema: Schema, depth: number): string {
  if (!schema.enum) return "";
  const shown = schema.enum.slice(0, ENUM_LIMIT).map(enumValue).join(", ");
  return `\n${" ".repeat(depth)}enum: ${shown}${schema.enum.length > ENUM_LIMIT ? ", ...." : ""}`;
}

function indent(amount: number, text: string): string {
  const pad = " ".repeat(amount);
  return pad + text.replaceAll("\n", `\n${pad}`);
}

/** Breaks lines at blanks where they get too long; words are never broken. Upstream: mitchellh/go-wordwrap */
function wrap(limit: number, text: string): string {
  return text
    .split("\n")
    .map((line) => wrapLine(limit, line))
    .join("\n");
}

function wrapLine(limit: number, line: string): string {
  let wrapped = "";
  let width = 0;
  for (const [, blank = "", word = ""] of line.matchAll(/(\s*)(\S+)/g)) {
    // A word that is too long for any line still gets one of its own.
    if (width + blank.length + Math.min(word.length, limit - 1) > limit) {
      wrapped += `\n${word}`;
      width = word.length;
    } else {
      wrapped += blank + word;
      width += blank.length + word.length;
    }
  }
  const trailing = /\s*$/.exec(line)?.[0] ?? "";
  return width + trailing.length <= limit ? wrapped + trailing : wrapped;
}
