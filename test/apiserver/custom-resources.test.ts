import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import type { APIService } from "../../src/api/generated/apiregistration-v1.ts";
import type { CustomResourceDefinition } from "../../src/api/generated/apiextensions-v1.ts";
import { serverSideApply } from "../../src/api/server-side-apply.ts";
import { ApiServices } from "../../src/apiserver/api-services.ts";
import { CustomResources } from "../../src/apiserver/custom-resources/custom-resources.ts";
import { createHandler } from "../../src/apiserver/server.ts";
import { startRegistry, type TestRegistry } from "../support/cluster.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

type Json = Record<string, unknown> & {
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
  message: string;
  items: Json[];
  rows: { cells: unknown[] }[];
};

interface Api {
  readonly cluster: TestRegistry;
  readonly definitions: CustomResources;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ code: number; json: Json; warnings: string | null }>;
  /** Resolves when the stream is open, to all its lines, when it has ended. */
  watch(path: string): Promise<() => Promise<string[]>>;
}

async function start(): Promise<Api> {
  const cluster = startRegistry();
  const { registry } = cluster;
  const definitions = new CustomResources(registry);
  new ApiServices(registry);
  const handler = createHandler({
    registry,
    serverSideApply,
    authenticate: () => ({ name: "kubernetes-admin", groups: ["system:masters"] }),
  });
  const server = createServer(handler.handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    cluster,
    definitions,
    async watch(path) {
      const response = await fetch(base + path);
      return async () => (await response.text()).split("\n").filter((line) => line !== "");
    },
    async call(method, path, body, headers = {}) {
      const response = await fetch(base + path, {
        method,
        headers: { "Content-Type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      // What no group serves is answered in plain text.
      const isJson = response.headers.get("Content-Type")?.startsWith("application/json") ?? false;
      const json = (isJson ? await response.json() : { text: await response.text() }) as Json;
      return { code: response.status, json, warnings: response.headers.get("Warning") };
    },
  };
}

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets";
const MERGE = { "Content-Type": "application/merge-patch+json" };

const V1 = {
  name: "v1",
  served: true,
  storage: true,
  schema: {
    openAPIV3Schema: {
      type: "object",
      properties: {
        spec: {
          type: "object",
          required: ["size"],
          properties: {
            size: { type: "integer", minimum: 1 },
            color: { type: "string", default: "red" },
            ports: {
              type: "array",
              "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": ["name"],
              items: { type: "object", required: ["name"], properties: { name: { type: "string" }, port: { type: "integer" } } },
            },
          },
        },
        status: { type: "object", properties: { size: { type: "integer" }, selector: { type: "string" } } },
      },
    },
  },
  subresources: {
    status: {},
    scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size", labelSelectorPath: ".status.selector" },
  },
  additionalPrinterColumns: [
    { name: "Size", type: "integer", jsonPath: ".spec.size" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
  selectableFields: [{ jsonPath: ".spec.color" }],
};
const V1BETA1 = {
  name: "v1beta1",
  served: true,
  storage: false,
  deprecated: true,
  schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } } },
};

const definition = (overrides: Record<string, unknown> = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget", shortNames: ["wd"] },
    versions: [V1, V1BETA1],
    ...overrides,
  },
});
const widget = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name, ...metadata },
  spec,
});

async function establish(api: Api, overrides: Record<string, unknown> = {}): Promise<void> {
  const { code, json } = await api.call("POST", CRDS, definition(overrides));
  assert.equal(code, 201, json.message);
  await api.cluster.clock.settle(5);
}

test("a definition is accepted, established and served at once, in discovery too", async () => {
  const api = await start();
  await establish(api);
  const { json } = await api.call("GET", `${CRDS}/widgets.example.com`);
  const { status, spec } = json as unknown as CustomResourceDefinition;
  assert.deepEqual(
    status.conditions?.map(({ type, status: value, reason, message }) => [type, value, reason, message]),
    [
      ["NamesAccepted", "True", "NoConflicts", "no conflicts found"],
      ["Established", "True", "InitialNamesAccepted", "the initial names have been accepted"],
    ],
  );
  assert.deepEqual(status.acceptedNames, {
    plural: "widgets",
    singular: "widget",
    kind: "Widget",
    listKind: "WidgetList",
    shortNames: ["wd"],
  });
  assert.deepEqual([status.storedVersions, spec.conversion], [["v1"], { strategy: "None" }]);
  const discovered = (await api.call("GET", "/apis/example.com/v1")).json as unknown as { resources: { name: string }[] };
  assert.deepEqual(
    discovered.resources.map(({ name }) => name),
    ["widgets", "widgets/status", "widgets/scale"],
  );
  const service = (await api.call("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com")).json as unknown as APIService;
  assert.deepEqual(
    [service.spec.groupPriorityMinimum, service.spec.versionPriority, service.status.conditions?.[0]?.reason],
    [1000, 100, "Local"],
  );
});

