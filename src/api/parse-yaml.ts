import { type Document, isPair, isScalar, parseAllDocuments, visit, type YAMLError } from "yaml";

/** Text that is not YAML; message in go-yaml's words. */
export class YamlSyntaxError extends Error {
  override readonly name = "YamlSyntaxError";
}

/** The documents of a text, empty ones left out. Read as Go's sigs.k8s.io/yaml does (YAML 1.1). Throws YamlSyntaxError. */
export function parseYamlDocuments(text: string): unknown[] {
  const values: unknown[] = [];
  for (const document of parseAllDocuments(text, { version: "1.1", merge: true, uniqueKeys: true, prettyErrors: true, maxAliasCount: 1000 } as never) as unknown as Document.Parsed[]) {
    const [error] = document.errors;
    if (error) throw new YamlSyntaxError(`yaml: ${goWords(error, text)}`);
    normalize(document);
    const value: unknown = document.toJS({ maxAliasCount: 1000 });
    if (value !== null && value !== undefined) values.push(value);
  }
  return values;
}

/** JSON has only string keys, and Go reads dates as strings. */
function normalize(document: Document.Parsed): void {
  visit(document, {
    Pair(_key, pair) {
      if (isPair(pair) && isScalar(pair.key) && typeof pair.key.value !== "string" && pair.key.value !== null && typeof pair.key.value !== "symbol") pair.key.value = pair.key.source ?? String(pair.key.value);
    },
    Scalar(_key, node) {
      if ((node.value as unknown) instanceof Date) node.value = node.source ?? "";
      if (typeof node.value === "bigint") node.value = Number(node.value);
      if (Number.isNaN(node.value) && typeof node.source === "string" && !/nan/i.test(node.source)) node.value = node.source;
      // YAML 1.1 sexagesimal numbers are strings for go-yaml.
      if (typeof node.value === "number" && typeof node.source === "string" && /:/.test(node.source)) node.value = node.source;
    },
  });
}

/** go-yaml's way to say the commonest mistakes. */
function goWords(error: YAMLError, text: string): string {
  const line = error.linePos?.[0].line ?? 1;
  switch (error.code) {
    case "TAB_AS_INDENT":
      return `line ${line}: found character that cannot start any token`;
    case "DUPLICATE_KEY": {
      const key = /^\s*(?:- )?["']?([^:"']+)/.exec(text.split("\n")[line - 1] ?? "")?.[1] ?? "";
      return `unmarshal errors:\n  line ${line}: key ${JSON.stringify(key.trim())} already set in map`;
    }
    case "BLOCK_IN_FLOW":
    case "MULTILINE_IMPLICIT_KEY":
    case "BLOCK_AS_IMPLICIT_KEY":
      return `line ${line}: mapping values are not allowed in this context`;
    case "MISSING_CHAR":
    case "BAD_INDENT":
      return `line ${line}: did not find expected ${error.message.includes("key") || error.code === "BAD_INDENT" ? "key" : "',' or ']'"}`;
    default:
      return `line ${line}: could not find expected ':'`;
  }
}
