import { AdmissionCompiler, type CompiledExpression } from "../../admission-expressions.ts";
import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooMany } from "../../field-errors.ts";
import type {
  MatchCondition,
  MatchResources,
  MutatingAdmissionPolicy,
  Mutation,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  Validation,
  ValidatingAdmissionPolicy,
  Variable,
} from "../../generated/admissionregistration-v1.ts";
import { APPLY_CONFIGURATION_TYPES, JSON_PATCH_TYPES, mutationCompiler } from "../../mutation-expressions.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { isDns1035Label, isDns1123Subdomain, isPathSegmentName, isQualifiedName } from "../../validation/names.ts";

// Upstream: pkg/apis/admissionregistration/validation/validation.go
const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const FAILURE_POLICIES = ["Fail", "Ignore"];
const REINVOCATION_POLICIES = ["IfNeeded", "Never"];
const MATCH_POLICIES = ["Equivalent", "Exact"];
const SCOPES = ["*", "Cluster", "Namespaced"];
const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const ACTIONS = ["Audit", "Deny", "Warn"];
const MATCH_CONDITIONS_MAX = 64;
const AUDIT_ANNOTATIONS_MAX = 20;

export function validateValidatingAdmissionPolicy({ metadata, spec }: ValidatingAdmissionPolicy): FieldError[] {
  const errors = validateFailurePolicy(spec.failurePolicy, "spec.failurePolicy");
  if (spec.paramKind) errors.push(...validateParamKind(spec.paramKind, "spec.paramKind"));
  errors.push(...validateMatchConstraints(spec.matchConstraints));
  const hasParams = spec.paramKind !== undefined;
  errors.push(...validateMatchConditions(spec.matchConditions, hasParams, "spec.matchConditions"));
  const compiler = new AdmissionCompiler({ hasParams, composed: (spec.variables?.length ?? 0) > 0 });
  errors.push(...validateVariables(spec.variables, compiler));
  const annotations = spec.auditAnnotations ?? [];
  if ((spec.validations?.length ?? 0) === 0 && annotations.length === 0) {
    const detail = "validations or auditAnnotations must contain at least one item";
    return [...errors, required("spec.validations", detail), required("spec.auditAnnotations", detail)];
  }
  for (const [index, validation] of (spec.validations ?? []).entries())
    errors.push(...validateValidation(validation, compiler, `spec.validations[${index}]`));
  if (annotations.length > AUDIT_ANNOTATIONS_MAX)
    errors.push(invalid("spec.auditAnnotations", annotations, `must not have more than ${AUDIT_ANNOTATIONS_MAX} auditAnnotations`));
  const keys = new Set<string>();
  for (const [index, { key, valueExpression }] of annotations.entries()) {
    const path = `spec.auditAnnotations[${index}]`;
    for (const message of isQualifiedName(`${metadata.name}/${key}`))
      errors.push(invalid(`${path}.key`, `${metadata.name}/${key}`, message));
    if (!valueExpression?.trim()) errors.push(required(`${path}.valueExpression`, "valueExpression is not specified"));
    else
      errors.push(
        ...expressionErrors(compiler.compile(valueExpression.trim(), ["string", "null"]), `${path}.valueExpression`, valueExpression),
      );
    if (keys.has(key)) errors.push(duplicate(`${path}.key`, key));
    keys.add(key);
  }
  return errors;
}

export function validateMatchConstraints(constraints: MatchResources | undefined): FieldError[] {
  if (!constraints) return [required("spec.matchConstraints")];
  const errors = validateMatchResources(constraints, "spec.matchConstraints");
  if ((constraints.resourceRules?.length ?? 0) === 0) errors.push(required("spec.matchConstraints.resourceRules"));
  return errors;
}

export function validateVariables(variables: readonly Variable[] | undefined, compiler: AdmissionCompiler): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, variable] of (variables ?? []).entries()) {
    const path = `spec.variables[${index}]`;
    if (!variable.name?.trim()) errors.push(required(`${path}.name`, "name is not specified"));
    else if (!/^[_a-zA-Z]\w*$/.test(variable.name))
      errors.push(invalid(`${path}.name`, variable.name, "name is not a valid CEL identifier"));
    if (!variable.expression?.trim()) errors.push(required(`${path}.expression`, "expression is not specified"));
    else errors.push(...expressionErrors(compiler.compileVariable(variable.name, variable.expression), `${path}.expression`));
  }
  return errors;
}

