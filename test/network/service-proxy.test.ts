import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { Service } from "../../src/api/generated/core-v1.ts";
import { endpointSlices } from "../../src/api/resources/endpoint-slice.ts";
import { services } from "../../src/api/resources/service.ts";
import { ClusterDns } from "../../src/network/cluster-dns.ts";
import { HostPorts } from "../../src/network/host-ports.ts";
import { NetworkError, type NetworkNamespace } from "../../src/network/network.ts";
import { traceRequest } from "../../src/network/request-trace.ts";
import { ServiceProxy } from "../../src/network/service-proxy.ts";
import { createNetwork, type VirtualNetwork } from "../../src/network/virtual-network.ts";
import { startRegistry, type TestRegistry } from "../support/cluster.ts";

const signal = new AbortController().signal;
const get = { method: "GET", path: "/", headers: {}, body: Buffer.alloc(0) };
const failsWith = (code: string) => (error: unknown) => error instanceof NetworkError && error.code === code;

interface EndpointFacts {
  readonly ip: string;
  readonly node: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly hostname?: string;
}

class Cluster {
  readonly parts: TestRegistry = startRegistry();
  readonly network: VirtualNetwork;
  readonly proxy: ServiceProxy;

  private constructor() {
    const { clock, rng, client, informers, events, tasks, journal } = this.parts;
    this.network = createNetwork({ clock, rng, dnsServiceIp: "10.96.0.10" });
    this.proxy = new ServiceProxy(clock, rng);
    const dns = new ClusterDns(this.proxy);
    this.network.router = this.proxy;
    this.network.nameServer = dns;
    const context = { client, informers, events, clock, rng, tasks, journal, log: () => undefined };
    this.proxy.start(context);
    dns.start(context);
    for (const [index, name] of ["a", "b"].entries()) {
      this.network.addNode({ name, ip: `172.18.0.${index + 2}`, podCIDR: `10.244.${index}.0/24` });
      this.network.setCniReady(name, true);
    }
  }

  static async start(): Promise<Cluster> {
    const cluster = new Cluster();
    await cluster.parts.informers.start();
    return cluster;
  }

  pod(node: string, name: string): NetworkNamespace {
    const config = {
      podUid: name,
      namespace: "default",
      name,
      hostname: name,
      subdomain: undefined,
      hostNetwork: false,
      dnsPolicy: "ClusterFirst",
      dnsConfig: undefined,
      hostAliases: [],
    };
    return this.network.attachPod(node, config);
  }

  /** A pod that answers with its name and who asks. */
  server(node: string, name: string): NetworkNamespace {
    const namespace = this.pod(node, name);
    namespace.listenHttp(8080, ({ remote }) => ({ status: 200, body: `${name} ${remote.ip}` }));
    return namespace;
  }

  async service(name: string, spec: Partial<Service["spec"]> = {}, namespace = "default"): Promise<string> {
    const ports = [{ name: "web", port: 80, targetPort: 8080 }];
    const service = await this.parts.client.create(services, {
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports, ...spec },
    } as never);
    await this.parts.clock.settle();
    return service.spec.clusterIP ?? "";
  }

  async endpoints(service: string, endpoints: readonly EndpointFacts[], namespace = "default"): Promise<void> {
    const slice = {
      metadata: { name: `${service}-slice`, namespace, labels: { "kubernetes.io/service-name": service } },
      addressType: "IPv4",
      ports: [{ name: "web", port: 8080, protocol: "TCP" }],
      endpoints: endpoints.map(({ ip, node, ready = true, terminating = false, hostname }) => ({
        addresses: [ip],
        nodeName: node,
        conditions: { ready, serving: ready || terminating, terminating },
        ...(hostname ? { hostname } : {}),
      })),
    };
    const { client, clock } = this.parts;
    const known = await client.find(endpointSlices, { namespace, name: slice.metadata.name });
    if (known) await client.mutate(endpointSlices, known.metadata, (current) => ({ ...current, endpoints: slice.endpoints }));
    else await client.create(endpointSlices, slice as never);
    await clock.settle();
  }

  async ask(from: NetworkNamespace, ip: string, port = 80): Promise<string> {
    return String((await from.http(ip, port, get, signal)).body);
  }
}

