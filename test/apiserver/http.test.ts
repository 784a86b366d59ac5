import assert from "node:assert/strict";
import { call, type Json, lines, start } from "./http-server.ts";
import { test } from "node:test";
import { WebSocket } from "ws";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, data: object = {}) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
const TABLE = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

test("objects are created, read, listed, patched and deleted over REST", async () => {
  const { base, cluster, bugs } = await start();
  const created = await call(base + CONFIG_MAPS, "POST", configMap("c", { a: "1" }));
  assert.equal(created.code, 201);
  assert.equal(created.headers.get("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
  assert.equal((await call(base + CONFIG_MAPS, "POST", configMap("c"))).json["reason"], "AlreadyExists");
  const list = (await call(base + CONFIG_MAPS)).json;
  assert.equal(list["kind"], "ConfigMapList");
  assert.deepEqual(
    [list.items[0]?.["kind"], list.items[0]?.["data"], list.metadata["resourceVersion"]],
    [undefined, { a: "1" }, String(cluster.store.revision)],
  );
  const patched = await call(
    `${base}${CONFIG_MAPS}/c`,
    "PATCH",
    { data: { a: null, b: "2" } },
    { "Content-Type": "application/merge-patch+json" },
  );
  assert.deepEqual(patched.json["data"], { b: "2" });
  const put = await call(`${base}${CONFIG_MAPS}/c`, "PUT", created.json);
  assert.deepEqual([put.code, put.json["reason"], put.json["kind"]], [409, "Conflict", "Status"]);
  const deleted = await call(`${base}${CONFIG_MAPS}/c`, "DELETE", { propagationPolicy: "Background" });
  assert.deepEqual(
    [deleted.json["status"], deleted.json.details["kind"], deleted.json.details["uid"]],
    ["Success", "configmaps", created.json.metadata["uid"]],
  );
  const missing = await call(`${base}${CONFIG_MAPS}/c`);
  assert.deepEqual([missing.code, missing.json["message"]], [404, 'configmaps "c" not found']);
  assert.deepEqual(bugs, []);
});

test("unknown fields are refused or warned of, as asked", async () => {
  const { base } = await start();
  const strict = await call(`${base}${CONFIG_MAPS}?fieldValidation=Strict`, "POST", { ...configMap("c"), foo: 1 });
  assert.deepEqual(
    [strict.code, strict.json["message"]],
    [400, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"'],
  );
  const warned = await call(base + CONFIG_MAPS, "POST", { ...configMap("c"), foo: 1 });
  assert.equal(warned.headers.get("warning"), '299 - "unknown field \\"foo\\""');
});

test("who is nobody is answered 401, and a wrong path 404", async () => {
  const { base } = await start();
  assert.equal((await call(base + CONFIG_MAPS, "GET", undefined, { Authorization: "Bearer nobody" })).json["reason"], "Unauthorized");
  assert.equal((await call(`${base}/api/v1/nonsense`)).code, 404);
  assert.equal((await call(base + CONFIG_MAPS, "POST", "{")).json["reason"], "BadRequest");
});

test("a Table has a row for every object, and ages", async () => {
  const { base, cluster } = await start();
  await call(base + CONFIG_MAPS, "POST", configMap("c"));
  await cluster.clock.step(125_000);
  const { json } = await call(base + CONFIG_MAPS, "GET", undefined, TABLE);
  const [row] = json["rows"] as { cells: unknown[]; object: Json }[];
  assert.deepEqual([json["kind"], row?.cells, row?.object["kind"]], ["Table", ["c", "2m5s"], "PartialObjectMetadata"]);
});

test("a watch replays, says where the replay ends, and goes on", async () => {
  const { base } = await start();
  await call(base + CONFIG_MAPS, "POST", configMap("c"));
  const url = `${base}${CONFIG_MAPS}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`;
  const events = await lines(url, 3, () => call(base + CONFIG_MAPS, "POST", configMap("d")));
  assert.deepEqual(
    events.map((event) => event["type"]),
    ["ADDED", "BOOKMARK", "ADDED"],
  );
  const bookmark = events[1]?.["object"] as Json;
  assert.deepEqual([bookmark["kind"], bookmark.metadata["annotations"]], ["ConfigMap", { "k8s.io/initial-events-end": "true" }]);
  assert.equal((events[2] as unknown as { object: Json }).object.metadata["name"], "d");
});

test("a watch from a revision does not replay", async () => {
  const { base } = await start();
  const { json } = await call(base + CONFIG_MAPS, "POST", configMap("c"));
  const url = `${base}${CONFIG_MAPS}?watch=true&resourceVersion=${String(json.metadata["resourceVersion"])}`;
  const [event] = await lines(url, 1, () => call(`${base}${CONFIG_MAPS}/c`, "DELETE"));
  assert.equal(event?.["type"], "DELETED");
});

test("discovery is aggregated where asked for, and not sent twice", async () => {
  const { base } = await start();
  const Accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
  const first = await call(`${base}/api`, "GET", undefined, { Accept });
  assert.equal(first.headers.get("content-type"), "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  const again = await fetch(`${base}/api`, { headers: { Accept, "If-None-Match": first.headers.get("etag") ?? "" } });
  assert.equal(again.status, 304);
  const plain = (await call(`${base}/api/v1`)).json;
  assert.ok((plain["resources"] as { name: string }[]).some((resource) => resource.name === "pods/log"));
});

test("OpenAPI tells kubectl that field validation is the server's work", async () => {
  const { base } = await start();
  const index = (await call(`${base}/openapi/v3`)).json["paths"] as Record<string, { serverRelativeURL: string }>;
  const document = (await call(base + (index["apis/apps/v1"]?.serverRelativeURL ?? ""))).json as unknown as {
    paths: Record<string, { patch?: { parameters: { name: string }[] } }>;
    components: { schemas: Record<string, unknown> };
  };
  const { patch } = document.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"] ?? {};
  assert.ok(patch?.parameters.some((parameter) => parameter.name === "fieldValidation"));
  assert.ok(document.components.schemas["io.k8s.api.core.v1.Container"]);
});

test("scale reads and sets the replicas", async () => {
  const { base } = await start();
  const url = `${base}/apis/apps/v1/namespaces/default/deployments`;
  await call(url, "POST", {
    metadata: { name: "d" },
    spec: { replicas: 1, selector: { matchLabels: { a: "b" } }, template: { spec: { containers: [] } } },
  });
  const scale = await call(`${url}/d/scale`, "PATCH", { spec: { replicas: 3 } }, { "Content-Type": "application/merge-patch+json" });
  assert.deepEqual(
    [scale.json["kind"], scale.json["spec"], scale.json["status"]],
    ["Scale", { replicas: 3 }, { replicas: 0, selector: "a=b" }],
  );
});

test("exec answers over WebSocket channels: output, then the status, then the close", async () => {
  const { base } = await start();
  const pod = { metadata: { name: "p" }, spec: { nodeName: "w1", containers: [{ name: "c", image: "i" }] } };
  assert.equal((await call(`${base}/api/v1/namespaces/default/pods`, "POST", pod)).code, 201);
  assert.equal(await (await fetch(`${base}/api/v1/namespaces/default/pods/p/log`)).text(), "a line\n");
  const socket = new WebSocket(
    `${base.replace("http", "ws")}/api/v1/namespaces/default/pods/p/exec?command=echo&command=hi&stdout=true&stderr=true`,
    "v5.channel.k8s.io",
  );
  const messages: Buffer[] = [];
  socket.on("message", (data: Buffer) => messages.push(data));
  const code = await new Promise<number>((resolve, reject) => socket.on("close", resolve).on("error", reject));
  assert.equal(code, 1000);
  assert.equal(messages[0]?.toString(), "\u0001echo hi\n");
  const status = JSON.parse(messages.at(-1)?.subarray(1).toString() ?? "") as Json;
  assert.deepEqual(
    [messages.at(-1)?.[0], status["reason"], status.details["causes"]],
    [3, "NonZeroExitCode", [{ reason: "ExitCode", message: "3" }]],
  );
});
