import { type FieldError, forbidden, invalid, required } from "../../field-errors.ts";
import type { LabelSelector } from "../../generated/meta-v1.ts";
import { isLabelValue, isQualifiedName } from "../../validation/names.ts";
import { validateLabels } from "../../validation/object-meta.ts";

/** Upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation ValidateLabelSelector. None at all is fine here. */
export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  const errors = validateLabels(selector?.matchLabels ?? {}, `${path}.matchLabels`);
  (selector?.matchExpressions ?? []).forEach(({ key, operator, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else errors.push(invalid(`${at}.operator`, operator ?? "", "not a valid selector operator"));
    for (const message of isQualifiedName(key ?? "")) errors.push(invalid(`${at}.key`, key ?? "", message));
    values.forEach((value, valueIndex) => {
      for (const message of isLabelValue(value)) errors.push(invalid(`${at}.values[${valueIndex}]`, value, message));
    });
  });
  return errors;
}