export function validateMutatingAdmissionPolicy({ spec }: MutatingAdmissionPolicy): FieldError[] {
  const errors = validateFailurePolicy(spec.failurePolicy, "spec.failurePolicy");
  if (spec.paramKind) errors.push(...validateParamKind(spec.paramKind, "spec.paramKind"));
  errors.push(...validateMatchConstraints(spec.matchConstraints));
  const hasParams = spec.paramKind !== undefined;
  errors.push(...validateMatchConditions(spec.matchConditions, hasParams, "spec.matchConditions"));
  const compiler = mutationCompiler({ hasParams, composed: (spec.variables?.length ?? 0) > 0 });
  errors.push(...validateVariables(spec.variables, compiler));
  if (!spec.mutations?.length) errors.push(required("spec.mutations", "mutations must contain at least one item"));
  for (const [index, mutation] of (spec.mutations ?? []).entries())
    errors.push(...validateMutation(mutation, compiler, `spec.mutations[${index}]`));
  if (!spec.reinvocationPolicy) errors.push(required("spec.reinvocationPolicy"));
  else if (!REINVOCATION_POLICIES.includes(spec.reinvocationPolicy))
    errors.push(notSupported("spec.reinvocationPolicy", spec.reinvocationPolicy, REINVOCATION_POLICIES));
  return errors;
}

function validateMutation({ patchType, applyConfiguration, jsonPatch }: Mutation, compiler: AdmissionCompiler, path: string): FieldError[] {
  if (!patchType) return [required(`${path}.patchType`)];
  const isApply = patchType === "ApplyConfiguration";
  if (!isApply && patchType !== "JSONPatch") return [notSupported(`${path}.patchType`, patchType, ["ApplyConfiguration", "JSONPatch"])];
  const [field, chosen, other] = isApply
    ? (["applyConfiguration", applyConfiguration, jsonPatch] as const)
    : (["jsonPatch", jsonPatch, applyConfiguration] as const);
  const errors: FieldError[] = [];
  if (other)
    errors.push(
      invalid(`${path}.${isApply ? "jsonPatch" : "applyConfiguration"}`, other, `must be omitted when patchType is ${patchType}`),
    );
  if (!chosen) return [...errors, required(`${path}.${field}`, `must be specified when patchType is ${patchType}`)];
  const expression = chosen.expression ?? "";
  if (!expression.trim()) return [...errors, required(`${path}.${field}.expression`, "expression is not specified")];
  return [
    ...errors,
    ...expressionErrors(
      compiler.compile(expression, isApply ? APPLY_CONFIGURATION_TYPES : JSON_PATCH_TYPES),
      `${path}.${field}.expression`,
    ),
  ];
}

function validateValidation(validation: Validation, compiler: AdmissionCompiler, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { expression, message, messageExpression, reason } = validation;
  if (!expression?.trim()) errors.push(required(`${path}.expression`, "expression is not specified"));
  else errors.push(...expressionErrors(compiler.compile(expression, ["bool"]), `${path}.expression`));
  if (messageExpression && !messageExpression.trim())
    errors.push(invalid(`${path}.messageExpression`, messageExpression, "must be non-empty if specified"));
  else if (messageExpression)
    errors.push(...expressionErrors(compiler.compile(messageExpression, ["string"], false), `${path}.messageExpression`));
  if (message && !message.trim()) errors.push(invalid(`${path}.message`, message, "message must be non-empty if specified"));
  else if (message && /[\n\r]/.test(message.trim()))
    errors.push(invalid(`${path}.message`, message, "message must not contain line breaks"));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  return errors;
}

export function expressionErrors(compiled: CompiledExpression, path: string, shown = compiled.expression): FieldError[] {
  return compiled.error === undefined ? [] : [invalid(path, shown, compiled.error)];
}

export function validateFailurePolicy(policy: string | undefined, path: string): FieldError[] {
  if (policy === undefined) return [required(path)];
  return FAILURE_POLICIES.includes(policy) ? [] : [notSupported(path, policy, FAILURE_POLICIES)];
}

