import assert from "node:assert/strict";
import test from "node:test";
import { checkPolicyTypes } from "../../../src/api/policy-type-checking.ts";
import { KINDS } from "../../../src/api/resources/index.ts";
import { StatusError } from "../../../src/api/status.ts";
import { componentContext } from "../../../src/apiserver/request-context.ts";
import { createNamespace, startRegistry, type TestRegistry } from "../../support/cluster.ts";

const V1 = "admissionregistration.k8s.io/v1";

function create(cluster: TestRegistry, apiVersion: string, kindName: string, object: object, namespace?: string, warnings: string[] = []) {
  const kind = cluster.registry.kinds.findByApiVersion(apiVersion, kindName);
  assert.ok(kind);
  return cluster.registry.create(kind, namespace, object as never, { ...componentContext("test"), warnings }).object;
}

const RULES = [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] }];

function policy(cluster: TestRegistry, spec: object, name = "replicas"): void {
  create(cluster, V1, "ValidatingAdmissionPolicy", { metadata: { name }, spec: { matchConstraints: { resourceRules: RULES }, ...spec } });
}

function binding(cluster: TestRegistry, spec: object = {}, name = "bind"): void {
  create(cluster, V1, "ValidatingAdmissionPolicyBinding", {
    metadata: { name },
    spec: { policyName: "replicas", validationActions: ["Deny"], ...spec },
  });
}

function deployment(name: string, replicas: number, labels: Record<string, string> = {}) {
  const metadata = { name, labels };
  return {
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  };
}

const deploy = (cluster: TestRegistry, replicas: number, namespace = "default", warnings: string[] = [], labels = {}) =>
  create(cluster, "apps/v1", "Deployment", deployment(`d${replicas}`, replicas, labels), namespace, warnings);

function denial(attempt: () => unknown): StatusError {
  try {
    attempt();
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return error;
  }
  throw new Error("the request was admitted");
}

test("what a bound policy denies is answered in upstream's words", () => {
  const cluster = startRegistry();
  policy(cluster, {
    validations: [
      { expression: "object.spec.replicas <= 3" },
      { expression: "object.spec.replicas != 5", message: "not five", reason: "Forbidden" },
    ],
  });
  deploy(cluster, 9);
  binding(cluster);
  deploy(cluster, 2);
  const { status } = denial(() => deploy(cluster, 5));
  const message = "ValidatingAdmissionPolicy 'replicas' with binding 'bind' denied request: failed expression: object.spec.replicas <= 3";
  assert.equal(status.message, `deployments.apps "d5" is forbidden: ${message}`);
  assert.deepEqual([status.reason, status.code, status.details?.causes], ["Invalid", 422, [{ message }]]);
});

test("messages, variables, parameters, the request and the namespace", () => {
  const cluster = startRegistry();
  policy(cluster, {
    paramKind: { apiVersion: "v1", kind: "ConfigMap" },
    variables: [
      { name: "max", expression: "int(params.data.max)" },
      { name: "over", expression: "object.spec.replicas > variables.max" },
    ],
    validations: [
      {
        expression: "!variables.over || request.userInfo.username == 'root' || namespaceObject.metadata.name != 'default'",
        messageExpression: "'at most %d, not %d, in %s'.format([variables.max, object.spec.replicas, request.namespace == '' ? 0 : 1])",
      },
    ],
  });
  create(cluster, "v1", "ConfigMap", { metadata: { name: "limits", labels: { use: "yes" } }, data: { max: "3" } }, "default");
  binding(cluster, { paramRef: { namespace: "default", selector: { matchLabels: { use: "yes" } }, parameterNotFoundAction: "Deny" } });
  createNamespace(cluster.registry, "other");
  deploy(cluster, 3);
  deploy(cluster, 4, "other");
  assert.match(denial(() => deploy(cluster, 4)).message, /denied request: at most 3, not 4, in 1$/);
  cluster.registry.delete(cluster.registry.kinds.core("ConfigMap"), { namespace: "default", name: "limits" }, {}, componentContext("test"));
  assert.match(
    denial(() => deploy(cluster, 1)).message,
    /failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
  );
});

test("an expression that fails follows the failure policy", () => {
  const cluster = startRegistry();
  policy(cluster, { validations: [{ expression: "object.spec.nothing > 1" }] });
  binding(cluster);
  assert.match(
    denial(() => deploy(cluster, 1)).message,
    /denied request: expression 'object.spec.nothing > 1' resulted in error: no such key: nothing$/,
  );
  const ignoring = startRegistry();
  policy(ignoring, { failurePolicy: "Ignore", validations: [{ expression: "object.spec.nothing > 1" }] });
  binding(ignoring);
  deploy(ignoring, 1);
});

test("rules, selectors, match conditions and exclusions say what a policy is about", () => {
  const cluster = startRegistry();
  createNamespace(cluster.registry, "prod");
  const kind = cluster.registry.kinds.core("Namespace");
  cluster.registry.modify(
    kind,
    { name: "prod" },
    (current) => ({ ...current, metadata: { ...current?.metadata, labels: { env: "prod" } } }) as never,
    componentContext("test"),
  );
  policy(cluster, {
    matchConstraints: {
      resourceRules: RULES,
      excludeResourceRules: [{ ...RULES[0], resourceNames: ["d7"] }],
      namespaceSelector: { matchLabels: { env: "prod" } },
      objectSelector: { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] },
    },
    matchConditions: [{ name: "many", expression: "object.spec.replicas > 4" }],
    validations: [{ expression: "false" }],
  });
  binding(cluster);
  deploy(cluster, 5);
  deploy(cluster, 4, "prod");
  deploy(cluster, 7, "prod");
  deploy(cluster, 6, "prod", [], { skip: "me" });
  denial(() => deploy(cluster, 5, "prod"));
});

