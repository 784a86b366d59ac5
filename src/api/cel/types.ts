/** The types of CEL as the checker sees them. */
export type CelType =
  | { readonly kind: "dyn" | "error" | "null" | "bool" | "int" | "uint" | "double" | "string" | "bytes" | "timestamp" | "duration" }
  | { readonly kind: "list"; readonly element: CelType }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType }
  | { readonly kind: "optional"; readonly value: CelType }
  | { readonly kind: "type"; readonly of: CelType }
  | { readonly kind: "opaque"; readonly name: string }
  | CelObjectType
  | { readonly kind: "param"; readonly name: string };

/** Something with named fields: the variable `request`, or what a schema describes. */
export interface CelObjectType {
  readonly kind: "object";
  readonly name: string;
  /** By the name CEL code uses. `any` lets undeclared fields be asked for too. */
  readonly fields: ReadonlyMap<string, CelField>;
  readonly any?: boolean;
}

export interface CelField {
  readonly type: CelType;
  /** The name in the JSON, where CEL needs another one: `foo-bar` is `foo__dash__bar`. */
  readonly property?: string;
}

const simple = <K extends "dyn" | "error" | "null" | "bool" | "int" | "uint" | "double" | "string" | "bytes" | "timestamp" | "duration">(
  kind: K,
) => ({ kind }) as const;

export const DYN: CelType = simple("dyn");
export const ERROR: CelType = simple("error");
export const NULL: CelType = simple("null");
export const BOOL: CelType = simple("bool");
export const INT: CelType = simple("int");
export const UINT: CelType = simple("uint");
export const DOUBLE: CelType = simple("double");
export const STRING: CelType = simple("string");
export const BYTES: CelType = simple("bytes");
export const TIMESTAMP: CelType = simple("timestamp");
export const DURATION: CelType = simple("duration");

export const listType = (element: CelType): CelType => ({ kind: "list", element });
export const mapType = (key: CelType, value: CelType): CelType => ({ kind: "map", key, value });
export const optionalType = (value: CelType): CelType => ({ kind: "optional", value });
export const opaqueType = (name: string): CelType => ({ kind: "opaque", name });

/** `objectType("kubernetes.GroupVersionKind", { group: STRING })` */
export function objectType(name: string, fields: Readonly<Record<string, CelType>>): CelObjectType {
  return { kind: "object", name, fields: new Map(Object.entries(fields).map(([field, type]) => [field, { type }])) };
}

/** As messages spell it. Upstream: cel-go checker/format.go FormatCELType */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case "error":
      return "!error!";
    case "list":
      return `list(${typeText(type.element)})`;
    case "map":
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case "optional":
      return `optional_type(${typeText(type.value)})`;
    case "type":
      return `type(${typeText(type.of)})`;
    case "opaque":
    case "object":
    case "param":
      return type.name;
    default:
      return type.kind;
  }
}

/** What the types of one signature were found to be. */
export class Substitution {
  #bound = new Map<string, CelType>();

