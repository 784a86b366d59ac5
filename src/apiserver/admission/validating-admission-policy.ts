import { AdmissionCompiler, type CompiledExpression } from "../../api/admission-expressions.ts";
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validation } from "../../api/generated/admissionregistration-v1.ts";
import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { forbiddenRequest, messageOf, StatusError } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { Evaluation, expressionInput, matchConditions, OutOfBudget } from "./expression-input.ts";
import { criteriaOf, matchedKind, namespaceOf } from "./match-resources.ts";
import { collectParams } from "./policy-params.ts";

const GROUP = "admissionregistration.k8s.io";
const MESSAGE_MAX_BYTES = 5 * 1024;
const REASON_CODES: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/policy/validating */
export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: "ValidatingAdmissionPolicy",
  validate(request, cluster) {
    if (isPolicyResource(request.kind)) return;
    const bindings = cluster.list(GROUP, "ValidatingAdmissionPolicyBinding") as readonly ValidatingAdmissionPolicyBinding[];
    if (bindings.length === 0) return;
    const denials = [...boundPolicies(bindings, cluster)].flatMap(([policy, bound]) => evaluatePolicy(policy, bound, request, cluster));
    const [first] = denials;
    if (first) throw denied(first, request);
  },
};

/** Policies do not hold for policies: nobody locks themselves out. Upstream: isPolicyResource in policy/generic/plugin.go */
export function isPolicyResource({ group, plural }: Kind): boolean {
  return group === GROUP && /^(?:validating|mutating)admissionpolic(?:ies|ybindings)$/.test(plural);
}

function boundPolicies(bindings: readonly ValidatingAdmissionPolicyBinding[], cluster: AdmissionCluster): Map<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding[]> {
  const bound = new Map<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding[]>();
  for (const binding of bindings) {
    const policy = cluster.find(GROUP, "ValidatingAdmissionPolicy", { name: binding.spec.policyName ?? "" }) as ValidatingAdmissionPolicy | undefined;
    if (!policy) continue;
    const others = bound.get(policy);
    if (others) others.push(binding);
    else bound.set(policy, [binding]);
  }
  return bound;
}

interface Denial {
  readonly policy: ValidatingAdmissionPolicy;
  readonly binding: ValidatingAdmissionPolicyBinding | undefined;
  readonly message: string;
  readonly reason: string;
}

function evaluatePolicy(policy: ValidatingAdmissionPolicy, bindings: readonly ValidatingAdmissionPolicyBinding[], request: AdmissionRequest, cluster: AdmissionCluster): Denial[] {
  const { matchConstraints, failurePolicy, paramKind } = policy.spec;
  const denials: Denial[] = [];
  const configurationError = (error: unknown, binding?: ValidatingAdmissionPolicyBinding) => {
    if (failurePolicy === "Ignore") return;
    denials.push({ policy, binding, message: `failed to configure ${binding ? "binding" : "policy"}: ${messageOf(error)}`, reason: "Invalid" });
  };
  const attempt = <T>(step: () => T, binding?: ValidatingAdmissionPolicyBinding): T | undefined => {
    try {
      return step();
    } catch (error) {
      configurationError(error, binding);
      return undefined;
    }
  };
  const matched = attempt(() => matchedKind(criteriaOf(matchConstraints ?? {}), request, cluster));
  if (!matched) return denials;
  const params = paramKind && cluster.kind(paramKind.apiVersion ?? "", paramKind.kind ?? "");
  if (paramKind && !params) {
    configurationError(new Error(`failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`));
    return denials;
  }
  for (const binding of bindings) {
    const { matchResources, paramRef } = binding.spec;
    const applies = attempt(() => !matchResources || matchedKind(criteriaOf(matchResources), request, cluster) !== undefined, binding);
    if (!applies) continue;
    const found = attempt(() => collectParams(params, paramRef, namespaceOf(request), cluster), binding);
    for (const param of found ?? []) denials.push(...evaluateBinding(policy, binding, { request, matched, param }, cluster));
  }
  return denials;
}

interface Subject {
  readonly request: AdmissionRequest;
  readonly matched: Kind;
  readonly param: KubernetesObject | null;
}

function evaluateBinding(policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding, subject: Subject, cluster: AdmissionCluster): Denial[] {
  const denials: Denial[] = [];
  for (const decision of decide(policy, subject, cluster)) {
    const actions = binding.spec.validationActions ?? [];
    if (actions.includes("Deny")) denials.push({ policy, binding, ...decision });
    if (actions.includes("Warn")) {
      subject.request.context.warnings.push(`Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}': ${decision.message}`);
    }
  }
  return denials;
}

