import { additionalSchema, type JsonSchema, propertyOf } from "./json-schema.ts";

/** Throws Error with upstream's words. Upstream: apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go ValidFieldPath */
export function resolveFieldPath(
  schema: JsonSchema,
  text: string,
  options: { readonly brackets: boolean },
): { readonly path: string; readonly root: string; readonly schema: JsonSchema } {
  const tokens = text.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/g) ?? [];
  let at = 0;
  const next = (): string => {
    const token = tokens[at++];
    if (token === undefined) throw new Error("unexpected end of JSON path");
    return token;
  };
  let current: JsonSchema = schema;
  let path = "";
  let root = "";
  while (at < tokens.length) {
    const token = next();
    let name: string;
    if (token === "[") {
      if (!options.brackets) throw new Error("array notation is not allowed");
      name = unquote(next());
    } else if (token === ".") name = next();
    else throw new Error(`expected [ or . but got: ${token}`);
    const isNamed = current.properties !== undefined && Object.keys(current.properties).length > 0;
    const found = isNamed ? propertyOf(current, name) : additionalSchema(current);
    if (!found) throw new Error("does not refer to a valid field");
    current = found;
    path = isNamed ? (path === "" ? name : `${path}.${name}`) : `${path}[${name}]`;
    if (root === "") root = path;
    if (token === "[") {
      const end = next();
      if (end !== "]") throw new Error(`expected ] but got ${end}`);
    }
  }
  return { path, root, schema: current };
}

function unquote(token: string): string {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) throw new Error(`expected single quoted string but got ${token}`);
  return token.slice(1, -1).replace(/\\./g, (escape) => {
    const known: Readonly<Record<string, string>> = {
      a: "\x07",
      b: "\b",
      f: "\f",
      n: "\n",
      r: "\r",
      t: "\t",
      v: "\v",
      "'": "'",
      "\\": "\\",
    };
    const character = known[escape.slice(1)];
    if (character === undefined) throw new Error(`invalid string literal: invalid escape char ${escape}`);
    return character;
  });
}
