import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, Pod, Service } from "../../src/api/generated/core-v1.ts";
import type { Kind } from "../../src/api/kind.ts";
import type { KubernetesObject } from "../../src/api/meta.ts";
import { isConflict, isNotFound, isReason, StatusError } from "../../src/api/status.ts";
import { componentContext, type RequestContext } from "../../src/apiserver/request-context.ts";
import { startEventExpiry } from "../../src/apiserver/event-expiry.ts";
import type { RegistryEvent } from "../../src/apiserver/registry.ts";
import { startRegistryWith, type TestRegistry } from "../support/registry-with-kinds.ts";
import { CONFIG_MAPS, DEPLOYMENTS, EVENTS, NAMESPACES, PODS, SERVICES, STAND_IN_KINDS } from "./stand-in-kinds.ts";

const start = () => startRegistryWith({ kinds: STAND_IN_KINDS });
const context: RequestContext = componentContext("kubectl");
const pods = PODS as unknown as Kind;
const named = (name: string, rest: object = {}, metadata: object = {}) =>
  ({ metadata: { name, ...metadata }, ...rest }) as unknown as KubernetesObject;
const pod = (name: string, spec: object = {}, metadata: object = {}) =>
  named(name, { spec: { containers: [{ name: "c", image: "i" }], ...spec } }, metadata);
const inDefault = (name: string) => ({ namespace: "default", name });

function createPod({ registry }: TestRegistry, name: string, spec: object = {}, metadata: object = {}): Pod {
  return registry.create(pods, "default", pod(name, spec, metadata), context).object as Pod;
}

