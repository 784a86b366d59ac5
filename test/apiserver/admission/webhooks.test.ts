import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { StatusError } from "../../../src/api/status.ts";
import { withWebhooks, WebhookAnswers } from "../../../src/apiserver/admission/webhook-calls.ts";
import { componentContext } from "../../../src/apiserver/request-context.ts";
import { createCertificates } from "../../../src/daemon/certificates.ts";
import { createWebhookCaller } from "../../../src/daemon/webhooks.ts";
import { postReview } from "../../../src/host/webhook-client.ts";
import { startRegistry, type TestRegistry } from "../../support/cluster.ts";

const V1 = "admissionregistration.k8s.io/v1";
const certificates = await createCertificates(Date.now());
const CA = Buffer.from(certificates.ca.cert).toString("base64");

interface Review {
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly name: string;
    readonly object: { readonly metadata: { readonly name: string; readonly uid?: string }; readonly data?: Record<string, string> };
    readonly userInfo: { readonly username: string };
  };
}
type Answer = (request: Review["request"]) => object | Promise<object>;

/** A real webhook on this machine; `asked` is what it was asked. */
async function serve(t: TestContext, answer: Answer): Promise<{ url: string; port: number; asked: Review["request"][] }> {
  const asked: Review["request"][] = [];
  const server = https.createServer({ cert: certificates.server.cert, key: certificates.server.key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on(
      "end",
      () =>
        void (async () => {
          const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
          asked.push(review.request);
          response.end(
            JSON.stringify({
              apiVersion: "admission.k8s.io/v1",
              kind: "AdmissionReview",
              response: { uid: review.request.uid, ...(await answer(review.request)) },
            }),
          );
        })(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/check`, port, asked };
}

function start(): TestRegistry {
  const cluster = startRegistry();
  cluster.registry.callWebhook = createWebhookCaller(cluster.registry, () => Promise.reject(new Error("no network")), postReview);
  return cluster;
}

const RULES = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"], scope: "*" }];

function register(cluster: TestRegistry, type: "Mutating" | "Validating", webhooks: readonly object[], name = "hooks"): void {
  const kind = cluster.registry.kinds.findByApiVersion(V1, `${type}WebhookConfiguration`);
  assert.ok(kind);
  const defaults = { rules: RULES, sideEffects: "None", admissionReviewVersions: ["v1"] };
  cluster.registry.create(
    kind,
    undefined,
    { metadata: { name }, webhooks: webhooks.map((webhook) => ({ ...defaults, ...webhook })) } as never,
    componentContext("test"),
  );
}

const hook = (name: string, url: string, more: object = {}) => ({ name, clientConfig: { url, caBundle: CA }, ...more });
const patchOf = (...operations: object[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

type ConfigMap = { metadata: { name: string; uid: string; labels?: Record<string, string> }; data?: Record<string, string> };

async function createConfigMap(cluster: TestRegistry, object: object, options: { warnings?: string[] } = {}): Promise<ConfigMap> {
  const answers = new WebhookAnswers();
  const kind = cluster.registry.kinds.core("ConfigMap");
  const context = { ...componentContext("test", answers), warnings: options.warnings ?? [] };
  return withWebhooks(
    answers,
    cluster.registry.callWebhook,
    () => cluster.registry.create(kind, "default", structuredClone(object) as never, context).object as never as ConfigMap,
  );
}

const failure = (attempt: Promise<unknown>): Promise<StatusError> =>
  attempt.then(
    () => assert.fail("the request was admitted"),
    (error: unknown) => (assert.ok(error instanceof StatusError, String(error)), error),
  );

test("a mutating webhook patches, a validating one sees the result; what they saw is what is stored", async (t) => {
  const cluster = start();
  const mutating = await serve(t, () => ({ ...patchOf({ op: "add", path: "/data/added", value: "yes" }), warnings: ["patched"] }));
  const validating = await serve(t, () => ({ allowed: true }));
  register(cluster, "Mutating", [hook("patch.example.com", mutating.url)]);
  register(cluster, "Validating", [hook("check.example.com", validating.url)]);
  const warnings: string[] = [];
  const stored = await createConfigMap(cluster, { metadata: { generateName: "c-" }, data: { a: "1" } }, { warnings });
  assert.deepEqual(stored.data, { a: "1", added: "yes" });
  assert.deepEqual([...new Set(warnings)], ["patched"]);
  assert.equal(mutating.asked.length, 1);
  assert.equal(validating.asked.length, 1);
  assert.deepEqual(validating.asked[0]?.object.data, stored.data);
  assert.deepEqual(
    [validating.asked[0]?.object.metadata.name, validating.asked[0]?.object.metadata.uid],
    [stored.metadata.name, stored.metadata.uid],
  );
});

test("the objects of controllers pass webhooks too", async (t) => {
  const cluster = start();
  const { url, asked } = await serve(t, ({ operation }) =>
    operation === "DELETE"
      ? { allowed: false, status: { message: "keep it" } }
      : patchOf({ op: "add", path: "/metadata/labels", value: { seen: "yes" } }),
  );
  register(cluster, "Mutating", [hook("all.example.com", url)]);
  const kind = cluster.registry.kinds.core("ConfigMap");
  const made = (await cluster.client.create(kind, { metadata: { name: "c", namespace: "default" } } as never)) as never as ConfigMap;
  assert.deepEqual(made.metadata.labels, { seen: "yes" });
  assert.equal(asked[0]?.userInfo.username, "system:test");
  const { message } = await failure(cluster.client.delete(kind, { name: "c", namespace: "default" }));
  assert.equal(message, 'admission webhook "all.example.com" denied the request: keep it');
});

test("a write that comes between is not lost: the webhook is asked again about the newer object", async (t) => {
  const cluster = start();
  const kind = cluster.registry.kinds.core("ConfigMap");
  const name = { namespace: "default", name: "c" };
  await createConfigMap(cluster, { metadata: { name: "c" }, data: { count: "1" } });
  const set = (count: string) =>
    cluster.registry.modify(kind, name, (current) => ({ ...current, data: { count } }) as never, componentContext("other"));
  let first = true;
  const { url, asked } = await serve(t, () => {
    if (first) set("10");
    first = false;
    return { allowed: true };
  });
  register(cluster, "Validating", [hook("slow.example.com", url)]);
  await cluster.client.mutate(
    kind,
    name,
    (current) => ({ ...current, data: { count: String(Number((current as never as ConfigMap).data?.["count"]) + 1) } }) as never,
  );
  assert.deepEqual(
    asked.map(({ object }) => object.data),
    [{ count: "2" }, { count: "11" }],
  );
  assert.deepEqual((cluster.registry.get(kind, name) as never as ConfigMap).data, { count: "11" });
});

test("a webhook that wants to be is asked again after a later one has changed the object", async (t) => {
  const cluster = start();
  const first = await serve(t, ({ object }) =>
    patchOf({ op: "add", path: "/data/first", value: String(Object.keys(object.data ?? {}).length) }),
  );
  const second = await serve(t, () => patchOf({ op: "add", path: "/data/second", value: "x" }));
  register(cluster, "Mutating", [
    hook("first.example.com", first.url, { reinvocationPolicy: "IfNeeded" }),
    hook("second.example.com", second.url),
  ]);
  const { data } = await createConfigMap(cluster, { metadata: { name: "c" }, data: {} });
  assert.deepEqual(data, { first: "2", second: "x" });
  assert.deepEqual([first.asked.length, second.asked.length], [2, 1]);
});

test("denials and failed calls are told in upstream's words", async (t) => {
  const cluster = start();
  const denying = await serve(t, ({ name }) => ({
    allowed: false,
    status: name === "coded" ? { code: 403, reason: "Forbidden" } : undefined,
  }));
  register(cluster, "Validating", [hook("deny.example.com", denying.url)], "a");
  const plain = await failure(createConfigMap(cluster, { metadata: { name: "c" } }));
  assert.deepEqual([plain.message, plain.code], ['admission webhook "deny.example.com" denied the request without explanation', 400]);
  const coded = await failure(createConfigMap(cluster, { metadata: { name: "coded" } }));
  assert.deepEqual(
    [coded.message, coded.code, coded.reason],
    ['admission webhook "deny.example.com" denied the request: Forbidden', 403, "Forbidden"],
  );

  const calls = start();
  const gone = await closedPort();
  register(calls, "Validating", [hook("gone.example.com", `https://127.0.0.1:${gone}`)]);
  const refused = await failure(createConfigMap(calls, { metadata: { name: "c" } }));
  const text = `failed calling webhook "gone.example.com": failed to call webhook: Post "https://127.0.0.1:${gone}/?timeout=10s": dial tcp 127.0.0.1:${gone}: connect: connection refused`;
  assert.deepEqual([refused.message, refused.code, refused.reason], [`Internal error occurred: ${text}`, 500, "InternalError"]);

  const untrusting = start();
  register(untrusting, "Validating", [{ ...hook("ca.example.com", denying.url), clientConfig: { url: denying.url } }]);
  assert.match(
    (await failure(createConfigMap(untrusting, { metadata: { name: "c" } }))).message,
    /: tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
  );
});

async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("failurePolicy Ignore, match conditions and answers that are none", async (t) => {
  const ignoring = start();
  register(ignoring, "Validating", [hook("gone.example.com", `https://127.0.0.1:${await closedPort()}`, { failurePolicy: "Ignore" })]);
  await createConfigMap(ignoring, { metadata: { name: "c" } });

  const cluster = start();
  const { url, asked } = await serve(t, () => ({ uid: "wrong", allowed: true }));
  register(cluster, "Validating", [
    hook("odd.example.com", url, { matchConditions: [{ name: "named", expression: "object.metadata.name != 'free'" }] }),
  ]);
  await createConfigMap(cluster, { metadata: { name: "free" } });
  assert.equal(asked.length, 0);
  const odd = await failure(createConfigMap(cluster, { metadata: { name: "c" } }));
  assert.equal(
    odd.message,
    `Internal error occurred: failed calling webhook "odd.example.com": received invalid webhook response: expected response.uid="${asked[0]?.uid}", got "wrong"`,
  );
});

test("a webhook behind a service is reached through the simulated network, over TLS", async (t) => {
  const cluster = start();
  const { port } = await serve(t, () => ({ allowed: false, status: { message: "no" } }));
  const dialled: string[] = [];
  let target = port;
  cluster.registry.callWebhook = createWebhookCaller(
    cluster.registry,
    async (location) => {
      dialled.push(`${location.ip}:${location.port}`);
      return net.connect(target, "127.0.0.1");
    },
    postReview,
  );
  register(cluster, "Validating", [
    { name: "svc.example.com", clientConfig: { service: { namespace: "default", name: "kubernetes", path: "/x" }, caBundle: CA } },
  ]);
  const missing = await failure(createConfigMap(cluster, { metadata: { name: "c" } }));
  assert.match(
    missing.message,
    /failed to call webhook: Post "https:\/\/kubernetes\.default\.svc:443\/x\?timeout=10s": service "kubernetes" not found$/,
  );
  cluster.registry.create(
    cluster.registry.kinds.core("Service"),
    "default",
    { metadata: { name: "kubernetes" }, spec: { clusterIP: "10.96.0.77", ports: [{ port: 443 }] } } as never,
    componentContext("test"),
  );
  assert.equal(
    (await failure(createConfigMap(cluster, { metadata: { name: "c" } }))).message,
    'admission webhook "svc.example.com" denied the request: no',
  );
  assert.deepEqual(dialled, ["10.96.0.77:443"]);

  const plain = http.createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(plain, "listening");
  t.after(() => plain.close());
  target = (plain.address() as AddressInfo).port;
  assert.match(
    (await failure(createConfigMap(cluster, { metadata: { name: "c" } }))).message,
    /: http: server gave HTTP response to HTTPS client$/,
  );
});
