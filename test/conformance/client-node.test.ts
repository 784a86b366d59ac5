import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { PassThrough, Writable } from "node:stream";
import { after, before, test } from "node:test";
import * as k8s from "@kubernetes/client-node";
import { TestCluster } from "../support/e2e.ts";

// What the official JavaScript client does, with nothing told but the kubeconfig.

const cluster = new TestCluster();
const config = new k8s.KubeConfig();
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
  config.loadFromFile(path.join(cluster.home, "clusters/default/kubeconfig"));
});
after(() => cluster.down());

const namespace = "default";

async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never seen: ${what}`);
}

async function runningPod(core: k8s.CoreV1Api, name: string): Promise<k8s.V1Pod> {
  await core.createNamespacedPod({
    namespace,
    body: { metadata: { name, labels: { app: name } }, spec: { containers: [{ name: "main", image: "nginx" }] } },
  });
  return until(`${name} ready`, async () => {
    const pod = await core.readNamespacedPod({ namespace, name });
    return pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") && pod;
  });
}

test("typed objects are created, read, replaced, patched, listed and deleted; errors are Status objects", async () => {
  const core = config.makeApiClient(k8s.CoreV1Api);
  const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "cm" }, data: { a: "1" } } });
  assert.equal(made.metadata?.creationTimestamp instanceof Date, true);
  const replaced = await core.replaceNamespacedConfigMap({ namespace, name: "cm", body: { ...made, data: { a: "2" } } });
  assert.equal(replaced.data?.["a"], "2");
  await assert.rejects(
    core.replaceNamespacedConfigMap({ namespace, name: "cm", body: made }),
    (error: k8s.ApiException<string>) => error.code === 409 && JSON.parse(error.body).reason === "Conflict",
  );
  const patched = await core.patchNamespacedConfigMap(
    { namespace, name: "cm", body: [{ op: "add", path: "/data/b", value: "3" }] },
    k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.JsonPatch),
  );
  assert.deepEqual(patched.data, { a: "2", b: "3" });
  const list = await core.listNamespacedConfigMap({ namespace, fieldSelector: "metadata.name=cm" });
  assert.deepEqual(
    list.items.map((item) => item.metadata?.name),
    ["cm"],
  );
  await core.deleteNamespacedConfigMap({ namespace, name: "cm" });
  await assert.rejects(core.readNamespacedConfigMap({ namespace, name: "cm" }), (error: k8s.ApiException<string>) => error.code === 404);
});

test("KubernetesObjectApi finds kinds by discovery and applies on the server's side", async () => {
  const objects = k8s.KubernetesObjectApi.makeApiClient(config);
  const spec = (replicas: number) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "applied", namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: "a" } },
      template: { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "nginx" }] } },
    },
  });
  const apply = (body: k8s.KubernetesObject, manager: string, force: boolean) =>
    objects.patch(body, undefined, undefined, manager, force, k8s.PatchStrategy.ServerSideApply);
  await apply(spec(1), "one", false);
  await assert.rejects(
    apply(spec(2), "two", false),
    (error: k8s.ApiException<{ message: string }>) => error.code === 409 && /conflict with .{1,5}one/.test(JSON.stringify(error.body)),
  );
  const forced = (await apply(spec(2), "two", true)) as k8s.V1Deployment;
  assert.equal(forced.spec?.replicas, 2);
  assert.deepEqual(
    forced.metadata?.managedFields?.map((entry) => entry.manager).filter((manager) => manager === "one" || manager === "two"),
    ["one", "two"],
  );
  await objects.delete(spec(2), undefined, undefined, 0, undefined, "Foreground");
});

test("a watch delivers changes in order, and ends when the server's time is over", async () => {
  const core = config.makeApiClient(k8s.CoreV1Api);
  const events: string[] = [];
  const ended = new Promise<unknown>((resolve, reject) => {
    new k8s.Watch(config)
      .watch(
        `/api/v1/namespaces/${namespace}/secrets`,
        { labelSelector: "watched=yes", timeoutSeconds: 3 },
        (type, object: k8s.V1Secret) => events.push(`${type} ${object.metadata?.name}`),
        resolve,
      )
      .catch(reject);
  });
  const body = (labels: Record<string, string>) => ({ metadata: { name: "s", labels } });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await core.createNamespacedSecret({ namespace, body: body({ watched: "yes" }) });
  await core.replaceNamespacedSecret({ namespace, name: "s", body: body({ watched: "yes", more: "1" }) });
  await core.replaceNamespacedSecret({ namespace, name: "s", body: body({}) });
  await ended;
  assert.deepEqual(events, ["ADDED s", "MODIFIED s", "DELETED s"]);
});

test("an informer keeps up with what happens", async () => {
  const core = config.makeApiClient(k8s.CoreV1Api);
  const informer = k8s.makeInformer(
    config,
    `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace, labelSelector: "informed" }),
    "informed",
  );
  const seen: string[] = [];
  for (const verb of ["add", "update", "delete"] as const)
    informer.on(verb, (object: k8s.V1ConfigMap) => seen.push(`${verb} ${object.metadata?.name}`));
  await informer.start();
  const body = { metadata: { name: "i", labels: { informed: "" } } };
  await core.createNamespacedConfigMap({ namespace, body });
  await core.replaceNamespacedConfigMap({ namespace, name: "i", body: { ...body, data: { x: "y" } } });
  await core.deleteNamespacedConfigMap({ namespace, name: "i" });
  await until("the delete", () => seen.length >= 3);
  await informer.stop();
  assert.deepEqual(seen, ["add i", "update i", "delete i"]);
});

