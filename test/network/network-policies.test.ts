import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkPolicy } from "../../src/api/generated/networking-v1.ts";
import { namespaces } from "../../src/api/resources/namespace.ts";
import { networkPolicies } from "../../src/api/resources/network-policy.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { NetworkPolicies } from "../../src/network/network-policies.ts";
import { createNamespace, startRegistry } from "../support/cluster.ts";

/** The registry with namespaces `default` and `other` (team=b), and pods with an address. */
async function start() {
  const { registry, client, informers, clock, rng, events, tasks, journal } = startRegistry();
  const policies = new NetworkPolicies();
  policies.start({ client, informers, clock, rng, events, tasks, journal, log: () => undefined });
  await informers.start();
  createNamespace(registry, "other");
  const other = await client.find(namespaces, { name: "other" });
  if (other) await client.mutate(namespaces, other.metadata, (old) => ({ ...old, metadata: { ...old.metadata, labels: { team: "b" } } }));
  const pod = async (namespace: string, name: string, ip: string, labels: Record<string, string>) => {
    const created = await client.create(pods, {
      metadata: { namespace, name, labels },
      spec: { containers: [{ name: "c", image: "nginx", ports: [{ name: "web", containerPort: 80 }] }] },
    } as never);
    await client.updateStatus(pods, { ...created, status: { ...created.status, podIP: ip } });
    return ip;
  };
  const policy = async (name: string, spec: NetworkPolicy["spec"]) => {
    await client.create(networkPolicies, { metadata: { namespace: "default", name }, spec } as never);
    await clock.settle();
  };
  const [web, friend, stranger, foreign] = [
    await pod("default", "web", "10.244.0.2", { app: "web" }),
    await pod("default", "friend", "10.244.0.3", { access: "true" }),
    await pod("default", "stranger", "10.244.0.4", {}),
    await pod("other", "foreign", "10.244.0.5", { access: "true" }),
  ];
  await clock.settle();
  const allows = (from: string, to: string, port = 80, protocol: "TCP" | "UDP" | "ICMP" = "TCP") =>
    policies.allows({ from, to, port, protocol });
  return { policy, allows, web, friend, stranger, foreign };
}

test("a pod that an ingress policy selects hears only those whom a rule names", async () => {
  const { policy, allows, web, friend, stranger, foreign } = await start();
  assert.ok(allows(stranger, web));
  await policy("friends", {
    podSelector: { matchLabels: { app: "web" } },
    ingress: [{ from: [{ podSelector: { matchLabels: { access: "true" } } }], ports: [{ port: "web" }] }],
  });
  assert.deepEqual(
    [allows(friend, web), allows(friend, web, 81), allows(stranger, web), allows(foreign, web), allows(web, stranger)],
    [true, false, false, false, true],
  );
  assert.ok(!allows(friend, web, 0, "ICMP"), "rules with ports say nothing of pings");
  // Policies add up.
  await policy("team", { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "b" } } }] }] });
  assert.deepEqual([allows(foreign, web, 81), allows(friend, stranger), allows(foreign, stranger)], [true, false, true]);
});

test("egress is held too, by address ranges and port ranges", async () => {
  const { policy, allows, web, friend, stranger } = await start();
  await policy("out", {
    podSelector: { matchLabels: { app: "web" } },
    policyTypes: ["Egress"],
    egress: [{ to: [{ ipBlock: { cidr: "10.244.0.0/24", except: ["10.244.0.4/32"] } }], ports: [{ port: 8000, endPort: 8080 }] }],
  });
  assert.deepEqual(
    [
      allows(web, friend, 8080),
      allows(web, friend, 8081),
      allows(web, stranger, 8080),
      allows(web, friend, 8080, "UDP"),
      allows(friend, web, 1),
    ],
    [true, false, false, false, true],
  );
});
