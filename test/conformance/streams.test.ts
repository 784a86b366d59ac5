import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { KUBESIM, type Run, TestCluster } from "../support/e2e.ts";
import { oracle, oracleSkip } from "../support/oracle.ts";

const cluster = new TestCluster();
const kubeconfig = path.join(cluster.home, "clusters/default/kubeconfig");
const SPDY = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" };

/** Every client that streams in a way of its own; ours is one of them. */
const CLIENTS: readonly { readonly name: string; command(): string[]; readonly env: NodeJS.ProcessEnv }[] = [
  { name: "kubectl v1.36 over WebSocket", command: () => [oracle("kubectl")], env: {} },
  { name: "kubectl v1.36 over SPDY", command: () => [oracle("kubectl")], env: SPDY },
  { name: "kubectl v1.30", command: () => [oracle("kubectl", 30)], env: {} },
  { name: "kubesim", command: () => [process.execPath, KUBESIM], env: {} },
];

const PODS = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80, name: http}]}], terminationGracePeriodSeconds: 0}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: page, port: 8000, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  selector: {matchLabels: {app: front}}
  template: {metadata: {labels: {app: front}}, spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80}]}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: box}
spec: {containers: [{name: a, image: busybox, command: [sleep, "100000"]}, {name: b, image: busybox, command: [sleep, "100000"]}], terminationGracePeriodSeconds: 0}
`;

before(() => {
  if (oracleSkip) return;
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
  assert.equal(run(CLIENTS[0], ["apply", "-f", "-"], PODS).status, 0);
  assert.equal(run(CLIENTS[0], ["wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s"]).status, 0);
});
after(() => cluster.down());

function run(client: (typeof CLIENTS)[number] | undefined, args: readonly string[], input = ""): Run {
  const [program = "", ...first] = client?.command() ?? [];
  return cluster.run(program, [...first, ...args], { input, env: { ...client?.env, KUBECONFIG: kubeconfig } });
}

for (const client of CLIENTS) {
  test(`${client.name}: exec passes bytes in and out, and the exit code`, { skip: oracleSkip }, () => {
    const failed = run(client, ["exec", "box", "-c", "a", "--", "sh", "-c", "seq 1 500; echo oops >&2; exit 3"]);
    assert.equal(failed.status, 3);
    assert.equal(failed.stdout.split("\n").length, 501);
    assert.equal(failed.stderr, "oops\ncommand terminated with exit code 3\n");
    assert.equal(run(client, ["exec", "-i", "box", "-c", "b", "--", "cat"], "typed\n").stdout, "typed\n");
  });

  test(`${client.name}: cp copies a folder to a pod and back`, { skip: oracleSkip }, () => {
    const folder = path.join(cluster.home, "tree");
    fs.mkdirSync(path.join(folder, "sub"), { recursive: true });
    fs.writeFileSync(
      path.join(folder, "big"),
      Buffer.alloc(1_500_000).map((_, index) => (index * 31) & 255),
    );
    fs.writeFileSync(path.join(folder, "sub/x".padEnd(140, "y")), "x\n", { mode: 0o755 });
    assert.equal(run(client, ["cp", folder, `default/box:/tmp/${CLIENTS.indexOf(client)}`, "-c", "a"]).status, 0);
    const back = path.join(cluster.home, `back-${CLIENTS.indexOf(client)}`);
    const copied = run(client, ["cp", `box:/tmp/${CLIENTS.indexOf(client)}`, back, "-c", "a"]);
    assert.equal(copied.status, 0, copied.stderr);
    assert.ok(fs.readFileSync(path.join(back, "big")).equals(fs.readFileSync(path.join(folder, "big"))));
    assert.equal(fs.readFileSync(path.join(back, "sub/x".padEnd(140, "y")), "utf8"), "x\n");
    const refused = run(client, ["cp", path.join(folder, "big"), "box:/no/such/place", "-c", "a"]);
    // Some clients also complain, sooner or later, that nobody reads what they still send.
    assert.match(
      refused.stderr,
      /(?:^|\n)tar: can't change directory to '\/no\/such': No such file or directory\n[^]*command terminated with exit code 1\n/,
    );
  });

  test(`${client.name}: port-forward serves many connections, and ends when the port does not listen`, { skip: oracleSkip }, async () => {
    const [program = "", ...first] = client.command();
    const child = spawn(program, [...first, "port-forward", "pod/web", ":80", ":81"], {
      env: { ...cluster.env, ...client.env, KUBECONFIG: kubeconfig },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const ports = await new Promise<number[]>((resolve, reject) => {
      child.once("close", () => reject(new Error(`ended: ${output}${errors}`)));
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        const found = [...output.matchAll(/^Forwarding from 127\.0\.0\.1:(\d+) -> /gm)].map((match) => Number(match[1]));
        if (found.length === 2) resolve(found);
      });
    });
    const pages = await Promise.all(Array.from({ length: 10 }, () => get(ports[0] ?? 0)));
    assert.ok(pages.every((page) => page.includes("Welcome to nginx!")));
    assert.equal(await get(ports[1] ?? 0), "");
    const status = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(status, 1);
    assert.match(errors, /error forwarding port 81 to pod [0-9a-f]{64}, uid : failed to execute portforward in network namespace/);
    assert.match(errors, /\nerror: lost connection to pod\n$/);
  });
}

for (const client of CLIENTS.filter(({ name }) => !name.includes("v1.30"))) {
  for (const [target, spec, addresses, told] of [
    ["svc/web", ":page", "127.0.0.1", /^Forwarding from 127\.0\.0\.1:\d+ -> 80\n/],
    ["svc/web", ":8000", "localhost", /^Forwarding from 127\.0\.0\.1:\d+ -> 80\nForwarding from \[::1\]:\d+ -> 80\n/],
    ["deploy/front", ":80", "127.0.0.2,127.0.0.1", /^Forwarding from 127\.0\.0\.1:(\d+) -> 80\nForwarding from 127\.0\.0\.2:\1 -> 80\n/],
  ] as const) {
    test(`${client.name}: port-forward ${target} ${spec} on ${addresses}`, { skip: oracleSkip, timeout: 60_000 }, async () => {
      const [program = "", ...first] = client.command();
      const child = spawn(program, [...first, "port-forward", target, spec, `--address=${addresses}`], {
        env: { ...cluster.env, ...client.env, KUBECONFIG: kubeconfig },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      const port = await new Promise<number>((resolve, reject) => {
        child.once("close", () => reject(new Error(`ended: ${output}`)));
        child.stdout.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (told.test(output)) resolve(Number(/:(\d+) -> /.exec(output)?.[1]));
        });
      });
      assert.match(await get(port), /Welcome to nginx!/);
      assert.match(output, new RegExp(`\nHandling connection for ${port}\n`));
      child.kill("SIGINT");
      assert.equal(await new Promise((resolve) => child.on("close", resolve)), 0);
    });
  }
}

/** All that comes for a plain request over a connection that is half closed at once. */
function get(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.on("end", () => socket.end());
    socket.end("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
  });
}

test("a debug container sees its target's processes, stays as it is, and is told of", { skip: oracleSkip }, () => {
  const kubectl = (...args: string[]) => run(CLIENTS[0], args);
  const attached = kubectl("debug", "web", "-i", "-q", "--image=busybox", "--target=nginx", "-c", "look", "--", "ps");
  assert.match(attached.stdout, /nginx -g daemon off;[^]* ps\n/);
  assert.match(
    kubectl("get", "pod", "web", "-o", "jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.reason}").stdout,
    /^Completed$/,
  );
  assert.match(kubectl("describe", "pod", "web").stdout, /Ephemeral Containers:\n {2}look:\n/);
  const again = kubectl("debug", "web", "--image=alpine", "-c", "look");
  assert.match(
    again.stderr,
    /^The Pod "web" is invalid: spec\.ephemeralContainers: Forbidden: existing ephemeral containers "look" may not be changed\n/,
  );
  const whole = kubectl("patch", "pod", "web", "-p", '{"spec":{"ephemeralContainers":[{"name":"more","image":"busybox"}]}}');
  assert.match(whole.stderr, /pod updates may not change fields other than/);
});

test("a node is debugged from a pod in its namespaces, with its files", { skip: oracleSkip }, () => {
  const looked = run(CLIENTS[0], [
    "debug",
    "node/worker1",
    "-i",
    "-q",
    "--image=busybox",
    "--",
    "sh",
    "-c",
    "cat /host/etc/hostname; chroot /host cat /etc/os-release; ps",
  ]);
  assert.match(looked.stdout, /^worker1\nPRETTY_NAME="Debian[^]*\/usr\/bin\/kubelet/);
});

test("kubectl get --raw goes through the API server's proxy", { skip: oracleSkip }, () => {
  assert.match(run(CLIENTS[0], ["get", "--raw", "/api/v1/namespaces/default/pods/web/proxy/"]).stdout, /Welcome to nginx!/);
  assert.equal(run(CLIENTS[0], ["get", "--raw", "/api/v1/nodes/worker1/proxy/healthz"]).stdout, "ok");
  assert.match(
    run(CLIENTS[0], ["get", "--raw", "/api/v1/namespaces/default/pods/web:81/proxy/"]).stderr,
    /^Error from server \(ServiceUnavailable\): error trying to reach service: dial tcp 10\.244\.\d+\.\d+:81: connect: connection refused\n$/,
  );
});
