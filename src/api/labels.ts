import type { LabelSelector } from "./generated/meta-v1.ts";
import { badRequest } from "./status.ts";
import { isLabelValue, isQualifiedName } from "./validation/names.ts";

export type LabelOperator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A label selector that has been understood. Upstream: k8s.io/apimachinery/pkg/labels */
export class Selector {
  readonly requirements: readonly LabelRequirement[];
  readonly #nothing: boolean;

  constructor(requirements: readonly LabelRequirement[], nothing = false) {
    this.requirements = requirements;
    this.#nothing = nothing;
  }

  get empty(): boolean {
    return this.requirements.length === 0 && !this.#nothing;
  }

  matches(labels: Readonly<Record<string, string>> | undefined): boolean {
    return !this.#nothing && this.requirements.every((requirement) => satisfies(requirement, labels ?? {}));
  }

  toString(): string {
    return this.requirements.map(renderRequirement).join(",");
  }
}

export const EVERYTHING = new Selector([]);
export const NOTHING = new Selector([], true);

function satisfies({ key, operator, values }: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const actual = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "in":
    case "=":
    case "==":
      return actual !== undefined && values.includes(actual);
    case "notin":
    case "!=":
      return actual === undefined || !values.includes(actual);
    case "exists":
      return actual !== undefined;
    case "!":
      return actual === undefined;
    case "gt":
      return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) > Number(values[0]);
    case "lt":
      return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) < Number(values[0]);
  }
}

function renderRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "in":
    case "notin":
      return `${key} ${operator} (${[...values].sort().join(",")})`;
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "gt":
      return `${key}>${values[0]}`;
    case "lt":
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0] ?? ""}`;
  }
}

/** A matchLabels/matchExpressions selector; null selects nothing, an empty one everything. */
export function selectorFromLabelSelector(selector: LabelSelector | null | undefined): Selector {
  if (!selector) return NOTHING;
  const known = fromObject.get(selector);
  if (known) return known;
  const requirements: LabelRequirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "=",
    values: [value],
  }));
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const word = ({ In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" } as const)[operator as "In"];
    requirements.push({ key, operator: word, values });
  }
  requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const built = requirements.length === 0 ? EVERYTHING : new Selector(requirements);
  if (Object.isFrozen(selector)) fromObject.set(selector, built);
  return built;
}

const fromObject = new WeakMap<object, Selector>();

export function selectorFromMap(labels: Readonly<Record<string, string>> | undefined): Selector {
  return new Selector(
    Object.entries(labels ?? {})
      .sort()
      .map(([key, value]) => ({ key, operator: "=", values: [value] })),
  );
}

type Token = {
  readonly type: "(" | ")" | "," | "=" | "==" | "!=" | "!" | ">" | "<" | "in" | "notin" | "identifier" | "end";
  readonly text: string;
};

/** Thrown with upstream's words by `parseSelector`; the API wraps it into 400. */
export class SelectorSyntaxError extends Error {
  override readonly name = "SelectorSyntaxError";
}

/** Parses the text form; throws SelectorSyntaxError. */
export function parseSelector(text: string): Selector {
  const parser = new Parser(tokenize(text));
  const requirements = parser.parse();
  return requirements.length === 0 ? EVERYTHING : new Selector(requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));
}

/** As the API does it: throws StatusError 400 with upstream's message. */
export function parseLabelSelector(text: string): Selector {
  try {
    return parseSelector(text);
  } catch (error) {
    if (error instanceof SelectorSyntaxError) throw badRequest(error.message);
    throw error;
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:(==|!=|[(),=!<>])|([^\s(),=!<>]+))/gy;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [, symbol, word] = match;
    if (symbol !== undefined) tokens.push({ type: symbol as Token["type"], text: symbol });
    else if (word === "in" || word === "notin") tokens.push({ type: word, text: word });
    else tokens.push({ type: "identifier", text: word as string });
  }
  tokens.push({ type: "end", text: "" });
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const next = this.#peek();
      if (next.type === "end" && requirements.length === 0 && this.#at === 0) return requirements;
      if (next.type !== "identifier" && next.type !== "!" && next.type !== "in" && next.type !== "notin")
        throw new SelectorSyntaxError(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#prefixed());
      const after = this.#take();
      if (after.type === "end") return requirements;
      if (after.type !== ",") throw new SelectorSyntaxError(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.#peek();
      if (following.type === "end" || following.type === ",")
        throw new SelectorSyntaxError(`found '${following.text}', expected: identifier after ','`);
    }
  }

  /** Only what is wrong inside of a requirement is said to be so. */
  #prefixed(): LabelRequirement {
    try {
      return this.#requirement();
    } catch (error) {
      if (error instanceof SelectorSyntaxError)
        throw new SelectorSyntaxError(`unable to parse requirement: ${error.message}`, { cause: error });
      throw error;
    }
  }

  #requirement(): LabelRequirement {
    const negated = this.#peek().type === "!";
    if (negated) this.#take();
    const key = this.#take(true);
    if (key.type !== "identifier") throw new SelectorSyntaxError(`found '${key.text}', expected: identifier`);
    checkKey(key.text);
    const next = this.#peek();
    if (negated || next.type === "end" || next.type === ",") return { key: key.text, operator: negated ? "!" : "exists", values: [] };
    return this.#withValues(key.text);
  }

  #withValues(key: string): LabelRequirement {
    const operator = this.#take();
    switch (operator.type) {
      case "in":
      case "notin":
        return checked({ key, operator: operator.type, values: this.#set() });
      case "=":
      case "==":
      case "!=":
        return checked({ key, operator: operator.type, values: [this.#value()] });
      case ">":
      case "<": {
        const values = [this.#value()];
        if (!/^-?\d+$/.test(values[0] as string))
          throw new SelectorSyntaxError(
            `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`,
          );
        return { key, operator: operator.type === ">" ? "gt" : "lt", values };
      }
      default:
        throw new SelectorSyntaxError(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #set(): string[] {
    const open = this.#take();
    if (open.type !== "(") throw new SelectorSyntaxError(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (let expectValue = true; ;) {
      const token = this.#take(true);
      if (token.type === "identifier" && expectValue) {
        values.push(token.text);
        expectValue = false;
      } else if (token.type === ",") {
        if (expectValue) values.push("");
        expectValue = true;
      } else if (token.type === ")") {
        if (expectValue) values.push("");
        return [...new Set(values)];
      } else throw new SelectorSyntaxError(`found '${token.text}', expected: ${expectValue ? "',', ')' or identifier" : "',' or ')'"}`);
    }
  }

  #value(): string {
    const next = this.#peek();
    if (next.type === "end" || next.type === ",") return "";
    const token = this.#take(true);
    if (token.type !== "identifier") throw new SelectorSyntaxError(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  /** @param asWord whether `in` and `notin` are names here. */
  #take(asWord = false): Token {
    const token = this.#tokens[this.#at] as Token;
    if (token.type !== "end") this.#at++;
    return asWord && (token.type === "in" || token.type === "notin") ? { type: "identifier", text: token.text } : token;
  }
}

function checkKey(key: string): void {
  const errors = isQualifiedName(key);
  if (errors.length > 0) throw new SelectorSyntaxError(`<nil>: Invalid value: ${JSON.stringify(key)}: ${errors.join("; ")}`);
}

function checked(requirement: LabelRequirement): LabelRequirement {
  requirement.values.forEach((value, index) => {
    const errors = isLabelValue(value);
    if (errors.length > 0)
      throw new SelectorSyntaxError(`values[${index}][${requirement.key}]: Invalid value: ${JSON.stringify(value)}: ${errors.join("; ")}`);
  });
  return requirement;
}
