import { AdmissionCompiler, type CompiledExpression } from "../../api/admission-expressions.ts";
import { CelMap, type CelValue, toJson } from "../../api/cel/values.ts";
import { decode } from "../../api/decode.ts";
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation } from "../../api/generated/admissionregistration-v1.ts";
import { applyJsonPatch } from "../../api/json-patch.ts";
import { apiVersionOf, type Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { APPLY_CONFIGURATION_TYPES, JSON_PATCH_TYPES, misnamedTypes, mutationCompiler } from "../../api/mutation-expressions.ts";
import { type Shape, shapeOfKind } from "../../api/ownership-shape.ts";
import { forbiddenRequest, messageOf, StatusError } from "../../api/status.ts";
import { mergeValues } from "../../api/typed-value.ts";
import { validateApplied } from "../../api/validate-applied.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { Evaluation, expressionInput, matchConditions } from "./expression-input.ts";
import { asKind } from "./match-resources.ts";
import { type Invocation, invocationsOf } from "./policy-invocations.ts";
import { ReinvocationStates, replaceObject } from "./reinvocation.ts";

type MutatingInvocation = Invocation<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>;
type Runnable = MutatingInvocation & { readonly problem?: undefined };

const states = new ReinvocationStates();

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/policy/mutating */
export const mutatingAdmissionPolicy: AdmissionPlugin = {
  name: "MutatingAdmissionPolicy",
  connects: true,
  mutate(request, cluster) {
    const invocations: MutatingInvocation[] = invocationsOf("MutatingAdmissionPolicy", request, cluster);
    if (invocations.length === 0) return undefined;
    const state = states.of(request);
    state.begin(request);
    const problems: string[] = [];
    let anyChange = false;
    for (const invocation of invocations) {
      const { policy, binding } = invocation;
      const fail = (message: string) => {
        if (policy.spec.failurePolicy === "Ignore") return;
        problems.push(
          binding
            ? `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
            : `policy ${JSON.stringify(policy.metadata.name)} denied request: ${message}`,
        );
      };
      if (invocation.problem !== undefined) {
        fail(invocation.problem);
        continue;
      }
      const id = [
        policy.metadata.name,
        invocation.binding.metadata.name,
        invocation.param?.metadata.namespace,
        invocation.param?.metadata.name,
      ].join("/");
      if (request.reinvocation && !state.isRequired(id)) continue;
      const outcome = mutateBy(invocation, request, cluster, fail);
      if (outcome === "skipped") continue;
      if (outcome === "changed") {
        anyChange = true;
        state.changed();
      }
      if (policy.spec.reinvocationPolicy === "IfNeeded") state.invoked(id);
    }
    state.end(request);
    if (problems.length > 0) throw denied(problems, request);
    return anyChange ? "reinvoke" : undefined;
  },
};

function mutateBy(
  invocation: Runnable,
  request: AdmissionRequest,
  cluster: AdmissionCluster,
  fail: (message: string) => void,
): "skipped" | "unchanged" | "changed" {
  const { policy, matched, param } = invocation;
  const programs = programsOf(policy);
  const input = () => ({ ...expressionInput(request, matched, cluster), ...(policy.spec.paramKind ? { params: param } : {}) });
  const match = matchConditions(programs.matchConditions, input(), policy.spec.failurePolicy);
  if (match.error !== undefined) fail(match.error);
  if (!match.matches) return "skipped";
  let changed = false;
  for (const { mutation, compiled } of programs.mutations) {
    if (!request.object) continue;
    try {
      // Each mutation sees what the one before it has made.
      const outcome = compiled.program
        ? Evaluation.withVariables(input(), programs.variables).evaluate(compiled)
        : { error: compiled.error };
      if (outcome.error !== undefined) throw new Error(outcome.error);
      if (replaceObject(request.object, mutated(mutation, matched, request.object, outcome.value ?? null))) changed = true;
    } catch (error) {
      fail(messageOf(error));
    }
  }
  return changed ? "changed" : "unchanged";
}

function mutated(mutation: Mutation, kind: Kind, object: KubernetesObject, value: CelValue): KubernetesObject {
  const shown = asKind(kind, object) as KubernetesObject;
  const next = mutation.patchType === "JSONPatch" ? patched(shown, value) : merged(kind, shown, value);
  const decoded = decode(kind, next, "Ignore").object;
  kind.setDefaults?.(decoded);
  return kind.storedAs ? structuredClone(kind.storedAs.toStored(decoded)) : decoded;
}

/** Upstream: mutating/patch/json_patch.go */
function patched(object: KubernetesObject, value: CelValue): unknown {
  const operations = value as readonly CelValue[];
  const [mistake] = operations.flatMap((operation) => misnamedValues(operation));
  if (mistake !== undefined) throw new Error(`type mismatch: ${mistake}`);
  const patch = toJson(value) as readonly { readonly op: string; readonly path: string; readonly value?: unknown }[];
  try {
    return applyJsonPatch(object, patch);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    // A test that fails leaves the object as it is.
    if ((cause as { name?: string }).name === "TEST_OPERATION_FAILED") return object;
    throw new Error(`JSON Patch: ${messageOf(cause).split("\n", 1)[0]}`, { cause: error });
  }
}

function misnamedValues(operation: CelValue): string[] {
  const value = operation instanceof CelMap ? operation.get("value") : undefined;
  // A value stands anywhere in the object: only what is inside it can be told.
  return value instanceof CelMap && value.type?.kind === "object" ? misnamedTypes(value, value.type.name) : [];
}

/** Upstream: mutating/patch/smd.go */
function merged(kind: Kind, object: KubernetesObject, value: CelValue): unknown {
  const mistakes = misnamedTypes(value);
  if (mistakes.length > 0) throw new Error(`type mismatch: ${mistakes.join("\n")}`);
  const configuration = { ...(toJson(value) as Record<string, unknown>), apiVersion: apiVersionOf(kind), kind: kind.kind };
  const errors = validateApplied(kind, configuration);
  if (errors.length > 0)
    throw new Error(
      `error applying patch: failed to convert patch object to typed object: ${errors.length === 1 ? errors[0] : `errors:\n${errors.map((error) => `  ${error}`).join("\n")}`}`,
    );
  const shape = shapeOfKind(kind);
  const atomics = findAtomics(shape, configuration, "");
  if (atomics.length > 0)
    throw new Error(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`,
    );
  return mergeValues(shape, object, configuration);
}

function findAtomics(shape: Shape, value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (shape.form === "leaf") return [path];
  if (shape.form === "list")
    return (value as readonly unknown[]).flatMap((item, index) => findAtomics(shape.item, item, `${path}[${index}]`));
  return Object.entries(value).flatMap(([name, member]) => {
    const inner = shape.member(name);
    return inner ? findAtomics(inner, member, `${path}.${name}`) : [];
  });
}

interface PolicyPrograms {
  readonly matchConditions: readonly CompiledExpression[];
  readonly variables: ReadonlyMap<string, CompiledExpression>;
  readonly mutations: readonly { readonly mutation: Mutation; readonly compiled: CompiledExpression }[];
}

const compiledPolicies = new WeakMap<MutatingAdmissionPolicy, PolicyPrograms>();

function programsOf(policy: MutatingAdmissionPolicy): PolicyPrograms {
  let programs = compiledPolicies.get(policy);
  if (!programs) {
    programs = compilePolicy(policy);
    compiledPolicies.set(policy, programs);
  }
  return programs;
}

function compilePolicy({ spec }: MutatingAdmissionPolicy): PolicyPrograms {
  const hasParams = spec.paramKind !== undefined;
  const stateless = new AdmissionCompiler({ hasParams });
  const compiler = mutationCompiler({ hasParams, composed: (spec.variables?.length ?? 0) > 0 });
  return {
    matchConditions: (spec.matchConditions ?? []).map(({ expression }) => stateless.compile(expression, ["bool"])),
    variables: new Map((spec.variables ?? []).map(({ name, expression }) => [name, compiler.compileVariable(name, expression)])),
    mutations: (spec.mutations ?? []).map((mutation) => ({
      mutation,
      compiled:
        mutation.patchType === "JSONPatch"
          ? compiler.compile(mutation.jsonPatch?.expression ?? "", JSON_PATCH_TYPES)
          : compiler.compile(mutation.applyConfiguration?.expression ?? "", APPLY_CONFIGURATION_TYPES),
    })),
  };
}

function denied(problems: readonly string[], request: AdmissionRequest): StatusError {
  const { status } = forbiddenRequest(request.kind, request.name || "Unknown", "");
  return new StatusError({
    ...status,
    code: 403,
    reason: "Invalid",
    message: problems[0] ?? "",
    details: { ...status.details, causes: problems.map((message) => ({ message })) },
  });
}
