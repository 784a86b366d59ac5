import { type FieldError, forbidden, invalid, required } from "../field-errors.ts";
import type { LabelSelector } from "../generated/meta-v1.ts";
import { isLabelValue, isQualifiedName } from "./names.ts";
import { validateLabels } from "./object-meta.ts";

// Upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go
const OPERATORS_WITH_VALUES = ["In", "NotIn"];
const OPERATORS_WITHOUT_VALUES = ["Exists", "DoesNotExist"];

/** What may be wrong with a selector of matchLabels and matchExpressions. */
export function validateLabelSelector(selector: LabelSelector | null | undefined, path: string): FieldError[] {
  if (!selector) return [];
  const errors = validateLabels(selector.matchLabels ?? {}, `${path}.matchLabels`);
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (OPERATORS_WITH_VALUES.includes(operator)) {
      if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (OPERATORS_WITHOUT_VALUES.includes(operator)) {
      if (values.length > 0) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else errors.push(invalid(`${at}.operator`, operator, "not a valid selector operator"));
    for (const message of isQualifiedName(key)) errors.push(invalid(`${at}.key`, key, message));
    for (const [valueIndex, value] of values.entries())
      for (const message of isLabelValue(value)) errors.push(invalid(`${at}.values[${valueIndex}]`, value, message));
  }
  return errors;
}
