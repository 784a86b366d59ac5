import assert from "node:assert/strict";
import { test } from "node:test";
import { createNetwork, type Packet, type Route } from "../../src/network/virtual-network.ts";
import { startRegistry } from "../support/cluster.ts";

function start() {
  const { clock, rng } = startRegistry();
  const network = createNetwork({ clock, rng, dnsServiceIp: "10.96.0.10" });
  for (const [index, name] of ["a", "b"].entries()) {
    network.addNode({ name, ip: `172.18.0.${index + 2}`, podCIDR: `10.244.${index}.0/24` });
    network.setCniReady(name, true);
  }
  const pod = (name: string, hostNetwork: boolean, dnsPolicy: string) =>
    network.attachPod("b", {
      podUid: name,
      namespace: "default",
      name,
      hostname: name,
      subdomain: undefined,
      hostNetwork,
      dnsPolicy,
      dnsConfig: undefined,
      hostAliases: [],
    });
  return { network, pod };
}

test("a host-network pod asks the cluster's DNS only by ClusterFirstWithHostNet, and shares its node's ports", () => {
  const { network, pod } = start();
  const own = pod("own", true, "ClusterFirstWithHostNet");
  assert.match(own.resolvConf, /^search default\.svc\.cluster\.local .*\nnameserver 10\.96\.0\.10\noptions ndots:5\n$/);
  assert.match(pod("plain", true, "ClusterFirst").resolvConf, /nameserver 172\.18\.0\.1/);
  own.listenHttp(80, () => ({ status: 200 }));
  assert.equal(network.nodeNamespace("b").listeners().length, 1);
  assert.equal(own.ip, "172.18.0.3");
});

test("from outside, a local traffic policy leads to a node with an endpoint and keeps the source", () => {
  const { network, pod } = start();
  const web = pod("web", false, "ClusterFirst");
  const seen: string[] = [];
  web.listen(80, (socket) => void seen.push(socket.remote.ip));
  const packets: Packet[] = [];
  const dnat: Route = {
    verdict: "dnat",
    endpoint: { ip: web.ip, port: 80 },
    chain: "",
    endpointChain: "",
    service: "web",
    keepsSource: true,
  };
  network.router = {
    routeClusterIp: () => undefined,
    routeNodePort: (_port, _source, node) => (node === "b" ? dnat : { verdict: "drop", service: "web" }),
    natRules: () => "",
  };
  network.connectFromHost(30000);
  assert.deepEqual(seen, ["172.18.0.1"]);
  network.filter = { allows: (packet) => (packets.push(packet), false) };
  assert.notEqual(network.connectFromHost(30000), undefined, "what a policy drops hangs and is not refused");
  assert.deepEqual([seen.length, packets], [1, [{ from: "172.18.0.1", to: web.ip, port: 80, protocol: "TCP" }]]);
});