interface Decision {
  readonly message: string;
  readonly reason: string;
}

/** What speaks against the request. Upstream: validator.go Validate */
function decide(policy: ValidatingAdmissionPolicy, { request, matched, param }: Subject, cluster: AdmissionCluster): Decision[] {
  const programs = programsOf(policy);
  const fails = policy.spec.failurePolicy !== "Ignore";
  const failure = (message: string): Decision[] => (fails ? [{ message, reason: "Invalid" }] : []);
  const input = { ...expressionInput(request, matched, cluster), ...(policy.spec.paramKind ? { params: param } : {}) };
  const match = matchConditions(programs.matchConditions, input, policy.spec.failurePolicy);
  if (match.error !== undefined) return failure(match.error);
  if (!match.matches) return [];
  const evaluation = Evaluation.withVariables(input, programs.variables);
  try {
    const decisions: Decision[] = [];
    for (const { validation, condition, message } of programs.validations) {
      const outcome = evaluation.evaluate(condition);
      if (outcome.error !== undefined) decisions.push(...failure(outcome.error));
      else if (outcome.value !== true) decisions.push({ message: messageFor(validation, message, evaluation), reason: validation.reason ?? "Invalid" });
    }
    for (const annotation of programs.auditAnnotations) {
      const outcome = evaluation.evaluate(annotation);
      if (outcome.error !== undefined) decisions.push(...failure(outcome.error));
    }
    return decisions;
  } catch (error) {
    if (error instanceof OutOfBudget) return failure(error.message);
    throw error;
  }
}

function messageFor(validation: Validation, expression: CompiledExpression | undefined, evaluation: Evaluation): string {
  const outcome = expression && evaluation.evaluate(expression);
  const composed = typeof outcome?.value === "string" ? outcome.value.trim() : "";
  if (composed !== "" && !composed.includes("\n") && Buffer.byteLength(composed) <= MESSAGE_MAX_BYTES) return composed;
  return validation.message?.trim() || `failed expression: ${validation.expression.trim()}`;
}

interface PolicyPrograms {
  readonly matchConditions: readonly CompiledExpression[];
  readonly variables: ReadonlyMap<string, CompiledExpression>;
  readonly validations: readonly { readonly validation: Validation; readonly condition: CompiledExpression; readonly message: CompiledExpression | undefined }[];
  readonly auditAnnotations: readonly CompiledExpression[];
}

/** Stored objects are frozen: one that is the same has the same programs. */
const compiledPolicies = new WeakMap<ValidatingAdmissionPolicy, PolicyPrograms>();

function programsOf(policy: ValidatingAdmissionPolicy): PolicyPrograms {
  let programs = compiledPolicies.get(policy);
  if (!programs) {
    programs = compilePolicy(policy);
    compiledPolicies.set(policy, programs);
  }
  return programs;
}

function compilePolicy({ spec }: ValidatingAdmissionPolicy): PolicyPrograms {
  const hasParams = spec.paramKind !== undefined;
  const stateless = new AdmissionCompiler({ hasParams });
  const compiler = new AdmissionCompiler({ hasParams, composed: (spec.variables?.length ?? 0) > 0 });
  return {
    matchConditions: (spec.matchConditions ?? []).map(({ expression }) => stateless.compile(expression, ["bool"])),
    variables: new Map((spec.variables ?? []).map(({ name, expression }) => [name, compiler.compileVariable(name, expression)])),
    validations: (spec.validations ?? []).map((validation) => ({
      validation,
      condition: compiler.compile(validation.expression, ["bool"]),
      message: validation.messageExpression ? compiler.compile(validation.messageExpression, ["string"]) : undefined,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ valueExpression }) => compiler.compile(valueExpression, ["string", "null"])),
  };
}

function denied({ policy, binding, message, reason }: Denial, request: AdmissionRequest): StatusError {
  const by = binding ? ` with binding '${binding.metadata.name}'` : "";
  const text = `ValidatingAdmissionPolicy '${policy.metadata.name}'${by} denied request: ${message}`;
  const { status } = forbiddenRequest(request.kind, request.name || "Unknown", text);
  return new StatusError({ ...status, reason, code: REASON_CODES[reason] ?? 422, details: { ...status.details, causes: [{ message: text }] } });
}
