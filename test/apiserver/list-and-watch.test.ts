import assert from "node:assert/strict";
import { test } from "node:test";
import { call, type Json, lines, start } from "./http-server.ts";

const PATH = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
});
const names = ({ items }: Json) => items.map((item) => item.metadata["name"]);
const objectOf = (event: Json | undefined) => event?.["object"] as Json;
const TABLE = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

/** A server with config maps of these names, and how to ask it. */
async function withConfigMaps(...given: string[]) {
  const { base, cluster } = await start();
  const url = base + PATH;
  for (const name of given) await call(url, "POST", configMap(name));
  const version = async () => String((await call(url)).json.metadata["resourceVersion"]);
  const get = (query: string) => call(`${url}?${query}`);
  return { url, cluster, version, get };
}

test("pages are of one moment, whatever is written between them", async () => {
  const { url, get } = await withConfigMaps("a", "b", "c", "d", "e");
  const first = await get("limit=2");
  assert.deepEqual([names(first.json), first.json.metadata["remainingItemCount"]], [["a", "b"], 3]);
  await call(`${url}/c`, "DELETE");
  await call(url, "POST", configMap("bb"));
  const second = await get(`limit=2&continue=${String(first.json.metadata["continue"])}`);
  assert.deepEqual(names(second.json), ["c", "d"]);
  assert.equal(second.json.metadata["resourceVersion"], first.json.metadata["resourceVersion"]);
  const last = await get(`limit=2&continue=${String(second.json.metadata["continue"])}`);
  assert.deepEqual([names(last.json), last.json.metadata["continue"]], [["e"], undefined]);
  assert.deepEqual(names((await get("limit=10")).json), ["a", "b", "bb", "d", "e"]);
});

test("with a selector pages are full, and nobody counts what remains", async () => {
  const { url, get } = await withConfigMaps("a", "b");
  for (const name of ["x1", "x2", "x3"]) await call(url, "POST", configMap(name, { app: "x" }));
  const first = await get("limit=2&labelSelector=app%3Dx");
  assert.deepEqual([names(first.json), first.json.metadata["remainingItemCount"]], [["x1", "x2"], undefined]);
  const last = await get(`limit=2&labelSelector=app%3Dx&continue=${String(first.json.metadata["continue"])}`);
  assert.deepEqual([names(last.json), last.json.metadata["continue"]], [["x3"], undefined]);
});

test("a token that is too old is answered with one that goes on at what is there now", async () => {
  const { url, cluster, get } = await withConfigMaps("a", "b", "c");
  const first = await get("limit=1");
  await call(url, "POST", configMap("bb"));
  cluster.store.compact(cluster.store.revision);
  const expired = await get(`limit=1&continue=${String(first.json.metadata["continue"])}`);
  assert.deepEqual([expired.code, expired.json["reason"]], [410, "Expired"]);
  assert.match(String(expired.json["message"]), /^The provided continue parameter is too old to display a consistent list result\./);
  const rest = await get(`continue=${String(expired.json.metadata["continue"])}`);
  assert.deepEqual(names(rest.json), ["b", "bb", "c"]);
});

test("a list is exact, not older than, or refused, as resourceVersion and its match say", async () => {
  const { url, cluster, version, get } = await withConfigMaps("a");
  const old = await version();
  await call(url, "POST", configMap("b"));
  const now = await version();
  const listed = async (query: string) => names((await get(query)).json);
  assert.deepEqual(await listed(`resourceVersion=${old}&resourceVersionMatch=Exact`), ["a"]);
  assert.deepEqual(await listed(`resourceVersion=${old}&resourceVersionMatch=NotOlderThan`), ["a", "b"]);
  assert.deepEqual(await listed(`resourceVersion=${old}`), ["a", "b"]);
  assert.deepEqual(await listed(`resourceVersion=${old}&limit=5`), ["a"]);
  assert.deepEqual(await listed("resourceVersion=0"), ["a", "b"]);
  for (const match of ["Exact", "NotOlderThan"]) {
    const future = await get(`resourceVersion=${Number(now) + 100}&resourceVersionMatch=${match}`);
    assert.deepEqual([future.code, future.json["reason"], future.json.details["retryAfterSeconds"]], [504, "Timeout", 1]);
    assert.equal(future.json["message"], `Too large resource version: ${Number(now) + 100}, current: ${now}`);
  }
  cluster.store.compact(Number(now));
  const gone = await get(`resourceVersion=${old}&resourceVersionMatch=Exact`);
  assert.deepEqual([gone.code, gone.json["message"]], [410, "The resourceVersion for the provided list is too old."]);
});

test("options that do not go together are refused", async () => {
  const { get } = await withConfigMaps("a", "b");
  const token = String((await get("limit=1")).json.metadata["continue"]);
  for (const [query, code, message] of [
    [
      "resourceVersionMatch=Exact",
      422,
      /resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided/,
    ],
    ["resourceVersion=1&resourceVersionMatch=Some", 422, /Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""/],
    ["resourceVersion=0&resourceVersionMatch=Exact", 422, /resourceVersionMatch "exact" is forbidden for resourceVersion "0"/],
    ["sendInitialEvents=true", 422, /sendInitialEvents is forbidden for list/],
    [`resourceVersion=5&continue=${token}`, 400, /^specifying resource version is not allowed when using continue$/],
    ["continue=nonsense", 400, /^invalid continue token: continue key is not valid/],
    ["watch=true&sendInitialEvents=true", 422, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/],
    [
      "watch=true&resourceVersionMatch=NotOlderThan",
      422,
      /resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided/,
    ],
  ] as const) {
    const answer = await get(query);
    assert.equal(answer.code, code, query);
    assert.match(String(answer.json["message"]), message);
  }
});

