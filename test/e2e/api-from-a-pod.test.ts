import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TestCluster } from "../support/e2e.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
const cluster = new TestCluster();

before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
  cluster.kubesim("run", "curl", "--image=curlimages/curl", "--", "sleep", "10000");
  const ready = cluster.kubesim("wait", "--for=condition=Ready", "pod/curl", "--timeout=60s");
  assert.equal(ready.status, 0, ready.stderr);
});
after(() => cluster.down());

const inPod = (script: string) => cluster.kubesim("exec", "curl", "--", "sh", "-c", script);

test("the API server's certificate is believed by whoever has the cluster's CA, for the names that it has", () => {
  const unknown = inPod("curl https://kubernetes/version");
  assert.equal(unknown.status, 60);
  assert.match(unknown.stderr, /^curl: \(60\) SSL certificate problem: unable to get local issuer certificate\n/);
  for (const name of ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.96.0.1"]) {
    const known = inPod(`curl -s --cacert ${FOLDER}/ca.crt https://${name}/version`);
    assert.match(known.stdout, /"gitVersion": "v1\.36/, known.stderr);
  }
  assert.equal(inPod("curl -ks https://kubernetes/version").status, 0);
  assert.equal(inPod(`CURL_CA_BUNDLE=${FOLDER}/ca.crt curl -s https://kubernetes/version`).status, 0);
});

test("a service account's token is who the pod is, and RBAC says what it may", () => {
  const list = `curl -s --cacert ${FOLDER}/ca.crt -H "Authorization: Bearer $(cat ${FOLDER}/token)" https://kubernetes/api/v1/namespaces/$(cat ${FOLDER}/namespace)/pods`;
  assert.match(inPod(list).stdout, /"message": "pods is forbidden: User \\"system:serviceaccount:default:default\\" cannot list resource/);
  cluster.kubesim("create", "clusterrolebinding", "view", "--clusterrole=view", "--serviceaccount=default:default");
  assert.match(inPod(list).stdout, /^\{\n {2}"kind": "PodList",\n[^]*"name": "curl"/);
});

test("what does not speak TLS is no https server", () => {
  cluster.kubesim("run", "web", "--image=nginx");
  cluster.kubesim("wait", "--for=condition=Ready", "pod/web", "--timeout=60s");
  const ip = cluster.kubesim("get", "pod", "web", "-o", "jsonpath={.status.podIP}").stdout;
  assert.equal(inPod(`curl -s -m 5 https://${ip}:80`).status, 35);
});
