import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from "../../field-errors.ts";
import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from "../../generated/core-v1.ts";
import { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from "../../validation/names.ts";
import { validateLabelSelector } from "./label-selector-validation.ts";

// Upstream: validateAffinity, ValidateTolerations, validateTopologySpreadConstraints

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const labelName = (key: string, path: string) => isQualifiedName(key).map((message) => invalid(path, key, message));

export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const node = affinity?.nodeAffinity;
  if (node?.[REQUIRED])
    errors.push(...validateNodeSelector(node[REQUIRED].nodeSelectorTerms, `${path}.nodeAffinity.${REQUIRED}.nodeSelectorTerms`));
  (node?.[PREFERRED] ?? []).forEach((term, index) => {
    const at = `${path}.nodeAffinity.${PREFERRED}[${index}]`;
    errors.push(...validateWeight(term.weight, at), ...validateNodeTerm(term.preference, `${at}.preference`, false));
  });
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    const terms = affinity?.[kind];
    (terms?.[REQUIRED] ?? []).forEach((term, index) => errors.push(...validatePodTerm(term, `${path}.${kind}.${REQUIRED}[${index}]`)));
    (terms?.[PREFERRED] ?? []).forEach((term: WeightedPodAffinityTerm, index) => {
      const at = `${path}.${kind}.${PREFERRED}[${index}]`;
      errors.push(...validateWeight(term.weight, at), ...validatePodTerm(term.podAffinityTerm, `${at}.podAffinityTerm`));
    });
  }
  return errors;
}

const validateWeight = (weight: number, path: string) =>
  weight >= 1 && weight <= 100 ? [] : [invalid(`${path}.weight`, weight ?? 0, "must be in the range 1-100")];

function validateNodeSelector(terms: readonly NodeSelectorTerm[] | undefined, path: string): FieldError[] {
  if (!terms?.length) return [required(path, "must have at least one node selector term")];
  return terms.flatMap((term, index) => validateNodeTerm(term, `${path}[${index}]`, true));
}

function validateNodeTerm(term: NodeSelectorTerm | undefined, path: string, checkValues: boolean): FieldError[] {
  return [
    ...(term?.matchExpressions ?? []).flatMap((requirement, index) =>
      validateNodeRequirement(requirement, `${path}.matchExpressions[${index}]`, checkValues),
    ),
    ...(term?.matchFields ?? []).flatMap((requirement, index) => validateFieldRequirement(requirement, `${path}.matchFields[${index}]`)),
  ];
}

function validateNodeRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: string,
  checkValues: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) errors.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else errors.push(invalid(`${path}.operator`, operator ?? "", "not a valid selector operator"));
  errors.push(...labelName(key ?? "", `${path}.key`));
  if (checkValues)
    values.forEach((value, index) =>
      errors.push(...isLabelValue(value).map((message) => invalid(`${path}.values[${index}]`, value, message))),
    );
  return errors;
}

function validateFieldRequirement({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn") errors.push(invalid(`${path}.operator`, operator ?? "", "not a valid selector operator"));
  else if (values.length !== 1)
    errors.push(required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  if (key !== "metadata.name") errors.push(invalid(`${path}.key`, key ?? "", "not a valid field selector key"));
  else
    values.forEach((value, index) =>
      errors.push(...isDns1123Subdomain(value).map((message) => invalid(`${path}.values[${index}]`, value, message))),
    );
  return errors;
}

function validatePodTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const errors = [
    ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
  ];
  for (const name of term.namespaces ?? [])
    errors.push(...isDns1123Label(name).map((message) => invalid(`${path}.namespace`, name, message)));
  if (!term.topologyKey) errors.push(required(`${path}.topologyKey`, "can not be empty"));
  return [...errors, ...labelName(term.topologyKey ?? "", `${path}.topologyKey`)];
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${path}[${index}]`;
    const { key, operator = "", value = "", effect = "" } = toleration;
    const errors: FieldError[] = key ? labelName(key, `${at}.key`) : [];
    if (!key && operator !== "Exists")
      errors.push(
        invalid(`${at}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'),
      );
    if (toleration.tolerationSeconds !== undefined && effect !== "NoExecute")
      errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (operator === "" || operator === "Equal") {
      const messages = isLabelValue(value);
      if (messages.length > 0) errors.push(invalid(`${at}.operator`, value, messages.join(";")));
    } else if (operator === "Exists") {
      if (value !== "") errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else errors.push(notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    if (effect !== "" && !EFFECTS.includes(effect)) errors.push(notSupported(`${at}.effect`, effect, EFFECTS));
    return errors;
  });
}

export function validateSpreadConstraints(constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] {
  const seen = new Set<string>();
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = "", whenUnsatisfiable = "", minDomains } = constraint;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero"));
    if (topologyKey === "") errors.push(required(`${at}.topologyKey`, "can not be empty"));
    else errors.push(...labelName(topologyKey, `${at}.topologyKey`));
    if (!["DoNotSchedule", "ScheduleAnyway"].includes(whenUnsatisfiable))
      errors.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]));
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    if (minDomains !== undefined && minDomains <= 0) errors.push(invalid(`${at}.minDomains`, minDomains, "must be greater than zero"));
    if (minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule") {
      errors.push(
        invalid(`${at}.minDomains`, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`),
      );
    }
    for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const) {
      const policy = constraint[field];
      if (policy !== undefined && !["Honor", "Ignore"].includes(policy))
        errors.push(notSupported(`${at}.${field}`, policy, ["Honor", "Ignore"]));
    }
    return [...errors, ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`)];
  });
}