test("a watch from what is too old says so in its first event, one from the future waits for it", async () => {
  const { url, cluster, version } = await withConfigMaps("a", "b");
  const now = await version();
  cluster.store.compact(Number(now));
  const [event] = await lines(`${url}?watch=true&resourceVersion=1`, 1);
  assert.deepEqual([event?.["type"], objectOf(event)["code"], objectOf(event)["reason"]], ["ERROR", 410, "Expired"]);
  assert.equal(objectOf(event)["message"], `too old resource version: 1 (${now})`);
  const [later] = await lines(`${url}?watch=true&resourceVersion=${Number(now) + 1}`, 1, async () => {
    await call(url, "POST", configMap("c"));
    await call(url, "POST", configMap("d"));
  });
  assert.equal(objectOf(later).metadata["name"], "d");
});

test("with a label selector, objects come into sight and go out of it", async () => {
  const { url, version } = await withConfigMaps();
  const label = (name: string, value: string) =>
    call(`${url}/${name}`, "PATCH", { metadata: { labels: { app: value } } }, { "Content-Type": "application/merge-patch+json" });
  const query = `watch=true&labelSelector=app%3Dx&resourceVersion=${await version()}`;
  const events = await lines(`${url}?${query}`, 4, async () => {
    await call(url, "POST", configMap("a", { app: "y" }));
    await label("a", "x");
    await call(`${url}/a`, "PATCH", { data: { k: "v" } }, { "Content-Type": "application/merge-patch+json" });
    await label("a", "z");
    await label("a", "x");
  });
  assert.deepEqual(
    events.map((event) => event["type"]),
    ["ADDED", "MODIFIED", "DELETED", "ADDED"],
  );
  // What goes out of sight is shown as it was, at the revision of the change.
  assert.deepEqual(objectOf(events[2]).metadata["labels"], { app: "x" });
});

test("a field selector on the name follows one object", async () => {
  const { url, version } = await withConfigMaps();
  const events = await lines(`${url}?watch=true&fieldSelector=metadata.name%3Db&resourceVersion=${await version()}`, 2, async () => {
    for (const name of ["a", "b", "c"]) await call(url, "POST", configMap(name));
    await call(`${url}/a`, "DELETE");
    await call(`${url}/b`, "DELETE");
  });
  assert.deepEqual(
    events.map((event) => [event["type"], objectOf(event).metadata["name"]]),
    [
      ["ADDED", "b"],
      ["DELETED", "b"],
    ],
  );
});

test("a watch of a Table names its columns once", async () => {
  const { url } = await withConfigMaps("a", "b");
  const response = await fetch(`${url}?watch=true&timeoutSeconds=1`, { headers: TABLE });
  const reader = (response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let text = "";
  while (text.trim().split("\n").length < 2) text += Buffer.from((await reader.next()).value as Uint8Array).toString();
  const tables = text
    .trim()
    .split("\n")
    .map(
      (line) =>
        (JSON.parse(line) as { object: { kind: string; columnDefinitions: unknown[] | null; rows: { cells: unknown[] }[] } }).object,
    );
  assert.deepEqual(
    tables.map(({ kind, columnDefinitions, rows }) => [kind, columnDefinitions?.length ?? 0, rows[0]?.cells[0]]),
    [
      ["Table", 2, "a"],
      ["Table", 0, "b"],
    ],
  );
});

test("a watch ends when its time is over", async () => {
  const { url, cluster } = await withConfigMaps("a");
  const response = await fetch(`${url}?watch=true&timeoutSeconds=5`);
  const whole = response.text();
  await cluster.clock.step(5000);
  assert.match(await whole, /^\{"type":"ADDED"[^\n]*\n$/);
});

test("a reader that does not read is dropped, and nobody else notices", async () => {
  const { url, cluster } = await withConfigMaps("a");
  const slow = await fetch(`${url}?watch=true`);
  const data = { big: "x".repeat(900_000) };
  const fast = lines(`${url}?watch=true&resourceVersion=${cluster.store.revision}`, 60);
  await new Promise((resolve) => setImmediate(resolve));
  for (let index = 0; index < 60; index++) await call(url, "POST", { ...configMap(`b${index}`), data });
  assert.equal((await fast).length, 60);
  await assert.rejects(slow.text());
  assert.equal((await call(url)).json.items.length, 61);
});

test("who wants metadata only gets no more: objects, lists, watches", async () => {
  const { url, cluster } = await withConfigMaps("a");
  await call(`${url}/a`, "PATCH", { data: { k: "v" } }, { "Content-Type": "application/merge-patch+json" });
  const as = (kind: string) => ({
    headers: {
      Accept: `application/vnd.kubernetes.protobuf;as=${kind};g=meta.k8s.io;v=v1,application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`,
    },
  });
  const read = async (path: string, kind: string) => (await (await fetch(url + path, as(kind))).json()) as Json;
  const list = await read("", "PartialObjectMetadataList");
  assert.deepEqual([list["kind"], list["apiVersion"], names(list)], ["PartialObjectMetadataList", "meta.k8s.io/v1", ["a"]]);
  assert.deepEqual(Object.keys(list.items[0] as object), ["kind", "apiVersion", "metadata"]);
  const one = await read("/a", "PartialObjectMetadata");
  assert.deepEqual([one["kind"], one.metadata["name"], one["data"]], ["PartialObjectMetadata", "a", undefined]);
  const watch = fetch(`${url}?watch=true&timeoutSeconds=1`, as("PartialObjectMetadata"));
  const whole = (await watch).text();
  await cluster.clock.step(1000);
  const event = JSON.parse(await whole) as { type: string; object: Json };
  assert.deepEqual([event.type, event.object["kind"], event.object["data"]], ["ADDED", "PartialObjectMetadata", undefined]);
});
