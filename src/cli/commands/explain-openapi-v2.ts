/** A schema of Swagger 2.0, as far as it is explained. */
export interface SwaggerSchema {
  readonly description?: string;
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: SwaggerSchema;
  readonly properties?: Readonly<Record<string, SwaggerSchema>>;
  readonly additionalProperties?: SwaggerSchema | boolean;
  readonly required?: readonly string[];
  readonly "x-kubernetes-group-version-kind"?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

export type Definitions = Readonly<Record<string, SwaggerSchema>>;

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const WRAP = 80;
const FIELD_INDENT = 3;
const DESCRIPTION_INDENT = 5;
const FIELD_DESCRIPTION_INDENT = 2;

/** What `explain` said before OpenAPI v3. Upstream: k8s.io/kubectl/pkg/explain */
export class SwaggerExplainer {
  readonly #definitions: Definitions;
  readonly #recursive: boolean;
  readonly #visited = new Set<string>();
  #text = "";

  constructor(definitions: Definitions, recursive: boolean) {
    this.#definitions = definitions;
    this.#recursive = recursive;
  }

  explain(gvk: GroupVersionKind, path: readonly string[]): string {
    const names = Object.keys(this.#definitions).sort();
    const name = names.findLast((each) =>
      this.#definitions[each]?.["x-kubernetes-group-version-kind"]?.some(
        (own) => own.group === gvk.group && own.version === gvk.version && own.kind === gvk.kind,
      ),
    );
    const root = name === undefined ? undefined : this.#definitions[name];
    if (!root) throw new Error(`couldn't find resource for "${gvk.group}/${gvk.version}, Kind=${gvk.kind}"`);
    this.#text = "";
    this.#printModel(path.at(-1) ?? "", this.#lookup(root, path), gvk, "", []);
    return this.#text;
  }

  #lookup(schema: SwaggerSchema, path: readonly string[]): SwaggerSchema {
    const [first] = path;
    if (first === undefined) return schema;
    switch (sortOf(schema)) {
      case "reference":
        return this.#lookup(this.#target(schema), path);
      case "array":
        return this.#lookup(schema.items ?? {}, path);
      case "map":
        return this.#lookup(valueOf(schema), path);
      case "kind": {
        const next = schema.properties?.[first];
        if (!next) throw new Error(`field ${JSON.stringify(first)} does not exist`);
        return this.#lookup(next, path.slice(1));
      }
      default:
        // It has no fields: it is what there is, whatever comes after.
        return schema;
    }
  }

  /** @param type of the outermost schema; @param above the descriptions on the way to this one. */
  #printModel(name: string, schema: SwaggerSchema, gvk: GroupVersionKind, type: string, above: readonly string[]): void {
    const sort = sortOf(schema);
    const known = type || (sort === "reference" || sort === "arbitrary" ? "" : this.#typeName(schema));
    const below = [...above, schema.description ?? ""];
    if (sort === "reference") return this.#printModel(name, this.#target(schema), gvk, known, below);
    if (sort === "array") return this.#printModel(name, schema.items ?? {}, gvk, known, below);
    if (sort === "map") return this.#printModel(name, valueOf(schema), gvk, known, below);
    this.#text += `KIND:     ${gvk.kind}\nVERSION:  ${gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`}\n\n`;
    if (sort === "kind" && name !== "") this.#text += `RESOURCE: ${name} <${known}>\n\n`;
    if (sort === "primitive") this.#text += `FIELD:    ${name} <${known}>\n\n`;
    this.#printDescriptions(below);
    if (sort !== "kind") return;
    this.#text += "\nFIELDS:\n";
    if (this.#recursive) this.#printRecursively(schema, FIELD_INDENT);
    else this.#printFields(schema);
  }

  #printDescriptions(descriptions: readonly string[]): void {
    this.#text += "DESCRIPTION:\n";
    descriptions.forEach((description, index) => {
      if (description === "") return;
      if (index > 0) this.#text += "\n";
      this.#writeWrapped(description, DESCRIPTION_INDENT);
    });
    if (descriptions.every((description) => description === "")) this.#writeWrapped("<empty>", DESCRIPTION_INDENT);
  }

