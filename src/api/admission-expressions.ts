import type { CelFunction } from "./cel/functions.ts";
import { type CelProgram, compileCel } from "./cel/cel.ts";
import { AUTHORIZER_TYPE, RESOURCE_CHECK_TYPE } from "./cel/library/authorizer.ts";
import { CelCompileError } from "./cel/errors.ts";
import { BOOL, type CelObjectType, type CelType, DYN, INT, listType, mapType, objectType, STRING, TIMESTAMP } from "./cel/types.ts";

/**
 * What expressions of admission may use: policies, and the match conditions of webhooks.
 * Upstream: k8s.io/apiserver/pkg/admission/plugin/cel/compile.go
 */
export interface AdmissionVariables {
  readonly hasParams: boolean;
  /** What the policy calls `variables`. */
  readonly composed?: boolean;
  readonly functions?: readonly CelFunction[];
  structType?(name: string): CelObjectType | undefined;
  /** For type checking; undefined: anything. */
  readonly objectType?: CelType;
  readonly paramsType?: CelType;
}

export type CompiledExpression =
  | { readonly expression: string; readonly program: CelProgram; readonly error?: undefined }
  | { readonly expression: string; readonly error: string; readonly program?: undefined };

/** One policy's expressions: each may use the variables that came before it. */
export class AdmissionCompiler {
  readonly #options: AdmissionVariables;
  readonly #composed = new Map<string, { readonly type: CelType }>();

  constructor(options: AdmissionVariables) {
    this.#options = options;
  }

  compileVariable(name: string, expression: string): CompiledExpression {
    const compiled = this.compile(expression);
    this.#composed.set(name, { type: compiled.program?.type ?? DYN });
    return compiled;
  }

  /** @param returnTypes as CEL spells them; undefined: any. */
  compile(expression: string, returnTypes?: readonly string[], hasAuthorizer = true): CompiledExpression {
    const { hasParams, composed, functions, structType, objectType = DYN, paramsType = DYN } = this.#options;
    const types: Record<string, CelType> = { object: objectType, oldObject: objectType, request: REQUEST, namespaceObject: NAMESPACE };
    if (hasParams) types["params"] = paramsType;
    if (hasAuthorizer) Object.assign(types, { authorizer: AUTHORIZER_TYPE, "authorizer.requestResource": RESOURCE_CHECK_TYPE });
    if (composed) types["variables"] = { kind: "object", name: "kubernetes.variables", fields: this.#composed };
    try {
      const program = compileCel(expression, Object.keys(types), {
        types,
        ...(functions ? { functions } : {}),
        ...(structType ? { structType } : {}),
      });
      if (!returnTypes || returnTypes.includes(program.outputType)) return { expression, program };
      const names = returnTypes.map((name) => (name === "null" ? "null_type" : name));
      const wanted = names.length === 1 ? `must evaluate to ${names[0]}` : `must evaluate to one of [${names.join(" ")}]`;
      return { expression, error: `${wanted} but got ${program.outputType}` };
    } catch (error) {
      if (error instanceof CelCompileError) return { expression, error: error.message };
      throw error;
    }
  }
}

const GROUP_VERSION_KIND = objectType("kubernetes.GroupVersionKind", { group: STRING, version: STRING, kind: STRING });
const GROUP_VERSION_RESOURCE = objectType("kubernetes.GroupVersionResource", { group: STRING, version: STRING, resource: STRING });

const REQUEST = objectType("kubernetes.AdmissionRequest", {
  kind: GROUP_VERSION_KIND,
  resource: GROUP_VERSION_RESOURCE,
  subResource: STRING,
  requestKind: GROUP_VERSION_KIND,
  requestResource: GROUP_VERSION_RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: objectType("kubernetes.UserInfo", {
    username: STRING,
    uid: STRING,
    groups: listType(STRING),
    extra: mapType(STRING, listType(STRING)),
  }),
  dryRun: BOOL,
  options: DYN,
});

const NAMESPACE_CONDITION = objectType("kubernetes.NamespaceCondition", {
  status: STRING,
  type: STRING,
  lastTransitionTime: TIMESTAMP,
  message: STRING,
  reason: STRING,
});

const NAMESPACE = objectType("kubernetes.Namespace", {
  metadata: objectType("kubernetes.NamespaceMetadata", {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapType(STRING, STRING),
    annotations: mapType(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listType(STRING),
  }),
  spec: objectType("kubernetes.NamespaceSpec", { finalizers: listType(STRING) }),
  status: objectType("kubernetes.NamespaceStatus", { conditions: listType(NAMESPACE_CONDITION), phase: STRING }),
});