test("exec carries stdin, stdout, stderr and the exit code; logs follow", async () => {
  const core = config.makeApiClient(k8s.CoreV1Api);
  await runningPod(core, "streams");
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const stdin = new PassThrough();
  let out = "";
  let err = "";
  stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const status = new Promise<k8s.V1Status>((resolve, reject) => {
    new k8s.Exec(config)
      .exec(
        namespace,
        "streams",
        "main",
        ["sh", "-c", "read line; echo got $line; echo bad >&2; exit 3"],
        stdout,
        stderr,
        stdin,
        false,
        resolve,
      )
      .catch(reject);
  });
  stdin.write("hello\n");
  const { status: outcome, details } = await status;
  assert.equal(outcome, "Failure");
  assert.deepEqual(
    details?.causes?.map((cause) => cause.message),
    ["3"],
  );
  await until("its output", () => out === "got hello\n" && err === "bad\n");
  let log = "";
  await new k8s.Log(config).log(
    namespace,
    "streams",
    "main",
    new Writable({ write: (chunk: Buffer, _encoding, done) => ((log += chunk.toString()), done()) }),
    { follow: true },
  );
  await until("the log", () => /nginx/.test(log));
  // The log ends with its pod; the library has no way to be told to stop that does not throw later.
  await core.deleteNamespacedPod({ name: "streams", namespace, gracePeriodSeconds: 0 });
});

test("port-forward carries a connection to a pod", async () => {
  const core = config.makeApiClient(k8s.CoreV1Api);
  await runningPod(core, "forwarded");
  const forward = new k8s.PortForward(config);
  const server = net.createServer((socket) => void forward.portForward(namespace, "forwarded", [80], socket, null, socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  assert.match(await answer.text(), /Welcome to nginx/);
  server.close();
  (server as unknown as { closeAllConnections?(): void }).closeAllConnections?.();
});

test("a lease is handed from one leader to the next", async () => {
  const leases = config.makeApiClient(k8s.CoordinationV1Api);
  const now = () => new k8s.V1MicroTime();
  const held = await leases.createNamespacedLease({
    namespace,
    body: {
      metadata: { name: "leader" },
      spec: { holderIdentity: "a", leaseDurationSeconds: 1, acquireTime: now(), renewTime: now(), leaseTransitions: 0 },
    },
  });
  const take = (identity: string, from: k8s.V1Lease) =>
    leases.replaceNamespacedLease({
      namespace,
      name: "leader",
      body: { ...from, spec: { ...from.spec, holderIdentity: identity, renewTime: now(), leaseTransitions: 1 } },
    });
  const [first, second] = await Promise.allSettled([take("b", held), take("c", held)]);
  assert.deepEqual([first.status, second.status].sort(), ["fulfilled", "rejected"], "only one of two rivals may get it");
});
