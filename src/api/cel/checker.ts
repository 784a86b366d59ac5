import { type CelIssue, CelCompileError } from "./errors.ts";
import type { CelFunction } from "./functions.ts";
import { OPERATORS } from "./operators.ts";
import { dottedName } from "./parser.ts";
import type { Call, Comprehension, Expr, ListExpr, MapExpr, Select, StructExpr } from "./syntax.ts";
import {
  BOOL,
  type CelObjectType,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  ERROR,
  INT,
  joinTypes,
  listType,
  mapType,
  NULL,
  optionalType,
  opaqueType,
  type Signature,
  STRING,
  BYTES,
  Substitution,
  TIMESTAMP,
  typeText,
  UINT,
} from "./types.ts";

/** What an expression may refer to. */
export interface CelEnvironment {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly functions: FunctionTable;
  /** The types that `Name{…}` may make. */
  structType?(name: string): CelObjectType | undefined;
}

export class FunctionTable {
  readonly #members = new Map<string, CelFunction["overloads"]>();
  readonly #globals = new Map<string, CelFunction["overloads"]>();

  constructor(functions: Iterable<CelFunction>) {
    for (const { name, member, overloads } of functions) {
      const table = member ? this.#members : this.#globals;
      table.set(name, [...(table.get(name) ?? []), ...overloads]);
    }
  }

  find(name: string, member: boolean): CelFunction["overloads"] | undefined {
    return (member ? this.#members : this.#globals).get(name);
  }

  isKnown(name: string): boolean {
    return this.#members.has(name) || this.#globals.has(name);
  }
}

/** What a name turned out to be; what is not here is itself. */
export type Resolution =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "type"; readonly name: string }
  | { readonly kind: "function"; readonly name: string };

export interface CheckedExpression {
  readonly type: CelType;
  readonly resolutions: ReadonlyMap<Expr, Resolution>;
}

const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ["bool", BOOL],
  ["int", INT],
  ["uint", UINT],
  ["double", DOUBLE],
  ["string", STRING],
  ["bytes", BYTES],
  ["null_type", NULL],
  ["list", listType(DYN)],
  ["map", mapType(DYN, DYN)],
  ["google.protobuf.Timestamp", TIMESTAMP],
  ["google.protobuf.Duration", DURATION],
  ["optional_type", optionalType(DYN)],
  ["type", { kind: "type", of: DYN }],
  ...["kubernetes.Quantity", "kubernetes.URL", "net.IP", "net.CIDR", "kubernetes.Semver"].map((name): [string, CelType] => [
    name,
    opaqueType(name),
  ]),
]);

/** Throws CelCompileError with everything that is wrong. Upstream: cel-go checker/checker.go */
export function checkExpression(expr: Expr, environment: CelEnvironment, source: string): CheckedExpression {
  const checker = new Checker(environment);
  const type = checker.check(expr, undefined);
  if (checker.issues.length > 0) throw new CelCompileError(source, checker.issues);
  return { type: withoutParams(type), resolutions: checker.resolutions };
}

interface Scope {
  readonly name: string;
  readonly type: CelType;
  readonly outer: Scope | undefined;
}

class Checker {
  readonly issues: CelIssue[] = [];
  readonly resolutions = new Map<Expr, Resolution>();
  readonly #environment: CelEnvironment;
  #fresh = 0;

  constructor(environment: CelEnvironment) {
    this.#environment = environment;
  }

  check(expr: Expr, scope: Scope | undefined): CelType {
    switch (expr.kind) {
      case "literal":
        return { kind: expr.type };
      case "ident":
        return this.#ident(expr.name, expr, scope);
      case "select":
        return this.#select(expr, scope);
      case "call":
        return this.#call(expr, scope);
      case "list":
        return this.#list(expr, scope);
      case "map":
        return this.#map(expr, scope);
      case "struct":
        return this.#struct(expr, scope);
      case "comprehension":
        return this.#comprehension(expr, scope);
      case "bind":
        return this.check(expr.body, { name: expr.variable, type: this.check(expr.value, scope), outer: scope });
    }
  }