test("names that another definition has are refused until it goes", async () => {
  const api = await start();
  await establish(api);
  const other = { ...definition(), metadata: { name: "wodgets.example.com" } };
  other.spec.names = { plural: "wodgets", kind: "Wodget", shortNames: ["wd"] };
  await api.call("POST", CRDS, other);
  await api.cluster.clock.settle(5);
  const accepted = async () =>
    ((await api.call("GET", `${CRDS}/wodgets.example.com`)).json as unknown as CustomResourceDefinition).status.conditions?.map(
      ({ reason, message }) => `${reason}: ${message}`,
    );
  assert.deepEqual(await accepted(), ['ShortNamesConflict: "wd" is already in use', "NotAccepted: not all names are accepted"]);
  await api.call("DELETE", `${CRDS}/widgets.example.com`);
  await api.cluster.clock.settle(10);
  assert.deepEqual(await accepted(), ["NoConflicts: no conflicts found", "InitialNamesAccepted: the initial names have been accepted"]);
});

test("objects are defaulted, pruned and validated; generation counts the spec", async () => {
  const api = await start();
  await establish(api);
  const created = await api.call("POST", `${WIDGETS}?fieldValidation=Warn`, widget("a", { size: 1, shape: "round" }));
  assert.deepEqual(
    [created.code, created.json.spec, created.json.metadata["generation"], created.warnings],
    [201, { size: 1, color: "red" }, 1, '299 - "unknown field \\"spec.shape\\""'],
  );
  const strict = await api.call("POST", `${WIDGETS}?fieldValidation=Strict`, widget("b", { size: 1, shape: "round" }));
  assert.equal(
    strict.json.message,
    'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.shape"',
  );
  const wrong = await api.call("PATCH", `${WIDGETS}/a`, { spec: { size: 0 } }, MERGE);
  assert.deepEqual(
    [wrong.code, wrong.json.message],
    [422, 'Widget.example.com "a" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1'],
  );
  const grown = await api.call("PATCH", `${WIDGETS}/a`, { spec: { size: 2 }, status: { size: 9 } }, MERGE);
  assert.deepEqual([grown.json.metadata["generation"], grown.json["status"]], [2, undefined]);
  const strategic = await api.call("PATCH", `${WIDGETS}/a`, {}, { "Content-Type": "application/strategic-merge-patch+json" });
  assert.equal(strategic.code, 415);
  const { resourceVersion: _, ...metadata } = grown.json.metadata;
  assert.match(
    (await api.call("PUT", `${WIDGETS}/a`, { ...grown.json, metadata })).json.message,
    /metadata.resourceVersion: Invalid value: .*: must be specified for an update/,
  );
});

test("status and scale are changed by themselves", async () => {
  const api = await start();
  await establish(api);
  await api.call("POST", WIDGETS, widget("a", { size: 1 }));
  const { json } = await api.call(
    "PATCH",
    `${WIDGETS}/a/status`,
    { metadata: { labels: { a: "b" } }, spec: { size: 5 }, status: { size: 1, selector: "a=b" } },
    MERGE,
  );
  assert.deepEqual(
    [json.spec["size"], json["status"], json.metadata["labels"], json.metadata["generation"]],
    [1, { size: 1, selector: "a=b" }, undefined, 1],
  );
  const scale = await api.call("GET", `${WIDGETS}/a/scale`);
  assert.deepEqual([scale.json.spec, scale.json["status"]], [{ replicas: 1 }, { replicas: 1, selector: "a=b" }]);
  await api.call("PUT", `${WIDGETS}/a/scale`, { ...scale.json, spec: { replicas: 4 } });
  assert.deepEqual((await api.call("GET", `${WIDGETS}/a`)).json.spec, { size: 4, color: "red" });
});

test("every served version shows the same objects; a deprecated one warns", async () => {
  const api = await start();
  await establish(api);
  await api.call("POST", WIDGETS, widget("a", { size: 1 }));
  const old = await api.call("GET", "/apis/example.com/v1beta1/namespaces/default/widgets/a");
  assert.deepEqual(
    [old.json["apiVersion"], old.json.spec, old.warnings],
    ["example.com/v1beta1", { size: 1 }, '299 - "example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget"'],
  );
  await api.call("POST", "/apis/example.com/v1beta1/namespaces/default/widgets", { metadata: { name: "b" }, spec: { size: 3 } });
  const stored = api.cluster.store.find("/registry/example.com/widgets/default/b");
  assert.equal((stored?.object as { apiVersion?: string } | undefined)?.apiVersion, "example.com/v1");
  // What no default was written for when it was stored gets it as it is read.
  assert.deepEqual((await api.call("GET", `${WIDGETS}/b`)).json.spec, { size: 3, color: "red" });
});

