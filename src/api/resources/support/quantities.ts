import { type FieldError, invalid } from "../../field-errors.ts";
import { isQuantity, parseQuantity } from "../../quantity.ts";

/** Amounts that may not be negative; that they parse is decoding's business. Upstream: ValidateResourceQuantityValue */
export function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) =>
    isQuantity(amount) && parseQuantity(amount).nanos < 0n
      ? [invalid(`${path}[${name}]`, amount, "must be greater than or equal to 0")]
      : [],
  );
}

/** Negative, zero or positive, as for sorting; 0 when one is missing. */
export function compareAmounts(a: string | undefined, b: string | undefined): number {
  return a === undefined || b === undefined ? 0 : parseQuantity(a).compare(parseQuantity(b));
}
