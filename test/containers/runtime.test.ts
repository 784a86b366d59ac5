import assert from "node:assert/strict";
import { test } from "node:test";
import { ImagePullError } from "../../src/containers/runtime.ts";
import { makeWorld } from "./world.ts";

test("process 1 ignores SIGTERM without a handler: the grace period passes, then 137", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("grace");
  const id = await world.container(pod.id, { image: "busybox", command: ["sh", "-c", "sleep 600"] });
  assert.match((await world.run(id, "ps")).stdout, /^ +1 root +0:00 sleep 600$/m);
  const before = world.clock.now();
  await world.finish(world.runtime.stopContainer(id, 30_000));
  assert.equal(world.clock.now() - before, 30_000);
  const { exitCode, signal, reason } = world.runtime.containerStatus(id) ?? {};
  assert.deepEqual({ exitCode, signal, reason }, { exitCode: 137, signal: 9, reason: "Error" });
});

test("a trap makes process 1 stop at once, with its own exit code", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("trap");
  const id = await world.container(pod.id, {
    image: "busybox",
    command: ["sh", "-c", "trap 'echo bye; exit 7' TERM; while true; do sleep 1 & wait $!; done"],
  });
  await world.clock.step(2500);
  const exits: string[] = [];
  world.runtime.onContainerExit((container) => exits.push(`${container.name} ${container.exitCode}`));
  const before = world.clock.now();
  await world.finish(world.runtime.stopContainer(id, 30_000));
  assert.ok(world.clock.now() - before < 1000);
  assert.deepEqual(world.log(id), ["bye"]);
  assert.deepEqual(exits, ["main 7"]);
});

test("a second listener on the pod's port crashes as node does", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("clash");
  await world.container(pod.id, { name: "first", image: "luksa/kubia" });
  const second = await world.container(pod.id, { name: "second", image: "luksa/kubia" });
  assert.equal(world.runtime.containerStatus(second)?.exitCode, 1);
  assert.ok(world.log(second).includes("Error: listen EADDRINUSE: address already in use :::8080"));
});

test("the unhealthy app answers five times", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("unhealthy");
  const id = await world.container(pod.id, { image: "luksa/kubia-unhealthy" });
  const codes: string[] = [];
  for (let at = 0; at < 6; at++)
    codes.push((await world.run(id, "curl", "-s", "-o", "/tmp/body", "-w", "%{http_code}", "localhost:8080")).stdout);
  assert.deepEqual(codes, ["200", "200", "200", "200", "200", "500"]);
  assert.equal((await world.run(id, "cat", "/tmp/body")).stdout, "I'm not well. Please restart me!");
  assert.equal(world.log(id).filter((line) => line === "Received request from ::ffff:127.0.0.1").length, 6);
});

test("a log is followed to its end", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("log");
  const id = await world.container(pod.id, {
    image: "busybox",
    command: ["sh", "-c", "for i in 1 2 3; do echo tick $i; sleep 1; done; printf rest"],
  });
  const seen: string[] = [];
  world.runtime.readLog(id).follow(
    (line) => seen.push(`${line.text}${line.partial ? " (partial)" : ""}`),
    () => seen.push("end"),
  );
  await world.clock.step(5000);
  assert.deepEqual(seen, ["tick 2", "tick 3", "rest (partial)", "end"]);
  assert.equal(world.runtime.containerStatus(id)?.reason, "Completed");
});

test("a command that the image does not have fails the start, and an exec", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("missing");
  await assert.rejects(
    world.container(pod.id, { image: "busybox", command: ["nope"] }),
    /exec: "nope": executable file not found in \$PATH/,
  );
  const id = await world.container(pod.id, { image: "busybox", command: ["sleep", "9999999"] });
  await assert.rejects(world.run(id, "/nope"), /exec: "\/nope": stat \/nope: no such file or directory/);
  await assert.rejects(world.finish(world.runtime.execSync(id, ["sleep", "10"], 1000)), { reason: "DeadlineExceeded" });
});

test("images that cannot be had fail in containerd's words", async () => {
  const world = makeWorld();
  await assert.rejects(
    world.finish(world.runtime.pullImage("luksa/kubia:v9", world.never)),
    (error) =>
      error instanceof ImagePullError &&
      /failed to resolve reference "docker.io\/luksa\/kubia:v9": docker.io\/luksa\/kubia:v9: not found/.test(error.message),
  );
  await assert.rejects(world.finish(world.runtime.pullImage("reg.invalid/x", world.never)), /dial tcp: lookup reg.invalid: no such host/);
  assert.equal(world.runtime.findImage("busybox"), undefined);
  assert.equal(world.runtime.findImage("registry.k8s.io/pause:3.10")?.name, "registry.k8s.io/pause:3.10");
});

test("every image of the catalogue starts", async () => {
  const world = makeWorld();
  const { createImageCatalogue } = await import("../../src/containers/catalogue.ts");
  for (const image of createImageCatalogue().list()) {
    const pod = await world.sandbox(image.repository.split("/").at(-1) ?? "");
    const id = await world.container(pod.id, {
      image: image.tags?.[0] === undefined ? image.repository : `${image.repository}:${image.tags[0]}`,
      ...(image.repository.endsWith("curl") ? { args: ["--version"] } : {}),
    });
    const info = world.runtime.containerStatus(id);
    assert.ok(
      info?.state === "running" || info?.exitCode === 0 || image.repository.endsWith("/curl"),
      `${image.repository}: ${info?.exitCode} ${world.log(id).join("\n")}`,
    );
    await world.finish(world.runtime.stopPodSandbox(pod.id));
    // kindnetd takes the node's CNI configuration along.
    world.network.setCniReady("worker1", true);
  }
});

test("redis and nginx answer from another pod", async () => {
  const world = makeWorld();
  const server = await world.sandbox("server");
  await world.container(server.id, { name: "redis", image: "redis" });
  await world.container(server.id, { name: "nginx", image: "nginx" });
  const client = await world.sandbox("client");
  const cli = await world.container(client.id, { image: "redis", command: ["sleep", "9999999"] });
  assert.equal((await world.run(cli, "redis-cli", "-h", server.network.ip, "set", "k", "v")).stdout, "OK\n");
  assert.equal((await world.run(cli, "redis-cli", "-h", server.network.ip, "get", "k")).stdout, "v\n");
  const shell = await world.container(client.id, { name: "shell", image: "busybox", command: ["sleep", "9999999"] });
  assert.match((await world.run(shell, "wget", "-qO-", server.network.ip)).stdout, /Welcome to nginx!/);
  assert.equal(
    (await world.run(shell, "wget", "-qO-", `${server.network.ip}:80/nope`)).stderr,
    "wget: server returned error: HTTP/1.1 404 Not Found\n",
  );
});

test("a container that takes more memory than its limit is killed, all of it", async () => {
  const world = makeWorld();
  const hog = (limit: number) => ({
    image: "polinux/stress",
    command: ["sh", "-c", "sleep 1000 & stress --vm 1 --vm-bytes 150M --vm-hang 1"],
    memoryLimitBytes: limit * 1024 * 1024,
  });
  const small = await world.container((await world.sandbox("small")).id, hog(100));
  const large = await world.container((await world.sandbox("large")).id, hog(200));
  const { state, exitCode, reason } = world.runtime.containerStatus(small) ?? {};
  assert.deepEqual([state, exitCode, reason], ["exited", 137, "OOMKilled"]);
  assert.equal(world.runtime.containerStatus(large)?.state, "running");
  assert.ok(world.runtime.usage(large).memoryBytes > 150 * 1024 * 1024);
});