test("a cluster IP leads to ready endpoints only, at random, and refuses when there are none", async () => {
  const cluster = await Cluster.start();
  const client = cluster.pod("a", "client");
  const [one, two] = [cluster.server("a", "one"), cluster.server("b", "two")];
  const ip = await cluster.service("web");
  await assert.rejects(cluster.ask(client, ip), failsWith("ECONNREFUSED"));
  await cluster.endpoints("web", [
    { ip: one.ip, node: "a" },
    { ip: two.ip, node: "b", ready: false },
  ]);
  for (let index = 0; index < 5; index++) assert.equal(await cluster.ask(client, ip), `one ${client.ip}`);
  await cluster.endpoints("web", [
    { ip: one.ip, node: "a" },
    { ip: two.ip, node: "b" },
  ]);
  const answers = new Set<string>();
  for (let index = 0; index < 30; index++) answers.add((await cluster.ask(client, ip)).split(" ")[0] ?? "");
  assert.deepEqual([...answers].sort(), ["one", "two"]);
  // When all that is left is on its way out, it still serves.
  await cluster.endpoints("web", [{ ip: one.ip, node: "a", ready: false, terminating: true }]);
  assert.equal(await cluster.ask(client, ip), `one ${client.ip}`);
  // A pod that reaches itself through its service sees the gateway.
  assert.equal(await cluster.ask(one, ip), "one 10.244.0.1");
});

test("session affinity keeps a client at its endpoint; a local policy without a local endpoint drops", async () => {
  const cluster = await Cluster.start();
  const client = cluster.pod("a", "client");
  const servers = ["one", "two", "three"].map((name) => cluster.server("b", name));
  const sticky = await cluster.service("sticky", { sessionAffinity: "ClientIP" });
  await cluster.endpoints(
    "sticky",
    servers.map(({ ip }) => ({ ip, node: "b" })),
  );
  const first = await cluster.ask(client, sticky);
  for (let index = 0; index < 10; index++) assert.equal(await cluster.ask(client, sticky), first);

  const local = await cluster.service("local", { internalTrafficPolicy: "Local" });
  await cluster.endpoints(
    "local",
    servers.map(({ ip }) => ({ ip, node: "b" })),
  );
  const dropped = assert.rejects(cluster.ask(client, local), failsWith("ETIMEDOUT"));
  await cluster.parts.clock.step(130_000);
  await dropped;
  const neighbour = cluster.pod("b", "neighbour");
  assert.match(await cluster.ask(neighbour, local), /^(one|two|three) /);
});

test("the rules of a service read as iptables prints them", async () => {
  const cluster = await Cluster.start();
  const server = cluster.server("b", "one");
  const ip = await cluster.service("web", { type: "NodePort", ports: [{ name: "web", port: 80, targetPort: 8080, nodePort: 30125 }] });
  await cluster.endpoints("web", [{ ip: server.ip, node: "b" }]);
  const rules = cluster.proxy.natRules("a");
  const chain =
    /-A KUBE-SERVICES -d (\S+)\/32 -p tcp -m comment --comment "default\/web:web cluster IP" -m tcp --dport 80 -j (KUBE-SVC-[A-Z2-7]{16})\n/.exec(
      rules,
    );
  assert.equal(chain?.[1], ip);
  const endpointChain = new RegExp(`-A ${chain?.[2]} .*-j (KUBE-SEP-[A-Z2-7]{16})\n`).exec(rules)?.[1];
  assert.match(rules, new RegExp(`-A ${endpointChain} -p tcp .* -j DNAT --to-destination ${server.ip}:8080\n`));
  assert.match(rules, /-A KUBE-NODEPORTS .*--dport 30125 -j KUBE-EXT-/);
});

test("names: services by search list, headless ones by pod, aliases, and no answer while DNS is down", async () => {
  const cluster = await Cluster.start();
  const client = cluster.pod("a", "client");
  const ip = await cluster.service("web");
  const waiting = assert.rejects(client.resolve("web", signal), failsWith("EAI_AGAIN"));
  await cluster.parts.clock.step(15_000);
  await waiting;

  await cluster.service("kube-dns", {}, "kube-system");
  await cluster.endpoints("kube-dns", [{ ip: "10.244.0.99", node: "a" }], "kube-system");
  for (const name of ["web", "web.default", "web.default.svc.cluster.local", "web.default.svc.cluster.local."]) {
    const answer = await client.resolve(name, signal);
    assert.deepEqual([answer.name, answer.addresses, answer.server], ["web.default.svc.cluster.local", [ip], "10.96.0.10:53"]);
  }
  await assert.rejects(client.resolve("web.other", signal), failsWith("ENOTFOUND"));
  await assert.rejects(client.resolve("example.com", signal), failsWith("ENOTFOUND"));

  await cluster.service("db", { clusterIP: "None" });
  await cluster.endpoints("db", [
    { ip: "10.244.0.7", node: "a", hostname: "db-0" },
    { ip: "10.244.1.7", node: "b", hostname: "db-1" },
    { ip: "10.244.1.8", node: "b", ready: false },
  ]);
  assert.deepEqual((await client.resolve("db", signal)).addresses, ["10.244.0.7", "10.244.1.7"]);
  assert.deepEqual((await client.resolve("db-1.db", signal)).addresses, ["10.244.1.7"]);
  const { srv } = await client.resolve("_web._tcp.db.default.svc.cluster.local", signal);
  assert.deepEqual(
    srv?.map(({ target, port }) => `${target}:${port}`),
    ["db-0.db.default.svc.cluster.local:8080", "db-1.db.default.svc.cluster.local:8080"],
  );

  await cluster.service("alias", { type: "ExternalName", externalName: "web.default.svc.cluster.local", ports: [] });
  assert.deepEqual((await client.resolve("alias", signal)).addresses, [ip]);
});

