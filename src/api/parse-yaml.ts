import { type Document, isPair, isScalar, parseAllDocuments, visit, type YAMLError } from "yaml";

/** Text that is not YAML; message in go-yaml's words. */
export class YamlSyntaxError extends Error {
  override readonly name = "YamlSyntaxError";
}

/** The documents of a text, empty ones left out. Read as Go's sigs.k8s.io/yaml does (YAML 1.1). Throws YamlSyntaxError. */
export function parseYamlDocuments(text: string): unknown[] {
  const values: unknown[] = [];
  if (CONTROL.test(text)) throw new YamlSyntaxError("yaml: control characters are not allowed");
  for (const document of parseAllDocuments(text, {
    version: "1.1",
    merge: true,
    uniqueKeys: false,
    prettyErrors: true,
    maxAliasCount: 1000,
  } as never) as unknown as Document.Parsed[]) {
    const [error] = document.errors;
    if (error) throw new YamlSyntaxError(`yaml: ${goWords(error, text)}`);
    normalize(document);
    const value = toPlain(document);
    if (value !== null && value !== undefined) values.push(value);
  }
  return values;
}

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Of a key given twice the last counts, as for Go. */
function toPlain(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    const unknownAlias = error instanceof ReferenceError ? /: (\S+)$/.exec(error.message) : null;
    throw new YamlSyntaxError(
      `yaml: ${unknownAlias ? `unknown anchor '${unknownAlias[1]}' referenced` : "document contains excessive aliasing"}`,
      { cause: error },
    );
  }
}

/** JSON has only string keys, and Go reads dates as strings. */
function normalize(document: Document.Parsed): void {
  visit(document, {
    Pair(_key, pair) {
      if (
        isPair(pair) &&
        isScalar(pair.key) &&
        typeof pair.key.value !== "string" &&
        pair.key.value !== null &&
        typeof pair.key.value !== "symbol"
      )
        pair.key.value = keyText(pair.key.value, pair.key.source ?? String(pair.key.value));
    },
    Scalar(_key, node) {
      if ((node.value as unknown) instanceof Date) node.value = node.source ?? "";
      if (typeof node.value === "bigint") node.value = Number(node.value);
      if (Number.isNaN(node.value) && typeof node.source === "string" && !/nan/i.test(node.source)) node.value = node.source;
      if (typeof node.value === "string" && node.type === "PLAIN" && /^[-+]?0o[0-7]+$/.test(node.source ?? ""))
        node.value = Number(node.value);
      // YAML 1.1 sexagesimal numbers are strings for go-yaml.
      if (typeof node.value === "number" && typeof node.source === "string" && /:/.test(node.source)) node.value = node.source;
    },
  });
}

/** The string that Go makes of a key which is none. Upstream: sigs.k8s.io/yaml convertToJSONableObject */
function keyText(value: unknown, source: string): string {
  if (typeof value === "boolean") return String(value);
  const isNumber = (typeof value === "number" && Number.isFinite(value)) || typeof value === "bigint";
  // Sexagesimal numbers are strings.
  if (!isNumber || source.includes(":")) return source;
  return /^[-+]?(0[xbo]\w+|[\d_]+)$/i.test(source) ? String(value).replace(/^-0$/, "0") : float32Text(Number(value));
}

/** The shortest text of a number, as Go's 'g' writes it. */
function float32Text(value: number): string {
  const float = Math.fround(value);
  let digits = 1;
  while (digits < 9 && Math.fround(Number(float.toPrecision(digits))) !== float) digits++;
  const [mantissa = "", exponent = "0"] = float.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(`${mantissa}e${exponent}`));
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** go-yaml's way to say the commonest mistakes. Its scanner counts lines from one and leaves out the first, its parser counts from zero. */
function goWords(error: YAMLError, text: string): string {
  const start = error.linePos?.[0] ?? { line: 1, col: 1 };
  const end = error.linePos?.[1] ?? start;
  const scanner = (line: number, words: string) => (line <= 1 ? words : `line ${line}: ${words}`);
  const parser = (line: number, words: string) => (line <= 1 ? words : `line ${line - 1}: ${words}`);
  const lines = text.split("\n");
  // A bracket that nothing follows: what should come is missing, not what separates.
  if (/Flow (map|sequence)/i.test(error.message) && /[[{]\s*$/.test(text))
    return parser(Math.max(2, end.line), "did not find expected node content");
  switch (error.code) {
    case "TAB_AS_INDENT":
    case "BAD_SCALAR_START":
      return scanner(start.line, "found character that cannot start any token");
    case "BLOCK_AS_IMPLICIT_KEY": {
      if (/^\s*- /.test(lines[start.line - 1] ?? "") && /sequence/.test(error.message))
        return parser(start.line, "did not find expected key");
      // A value that goes on where a mapping begins on the next line: the colon there is what surprises.
      const isOnNextLine = !/:\s/.test(`${(lines[start.line - 1] ?? "").slice(start.col - 1)} `);
      return scanner(isOnNextLine ? start.line + 1 : start.line, "mapping values are not allowed in this context");
    }
    case "MULTILINE_IMPLICIT_KEY":
      if (/^\s*- /.test(lines[start.line - 1] ?? "")) return parser(start.line, "did not find expected key");
      return start.line === 1
        ? scanner(end.line, "mapping values are not allowed in this context")
        : scanner(end.line, "could not find expected ':'");
    case "BAD_INDENT": {
      if (/Flow (map|sequence)/.test(error.message))
        return `line ${Math.max(1, end.line - 1)}: did not find expected ',' or '${error.message.includes("Flow map") ? "}" : "]"}'`;
      const isAfterItem =
        /^\s*- [^:]*$/.test(lines[start.line - 2] ?? "") &&
        end.col > 1 &&
        /^(\s*)-/.exec(lines[start.line - 2] ?? "")?.[1] === /^\s*/.exec(lines[start.line - 1] ?? "")?.[0];
      return parser(start.line, isAfterItem ? "did not find expected '-' indicator" : "did not find expected key");
    }
    case "MISSING_CHAR":
      if (/quote/.test(error.message)) return scanner(start.line, "found unexpected end of stream");
      if (/Flow (map|sequence)/.test(error.message) || /flow/.test(error.message))
        return `line ${Math.max(1, end.line - 1)}: did not find expected ',' or '${/map/.test(error.message) ? "}" : "]"}'`;
      if (/Sequence item/.test(error.message)) return parser(start.line, "did not find expected key");
      return scanner(start.line + 1, "could not find expected ':'");
    case "UNEXPECTED_TOKEN":
      if (/block-seq-ind/.test(error.message)) return scanner(start.line, "block sequence entries are not allowed in this context");
      return parser(start.line, "did not find expected node content");
    case "BAD_ALIAS":
      return scanner(start.line, "did not find expected alphabetic or numeric character");
    default:
      return scanner(start.line, "could not find expected ':'");
  }
}