  #printFields(schema: SwaggerSchema): void {
    for (const [name, field] of fieldsOf(schema)) {
      this.#text += `${" ".repeat(FIELD_INDENT)}${name}\t<${this.#typeName(field)}>${schema.required?.includes(name) ? " -required-" : ""}\n`;
      this.#writeWrapped(field.description ?? "", FIELD_INDENT + FIELD_DESCRIPTION_INDENT);
      this.#text += "\n";
    }
  }

  #printRecursively(schema: SwaggerSchema, indent: number): void {
    const sort = sortOf(schema);
    if (sort === "array") return this.#printRecursively(schema.items ?? {}, indent);
    if (sort === "map") return this.#printRecursively(valueOf(schema), indent);
    if (sort === "reference") {
      const reference = schema.$ref ?? "";
      if (this.#visited.has(reference)) return;
      this.#visited.add(reference);
      this.#printRecursively(this.#target(schema), indent);
      this.#visited.delete(reference);
      return;
    }
    if (sort !== "kind") return;
    for (const [name, field] of fieldsOf(schema)) {
      this.#text += `${" ".repeat(indent)}${name}\t<${this.#typeName(field)}>\n`;
      this.#printRecursively(field, indent + FIELD_INDENT);
    }
  }

  #typeName(schema: SwaggerSchema): string {
    switch (sortOf(schema)) {
      case "reference":
        return this.#typeName(this.#target(schema));
      case "array":
        return `[]${this.#typeName(schema.items ?? {})}`;
      case "map":
        return `map[string]${this.#typeName(valueOf(schema))}`;
      case "kind":
        return "Object";
      case "primitive":
        return schema.type ?? "";
      default:
        return "";
    }
  }

  #target({ $ref = "" }: SwaggerSchema): SwaggerSchema {
    return this.#definitions[$ref.replace("#/definitions/", "")] ?? {};
  }

  #writeWrapped(text: string, indent: number): void {
    for (const line of wrapString(text, WRAP - indent)) this.#text += line === "" ? "\n" : `${" ".repeat(indent)}${line}\n`;
  }
}

/** Upstream: kube-openapi/pkg/util/proto ParseSchema */
function sortOf({ $ref, type, properties }: SwaggerSchema): "reference" | "kind" | "map" | "array" | "primitive" | "arbitrary" {
  if ($ref !== undefined) return "reference";
  if (type === undefined) return properties ? "kind" : "arbitrary";
  if (type === "object") return properties ? "kind" : "map";
  return type === "array" ? "array" : "primitive";
}

/** A map of anything has the same description once more. */
function valueOf({ additionalProperties, description }: SwaggerSchema): SwaggerSchema {
  return typeof additionalProperties === "object" ? additionalProperties : description === undefined ? {} : { description };
}

function fieldsOf({ properties = {} }: SwaggerSchema): [string, SwaggerSchema][] {
  return Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
}

const LIST_ITEM = /^(\d+\.?|-|\*)\s/;

/** Joins lines and breaks them anew, but for code, lists, empty lines and what follows a colon. Upstream: formatter.go wrapString */
function wrapString(text: string, limit: number): string[] {
  const lines: string[] = [];
  let words: string[] = [];
  let lastWord = "";
  const flush = (): void => {
    if (words.length === 0) return;
    lines.push(words.join(" "));
    words = [];
    lastWord = "";
  };
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    if (line.startsWith("    ")) {
      flush();
      lines.push(line);
      continue;
    }
    if (lines.length > 0 && trimmed === "") {
      flush();
      lines.push("");
      continue;
    }
    if (lastWord.endsWith(":") || trimmed === "" || LIST_ITEM.test(trimmed)) flush();
    for (const word of trimmed.split(/\s+/).filter(Boolean)) {
      if (words.length > 0 && Buffer.byteLength([...words, word].join(" ")) > limit) flush();
      words.push(word);
      lastWord = word;
    }
  }
  flush();
  return lines;
}
