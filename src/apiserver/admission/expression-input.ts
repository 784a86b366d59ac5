import type { CompiledExpression } from "../../api/admission-expressions.ts";
import { COST_BUDGET, MATCH_CONDITIONS_COST_BUDGET, PER_CALL_COST_LIMIT } from "../../api/cel/cel.ts";
import { CelCostError, CelError } from "../../api/cel/errors.ts";
import { CelAuthorizer, type CheckAuthorization } from "../../api/cel/library/authorizer.ts";
import { type CelValue, LazyMap } from "../../api/cel/values.ts";
import { apiVersionOf, type Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import type { AdmissionCluster, AdmissionRequest } from "./admission.ts";
import { asKind, isNamespace, namespaceOf } from "./match-resources.ts";

export type ExpressionInput = Readonly<Record<string, unknown>>;

const OPTIONS_KINDS: Readonly<Record<string, string>> = { CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions" };

/** Everything but the objects, as expressions and webhooks get it. Upstream: CreateAdmissionRequest, CreateV1AdmissionReview */
export function describeRequest(request: AdmissionRequest, matched: Kind): Record<string, unknown> {
  const { context, kind } = request;
  const { user } = context;
  const subresource = request.subresource;
  return {
    kind: { group: matched.group, version: matched.version, kind: matched.kind },
    resource: { group: matched.group, version: matched.version, resource: matched.plural },
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: { group: kind.group, version: kind.version, kind: kind.kind },
    requestResource: { group: kind.group, version: kind.version, resource: kind.plural },
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(nameOf(request) ? { name: nameOf(request) } : {}),
    ...(namespaceOf(request) ? { namespace: namespaceOf(request) } : {}),
    operation: request.operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun: context.dryRun,
    options: optionsOf(request),
  };
}

function optionsOf({ operation, context }: AdmissionRequest): Record<string, unknown> | null {
  const kind = OPTIONS_KINDS[operation];
  if (kind === undefined) return null;
  const options = { kind, apiVersion: "meta.k8s.io/v1", ...(context.dryRun ? { dryRun: ["All"] } : {}) };
  if (operation === "DELETE") return options;
  return {
    ...options,
    fieldManager: context.fieldManager,
    ...(context.fieldValidation === "Ignore" ? {} : { fieldValidation: context.fieldValidation }),
  };
}

/** A name that the server makes is none of the request's. */
function nameOf({ operation, object, name }: AdmissionRequest): string {
  if (operation !== "CREATE" || !object) return name;
  const { name: own = "", generateName } = object.metadata;
  return generateName && own.startsWith(generateName) ? "" : own;
}

/** The variables that all expressions of admission have. */
export function expressionInput(request: AdmissionRequest, matched: Kind, cluster: AdmissionCluster): ExpressionInput {
  const name = isNamespace(request) ? "" : namespaceOf(request);
  const namespace = name ? cluster.find("", "Namespace", { name }) : undefined;
  return {
    object: asKind(matched, request.object),
    oldObject: asKind(matched, request.old),
    request: describeRequest(request, matched),
    namespaceObject: namespace ? withoutOwners(namespace) : null,
    ...authorizers(request, cluster),
  };
}

/** `authorizer` asks about whoever makes the request. Upstream: library.NewAuthorizerVal, NewResourceAuthorizerVal */
function authorizers(request: AdmissionRequest, cluster: AdmissionCluster): ExpressionInput {
  const { kind, subresource = "", name } = request;
  const ask: CheckAuthorization = ({ serviceAccount, ...check }) => {
    const account = serviceAccount && `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`;
    const groups = serviceAccount
      ? ["system:serviceaccounts", `system:serviceaccounts:${serviceAccount.namespace}`, "system:authenticated"]
      : [];
    return cluster.authorize({
      ...check,
      version: check.resource ? "*" : "",
      user: account === undefined ? request.context.user : { name: account, groups },
    });
  };
  const own = { group: kind.group, resource: kind.plural, subresource, namespace: namespaceOf(request), name };
  return { authorizer: new CelAuthorizer(ask), "authorizer.requestResource": CelAuthorizer.forResource(ask, own) };
}

/** Upstream shows expressions a namespace without who owns and manages it. */
function withoutOwners(namespace: KubernetesObject): KubernetesObject {
  const { ownerReferences: _owners, managedFields: _fields, ...metadata } = namespace.metadata;
  return { ...namespace, metadata };
}

/** The cost budget is used up: nothing more of this policy is evaluated. */
export class OutOfBudget extends Error {
  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

export type Outcome = { readonly value: CelValue; readonly error?: undefined } | { readonly error: string; readonly value?: undefined };

/** Several expressions over the same request, with one budget. Upstream: admission/plugin/cel/activation.go */
export class Evaluation {
  readonly #input: ExpressionInput;
  #budget: number;

  constructor(input: ExpressionInput, budget = COST_BUDGET) {
    this.#input = input;
    this.#budget = budget;
  }

  /** The same with what the policy calls `variables`: each worked out when it is first used. */
  static withVariables(input: ExpressionInput, variables: ReadonlyMap<string, CompiledExpression>): Evaluation {
    const known = new Map<string, CelValue | CelError>();
    const composed = new LazyMap(variables.keys(), (name) => {
      let value = known.get(name);
      if (value === undefined) {
        value = evaluation.#variable(name, variables.get(name));
        known.set(name, value);
      }
      if (value instanceof CelError) throw value;
      return value;
    });
    const evaluation: Evaluation = new Evaluation({ ...input, variables: composed });
    return evaluation;
  }

  evaluate(compiled: CompiledExpression): Outcome {
    if (!compiled.program) return { error: `compilation error: ${compiled.error}` };
    const { value, error, cost } = compiled.program.run(this.#input, PER_CALL_COST_LIMIT);
    this.#spend(cost);
    if (error instanceof CelCostError) this.#spend(0);
    if (error) return { error: `expression '${compiled.expression}' resulted in error: ${error.message}` };
    return { value: value ?? null };
  }

  #variable(name: string, compiled: CompiledExpression | undefined): CelValue | CelError {
    if (!compiled?.program) return new CelError(`composited variable ${JSON.stringify(name)} fails to compile: ${compiled?.error}`);
    const { value, error, cost } = compiled.program.run(this.#input, PER_CALL_COST_LIMIT);
    this.#budget -= cost;
    return error ? new CelError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`) : (value ?? null);
  }

  #spend(cost: number): void {
    this.#budget -= cost;
    if (this.#budget < 0) throw new OutOfBudget();
  }
}

export type MatchResult =
  | { readonly matches: boolean; readonly error?: undefined }
  | { readonly error: string; readonly matches?: undefined };

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go */
export function matchConditions(
  conditions: readonly CompiledExpression[],
  input: ExpressionInput,
  failurePolicy: string | undefined,
): MatchResult {
  if (conditions.length === 0) return { matches: true };
  const errors: string[] = [];
  try {
    const evaluation = new Evaluation(input, MATCH_CONDITIONS_COST_BUDGET);
    for (const condition of conditions) {
      const outcome = evaluation.evaluate(condition);
      if (outcome.error !== undefined) errors.push(outcome.error);
      else if (outcome.value === false) return { matches: false };
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    errors.splice(0, errors.length, error.message);
  }
  if (errors.length === 0) return { matches: true };
  if (failurePolicy === "Ignore") return { matches: false };
  return { error: errors.length === 1 ? (errors[0] ?? "") : `[${errors.join(", ")}]` };
}

/** For messages: `v1, Kind=ConfigMap`. */
export function kindText(kind: Kind): string {
  return `${apiVersionOf(kind)}, Kind=${kind.kind}`;
}
