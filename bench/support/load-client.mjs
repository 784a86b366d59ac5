// A client process of `npm run bench -- api`: loads an API server and prints what it measured as JSON.
// node load-client.mjs '{"url":…,"certificate":…,"key":…,"suite":"writes"|"watchers"|"scheduling"|"etcd", …}'
import http from "node:http";
import https from "node:https";

const options = JSON.parse(process.argv[2]);
const url = new URL(options.url);
const transport = url.protocol === "https:" ? https : http;
const CLIENTS = 64;
const BODY = "y".repeat(2000);

function agentOf(maxSockets) {
  return new transport.Agent({ keepAlive: true, maxSockets, rejectUnauthorized: false, cert: options.certificate, key: options.key });
}

const agent = agentOf(CLIENTS);

function request(method, path, body, using = agent) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const sent = transport.request(
      {
        agent: using,
        host: url.hostname,
        port: url.port,
        method,
        path,
        headers: payload ? { "content-type": "application/json", "content-length": Buffer.byteLength(payload) } : {},
      },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve({ code: response.statusCode, bytes: Buffer.concat(chunks) }));
      },
    );
    sent.on("error", reject);
    sent.end(payload);
  });
}

/** Runs `count` calls, `clients` at a time; calls a second. */
async function rate(count, clients, call) {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < count) await call(next++);
    }),
  );
  return (count / (performance.now() - start)) * 1000;
}

function percentile(values, share) {
  return values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
}

async function expectCode(answer, code) {
  const { code: got, bytes } = await answer;
  if (got !== code) throw new Error(`answer ${got}: ${bytes.toString().slice(0, 300)}`);
  return bytes;
}

const SUITES = {
  /** Durable creates with 64 clients and one, and reads. */
  async writes() {
    await expectCode(request("POST", "/api/v1/namespaces", { metadata: { name: "load" } }), 201);
    const create = (name) =>
      expectCode(request("POST", "/api/v1/namespaces/load/configmaps", { metadata: { name }, data: { x: BODY } }), 201);
    await rate(500, CLIENTS, (index) => create(`warm${index}`));
    const many = await rate(4000, CLIENTS, (index) => create(`many${index}`));
    const one = await rate(500, 1, (index) => create(`one${index}`));
    const reads = [];
    await rate(2000, 1, async (index) => {
      const start = performance.now();
      await expectCode(request("GET", `/api/v1/namespaces/load/configmaps/many${index}`), 200);
      reads.push(performance.now() - start);
    });
    return { many, one, getP50: percentile(reads, 0.5), getP99: percentile(reads, 0.99) };
  },

  /** The same bytes put into a raw etcd, over its JSON gateway. */
  async etcd() {
    const value = Buffer.from(
      JSON.stringify({ kind: "ConfigMap", apiVersion: "v1", metadata: { name: "x", namespace: "load" }, data: { x: BODY } }),
    ).toString("base64");
    const put = (index) =>
      expectCode(request("POST", "/v3/kv/put", { key: Buffer.from(`/registry/configmaps/load/${index}`).toString("base64"), value }), 200);
    await rate(500, CLIENTS, put);
    return { many: await rate(4000, CLIENTS, put) };
  },

  /** A thousand watchers: how long after the write's answer set out each of them sees it. */
  async watchers() {
    const COUNT = 1000;
    const WRITES = 10;
    const seen = Array.from({ length: WRITES }, () => []);
    let sentAt = 0;
    let write = 0;
    const watching = agentOf(COUNT);
    await Promise.all(
      Array.from(
        { length: COUNT },
        () =>
          new Promise((resolve, reject) => {
            const sent = transport.request(
              {
                agent: watching,
                host: url.hostname,
                port: url.port,
                path: "/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Dwatched&allowWatchBookmarks=true",
              },
              (response) => {
                // The bookmark that ends the replay is nobody's write.
                response.on("data", (chunk) => void (chunk.includes('"BOOKMARK"') || seen[write].push(performance.now() - sentAt)));
                resolve();
              },
            );
            sent.on("error", reject);
            sent.end();
          }),
      ),
    );
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    await wait(1000);
    for (; write < WRITES; write++) {
      sentAt = performance.now();
      const path = "/api/v1/namespaces/default/configmaps";
      if (write === 0) await expectCode(request("POST", path, { metadata: { name: "watched" }, data: { write: "0" } }), 201);
      else await expectCode(request("PUT", `${path}/watched`, { metadata: { name: "watched" }, data: { write: String(write) } }), 200);
      for (let waited = 0; seen[write].length < COUNT && waited < 200; waited++) await wait(10);
    }
    if (seen.some((times) => times.length < COUNT))
      throw new Error(`a write was seen by ${Math.min(...seen.map((times) => times.length))} of ${COUNT} watchers`);
    watching.destroy();
    return { p99: percentile(seen.flat(), 0.99) };
  },

  /** Nodes without machines, and pods for them: created and bound. Then a list of all. */
  async scheduling() {
    const { nodes, pods } = options;
    const now = new Date().toISOString().replace(/\.\d+/, "");
    const size = { cpu: "32", memory: "256Gi", pods: "110" };
    await rate(nodes, CLIENTS, (index) =>
      expectCode(
        request("POST", "/api/v1/nodes", {
          metadata: { name: `n${index}`, labels: { "kubernetes.io/hostname": `n${index}`, bench: "yes" } },
          status: {
            capacity: size,
            allocatable: size,
            conditions: [{ type: "Ready", status: "True", reason: "Bench", lastHeartbeatTime: now, lastTransitionTime: now }],
          },
        }),
        201,
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const start = performance.now();
    const bound = watchBound(pods);
    await rate(pods, CLIENTS - 2, (index) =>
      expectCode(
        request("POST", "/api/v1/namespaces/default/pods", {
          metadata: { name: `p${index}` },
          spec: {
            nodeSelector: { bench: "yes" },
            tolerations: [{ operator: "Exists" }],
            containers: [{ name: "c", image: "registry.k8s.io/pause:3.10", resources: { requests: { cpu: "100m", memory: "100Mi" } } }],
          },
        }),
        201,
      ),
    );
    await bound;
    const boundPerSecond = (pods / (performance.now() - start)) * 1000;
    const lists = [];
    for (let index = 0; index < 5; index++) {
      const from = performance.now();
      await expectCode(request("GET", "/api/v1/namespaces/default/pods"), 200);
      lists.push(performance.now() - from);
    }
    return { boundPerSecond, listMs: percentile(lists, 0.5) };
  },
};

function watchBound(count) {
  return new Promise((resolve, reject) => {
    const bound = new Set();
    let rest = "";
    const sent = transport.request(
      { agent, host: url.hostname, port: url.port, path: "/api/v1/namespaces/default/pods?watch=true&resourceVersion=0" },
      (response) => {
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop();
          for (const line of lines) {
            const { object } = JSON.parse(line);
            if (object.spec?.nodeName) bound.add(object.metadata.name);
          }
          if (bound.size === count) resolve();
        });
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

console.log(JSON.stringify(await SUITES[options.suite]()));
process.exit(0);
