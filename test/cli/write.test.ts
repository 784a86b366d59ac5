import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { FakeApiServer } from "./fake-api-server.ts";
import { pod } from "./objects.ts";
import { runCli } from "./run-cli.ts";

const server = new FakeApiServer();
const home = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-cli-"));
const PODS = "/api/v1/namespaces/default/pods";
const MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: new\nspec:\n  containers:\n  - image: x\n    name: c\n";
let url = "";
before(async () => {
  process.env["KUBESIM_HOME"] = home;
  server.on(`GET ${PODS}/web`, { json: pod("web") });
  server.on(`PATCH ${PODS}/web`, {
    json: { ...pod("web"), metadata: { ...pod("web").metadata, resourceVersion: "11" } },
  });
  server.on(`POST ${PODS}`, ({ body }) => ({ status: 201, json: body }));
  url = await server.listen();
});
after(() => {
  server.close();
  fs.rmSync(home, { recursive: true, force: true });
});

test("apply creates with the configuration in its annotation", async () => {
  const run = await runCli(url, ["apply", "-f", "-"], MANIFEST);
  assert.deepEqual(run, { code: 0, out: "pod/new created\n", err: "" });
  const sent = server.seen.at(-1);
  assert.equal(sent?.url, `${PODS}?fieldManager=kubectl-client-side-apply&fieldValidation=Strict`);
  const { annotations } = ((sent as { body: unknown }).body as { metadata: { annotations: Record<string, string> } }).metadata;
  assert.equal(
    annotations["kubectl.kubernetes.io/last-applied-configuration"],
    '{"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{},"name":"new","namespace":"default"},"spec":{"containers":[{"image":"x","name":"c"}]}}\n',
  );
});

test("apply of an object that was not applied warns and patches", async () => {
  const run = await runCli(url, ["apply", "-f", "-"], MANIFEST.replace("name: new", "name: web"));
  assert.match(run.err, /^Warning: resource pods\/web is missing the kubectl\.kubernetes\.io\/last-applied-configuration annotation/);
  assert.equal(run.out, "pod/web configured\n");
  assert.equal(server.seen.at(-1)?.contentType, "application/strategic-merge-patch+json");
});

test("what is wrong with a file is said in one line", async () => {
  const missing = await runCli(url, ["apply", "-f", "/nope.yaml"]);
  assert.deepEqual(missing, {
    code: 1,
    out: "",
    err: 'error: the path "/nope.yaml" does not exist\n',
  });
  const unknown = await runCli(url, ["apply", "-f", "-"], "apiVersion: v1\nkind: Foo\nmetadata:\n  name: a\n");
  assert.equal(
    unknown.err,
    'error: resource mapping not found for name: "a" namespace: "" from "STDIN": no matches for kind "Foo" in version "v1"\nensure CRDs are installed first\n',
  );
});

test("label refuses to overwrite, then does, and sends a merge patch", async () => {
  assert.deepEqual(await runCli(url, ["label", "po", "web", "env=x"]), {
    code: 1,
    out: "",
    err: "error: 'env' already has a value (prod), and --overwrite is false\n",
  });
  assert.equal((await runCli(url, ["label", "po", "web", "env=x", "--overwrite"])).out, "pod/web labeled\n");
  assert.deepEqual(server.seen.at(-1)?.body, { metadata: { labels: { env: "x" } } });
  assert.equal((await runCli(url, ["label", "po", "web", "env-"])).out, "pod/web unlabeled\n");
});

test("delete says from where, and waits until the object is gone", async () => {
  let gone = false;
  server.on(`GET ${PODS}/old`, () =>
    gone
      ? {
          status: 404,
          json: {
            kind: "Status",
            apiVersion: "v1",
            status: "Failure",
            reason: "NotFound",
            message: "gone",
            code: 404,
          },
        }
      : { json: pod("old") },
  );
  server.on(
    `DELETE ${PODS}/old`,
    () => (
      (gone = true),
      {
        json: {
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Success",
          details: { name: "old", kind: "pods", uid: "uid-old" },
        },
      }
    ),
  );
  assert.deepEqual(await runCli(url, ["delete", "po", "old"]), {
    code: 0,
    out: 'pod "old" deleted from default namespace\n',
    err: "",
  });
  assert.deepEqual(server.seen.find(({ method }) => method === "DELETE")?.body, {
    propagationPolicy: "Background",
  });
});

test("invalid objects are told by their causes", async () => {
  server.on(`POST ${PODS}`, {
    status: 422,
    json: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      reason: "Invalid",
      message: "m",
      code: 422,
      details: {
        name: "a",
        kind: "Pod",
        causes: [
          { field: "spec.x", message: "Required value" },
          { field: "spec.y", message: "Invalid value: 1" },
        ],
      },
    },
  });
  const run = await runCli(url, ["create", "-f", "-"], MANIFEST);
  assert.equal(run.err, 'The Pod "a" is invalid: \n* spec.x: Required value\n* spec.y: Invalid value: 1\n');
});

test("logs of a missing pod, and of a container that is not there", async () => {
  assert.equal(
    (await runCli(url, ["logs", "nope"])).err,
    'error: error from server (NotFound): pods "nope" not found in namespace "default"\n',
  );
  assert.equal(
    (await runCli(url, ["logs", "web", "-c", "nope"])).err,
    "error: container nope is not valid for pod web out of: web, side\n",
  );
});
