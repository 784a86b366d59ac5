import { AdmissionCompiler, type CompiledExpression } from "../../api/admission-expressions.ts";
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from "../../api/generated/admissionregistration-v1.ts";
import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { forbiddenRequest, StatusError } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { Evaluation, expressionInput, matchConditions, OutOfBudget } from "./expression-input.ts";
import { type Invocation, invocationsOf } from "./policy-invocations.ts";

const MESSAGE_MAX_BYTES = 5 * 1024;
const REASON_CODES: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };

type ValidatingInvocation = Invocation<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/policy/validating */
export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: "ValidatingAdmissionPolicy",
  connects: true,
  validate(request, cluster) {
    const invocations: ValidatingInvocation[] = invocationsOf("ValidatingAdmissionPolicy", request, cluster);
    const [first] = invocations.flatMap((invocation) => evaluate(invocation, request, cluster));
    if (first) throw denied(first, request);
  },
};

interface Denial {
  readonly policy: ValidatingAdmissionPolicy;
  readonly binding: ValidatingAdmissionPolicyBinding | undefined;
  readonly message: string;
  readonly reason: string;
}

function evaluate(invocation: ValidatingInvocation, request: AdmissionRequest, cluster: AdmissionCluster): Denial[] {
  const { policy, binding } = invocation;
  if (invocation.problem !== undefined)
    return policy.spec.failurePolicy === "Ignore" ? [] : [{ policy, binding, message: invocation.problem, reason: "Invalid" }];
  const denials: Denial[] = [];
  const actions = invocation.binding.spec.validationActions ?? [];
  for (const decision of decide(policy, { request, matched: invocation.matched, param: invocation.param }, cluster)) {
    if (actions.includes("Deny")) denials.push({ policy, binding, ...decision });
    if (actions.includes("Warn")) {
      request.context.warnings.push(
        `Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${invocation.binding.metadata.name}': ${decision.message}`,
      );
    }
  }
  return denials;
}

interface Subject {
  readonly request: AdmissionRequest;
  readonly matched: Kind;
  readonly param: KubernetesObject | null;
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
      else if (outcome.value !== true)
        decisions.push({ message: messageFor(validation, message, evaluation), reason: validation.reason ?? "Invalid" });
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
  readonly validations: readonly {
    readonly validation: Validation;
    readonly condition: CompiledExpression;
    readonly message: CompiledExpression | undefined;
  }[];
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
      message: validation.messageExpression ? compiler.compile(validation.messageExpression, ["string"], false) : undefined,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ valueExpression }) => compiler.compile(valueExpression, ["string", "null"])),
  };
}

function denied({ policy, binding, message, reason }: Denial, request: AdmissionRequest): StatusError {
  const by = binding ? ` with binding '${binding.metadata.name}'` : "";
  const text = `ValidatingAdmissionPolicy '${policy.metadata.name}'${by} denied request: ${message}`;
  const { status } = forbiddenRequest(request.kind, request.name || "Unknown", text);
  return new StatusError({
    ...status,
    reason,
    code: REASON_CODES[reason] ?? 422,
    details: { ...status.details, causes: [{ message: text }] },
  });
}
