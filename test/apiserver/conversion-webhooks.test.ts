import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import type { WebhookCall } from "../../src/apiserver/admission/webhook-calls.ts";
import { CustomResources } from "../../src/apiserver/custom-resources/custom-resources.ts";
import { createHandler } from "../../src/apiserver/server.ts";
import { startRegistry } from "../support/cluster.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS = (version: string) => `/apis/example.com/${version}/namespaces/default/widgets`;

interface Widget {
  apiVersion: string;
  kind: string;
  metadata: { name: string; uid?: string; resourceVersion?: string; labels?: Record<string, string> };
  spec: { size?: string; width?: number; height?: number };
}
interface Review {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Widget[] };
}

const schemaOf = (properties: object) => ({
  openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } },
});
const version = (name: string, properties: object, storage: boolean) => ({ name, served: true, storage, schema: schemaOf(properties) });
const DEFINITION = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      version("v1", { size: { type: "string" } }, false),
      version("v2", { width: { type: "integer" }, height: { type: "integer" } }, true),
    ],
    conversion: {
      strategy: "Webhook",
      webhook: { clientConfig: { url: "https://convert.example.com/convert" }, conversionReviewVersions: ["v1"] },
    },
  },
};

/** `2x3` in v1 is width 2, height 3 in v2. */
function convert(object: Widget, apiVersion: string): Widget {
  const { width, height, size = "" } = object.spec;
  const [wide = "0", high = "0"] = size.split("x");
  const spec = apiVersion.endsWith("/v2") ? { width: Number(wide), height: Number(high) } : { size: `${width}x${height}` };
  return { ...object, apiVersion, spec };
}

const success = ({ request }: Review) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "ConversionReview",
  response: {
    uid: request.uid,
    result: { status: "Success" },
    convertedObjects: request.objects.map((object) => convert(object, request.desiredAPIVersion)),
  },
});