test("tables have the definition's columns, selectors its fields", async () => {
  const api = await start();
  await establish(api);
  await api.call("POST", WIDGETS, widget("a", { size: 1 }));
  await api.call("POST", WIDGETS, widget("b", { size: 2, color: "blue" }));
  const { json } = await api.call("GET", `${WIDGETS}?fieldSelector=spec.color%3Dblue`, undefined, {
    Accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  });
  assert.deepEqual(
    json.rows.map((row) => row.cells),
    [["b", 2, "0s"]],
  );
  assert.equal((await api.call("GET", `${WIDGETS}?fieldSelector=spec.size%3D1`)).json.message, "field label not supported: spec.size");
});

test("appliers own the items of lists with keys", async () => {
  const api = await start();
  await establish(api);
  const apply = (manager: string, spec: object) =>
    api.call("PATCH", `${WIDGETS}/a?fieldManager=${manager}`, widget("a", spec), { "Content-Type": "application/apply-patch+yaml" });
  await apply("one", { size: 1, ports: [{ name: "http", port: 80 }] });
  const { json } = await apply("two", { ports: [{ name: "dns", port: 53 }] });
  assert.deepEqual(json.spec["ports"], [
    { name: "http", port: 80 },
    { name: "dns", port: 53 },
  ]);
  assert.equal(
    (await apply("two", { ports: [{ name: "http", port: 81 }] })).json.message,
    'Apply failed with 1 conflict: conflict with "one": .spec.ports[name="http"].port',
  );
});

test("a definition that is deleted takes its objects along, once nothing holds them", async () => {
  const api = await start();
  await establish(api);
  await api.call("POST", WIDGETS, widget("free", { size: 1 }));
  await api.call("POST", WIDGETS, widget("held", { size: 1 }, { finalizers: ["example.com/hold"] }));
  await api.call("DELETE", `${CRDS}/widgets.example.com`);
  await api.cluster.clock.settle(10);
  assert.deepEqual(
    (await api.call("GET", WIDGETS)).json.items.map((item) => item.metadata["name"]),
    ["held"],
  );
  assert.equal(
    (await api.call("POST", WIDGETS, widget("late", { size: 1 }))).json.message,
    'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
  );
  await api.call("PATCH", `${WIDGETS}/held`, { metadata: { finalizers: null } }, MERGE);
  await api.cluster.clock.settle(10);
  assert.deepEqual([(await api.call("GET", WIDGETS)).code, (await api.call("GET", `${CRDS}/widgets.example.com`)).code], [404, 404]);
  assert.equal((await api.call("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com")).code, 404);
});

test("what is in the store is served from the start, and a deletion goes on", async () => {
  const api = await start();
  const { registry, clock } = api.cluster;
  const restart = () => {
    for (const kind of registry.kinds.all()) if (kind.group === "example.com") registry.kinds.remove(kind);
    return new CustomResources(registry);
  };
  await establish(api);
  await api.call("POST", WIDGETS, widget("held", { size: 1 }, { finalizers: ["example.com/hold"] }));
  api.definitions.stop();
  const second = restart();
  assert.equal((await api.call("GET", WIDGETS)).json.items.length, 1);
  await api.call("DELETE", `${CRDS}/widgets.example.com`);
  await clock.settle(10);
  second.stop();
  restart();
  await api.call("PATCH", `${WIDGETS}/held`, { metadata: { finalizers: null } }, MERGE);
  await clock.settle(10);
  assert.equal((await api.call("GET", `${CRDS}/widgets.example.com`)).code, 404);
});

test("a definition is refused in upstream's words", async () => {
  const api = await start();
  const refusal = async (overrides: Record<string, unknown>) => {
    const { message } = (await api.call("POST", CRDS, definition(overrides))).json;
    return message.replace('CustomResourceDefinition.apiextensions.k8s.io "widgets.example.com" is invalid: ', "");
  };
  const version = (schema: object) => ({ versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }] });
  assert.equal(
    await refusal({ group: "other.com" }),
    'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
  );
  assert.equal(
    await refusal(version({ type: "object", properties: { spec: {} } })),
    "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
  );
  assert.equal(
    await refusal({ versions: [{ name: "v1", served: true, storage: true }] }),
    "spec.versions[0].schema.openAPIV3Schema: Required value",
  );
  assert.match(
    await refusal({ versions: [{ ...V1, storage: false }, V1BETA1] }),
    /spec\.versions: Invalid value: .*: must have exactly one version marked as storage version/,
  );
});

test("watches end when the definition changes, after what there was to tell", async () => {
  const api = await start();
  await establish(api);
  await api.call("POST", WIDGETS, widget("a", { size: 1 }));
  const lines = await api.watch(`${WIDGETS}?watch=true&resourceVersion=0`);
  await api.call("DELETE", `${CRDS}/widgets.example.com`);
  await api.cluster.clock.settle(10);
  await api.cluster.clock.step(2_000);
  assert.deepEqual(
    (await lines()).map((line) => (JSON.parse(line) as { type: string }).type),
    ["ADDED", "DELETED"],
  );
});
