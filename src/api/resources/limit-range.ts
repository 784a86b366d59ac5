import { duplicate, type FieldError, forbidden, invalid } from "../field-errors.ts";
import type { LimitRange, LimitRangeItem } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { createdAt } from "./support/columns.ts";
import { compareAmounts } from "./support/quantities.ts";

/** Upstream: pkg/registry/core/limitrange, ValidateLimitRange */
export const limitRanges: Kind<LimitRange> = {
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  singular: "limitrange",
  shortNames: ["limits"],
  namespaced: true,
  schema: { package: "core/v1", type: "LimitRange" },
  setDefaults({ spec }) {
    for (const item of spec.limits ?? []) if (item.type === "Container") defaultItem(item);
  },
  validate({ spec }) {
    const seen = new Set<string>();
    return (spec.limits ?? []).flatMap((item, index) => {
      const path = `spec.limits[${index}]`;
      const repeated = seen.has(item.type) ? [duplicate(`${path}.type`, item.type)] : [];
      seen.add(item.type);
      return [...repeated, ...validateItem(item, path)];
    });
  },
  columns: [createdAt()],
};

/** What is not said follows from what is: max is the default limit, limits and minimums are default requests. Upstream: SetDefaults_LimitRangeItem */
function defaultItem(item: LimitRangeItem): void {
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
  if (Object.keys(item.default).length === 0) delete item.default;
  if (Object.keys(item.defaultRequest).length === 0) delete item.defaultRequest;
}

function validateItem(item: LimitRangeItem, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { min = {}, max = {}, default: limit = {}, defaultRequest = {} } = item;
  if (item.type === "Pod") {
    if (Object.keys(limit).length > 0) errors.push(forbidden(`${path}.default`, "may not be specified when `type` is 'Pod'"));
    if (Object.keys(defaultRequest).length > 0)
      errors.push(forbidden(`${path}.defaultRequest`, "may not be specified when `type` is 'Pod'"));
  }
  if (item.type === "PersistentVolumeClaim" && !min["storage"] && !max["storage"])
    errors.push(forbidden(`${path}.limits`, "either minimum or maximum storage value is required, but neither was provided"));
  for (const name of new Set([min, max, limit, defaultRequest].flatMap((list) => Object.keys(list)))) {
    if (compareAmounts(min[name], max[name]) > 0)
      errors.push(invalid(`${path}.min[${name}]`, max[name], `min value ${min[name]} is greater than max value ${max[name]}`));
    if (compareAmounts(min[name], defaultRequest[name]) > 0)
      errors.push(
        invalid(
          `${path}.defaultRequest[${name}]`,
          defaultRequest[name],
          `min value ${min[name]} is greater than default request value ${defaultRequest[name]}`,
        ),
      );
    if (compareAmounts(defaultRequest[name], max[name]) > 0)
      errors.push(
        invalid(
          `${path}.defaultRequest[${name}]`,
          defaultRequest[name],
          `default request value ${defaultRequest[name]} is greater than max value ${max[name]}`,
        ),
      );
    if (compareAmounts(defaultRequest[name], limit[name]) > 0)
      errors.push(
        invalid(
          `${path}.defaultRequest[${name}]`,
          defaultRequest[name],
          `default request value ${defaultRequest[name]} is greater than default limit value ${limit[name]}`,
        ),
      );
    if (compareAmounts(min[name], limit[name]) > 0)
      errors.push(invalid(`${path}.default[${name}]`, min[name], `min value ${min[name]} is greater than default value ${limit[name]}`));
    if (compareAmounts(limit[name], max[name]) > 0)
      errors.push(invalid(`${path}.default[${name}]`, max[name], `default value ${limit[name]} is greater than max value ${max[name]}`));
  }
  return errors;
}
