import { parseSignature, type Signature } from "./types.ts";
import type { CelValue } from "./values.ts";

/** What a function may use while it runs. */
export interface CallContext {
  /** Counts towards the limit of the expression: throws when it is passed. */
  charge(cost: number): void;
}

export interface Overload extends Signature {
  call(args: readonly CelValue[], context: CallContext): CelValue;
}

export interface CelFunction {
  readonly name: string;
  /** `a.f(b)`: the receiver is the first parameter. */
  readonly member: boolean;
  readonly overloads: readonly Overload[];
}

/** One overload. The implementation names the types its signature has made sure of, and may take the context last. */
export function overload<A extends readonly (CelValue | CallContext)[]>(signature: string, call: (...args: A) => CelValue): Overload {
  return { ...parseSignature(signature), call: (args, context) => call(...([...args, context] as unknown as A)) };
}

/** Literals are looked at when the expression is compiled. Upstream: cel.ValidateRegexLiterals and its siblings */
export function checkingLiterals(checked: Overload, parse: (text: string) => unknown): Overload {
  return {
    ...checked,
    validLiteral: (text) => {
      try {
        parse(text);
        return true;
      } catch {
        return false;
      }
    },
  };
}

export function global(name: string, ...overloads: Overload[]): CelFunction {
  return { name, member: false, overloads };
}

export function method(name: string, ...overloads: Overload[]): CelFunction {
  return { name, member: true, overloads };
}