  #report(at: number, message: string): CelType {
    this.issues.push({ at, message });
    return ERROR;
  }

  #ident(name: string, expr: Expr, scope: Scope | undefined): CelType {
    for (let current = scope; current; current = current.outer) if (current.name === name) return current.type;
    return this.#global(name, expr) ?? this.#report(expr.at, `undeclared reference to '${name}' (in container '')`);
  }

  #global(dotted: string, expr: Expr): CelType | undefined {
    const name = dotted.startsWith(".") ? dotted.slice(1) : dotted;
    const variable = this.#environment.variables.get(name);
    if (variable) {
      this.resolutions.set(expr, { kind: "variable", name });
      return variable;
    }
    const type = TYPE_NAMES.get(name);
    if (!type) return undefined;
    this.resolutions.set(expr, { kind: "type", name });
    return { kind: "type", of: type };
  }

  #select(expr: Select, scope: Scope | undefined): CelType {
    const name = dottedName(expr);
    if (name !== undefined && !isLocal(name, scope)) {
      const global = this.#global(name, expr);
      if (global) return global;
    }
    const operand = this.check(expr.operand, scope);
    const target = operand.kind === "optional" ? operand.value : operand;
    const type = this.#fieldType(expr, target);
    if (expr.mode === "test") return BOOL;
    return expr.mode === "optional" || operand.kind === "optional" ? optionalType(type) : type;
  }

  #fieldType(expr: Select, target: CelType): CelType {
    switch (target.kind) {
      case "dyn":
      case "param":
        return DYN;
      case "error":
        return ERROR;
      case "map":
        return target.value;
      case "object": {
        const field = target.fields.get(expr.field);
        if (field) return field.type;
        return target.any ? DYN : this.#report(expr.at, `undefined field '${expr.field}'`);
      }
      default:
        return this.#report(expr.at, `type '${typeText(target)}' does not support field selection`);
    }
  }

  #call(expr: Call, scope: Scope | undefined): CelType {
    const operator = OPERATORS.get(expr.name);
    if (operator && !expr.target)
      return this.#resolve(
        expr,
        operator,
        expr.args.map((arg) => this.check(arg, scope)),
        false,
      );
    const { functions } = this.#environment;
    const prefix = expr.target && dottedName(expr.target);
    const qualified = prefix !== undefined && !isLocal(prefix, scope) ? `${prefix}.${expr.name}` : undefined;
    const namespaced = qualified === undefined ? undefined : functions.find(qualified, false);
    if (qualified !== undefined && namespaced) {
      this.resolutions.set(expr, { kind: "function", name: qualified });
      return this.#resolve(
        { ...expr, name: qualified },
        namespaced,
        expr.args.map((arg) => this.check(arg, scope)),
        false,
        expr.args,
      );
    }
    const name = expr.name.startsWith(".") ? expr.name.slice(1) : expr.name;
    if (!functions.isKnown(name)) {
      if (expr.target) this.check(expr.target, scope);
      for (const arg of expr.args) this.check(arg, scope);
      return this.#report(expr.at, `undeclared reference to '${name}' (in container '')`);
    }
    const member = expr.target !== undefined;
    const args = [...(expr.target ? [expr.target] : []), ...expr.args];
    return this.#resolve(
      { ...expr, name },
      functions.find(name, member) ?? [],
      args.map((arg) => this.check(arg, scope)),
      member,
      expr.args,
    );
  }

  #resolve(
    expr: Call,
    signatures: readonly Signature[],
    args: readonly CelType[],
    member: boolean,
    literals: readonly Expr[] = expr.args,
  ): CelType {
    if (args.some((arg) => arg.kind === "error")) return ERROR;
    let result: CelType | undefined;
    for (const signature of signatures) {
      const substitution = new Substitution();
      const suffix = `${this.#fresh++}`;
      if (
        !substitution.assign(
          signature.params.map((param) => renamed(param, suffix)),
          args,
        )
      )
        continue;
      const type = substitution.resolve(renamed(signature.result, suffix));
      result = result === undefined || typeText(result) === typeText(type) ? type : DYN;
    }
    if (!result) {
      const texts = args.map((arg) => typeText(withoutParams(arg)));
      const applied = member ? `${texts[0]}.(${texts.slice(1).join(", ")})` : `(${texts.join(", ")})`;
      return this.#report(expr.at, `found no matching overload for '${expr.name}' applied to '${applied}'`);
    }
    this.#validateLiteral(expr, signatures, literals);
    return result;
  }

  /** Upstream: cel.ValidateRegexLiterals, ValidateDurationLiterals, ValidateTimestampLiterals */
  #validateLiteral(expr: Call, signatures: readonly Signature[], args: readonly Expr[]): void {
    const argument = args.at(-1);
    if (argument?.kind !== "literal" || typeof argument.value !== "string") return;
    const { value } = argument;
    if (signatures.some((signature) => signature.validLiteral?.(value) === false))
      this.#report(argument.at, `invalid ${expr.name} argument`);
  }

  #list(expr: ListExpr, scope: Scope | undefined): CelType {
    let joined: CelType | undefined;
    for (const { value, optional } of expr.elements) {
      const type = this.#maybeOptional(value, optional, scope);
      joined = this.#join(joined, type, value.at);
    }
    return listType(joined ?? this.#freshParam());
  }

  #map(expr: MapExpr, scope: Scope | undefined): CelType {
    let keys: CelType | undefined;
    let values: CelType | undefined;
    for (const { key, value, optional } of expr.entries) {
      keys = this.#join(keys, this.check(key, scope), key.at);
      values = this.#join(values, this.#maybeOptional(value, optional, scope), value.at);
    }
    return mapType(keys ?? this.#freshParam(), values ?? this.#freshParam());
  }

  #maybeOptional(value: Expr, optional: boolean, scope: Scope | undefined): CelType {
    const type = this.check(value, scope);
    if (!optional) return type;
    if (type.kind === "optional") return type.value;
    if (type.kind === "dyn" || type.kind === "error") return DYN;
    return this.#report(value.at, `expected type '${typeText(optionalType(type))}' but found '${typeText(type)}'`);
  }

  #join(joined: CelType | undefined, type: CelType, at: number): CelType {
    if (!joined) return type;
    const both = joinTypes(joined, type);
    return both ?? this.#report(at, `expected type '${typeText(joined)}' but found '${typeText(type)}'`);
  }

  #freshParam(): CelType {
    return { kind: "param", name: `_var${this.#fresh++}` };
  }

  #struct(expr: StructExpr, scope: Scope | undefined): CelType {
    const type = this.#environment.structType?.(expr.name);
    if (!type) {
      for (const field of expr.fields) this.check(field.value, scope);
      return this.#report(expr.at, `undeclared reference to '${expr.name}' (in container '')`);
    }
    for (const field of expr.fields) {
      const value = this.#maybeOptional(field.value, field.optional, scope);
      const expected = type.fields.get(field.name)?.type ?? (type.any ? DYN : this.#report(field.at, `undefined field '${field.name}'`));
      if (!new Substitution().assign([expected], [value])) {
        this.#report(
          field.at,
          `expected type of field '${field.name}' is '${typeText(expected)}' but provided type is '${typeText(value)}'`,
        );
      }
    }
    return type;
  }

  #comprehension(expr: Comprehension, scope: Scope | undefined): CelType {
    const range = this.check(expr.range, scope);
    const isOptional = expr.macro === "optMap" || expr.macro === "optFlatMap";
    const types = isOptional ? [this.#optionalValue(range, expr)] : this.#variableTypes(range, expr);
    const inner = expr.variables.reduce<Scope | undefined>((outer, name, index) => ({ name, type: types[index] ?? DYN, outer }), scope);
    if (expr.filter) this.#requireBool(expr.filter, expr, inner, "_?_:_");
    const element = expr.variables.length === 1 ? (types[0] ?? DYN) : (types[1] ?? DYN);
    switch (expr.macro) {
      case "all":
        this.#requireBool(expr.body, expr, inner, "_&&_");
        return BOOL;
      case "exists":
        this.#requireBool(expr.body, expr, inner, "_||_");
        return BOOL;
      case "exists_one":
        this.#requireBool(expr.body, expr, inner, "_?_:_");
        return BOOL;
      case "filter":
        this.#requireBool(expr.body, expr, inner, "_?_:_");
        return listType(element);
      case "map":
      case "transformList":
        return listType(this.check(expr.body, inner));
      case "transformMap":
        return mapType(types[0] ?? DYN, this.check(expr.body, inner));
      case "sortBy":
        this.check(expr.body, inner);
        return listType(element);
      case "transformMapEntry":
      case "optFlatMap":
        return this.check(expr.body, inner);
      case "optMap":
        return optionalType(this.check(expr.body, inner));
    }
  }

  #optionalValue(range: CelType, expr: Comprehension): CelType {
    if (range.kind === "optional") return range.value;
    if (range.kind === "dyn" || range.kind === "error") return DYN;
    return this.#report(expr.at, `found no matching overload for 'hasValue' applied to '${typeText(range)}.()'`);
  }

  #variableTypes(range: CelType, expr: Comprehension): readonly CelType[] {
    const two = expr.variables.length === 2;
    switch (range.kind) {
      case "list":
        return two ? [INT, range.element] : [range.element];
      case "map":
        return [range.key, range.value];
      case "dyn":
      case "error":
      case "param":
        return [DYN, DYN];
      default:
        this.#report(
          expr.range.at,
          `expression of type '${typeText(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [ERROR, ERROR];
    }
  }

  /** The accumulator of the macro takes part in the message: that is what is checked upstream. */
  #requireBool(body: Expr, expr: Comprehension, scope: Scope | undefined, operator: string): void {
    const type = this.check(body, scope);
    if (["bool", "dyn", "error", "param"].includes(type.kind)) return;
    const applied =
      operator === "_?_:_"
        ? `(${typeText(type)}, ${expr.macro === "exists_one" ? "int, int" : "list(dyn), list(dyn)"})`
        : `(bool, ${typeText(type)})`;
    this.#report(expr.at, `found no matching overload for '${operator}' applied to '${applied}'`);
  }
}

function isLocal(dotted: string, scope: Scope | undefined): boolean {
  const head = dotted.split(".", 1)[0];
  for (let current = scope; current; current = current.outer) if (current.name === head) return true;
  return false;
}

function renamed(type: CelType, suffix: string): CelType {
  return mapParams(type, (name) => ({ kind: "param", name: name + suffix }));
}

function withoutParams(type: CelType): CelType {
  return mapParams(type, () => DYN);
}

function mapParams(type: CelType, replace: (name: string) => CelType): CelType {
  switch (type.kind) {
    case "param":
      return replace(type.name);
    case "list":
      return listType(mapParams(type.element, replace));
    case "map":
      return mapType(mapParams(type.key, replace), mapParams(type.value, replace));
    case "optional":
      return optionalType(mapParams(type.value, replace));
    case "type":
      return { kind: "type", of: mapParams(type.of, replace) };
    default:
      return type;
  }
}