async function start(t: TestContext) {
  const { registry, clock } = startRegistry();
  const definitions = new CustomResources(registry);
  const asked: WebhookCall[] = [];
  const world = { answer: (review: Review): unknown => success(review) };
  registry.callWebhook = async (call) => {
    asked.push(call);
    return world.answer(call.review as Review);
  };
  const handler = createHandler({ registry, authenticate: () => ({ name: "admin", groups: ["system:masters"] }) });
  const server = createServer(handler.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(base + path, {
      method,
      headers: { "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { code: response.status, json: (await response.json()) as Widget & { message: string; items: Widget[] } };
  };
  await call("POST", CRDS, DEFINITION);
  await clock.step(0);
  const create = (apiVersion: string, name: string, spec: Widget["spec"]) =>
    call("POST", WIDGETS(apiVersion.split("/")[1] ?? ""), { apiVersion, kind: "Widget", metadata: { name }, spec });
  return { registry, definitions, clock, call, create, asked, world, base };
}

test("what is written in one version is stored in another, and read in each", async (t) => {
  const { call, create, asked, registry } = await start(t);
  const created = await create("example.com/v1", "a", { size: "2x3" });
  assert.deepEqual([created.code, created.json.apiVersion, created.json.spec], [201, "example.com/v1", { size: "2x3" }]);
  const [entry] = registry.store.range("/registry/example.com/widgets/").entries;
  assert.deepEqual((entry?.object as Widget | undefined)?.spec, { width: 2, height: 3 });
  assert.deepEqual((await call("GET", `${WIDGETS("v2")}/a`)).json.spec, { width: 2, height: 3 });
  assert.deepEqual((await call("GET", `${WIDGETS("v1")}/a`)).json.spec, { size: "2x3" });
  const patched = await call("PATCH", `${WIDGETS("v1")}/a`, { spec: { size: "4x5" } });
  assert.deepEqual(patched.json.spec, { size: "4x5" });
  assert.deepEqual((await call("GET", `${WIDGETS("v2")}/a`)).json.spec, { width: 4, height: 5 });
  const [first] = asked;
  assert.equal(first?.timeoutSeconds, 30);
  const request = (first?.review as Review | undefined)?.request;
  assert.deepEqual([request?.desiredAPIVersion, request?.objects.length, request?.objects[0]?.kind], ["example.com/v2", 1, "Widget"]);
  assert.equal((await call("DELETE", `${WIDGETS("v1")}/a`)).code, 200);
});

test("lists and watches show every object in the version that is asked for", async (t) => {
  const { call, create, base, clock } = await start(t);
  await create("example.com/v2", "a", { width: 1, height: 1 });
  await create("example.com/v1", "b", { size: "2x2" });
  const { items } = (await call("GET", WIDGETS("v1"))).json;
  assert.deepEqual(
    items.map(({ apiVersion, spec }) => [apiVersion, spec.size]),
    [
      ["example.com/v1", "1x1"],
      ["example.com/v1", "2x2"],
    ],
  );
  const response = await fetch(`${base}${WIDGETS("v1")}?watch=1`);
  const reader = response.body?.getReader();
  let seen = "";
  const read = async (text: string) => {
    while (!seen.includes(text)) {
      seen += Buffer.from((await reader?.read())?.value ?? []).toString();
      await clock.settle();
    }
  };
  await read('"size":"2x2"');
  await create("example.com/v2", "c", { width: 7, height: 8 });
  await read('"size":"7x8"');
  await reader?.cancel();
});

test("what the webhook cannot do fails in upstream's words, and nothing is stored", async (t) => {
  const { create, call, world, registry } = await start(t);
  const attempt = async (answer: (review: Review) => unknown) => {
    world.answer = answer;
    const { code, json } = await create("example.com/v1", "a", { size: "1x1" });
    return [code, json.message];
  };
  const failed = "conversion webhook for example.com/v1, Kind=Widget failed:";
  const down = () => Promise.reject(new Error('Post "https://convert.example.com/convert?timeout=30s": EOF'));
  assert.deepEqual(await attempt(down), [500, `${failed} Post "https://convert.example.com/convert?timeout=30s": EOF`]);
  const refused = (review: Review) => ({
    ...success(review),
    response: { uid: review.request.uid, result: { status: "Failed", message: "no such size" } },
  });
  assert.deepEqual(await attempt(refused), [500, `${failed} no such size`]);
  const nobody = (review: Review) => ({ ...success(review), response: { ...success(review).response, uid: "other" } });
  assert.match(String((await attempt(nobody))[1]), /failed: expected response\.uid="[0-9a-f-]{36}", got "other"$/);
  const none = (review: Review) => ({ ...success(review), response: { ...success(review).response, convertedObjects: [] } });
  assert.deepEqual(await attempt(none), [500, "conversion webhook for example.com/v1, Kind=Widget returned 0 objects, expected 1"]);
  const renamed = (review: Review) => {
    const [object] = success(review).response.convertedObjects;
    const convertedObjects = [{ ...object, metadata: { ...object?.metadata, name: "b" } }];
    return { ...success(review), response: { ...success(review).response, convertedObjects } };
  };
  assert.deepEqual(await attempt(renamed), [
    500,
    "conversion webhook for example.com/v1, Kind=Widget returned invalid object: must have the same name: a != b",
  ]);
  assert.equal(registry.store.range("/registry/example.com/widgets/").entries.length, 0);
  world.answer = success;
  assert.equal((await create("example.com/v1", "a", { size: "1x1" })).code, 201);
  world.answer = down;
  assert.deepEqual((await call("GET", WIDGETS("v2"))).code, 200);
});

test("an object moves to the new storage version when it is written", async (t) => {
  const { call, create, registry, clock } = await start(t);
  await create("example.com/v2", "a", { width: 1, height: 2 });
  const versions = DEFINITION.spec.versions.map((one) => ({ ...one, storage: one.name === "v1" }));
  await call("PATCH", `${CRDS}/widgets.example.com`, { spec: { versions } });
  await clock.step(0);
  const stored = () => registry.store.range("/registry/example.com/widgets/").entries[0]?.object as unknown as Widget;
  assert.equal(stored().apiVersion, "example.com/v2");
  assert.deepEqual((await call("GET", `${WIDGETS("v1")}/a`)).json.spec, { size: "1x2" });
  await call("PATCH", `${WIDGETS("v2")}/a`, { metadata: { labels: { moved: "yes" } } });
  assert.deepEqual([stored().apiVersion, stored().spec, stored().metadata.labels], ["example.com/v1", { size: "1x2" }, { moved: "yes" }]);
});