  /** Tries `to` ← `from`; where it does not fit, nothing is bound. */
  assign(to: readonly CelType[], from: readonly CelType[]): boolean {
    const before = new Map(this.#bound);
    if (to.length === from.length && to.every((type, index) => this.#isAssignable(type, from[index] as CelType))) return true;
    this.#bound = before;
    return false;
  }

  resolve(type: CelType): CelType {
    switch (type.kind) {
      case "param": {
        const bound = this.#bound.get(type.name);
        return bound ? this.resolve(bound) : type;
      }
      case "list":
        return listType(this.resolve(type.element));
      case "map":
        return mapType(this.resolve(type.key), this.resolve(type.value));
      case "optional":
        return optionalType(this.resolve(type.value));
      case "type":
        return { kind: "type", of: this.resolve(type.of) };
      default:
        return type;
    }
  }

  #isAssignable(to: CelType, from: CelType): boolean {
    const left = this.resolve(to);
    const right = this.resolve(from);
    if (left.kind === "param") return this.#bind(left.name, right);
    if (right.kind === "param") return this.#bind(right.name, left);
    if (left.kind === "dyn" || right.kind === "dyn" || left.kind === "error" || right.kind === "error") return true;
    if (right.kind === "null" || left.kind === "null") return isNullable(left.kind) && isNullable(right.kind);
    switch (left.kind) {
      case "list":
        return right.kind === "list" && this.#isAssignable(left.element, right.element);
      case "map":
        return right.kind === "map" && this.#isAssignable(left.key, right.key) && this.#isAssignable(left.value, right.value);
      case "optional":
        return right.kind === "optional" && this.#isAssignable(left.value, right.value);
      case "opaque":
      case "object":
        return right.kind === left.kind && right.name === left.name;
      default:
        return right.kind === left.kind;
    }
  }

  #bind(name: string, type: CelType): boolean {
    if (type.kind === "param" && type.name === name) return true;
    if (mentions(type, name)) return false;
    this.#bound.set(name, type);
    // Where a dyn was met first, what comes after must stay free.
    return true;
  }
}

const isNullable = (kind: CelType["kind"]) => ["null", "object", "opaque", "timestamp", "duration", "optional"].includes(kind);

function mentions(type: CelType, name: string): boolean {
  switch (type.kind) {
    case "param":
      return type.name === name;
    case "list":
      return mentions(type.element, name);
    case "map":
      return mentions(type.key, name) || mentions(type.value, name);
    case "optional":
      return mentions(type.value, name);
    default:
      return false;
  }
}

/** Two types as one: of a list's elements, of the branches of `?:`. */
export function joinTypes(left: CelType, right: CelType): CelType | undefined {
  if (left.kind === "dyn" || right.kind === "error") return left;
  if (right.kind === "dyn" || left.kind === "error") return right;
  const substitution = new Substitution();
  if (!substitution.assign([left], [right])) return undefined;
  const resolved = substitution.resolve(left);
  return left.kind === "null" ? substitution.resolve(right) : hasDyn(right) ? substitution.resolve(right) : resolved;
}

function hasDyn(type: CelType): boolean {
  switch (type.kind) {
    case "dyn":
      return true;
    case "list":
      return hasDyn(type.element);
    case "map":
      return hasDyn(type.key) || hasDyn(type.value);
    case "optional":
      return hasDyn(type.value);
    default:
      return false;
  }
}

const NAMED: Readonly<Record<string, CelType>> = {
  dyn: DYN,
  null: NULL,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  timestamp: TIMESTAMP,
  duration: DURATION,
};

export interface Signature {
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** Whether a literal as the last argument can be right: told when the expression is compiled. */
  validLiteral?(text: string): boolean;
}

/** `(list(A), int) optional(A)`: one capital letter is a parameter, other unknown names are opaque. */
export function parseSignature(text: string): Signature {
  let at = 0;
  const accept = (character: string) => {
    while (text[at] === " ") at++;
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const parseType = (): CelType => {
    while (text[at] === " ") at++;
    const name = /^[\w.]+/.exec(text.slice(at))?.[0] ?? "";
    at += name.length;
    const args = accept("(") ? parseList() : [];
    const [first = DYN, second = DYN] = args;
    if (name === "list") return listType(first);
    if (name === "map") return mapType(first, second);
    if (name === "optional") return optionalType(first);
    if (name === "type") return { kind: "type", of: first };
    return NAMED[name] ?? (/^[A-Z]$/.test(name) ? { kind: "param", name } : opaqueType(name));
  };
  const parseList = (): CelType[] => {
    const types: CelType[] = [];
    while (!accept(")")) {
      types.push(parseType());
      accept(",");
    }
    return types;
  };
  accept("(");
  const params = parseList();
  return { params, result: parseType() };
}
