import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret } from "../../src/api/generated/core-v1.ts";
import { secrets } from "../../src/api/resources/secret.ts";
import { serviceAccounts } from "../../src/api/resources/service-account.ts";
import { CA_PEM, World } from "./support.ts";

const secret = (name: string, account: string) =>
  ({
    metadata: { name, namespace: "default", annotations: { "kubernetes.io/service-account.name": account } },
    type: "kubernetes.io/service-account-token",
  }) as never;
const find = ({ client }: World, name: string) => client.find(secrets, { namespace: "default", name });
const decoded = (found: Secret | undefined) =>
  Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));

test("a secret of a service account gets its token, and goes with the account", async () => {
  const cluster = await World.start();
  const robot = await cluster.client.create(serviceAccounts, { metadata: { name: "robot", namespace: "default" } } as never);
  await cluster.client.create(secrets, secret("robot-token", "robot"));
  await cluster.settle();
  const made = await find(cluster, "robot-token");
  assert.deepEqual(decoded(made), { "ca.crt": CA_PEM, namespace: "default", token: "token of default/robot" });
  assert.equal(made?.metadata.annotations?.["kubernetes.io/service-account.uid"], robot.metadata.uid);
  await cluster.client.delete(serviceAccounts, robot.metadata);
  await cluster.settle();
  assert.equal(await find(cluster, "robot-token"), undefined);
});

test("a secret of nobody is deleted, and one that names nobody refused", async () => {
  const cluster = await World.start();
  await cluster.client.create(secrets, secret("stray", "nobody"));
  await cluster.settle();
  assert.equal(await find(cluster, "stray"), undefined);
  await assert.rejects(
    cluster.client.create(secrets, secret("unnamed", "")),
    /metadata\.annotations\[kubernetes\.io\/service-account\.name\]: Required value/,
  );
});