test("a node port opens on the host while its service is there, and resets while nobody is ready", async () => {
  const cluster = await Cluster.start();
  const open = new Map<number, (socket: PassThrough) => void>();
  const reports: string[] = [];
  const hostPorts = new HostPorts(cluster.network, {
    clock: cluster.parts.clock,
    listen: (port, onConnection) => {
      if (port === 30999) return Promise.reject(Object.assign(new Error("in use"), { code: "EADDRINUSE" }));
      open.set(port, onConnection);
      return Promise.resolve({ close: () => Promise.resolve(void open.delete(port)) });
    },
    bind: () => Promise.reject(new Error("no UDP here")),
    report: (message) => reports.push(message),
  });
  hostPorts.start(cluster.proxy);
  const server = cluster.pod("b", "server");
  server.listen(8080, (socket) => socket.end(`hello ${socket.remoteAddress}`));
  const ports = (nodePort: number) => [{ name: "web", port: 80, targetPort: 8080, nodePort }];
  await cluster.service("web", { type: "NodePort", ports: ports(30125) });
  await cluster.service("taken", { type: "NodePort", ports: ports(30999) });
  await cluster.parts.clock.settle();
  assert.deepEqual([...open.keys()], [30125]);
  assert.deepEqual(reports, ["node port 30999 cannot be opened on 127.0.0.1: EADDRINUSE"]);

  const refused = new PassThrough();
  open.get(30125)?.(refused);
  assert.ok(refused.destroyed);
  await cluster.endpoints("web", [{ ip: server.ip, node: "b" }]);
  assert.equal(cluster.network.connectFromHost(30125)?.remotePort, 8080);
  await cluster.parts.client.delete(services, { namespace: "default", name: "web" });
  await cluster.parts.clock.settle();
  assert.equal(open.size, 0);
});

const DNS_LIKE = [
  { name: "udp", port: 53, targetPort: 8081, protocol: "UDP", nodePort: 30053 },
  { name: "tcp", port: 53, targetPort: 8080, protocol: "TCP", nodePort: 30053 },
];

/** Echoes, with who asked. */
function echo(namespace: NetworkNamespace): void {
  const socket = namespace.openDatagrams(8081);
  socket.onMessage(({ data, from }) => socket.send(Buffer.from(`${data.toString()} from ${from.ip}`), from));
}

test("datagrams go through a service, and the answer comes from its address; TCP on the same port is another rule", async () => {
  const cluster = await Cluster.start();
  const client = cluster.pod("a", "client");
  const server = cluster.server("b", "one");
  echo(server);
  const ip = await cluster.service("web", { type: "NodePort", ports: DNS_LIKE });
  await cluster.parts.client.create(endpointSlices, {
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [server.ip], nodeName: "b", conditions: { ready: true } }],
    ports: [
      { name: "udp", port: 8081, protocol: "UDP" },
      { name: "tcp", port: 8080, protocol: "TCP" },
    ],
  });
  await cluster.parts.clock.settle();
  const socket = client.openDatagrams(0);
  const heard: string[] = [];
  socket.onMessage(({ data, from }) => heard.push(`${from.ip}:${from.port} ${data.toString()}`));
  const say = async (words: string, to: { ip: string; port: number }) => {
    socket.send(Buffer.from(words), to);
    await cluster.parts.clock.settle();
    return heard.splice(0);
  };
  assert.deepEqual(await say("a", { ip, port: 53 }), [`${ip}:53 a from ${client.ip}`]);
  assert.deepEqual(await say("b", { ip: "172.18.0.2", port: 30053 }), [`172.18.0.2:30053 b from ${client.ip}`]);
  assert.deepEqual(await say("c", { ip: server.ip, port: 8081 }), [`${server.ip}:8081 c from ${client.ip}`]);
  assert.equal((await client.http(ip, 53, get, signal)).body?.toString(), `one ${client.ip}`);
  let refused = 0;
  socket.onRefused(() => refused++);
  assert.deepEqual(await say("d", { ip: server.ip, port: 9 }), []);
  assert.equal(refused, 1);
  cluster.network.cut("b");
  assert.deepEqual(await say("e", { ip, port: 53 }), []);
});

