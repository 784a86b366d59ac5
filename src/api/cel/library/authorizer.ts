import { CelError } from "../errors.ts";
import { type CallContext, type CelFunction, method, overload } from "../functions.ts";
import { opaqueType } from "../types.ts";
import { CelOpaque } from "../values.ts";

/** What an expression asks of authorization. */
export interface AuthorizationCheck {
  /** Undefined: whoever makes the request. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined;
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason?: string;
}

export type CheckAuthorization = (check: AuthorizationCheck) => AuthorizationAnswer;

const PREFIX = "kubernetes.authorization";
const AUTHORIZER = `${PREFIX}.Authorizer`;
const PATH_CHECK = `${PREFIX}.PathCheck`;
const GROUP_CHECK = `${PREFIX}.GroupCheck`;
const RESOURCE_CHECK = `${PREFIX}.ResourceCheck`;
const DECISION = `${PREFIX}.Decision`;
export const AUTHORIZER_TYPE = opaqueType(AUTHORIZER);
export const RESOURCE_CHECK_TYPE = opaqueType(RESOURCE_CHECK);

// Upstream: AuthzLib's cost in k8s.io/apiserver/pkg/cel/library/cost.go: two checks an expression, not more.
const CHECK_COST = 350_000;
const NOTHING: AuthorizationCheck = {
  serviceAccount: undefined,
  verb: "",
  path: "",
  group: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
};

/** An authorizer or a check that is being put together. */
export class CelAuthorizer extends CelOpaque {
  override readonly typeName: string;
  readonly #ask: CheckAuthorization;
  readonly #check: AuthorizationCheck;

  constructor(ask: CheckAuthorization, check: Partial<AuthorizationCheck> = {}, typeName = AUTHORIZER) {
    super();
    this.typeName = typeName;
    this.#ask = ask;
    this.#check = { ...NOTHING, ...check };
  }

  static forResource(ask: CheckAuthorization, check: Partial<AuthorizationCheck>): CelAuthorizer {
    return new CelAuthorizer(ask, check, RESOURCE_CHECK);
  }

  with(check: Partial<AuthorizationCheck>, typeName = this.typeName): CelAuthorizer {
    return new CelAuthorizer(this.#ask, { ...this.#check, ...check }, typeName);
  }

  decide(verb: string): CelDecision {
    return new CelDecision(this.#ask({ ...this.#check, verb }));
  }

  override equals(other: CelOpaque): boolean {
    return other === this;
  }
}

class CelDecision extends CelOpaque {
  override readonly typeName = DECISION;
  readonly answer: AuthorizationAnswer;

  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }

  override equals(other: CelOpaque): boolean {
    return other === this;
  }
}

/** Upstream: k8s.io/apiserver/pkg/cel/library/authz.go */
export const AUTHORIZER_FUNCTIONS: readonly CelFunction[] = [
  method(
    "path",
    overload(`(${AUTHORIZER}, string) ${PATH_CHECK}`, (authorizer: CelAuthorizer, path: string) => {
      if (path.trim() === "") throw new CelError("path must be non-empty");
      return authorizer.with({ path }, PATH_CHECK);
    }),
  ),
  method(
    "serviceAccount",
    overload(`(${AUTHORIZER}, string, string) ${AUTHORIZER}`, (authorizer: CelAuthorizer, namespace: string, name: string) =>
      authorizer.with({ serviceAccount: { namespace, name } }),
    ),
  ),
  method(
    "group",
    overload(`(${AUTHORIZER}, string) ${GROUP_CHECK}`, (authorizer: CelAuthorizer, group: string) =>
      authorizer.with({ group }, GROUP_CHECK),
    ),
  ),
  method(
    "resource",
    overload(`(${GROUP_CHECK}, string) ${RESOURCE_CHECK}`, (check: CelAuthorizer, resource: string) => {
      if (resource.trim() === "") throw new CelError("resource must be non-empty");
      return check.with({ resource }, RESOURCE_CHECK);
    }),
  ),
  ...(["subresource", "namespace", "name"] as const).map((part) =>
    method(
      part,
      overload(`(${RESOURCE_CHECK}, string) ${RESOURCE_CHECK}`, (check: CelAuthorizer, value: string) => check.with({ [part]: value })),
    ),
  ),
  // No authorizer of this server looks at selectors.
  ...["fieldSelector", "labelSelector"].map((part) =>
    method(
      part,
      overload(`(${RESOURCE_CHECK}, string) ${RESOURCE_CHECK}`, (check: CelAuthorizer) => check),
    ),
  ),
  method(
    "check",
    ...[PATH_CHECK, RESOURCE_CHECK].map((type) =>
      overload(`(${type}, string) ${DECISION}`, (check: CelAuthorizer, verb: string, context: CallContext) => {
        context.charge(CHECK_COST);
        return check.decide(verb);
      }),
    ),
  ),
  method(
    "allowed",
    overload(`(${DECISION}) bool`, ({ answer }: CelDecision) => answer.allowed),
  ),
  method(
    "reason",
    overload(`(${DECISION}) string`, ({ answer }: CelDecision) => answer.reason ?? ""),
  ),
  method(
    "errored",
    overload(`(${DECISION}) bool`, () => false),
  ),
  method(
    "error",
    overload(`(${DECISION}) string`, () => ""),
  ),
];