test("create fills the system fields, and a second one of the name is refused", () => {
  const cluster = start();
  const created = createPod(cluster, "a");
  assert.match(created.metadata.uid, /^[0-9a-f-]{36}$/);
  assert.equal(created.metadata.creationTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(created.metadata.resourceVersion, String(cluster.store.revision));
  assert.throws(() => createPod(cluster, "a"), { message: 'pods "a" already exists' });
  assert.deepEqual(Object.keys(created).slice(0, 3), ["kind", "apiVersion", "metadata"]);
});

test("generateName takes another suffix when the first is taken", () => {
  const cluster = start();
  const names = new Set(
    Array.from(
      { length: 50 },
      () => cluster.registry.create(CONFIG_MAPS, "default", { metadata: { generateName: "x-" } } as never, context).object.metadata.name,
    ),
  );
  assert.equal(names.size, 50);
  for (const name of names) assert.match(name, /^x-[a-z0-9]{5}$/);
});

test("an update needs the current resourceVersion, and one that changes nothing writes nothing", () => {
  const { registry, store } = start();
  const first = registry.create(CONFIG_MAPS, "default", named("c", { data: { a: "1" } }), context).object;
  const second = registry.update(CONFIG_MAPS, inDefault("c"), { ...first, data: { a: "2" } } as never, context).view.object;
  assert.throws(
    () => registry.update(CONFIG_MAPS, inDefault("c"), { ...first, data: { a: "3" } } as never, context),
    (error) => isConflict(error) && /the object has been modified; please apply/.test(error.message),
  );
  const revision = store.revision;
  const same = registry.update(CONFIG_MAPS, inDefault("c"), structuredClone(second), context).view.object;
  assert.equal(same, second);
  assert.equal(store.revision, revision);
  const other = { ...second, metadata: { ...second.metadata, uid: "other" } };
  assert.throws(() => registry.update(CONFIG_MAPS, inDefault("c"), other, context), /Precondition failed: UID in precondition: other/);
});

test("the generation counts changes of the spec, not of the status or the labels", () => {
  const { registry } = start();
  const kind = DEPLOYMENTS;
  registry.create(kind, "default", named("d", { spec: { replicas: 1 } }), context);
  const generation = (change: (object: KubernetesObject) => object, subresource?: string) =>
    registry.modify(kind, inDefault("d"), (current) => change(current as KubernetesObject) as KubernetesObject, context, { subresource })
      .view.object.metadata.generation;
  assert.equal(
    generation((current) => ({ ...current, metadata: { ...current.metadata, labels: { a: "b" } } })),
    1,
  );
  assert.equal(
    generation((current) => ({ ...current, spec: { replicas: 2 } })),
    2,
  );
  assert.equal(
    generation((current) => ({ ...current, status: { replicas: 2 }, spec: { replicas: 9 } }), "status"),
    2,
  );
  assert.deepEqual((registry.get(kind, inDefault("d")) as { spec?: object; status?: object }).spec, { replicas: 2 });
});

test("a pod on a node is marked, may be hurried, and goes with grace 0", () => {
  const cluster = start();
  createPod(cluster, "a", { nodeName: "w1" });
  const remove = (gracePeriodSeconds?: number) =>
    cluster.registry.delete(pods, inDefault("a"), { ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) }, context);
  const marked = remove();
  assert.equal(marked.removed, false);
  assert.equal(marked.view.object.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(marked.view.object.metadata.deletionTimestamp, "2026-01-01T00:00:30Z");
  const revision = cluster.store.revision;
  assert.equal(remove(60).view.object.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(cluster.store.revision, revision);
  assert.equal(remove(5).view.object.metadata.deletionTimestamp, "2026-01-01T00:00:05Z");
  assert.equal(remove(0).removed, true);
  assert.equal(cluster.registry.find(PODS, inDefault("a")), undefined);
});

test("a pod on no node goes at once", () => {
  const cluster = start();
  createPod(cluster, "a");
  assert.equal(cluster.registry.delete(pods, inDefault("a"), {}, context).removed, true);
});

test("delete waits for finalizers, and the update that empties them deletes", () => {
  const { registry } = start();
  registry.create(CONFIG_MAPS, "default", named("c", {}, { finalizers: ["example.com/hold"] }), context);
  const { removed, view } = registry.delete(CONFIG_MAPS, inDefault("c"), {}, context);
  assert.equal(removed, false);
  assert.ok(view.object.metadata.deletionTimestamp);
  registry.modify(
    CONFIG_MAPS,
    inDefault("c"),
    (current) => ({ ...current, metadata: { ...current?.metadata, finalizers: [] } }) as never,
    context,
  );
  assert.equal(registry.find(CONFIG_MAPS, inDefault("c")), undefined);
});

test("propagation policies become finalizers", () => {
  const { registry } = start();
  for (const [name, propagationPolicy, finalizer] of [
    ["f", "Foreground", "foregroundDeletion"],
    ["o", "Orphan", "orphan"],
  ] as const) {
    registry.create(DEPLOYMENTS, "default", named(name), context);
    const { view } = registry.delete(DEPLOYMENTS, inDefault(name), { propagationPolicy }, context);
    assert.deepEqual(view.object.metadata.finalizers, [finalizer]);
  }
  registry.create(DEPLOYMENTS, "default", named("b"), context);
  assert.equal(registry.delete(DEPLOYMENTS, inDefault("b"), { propagationPolicy: "Background" }, context).removed, true);
});

test("preconditions of a delete are held", () => {
  const cluster = start();
  createPod(cluster, "a");
  assert.throws(
    () => cluster.registry.delete(pods, inDefault("a"), { preconditions: { uid: "x" } }, context),
    (error) => isConflict(error) && /the UID in the precondition \(x\)/.test(error.message),
  );
});

test("a namespace stays terminating until it is finalized, and takes nothing new meanwhile", () => {
  const { registry } = start();
  const kind = NAMESPACES as unknown as Kind;
  registry.create(kind, undefined, named("n"), context);
  const { removed, view } = registry.delete(kind, { name: "n" }, {}, context);
  assert.equal(removed, false);
  assert.equal((view.object as { status?: { phase?: string } }).status?.phase, "Terminating");
  assert.throws(() => registry.create(CONFIG_MAPS, "n", named("c"), context), {
    message: 'configmaps "c" is forbidden: unable to create new content in namespace n because it is being terminated',
  });
  registry.modify(kind, { name: "n" }, (current) => ({ ...current, spec: { finalizers: [] } }) as never, context, { direct: true });
  assert.equal(registry.find(kind, { name: "n" }), undefined);
  assert.throws(() => registry.create(CONFIG_MAPS, "n", named("c"), context), { message: 'namespaces "n" not found' });
  assert.throws(
    () => registry.delete(kind, { name: "default" }, {}, context),
    (error) => isReason(error, "Forbidden"),
  );
});

test("pods get their service account's token, tolerations and priority", () => {
  const cluster = start();
  const { spec } = createPod(cluster, "a");
  assert.equal(spec?.serviceAccountName, "default");
  assert.equal(spec?.priority, 0);
  assert.deepEqual(
    spec?.tolerations?.map((toleration) => toleration.key),
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"],
  );
  const [volume] = spec?.volumes ?? [];
  assert.match(volume?.name ?? "", /^kube-api-access-[a-z0-9]{5}$/);
  assert.equal(spec?.containers[0]?.volumeMounts?.[0]?.name, volume?.name);
  assert.throws(() => createPod(cluster, "b", { serviceAccountName: "nobody" }), {
    message: 'pods "b" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
  });
  assert.throws(() => createPod(cluster, "b", { priorityClassName: "nope" }), {
    message: 'pods "b" is forbidden: no PriorityClass with name nope was found',
  });
});

test("services get addresses and ports of their own, and keep those they name", () => {
  const { registry } = start();
  const create = (name: string, spec: object) =>
    (registry.create(SERVICES, "default", named(name, { spec }), context).object as Service).spec;
  const first = create("a", { type: "NodePort", ports: [{ port: 80 }], clusterIP: "10.96.0.10" });
  assert.equal(first?.clusterIP, "10.96.0.10");
  const port = first?.ports?.[0]?.nodePort ?? 0;
  assert.ok(port >= 30000 && port <= 32767);
  assert.throws(() => create("b", { type: "NodePort", ports: [{ port: 80, nodePort: port }] }), {
    message: `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${port}: provided port is already allocated`,
  });
  assert.throws(
    () => create("b", { ports: [{ port: 80 }], clusterIP: "10.96.0.10" }),
    /failed to allocate IP 10\.96\.0\.10: provided IP is already allocated/,
  );
  assert.equal(create("h", { clusterIP: "None" })?.clusterIP, "None");
  const changed = registry.modify(
    SERVICES,
    inDefault("a"),
    (current) => ({ ...current, spec: { type: "ClusterIP", ports: [{ port: 81 }] } }) as never,
    context,
  ).view.object as Service;
  assert.equal(changed.spec?.clusterIP, "10.96.0.10");
});

test("binding sets the node once", async () => {
  const cluster = start();
  const { metadata } = createPod(cluster, "a");
  await cluster.client.bind({ namespace: "default", name: "a", uid: metadata.uid }, "w1");
  const bound = cluster.registry.get(PODS, inDefault("a"));
  assert.equal(bound.spec?.nodeName, "w1");
  assert.equal(bound.status?.conditions?.[0]?.lastTransitionTime, "2026-01-01T00:00:00Z");
  await assert.rejects(
    cluster.client.bind({ namespace: "default", name: "a", uid: metadata.uid }, "w2"),
    (error) => isConflict(error) && /already assigned to node "w1"/.test(error.message),
  );
});

test("a dry run answers and leaves no trace", () => {
  const { registry, store } = start();
  const revision = store.revision;
  const view = registry.create(CONFIG_MAPS, "default", named("c"), { ...context, dryRun: true });
  assert.ok(view.object.metadata.uid);
  assert.equal(store.revision, revision);
  assert.equal(registry.find(CONFIG_MAPS, inDefault("c")), undefined);
});

test("lists are paged at one revision", () => {
  const { registry } = start();
  for (const name of ["a", "b", "c"])
    registry.create(CONFIG_MAPS, "default", named(name, {}, { labels: { odd: String(name !== "b") } }), context);
  const first = registry.list(CONFIG_MAPS, { namespace: "default", limit: 2 });
  assert.deepEqual([first.views.map((view) => view.object.metadata.name), first.remainingItemCount], [["a", "b"], 1]);
  registry.create(CONFIG_MAPS, "default", named("d"), context);
  const rest = registry.list(CONFIG_MAPS, { namespace: "default", limit: 2, continue: first.continue });
  assert.deepEqual(
    rest.views.map((view) => view.object.metadata.name),
    ["c"],
  );
  assert.equal(rest.resourceVersion, first.resourceVersion);
  assert.deepEqual(
    registry.list(CONFIG_MAPS, { labelSelector: "odd=true" }).views.map((view) => view.object.metadata.name),
    ["a", "c"],
  );
});

test("a watch with a selector sees objects come into and go out of its sight", async () => {
  const cluster = start();
  const seen: RegistryEvent[] = [];
  cluster.registry.watch(pods, {
    fieldSelector: "spec.nodeName=w1",
    after: cluster.store.revision,
    onEvents: (events) => seen.push(...events),
  });
  const { metadata } = createPod(cluster, "a");
  await cluster.client.bind({ ...inDefault("a"), uid: metadata.uid }, "w1");
  await cluster.client.mutate(PODS, inDefault("a"), (current) => ({ ...current, status: { phase: "Running" } }), { subresource: "status" });
  cluster.registry.delete(pods, inDefault("a"), { gracePeriodSeconds: 0 }, context);
  await cluster.clock.settle();
  assert.deepEqual(
    seen.map((event) => event.type),
    ["ADDED", "MODIFIED", "MODIFIED", "DELETED"],
  );
  assert.equal(seen.at(-1)?.view.object.metadata.resourceVersion, String(cluster.store.revision));
  assert.throws(
    () => cluster.registry.list(pods, { fieldSelector: "spec.nope=1" }),
    (error) => error instanceof StatusError && error.code === 400,
  );
});

test("mutate writes again over a conflict and finds nothing gone", async () => {
  const { client, registry } = start();
  registry.create(CONFIG_MAPS, "default", named("c"), context);
  const changed = await client.mutate(CONFIG_MAPS, inDefault("c"), (current) => ({ ...current, data: { a: "1" } }) as never);
  assert.deepEqual((changed as { data?: object }).data, { a: "1" });
  assert.equal(await client.mutate(CONFIG_MAPS, inDefault("gone"), (current) => current), undefined);
  await assert.rejects(client.get(CONFIG_MAPS, inDefault("gone")), isNotFound);
});

test("the same event again counts up, and too many different ones are combined", async () => {
  const cluster = start();
  const object = createPod(cluster, "a");
  const recorder = cluster.events.from("kubelet", "w1");
  for (let time = 0; time < 3; time++) {
    recorder.event({ object, fieldPath: "spec.containers{c}" }, "Warning", "BackOff", "Back-off restarting failed container");
    await cluster.clock.step(10_000);
  }
  const [event, ...others] = cluster.registry.list(EVENTS as unknown as Kind).views.map((view) => view.object as Event);
  assert.equal(others.length, 0);
  assert.match(event?.metadata.name ?? "", /^a\.[0-9a-f]{16}$/);
  assert.deepEqual([event?.count, event?.firstTimestamp, event?.lastTimestamp], [3, "2026-01-01T00:00:00Z", "2026-01-01T00:00:20Z"]);
  assert.deepEqual(event?.source, { component: "kubelet", host: "w1" });
  for (let index = 0; index < 15; index++) recorder.event({ object }, "Normal", "Pulled", `message ${index}`);
  await cluster.clock.settle();
  const messages = cluster.registry.list(EVENTS as unknown as Kind).views.map((view) => (view.object as Event).message ?? "");
  assert.equal(messages.filter((message) => message.startsWith("(combined from similar events)")).length, 1);
  assert.equal(messages.length, 12);
});

test("the journal tells client, apiserver and etcd apart", () => {
  const cluster = start();
  createPod(cluster, "a");
  assert.deepEqual(
    cluster.journal.of("pods/default/a").map((entry) => entry.component),
    ["kubectl", "kube-apiserver", "etcd"],
  );
});

test("events are forgotten an hour after they were last seen", async () => {
  const cluster = start();
  const stop = startEventExpiry(cluster.registry);
  cluster.events.event({ object: createPod(cluster, "a") }, "Normal", "Scheduled", "assigned");
  await cluster.clock.step(3_599_000);
  assert.equal(cluster.registry.list(EVENTS as unknown as Kind).views.length, 1);
  await cluster.clock.step(120_000);
  assert.equal(cluster.registry.list(EVENTS as unknown as Kind).views.length, 0);
  stop();
});