test("a UDP node port is open on the host, and every client gets its own answers", async () => {
  const cluster = await Cluster.start();
  const server = cluster.pod("b", "one");
  echo(server);
  const clients = new Map<number, (data: Buffer, client: string, answer: (data: Buffer) => void) => void>();
  const hostPorts = new HostPorts(cluster.network, {
    clock: cluster.parts.clock,
    listen: () => Promise.reject(new Error("no TCP here")),
    bind: (port, onDatagram) => {
      clients.set(port, onDatagram);
      return Promise.resolve({ close: () => Promise.resolve(void clients.delete(port)) });
    },
    report: () => undefined,
  });
  hostPorts.start(cluster.proxy);
  await cluster.service("web", { type: "NodePort", ports: [{ port: 53, targetPort: 8081, protocol: "UDP", nodePort: 30053 }] });
  await cluster.parts.client.create(endpointSlices, {
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [server.ip], nodeName: "b", conditions: { ready: true } }],
    ports: [{ name: "", port: 8081, protocol: "UDP" }],
  });
  await cluster.parts.clock.settle();
  const answers: string[] = [];
  for (const client of ["x", "y"])
    clients.get(30053)?.(Buffer.from(client), client, (data) => answers.push(`${client}: ${data.toString()}`));
  await cluster.parts.clock.settle();
  assert.deepEqual(answers, ["x: x from 172.18.0.2", "y: y from 172.18.0.2"]);
  await hostPorts.stop();
  assert.equal(clients.size, 0);
});

test("the way of a request is told step by step", async () => {
  const cluster = await Cluster.start();
  const client = cluster.pod("a", "client");
  const server = cluster.server("b", "one");
  await cluster.service("kube-dns", {}, "kube-system");
  await cluster.endpoints("kube-dns", [{ ip: "10.244.0.99", node: "a" }], "kube-system");
  await cluster.service("web");
  await cluster.endpoints("web", [{ ip: server.ip, node: "b" }]);
  const story = (await traceRequest(cluster.network, client, "http://web/", signal)).map(({ where, what }) => `${where}: ${what}`);
  assert.match(story[1] ?? "", /^DNS: 10\.96\.0\.10:53 answers web\.default\.svc\.cluster\.local = /);
  assert.match(story[2] ?? "", /KUBE-SERVICES .*KUBE-SVC-/);
  assert.match(story[4] ?? "", /DNAT to 10\.244\.1\.2:8080/);
  assert.equal(story[5], "route: 10.244.1.2 is on b: a has the route 10.244.1.0/24 via 172.18.0.3 dev eth0");
  assert.match(story[6] ?? "", /^pod one: answers 200: one /);
});

test("a request that is under way is reset when its pod goes, and host ports lead to their pod", async () => {
  const cluster = await Cluster.start();
  const client = cluster.pod("a", "client");
  const config = {
    podUid: "hung",
    namespace: "default",
    name: "hung",
    hostname: "hung",
    subdomain: undefined,
    hostNetwork: false,
    dnsPolicy: "ClusterFirst",
    dnsConfig: undefined,
    hostAliases: [],
  };
  const hung = cluster.network.attachPod("b", { ...config, hostPorts: [{ hostPort: 9000, containerPort: 8080 }] });
  hung.listenHttp(8080, () => new Promise(() => undefined));
  const socket = await client.connect("172.18.0.3", 9000, signal);
  const closed = new Promise<unknown>((resolve) => socket.once("error", resolve));
  const request = assert.rejects(cluster.ask(client, hung.ip, 8080), failsWith("ECONNRESET"));
  await cluster.parts.clock.settle();
  cluster.network.detachPod("hung");
  await request;
  assert.ok(failsWith("ECONNRESET")(await closed));
  await assert.rejects(client.connect("172.18.0.3", 9000, signal), failsWith("ECONNREFUSED"));
});