export function validateParamKind({ apiVersion, kind }: ParamKind, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!apiVersion) errors.push(required(`${path}.apiVersion`));
  else {
    const parts = apiVersion.split("/");
    const [group, version] = parts.length > 1 ? parts : ["", apiVersion];
    if (parts.length > 2) errors.push(invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    else {
      if (group) for (const message of isDns1123Subdomain(group)) errors.push(invalid(`${path}.apiVersion`, group, message));
      for (const message of isDns1035Label(version ?? "")) errors.push(invalid(`${path}.apiVersion`, version, message));
    }
  }
  if (!kind) errors.push(required(`${path}.kind`));
  else {
    const messages = isDns1035Label(kind.toLowerCase());
    if (messages.length > 0)
      errors.push(invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${messages.join(",")}`));
  }
  return errors;
}

export function validateMatchConditions(conditions: readonly MatchCondition[] | undefined, hasParams: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!conditions) return errors;
  if (conditions.length > MATCH_CONDITIONS_MAX) errors.push(tooMany(path, conditions.length, MATCH_CONDITIONS_MAX));
  const compiler = new AdmissionCompiler({ hasParams });
  const names = new Set<string>();
  for (const [index, { name, expression }] of conditions.entries()) {
    const at = `${path}[${index}]`;
    if (!expression?.trim()) errors.push(required(`${at}.expression`));
    else errors.push(...expressionErrors(compiler.compile(expression.trim(), ["bool"]), `${at}.expression`));
    if (!name) errors.push(required(`${at}.name`));
    else for (const message of isQualifiedName(name)) errors.push(invalid(`${at}.name`, name, message));
    if (name && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  }
  return errors;
}

export function validateMatchResources(resources: MatchResources | undefined, path: string): FieldError[] {
  if (!resources) return [];
  const errors: FieldError[] = [];
  if (resources.matchPolicy === undefined) errors.push(required(`${path}.matchPolicy`));
  else if (!MATCH_POLICIES.includes(resources.matchPolicy))
    errors.push(notSupported(`${path}.matchPolicy`, resources.matchPolicy, MATCH_POLICIES));
  errors.push(
    ...validateLabelSelector(resources.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(resources.objectSelector, `${path}.objectSelector`),
  );
  for (const [index, rule] of (resources.resourceRules ?? []).entries())
    errors.push(...validateNamedRule(rule, `${path}.resourceRules[${index}]`));
  for (const [index, rule] of (resources.excludeResourceRules ?? []).entries())
    errors.push(...validateNamedRule(rule, `${path}.excludeResourceRules[${index}]`));
  return errors;
}

function validateNamedRule(rule: NamedRuleWithOperations, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, name] of (rule.resourceNames ?? []).entries()) {
    for (const message of isPathSegmentName(name)) errors.push(invalid(`${path}.resourceNames[${index}]`, name, message));
    if (rule.resourceNames?.indexOf(name) !== index) errors.push(duplicate(`${path}.resourceNames[${index}]`, name));
  }
  return [...errors, ...validateRule(rule, path)];
}

export function validateRule(
  { operations = [], apiGroups = [], apiVersions = [], resources = [], scope }: NamedRuleWithOperations,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (operations.length === 0) errors.push(required(`${path}.operations`));
  if (operations.length > 1 && operations.includes("*"))
    errors.push(invalid(`${path}.operations`, operations, "if '*' is present, must not specify other operations"));
  for (const [index, operation] of operations.entries())
    if (!OPERATIONS.includes(operation)) errors.push(notSupported(`${path}.operations[${index}]`, operation, OPERATIONS));
  if (apiGroups.length === 0) errors.push(required(`${path}.apiGroups`));
  if (apiGroups.length > 1 && apiGroups.includes("*"))
    errors.push(invalid(`${path}.apiGroups`, apiGroups, "if '*' is present, must not specify other API groups"));
  if (apiVersions.length === 0) errors.push(required(`${path}.apiVersions`));
  if (apiVersions.length > 1 && apiVersions.includes("*"))
    errors.push(invalid(`${path}.apiVersions`, apiVersions, "if '*' is present, must not specify other API versions"));
  for (const [index, version] of apiVersions.entries()) if (version === "") errors.push(required(`${path}.apiVersions[${index}]`));
  if (resources.length === 0) errors.push(required(`${path}.resources`));
  if (resources.length > 1 && resources.includes("*/*"))
    errors.push(invalid(`${path}.resources`, resources, "if '*/*' is present, must not specify other resources"));
  for (const [index, resource] of resources.entries()) if (resource === "") errors.push(required(`${path}.resources[${index}]`));
  if (scope !== undefined && !SCOPES.includes(scope)) errors.push(notSupported(`${path}.scope`, scope, SCOPES));
  return errors;
}

export function validateParamRef(reference: ParamRef | undefined, path: string): FieldError[] {
  if (!reference) return [];
  const errors: FieldError[] = [];
  const { name, selector, parameterNotFoundAction: action } = reference;
  if (name) {
    for (const message of isPathSegmentName(name)) errors.push(invalid(`${path}.name`, name, message));
    if (selector) errors.push(forbidden(`${path}.name`, "name and selector are mutually exclusive"));
  }
  if (selector) {
    errors.push(...validateLabelSelector(selector, `${path}.selector`));
    if (name) errors.push(forbidden(`${path}.selector`, "name and selector are mutually exclusive"));
  }
  if (!name && !selector) errors.push(required(path, "one of name or selector must be specified"));
  if (action === undefined) errors.push(required(`${path}.parameterNotFoundAction`));
  else if (action !== "Deny" && action !== "Allow") errors.push(notSupported(`${path}.parameterNotFoundAction`, action, ["Deny", "Allow"]));
  return errors;
}

export function validateActions(actions: readonly string[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, action] of (actions ?? []).entries()) {
    if (!ACTIONS.includes(action)) errors.push(notSupported(`${path}[${index}]`, action, ACTIONS));
    if (actions?.indexOf(action) !== index) errors.push(duplicate(`${path}[${index}]`, action));
  }
  if (actions?.includes("Deny") && actions.includes("Warn")) {
    errors.push(
      invalid(
        path,
        actions,
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
      ),
    );
  }
  if (!actions?.length) errors.push(required(path, "at least one validation action is required"));
  return errors;
}
