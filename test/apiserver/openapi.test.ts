import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { CustomResources } from "../../src/apiserver/custom-resources/custom-resources.ts";
import { createHandler } from "../../src/apiserver/server.ts";
import { startRegistry } from "../support/cluster.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

type Schema = Record<string, unknown> & { properties: Record<string, Schema> };
interface Document {
  readonly paths: Record<string, Record<string, { operationId: string; parameters?: { name: string; in: string }[] }>>;
  readonly definitions: Record<string, Schema>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

async function start() {
  const { registry } = startRegistry();
  new CustomResources(registry);
  const descriptions = () => ({ "core/v1.Pod": { "": "Pod is described.", kind: "Its kind." } });
  const handler = createHandler({ registry, descriptions, authenticate: () => ({ name: "kubernetes-admin", groups: ["system:masters"] }) });
  const server = createServer(handler.handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = (path: string, headers: Record<string, string> = {}) => fetch(base + path, { headers, redirect: "manual" });
  return { base, get, json: async (path: string) => (await (await get(path)).json()) as Document & Record<string, unknown> };
}

const PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const WIDGETS = {
  metadata: { name: "widgets.example.io" },
  spec: {
    group: "example.io",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", required: ["a", "b"], properties: { a: { type: "string", nullable: true }, b: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
};

/** All that `value` refers to and that is not in `known`. */
function dangling(value: unknown, known: Readonly<Record<string, unknown>>, prefix: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { $ref } = value as { $ref?: unknown };
  return [
    ...(typeof $ref === "string" && !known[$ref.replace(prefix, "")] ? [$ref] : []),
    ...Object.values(value).flatMap((inner) => dangling(inner, known, prefix)),
  ];
}

test("every v3 document is whole, has its hash in its address and leads there from an old one", async () => {
  const { get, json } = await start();
  const index = (await json("/openapi/v3"))["paths"] as unknown as Record<string, { serverRelativeURL: string }>;
  for (const [name, { serverRelativeURL }] of Object.entries(index)) {
    const { components, paths } = await json(serverRelativeURL);
    assert.deepEqual(dangling({ components, paths }, components.schemas, "#/components/schemas/"), [], name);
  }
  const address = index["api/v1"]?.serverRelativeURL ?? "";
  const core = await get(address);
  const { components } = (await core.json()) as Document;
  assert.equal(components.schemas["io.k8s.api.core.v1.Pod"]?.["description"], "Pod is described.");
  assert.deepEqual(components.schemas["io.k8s.api.core.v1.ServicePort"]?.properties["targetPort"]?.["allOf"], [
    { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString" },
  ]);
  assert.equal((await get(address, { "If-None-Match": core.headers.get("etag") ?? "" })).status, 304);
  const moved = await get("/openapi/v3/api/v1?hash=OLD");
  assert.deepEqual([moved.status, moved.headers.get("location")], [301, address]);
});

test("v2 is one whole document, whose operations have names of their own", async () => {
  const { get, json } = await start();
  const { definitions, paths } = await json("/openapi/v2");
  assert.deepEqual(dangling({ definitions, paths }, definitions, "#/definitions/"), []);
  assert.deepEqual(
    [definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"]?.["type"], definitions["io.k8s.api.core.v1.PodSpec"]?.["required"]],
    ["string", ["containers"]],
  );
  const ids = Object.values(paths).flatMap((item) =>
    ["get", "put", "post", "patch", "delete"].flatMap((method) => item[method]?.operationId ?? []),
  );
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(
    ids.includes("listCoreV1PodForAllNamespaces") &&
      ids.includes("patchAppsV1NamespacedDeploymentScale") &&
      ids.includes("connectCoreV1PostNamespacedPodExec"),
  );
  const etag = (await get("/openapi/v2")).headers.get("etag") ?? "";
  assert.equal((await get("/openapi/v2", { "If-None-Match": etag })).status, 304);
  assert.equal((await get("/openapi/v2", { Accept: "text/html" })).status, 406);
});

test("v2 as protobuf says the same as JSON", async () => {
  const { get, json } = await start();
  const answer = await get("/openapi/v2", { Accept: `application/json;q=0.5,${PROTOBUF}` });
  assert.equal(answer.headers.get("content-type"), "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  const document = messages(Buffer.from(await answer.arrayBuffer()));
  const { definitions, paths } = await json("/openapi/v2");
  const named = (message: Buffer) => messages(message).get(1)?.[0]?.toString() ?? "";
  assert.equal(document.get(1)?.[0]?.toString(), "2.0");
  assert.deepEqual((messages(document.get(8)?.[0]).get(2) ?? []).map(named), Object.keys(paths));
  const schemas = messages(document.get(9)?.[0]).get(1) ?? [];
  assert.deepEqual(schemas.map(named).sort(), Object.keys(definitions).sort());
  const port = schemas.find((each) => named(each) === "io.k8s.api.core.v1.ServicePort");
  const fields = messages(messages(messages(port).get(2)?.[0]).get(25)?.[0]).get(1) ?? [];
  const protocol = messages(messages(fields.find((each) => named(each) === "protocol")).get(2)?.[0]);
  assert.equal(messages(protocol.get(22)?.[0]).get(1)?.[0]?.toString(), "string");
  assert.deepEqual(
    protocol.get(20)?.map((value) => messages(value).get(2)?.[0]?.toString()),
    ['"SCTP"\n', '"TCP"\n', '"UDP"\n'],
  );
});

test("v3 as protobuf says the same as JSON", async () => {
  const { get, json } = await start();
  const address = "/openapi/v3/apis/apps/v1";
  const answer = await get(address, { Accept: "application/com.github.proto-openapi.spec.v3@v1.0+protobuf" });
  assert.equal(answer.headers.get("content-type"), "application/com.github.proto-openapi.spec.v3.v1.0+protobuf");
  const document = messages(Buffer.from(await answer.arrayBuffer()));
  const { components, paths } = await json(address);
  const named = (message: Buffer) => messages(message).get(1)?.[0]?.toString() ?? "";
  assert.deepEqual((messages(document.get(4)?.[0]).get(1) ?? []).map(named), Object.keys(paths));
  const schemas = messages(messages(document.get(5)?.[0]).get(1)?.[0]).get(1) ?? [];
  assert.deepEqual(schemas.map(named), Object.keys(components.schemas));
  const schemaOf = (entry: Buffer | undefined) => messages(messages(messages(entry).get(2)?.[0]).get(1)?.[0]);
  const list = schemaOf(schemas.find((each) => named(each) === "io.k8s.api.apps.v1.DeploymentList"));
  const metadata = schemaOf(
    messages(list.get(31)?.[0])
      .get(1)
      ?.find((each) => named(each) === "metadata"),
  );
  const reference = messages(messages(metadata.get(26)?.[0]).get(2)?.[0]);
  assert.equal(reference.get(1)?.[0]?.toString(), "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");
  assert.equal((await get(address, { Accept: "text/html" })).status, 406);
  assert.equal((await get("/openapi/v3/apis/none/v1")).status, 404);
});

test("a definition's kind is in both at once, in v2 without what old clients cannot read", async () => {
  const { base, get, json } = await start();
  const before = (await get("/openapi/v2")).headers.get("etag");
  await fetch(`${base}/apis/apiextensions.k8s.io/v1/customresourcedefinitions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(WIDGETS),
  });
  const answer = await get("/openapi/v2");
  const { definitions, paths } = (await answer.json()) as Document;
  assert.notEqual(answer.headers.get("etag"), before);
  assert.deepEqual(definitions["io.example.v1.Widget"]?.properties["spec"], {
    type: "object",
    required: ["b"],
    properties: { a: {}, b: { type: "integer" } },
  });
  assert.ok(definitions["io.example.v1.WidgetList"]?.properties["items"] && paths["/apis/example.io/v1/widgets"]);
  const v3 = (await json("/openapi/v3/apis/example.io/v1")).components.schemas["io.example.v1.Widget"];
  assert.deepEqual(
    [v3?.properties["kind"]?.["description"], v3?.properties["spec"]?.properties["a"]],
    ["Its kind.", { type: "string", nullable: true }],
  );
});

test("health says what was checked, and what could not be left out", async () => {
  const { get } = await start();
  const text = await (await get("/readyz?verbose&exclude=etcd&exclude=x")).text();
  assert.match(text, /^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]etcd excluded: ok\n/);
  assert.match(text, /\nwarn: some health checks cannot be excluded: no matches for "x"\nreadyz check passed\n$/);
  assert.equal(await (await get("/livez/ping")).text(), "ok");
  assert.equal((await get("/livez/shutdown")).status, 404);
  const metrics = await (await get("/metrics/slis")).text();
  assert.match(metrics, /^kubernetes_healthcheck\{name="log",type="readyz"\} 1$/m);
  assert.match(metrics, /^kubernetes_healthchecks_total\{name="log",status="success",type="readyz"\} 1$/m);
  assert.doesNotMatch(metrics, /name="etcd",/);
});

test("what nobody serves is a page that is not found; in a known group it is a Status", async () => {
  const { base, get, json } = await start();
  const unknown = ["/nothing", "/logs/", "/livez/nothing", "/apis/none/v1", "/apis/none/v1/widgets"];
  for (const path of unknown) {
    const answer = await get(path);
    assert.deepEqual([answer.status, await answer.text()], [404, "404 page not found\n"], path);
  }
  for (const path of ["/api/v2", "/apis/apps/v9", "/api/v1/nothing"]) assert.equal((await json(path))["reason"], "NotFound", path);
  const posted = await fetch(`${base}/version`, { method: "POST" });
  const { message } = (await posted.json()) as { message: string };
  assert.deepEqual([posted.status, message], [405, "the server does not allow this method on the requested resource"]);
});

test("discovery hashes the version in which objects are stored", async () => {
  const { json } = await start();
  const hashOf = async (path: string) => (await json(path))["resources"] as unknown as { name: string; storageVersionHash?: string }[];
  const core = await hashOf("/api/v1");
  assert.equal(core.find(({ name }) => name === "pods")?.storageVersionHash, "xPOwRZ+Yhw8=");
  assert.equal(core.find(({ name }) => name === "bindings")?.storageVersionHash, undefined);
  assert.equal((await hashOf("/apis/events.k8s.io/v1"))[0]?.storageVersionHash, "r2yiGXH7wu8=");
  assert.equal((await hashOf("/apis/autoscaling/v1"))[0]?.storageVersionHash, "qwQve8ut294=");
});

/** The length-delimited fields of a protobuf message. */
function messages(bytes: Buffer = Buffer.alloc(0)): Map<number, Buffer[]> {
  const found = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) varint();
    else if (tag % 8 === 1) at += 8;
    else {
      const size = varint();
      const field = Math.floor(tag / 8);
      found.set(field, [...(found.get(field) ?? []), bytes.subarray(at, at + size)]);
      at += size;
    }
  }
  return found;
}
