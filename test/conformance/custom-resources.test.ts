import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { TestCluster } from "../support/e2e.ts";
import { oracle, oracleSkip } from "../support/oracle.ts";

const cluster = new TestCluster();
const kubeconfig = path.join(cluster.home, "clusters/default/kubeconfig");
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

const crd = (group: string) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct-${group.split(".")[0]}], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns: [{name: Schedule, type: string, jsonPath: .spec.schedule}, {name: Replicas, type: integer, jsonPath: .spec.replicas}, {name: Age, type: date, jsonPath: .metadata.creationTimestamp}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [schedule]
            x-kubernetes-validations: [{rule: "self.minimum <= self.replicas", message: too few replicas}]
            properties: {schedule: {type: string}, replicas: {type: integer, maximum: 10, default: 1}, minimum: {type: integer, default: 1}}
          status: {type: object, properties: {replicas: {type: integer}}}
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {schedule: {type: string}}}}}}
`;
const resource = (group: string, name: string, spec: string) =>
  `{apiVersion: ${group}/v1, kind: CronTab, metadata: {name: ${name}}, spec: ${spec}}`;

function kubectl(args: string, input = ""): string {
  const { stdout, stderr } = cluster.run(oracle("kubectl"), args.split(" "), { env: { KUBECONFIG: kubeconfig }, input });
  return stderr + stdout;
}

test("kubectl uses custom resources as soon as their definition is established", { skip: oracleSkip }, () => {
  assert.equal(
    kubectl("apply -f -", crd("stable.example.com")),
    "customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created\n",
  );
  assert.match(kubectl("wait --for=condition=established --timeout=10s crd/crontabs.stable.example.com"), /condition met/);
  assert.equal(
    kubectl("apply -f -", resource("stable.example.com", "mine", '{schedule: "* * * * *"}')),
    "crontab.stable.example.com/mine created\n",
  );
  assert.match(kubectl("get ct-stable"), /^NAME +SCHEDULE +REPLICAS +AGE\nmine +\* \* \* \* \* +1 +\d+s\n$/);
  assert.match(kubectl("get all"), /crontab\.stable\.example\.com\/mine/);
  assert.equal(kubectl("scale ct-stable/mine --replicas=3"), "crontab.stable.example.com/mine scaled\n");
  assert.equal(kubectl("get ct-stable mine -o jsonpath={.spec}"), '{"minimum":1,"replicas":3,"schedule":"* * * * *"}');
  assert.match(
    kubectl("get crontabs.v1beta1.stable.example.com"),
    /^Warning: stable\.example\.com\/v1beta1 CronTab is deprecated; use stable\.example\.com\/v1 CronTab\nNAME +AGE\n/,
  );
});

test("kubectl shows what is wrong with a custom resource", { skip: oracleSkip }, () => {
  const apply = (spec: string) => kubectl("apply -f -", resource("stable.example.com", "mine", spec));
  assert.equal(
    apply("{schedule: a, replicas: 11, minimum: 1}"),
    'The CronTab "mine" is invalid: spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10\n',
  );
  assert.equal(apply("{schedule: a, replicas: 2, minimum: 5}"), 'The CronTab "mine" is invalid: spec: Invalid value: too few replicas\n');
  assert.match(
    apply("{schedule: a, reps: 2}"),
    /CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: unknown field "spec\.reps"\n$/,
  );
  assert.match(
    kubectl("patch ct-stable mine --type strategic -p {}"),
    /^error: application\/strategic-merge-patch\+json is not supported by stable\.example\.com\/v1, Kind=CronTab: /,
  );
});

test("definitions and their objects are there after a restart, and go together", { skip: oracleSkip }, () => {
  assert.equal(cluster.kubesim("cluster", "down").status, 0);
  assert.equal(cluster.up().status, 0);
  assert.match(kubectl("get ct-stable mine -o name"), /^crontab\.stable\.example\.com\/mine\n$/);
  assert.match(kubectl("get apiservice v1.stable.example.com"), /v1\.stable\.example\.com +Local +True/);
  assert.equal(
    kubectl("delete crd crontabs.stable.example.com --timeout=20s"),
    'customresourcedefinition.apiextensions.k8s.io "crontabs.stable.example.com" deleted\n',
  );
  assert.match(kubectl("get ct-stable"), /the server could not find the requested resource/);
});

test("Helm installs a chart with a definition and its objects", { skip: oracleSkip }, () => {
  const chart = path.join(cluster.home, "with-crds");
  for (const [file, text] of [
    ["Chart.yaml", "{apiVersion: v2, name: with-crds, version: 0.1.0}"],
    ["crds/crd.yaml", crd("helm.example.com")],
    ["templates/ct.yaml", resource("helm.example.com", "charted", "{schedule: x, replicas: {{ .Values.replicas | default 1 }}}")],
  ] as const) {
    fs.mkdirSync(path.dirname(path.join(chart, file)), { recursive: true });
    fs.writeFileSync(path.join(chart, file), text);
  }
  const helm = (...args: string[]) => {
    const result = cluster.run(oracle("helm"), args, { env: { KUBECONFIG: kubeconfig }, timeoutMs: 90_000 });
    assert.equal(result.status, 0, `helm ${args.join(" ")}: ${result.stderr}`);
  };
  helm("install", "rel", chart, "--wait");
  helm("upgrade", "rel", chart, "--set", "replicas=4");
  assert.equal(kubectl("get ct-helm charted -o jsonpath={.spec.replicas}"), "4");
  helm("uninstall", "rel");
  assert.equal(kubectl("get ct-helm"), "No resources found in default namespace.\n");
});