test("Warn admits with a warning", () => {
  const cluster = startRegistry();
  const warnings: string[] = [];
  policy(cluster, { validations: [{ expression: "object.spec.replicas <= 3", message: "too many" }] });
  binding(cluster, { validationActions: ["Warn"] });
  deploy(cluster, 4, "default", warnings);
  assert.deepEqual(warnings, ["Validation failed for ValidatingAdmissionPolicy 'replicas' with binding 'bind': too many"]);
});

test("updates see the old object, deletes have no object", () => {
  const cluster = startRegistry();
  const rules = [{ ...RULES[0], operations: ["*"] }];
  policy(cluster, {
    matchConstraints: { resourceRules: rules },
    validations: [
      {
        expression:
          "request.operation == 'CREATE' || (object == null ? oldObject.spec.replicas != 2 : object.spec.replicas >= oldObject.spec.replicas)",
      },
    ],
  });
  binding(cluster);
  deploy(cluster, 2);
  const kind = cluster.registry.kinds.findByApiVersion("apps/v1", "Deployment");
  assert.ok(kind);
  const scale = (replicas: number) =>
    cluster.registry.modify(
      kind,
      { namespace: "default", name: "d2" },
      (current) => ({ ...current, spec: { ...(current as never as { spec: object }).spec, replicas } }) as never,
      componentContext("test"),
    );
  denial(() => scale(1));
  denial(() => cluster.registry.delete(kind, { namespace: "default", name: "d2" }, {}, componentContext("test")));
  scale(3);
  cluster.registry.delete(kind, { namespace: "default", name: "d2" }, {}, componentContext("test"));
});

test("a policy whose expressions do not compile is refused", () => {
  const cluster = startRegistry();
  const { status } = denial(() =>
    policy(cluster, {
      validations: [{ expression: "object.spec.replicas" }, { expression: "1 +" }, { expression: "variables.nope == 1" }],
    }),
  );
  const causes = status.details?.causes ?? [];
  assert.deepEqual(
    causes.map((cause) => cause.field),
    ["spec.validations[0].expression", "spec.validations[1].expression", "spec.validations[2].expression"],
  );
  assert.equal(causes[0]?.message, 'Invalid value: "object.spec.replicas": must evaluate to bool but got dyn');
  assert.match(
    causes[1]?.message ?? "",
    /^Invalid value: "1 \+": compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting /,
  );
  assert.match(causes[2]?.message ?? "", /undeclared reference to 'variables' \(in container ''\)/);
});

test("expressions may ask what the user may do", () => {
  const cluster = startRegistry();
  const asked: string[] = [];
  cluster.registry.authorize = ({ user, verb, group, resource, namespace, name }) => {
    asked.push([user.name, verb, group, resource, namespace, name].join(" "));
    return { allowed: verb === "create" };
  };
  policy(cluster, {
    validations: [
      { expression: "authorizer.requestResource.check('create').allowed()" },
      {
        expression: "authorizer.serviceAccount('default', 'robot').group('').resource('pods').namespace('x').check('delete').allowed()",
        message: "robots delete pods",
      },
    ],
  });
  binding(cluster);
  assert.match(denial(() => deploy(cluster, 1)).message, /denied request: robots delete pods$/);
  assert.deepEqual(asked, ["system:test create apps deployments default d1", "system:serviceaccount:default:robot delete  pods x "]);
});

test("expressions are checked against the schemas of what the rules name", () => {
  const warnings = checkPolicyTypes(
    {
      metadata: { name: "p" },
      spec: {
        matchConstraints: { resourceRules: RULES },
        variables: [{ name: "containers", expression: "object.spec.template.spec.containers" }],
        validations: [
          { expression: "object.replicas > 1" },
          {
            expression:
              "variables.containers.all(c, c.image.startsWith('a')) && object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')",
          },
          { expression: "object.spec.replicas == '1'", messageExpression: "object.spec.replicas" },
        ],
      },
    } as never,
    KINDS,
  );
  assert.deepEqual(warnings, [
    {
      fieldRef: "spec.validations[0].expression",
      warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n",
    },
    {
      fieldRef: "spec.validations[2].expression",
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_==_' applied to '(int, string)'\n | object.spec.replicas == '1'\n | .....................^\n",
    },
  ]);
});

test("a connection to a pod is a request too", () => {
  const cluster = startRegistry();
  const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CONNECT"], resources: ["pods/exec"] }];
  policy(cluster, {
    matchConstraints: { resourceRules: rules },
    validations: [
      { expression: "request.kind.kind == 'PodExecOptions' && !has(object.tty) && object.command[0] != 'rm'", message: "no shells" },
    ],
  });
  binding(cluster);
  const exec = (query: string, subresource = "exec") =>
    cluster.registry.admitConnection(
      { namespace: "default", name: "p", subresource, query: new URLSearchParams(query) },
      componentContext("test"),
    );
  exec("stdin=true&tty=true", "attach");
  exec("stdin=true&command=ls");
  denial(() => exec("command=rm&command=-r"));
  assert.equal(
    denial(() => exec("tty=true&command=sh")).message,
    `pods "p" is forbidden: ValidatingAdmissionPolicy 'replicas' with binding 'bind' denied request: no shells`,
  );
});
