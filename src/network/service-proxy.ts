import { createHash } from "node:crypto";
import type { Service, ServicePort } from "../api/generated/core-v1.ts";
import type { EndpointSlice } from "../api/generated/discovery-v1.ts";
import { keyOf } from "../api/meta.ts";
import { endpointSlices } from "../api/resources/endpoint-slice.ts";
import { services } from "../api/resources/service.ts";
import type { ComponentContext } from "../client/component.ts";
import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import type { Endpoint } from "./network.ts";
import type { Route, ServiceRouter } from "./virtual-network.ts";

/** One port of one service, with where its connections may go. */
export interface ServicePortRule {
  /** `namespace/name:port`, as kube-proxy names it. */
  readonly name: string;
  readonly service: Service;
  readonly port: ServicePort;
  readonly chain: string;
  readonly endpoints: readonly (Endpoint & { readonly node: string; readonly chain: string })[];
}

const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

/** kube-proxy: the rules from services and endpoint slices, kept up to date service by service. Upstream: pkg/proxy/iptables */
export class ServiceProxy implements ServiceRouter {
  readonly #clock: Clock;
  readonly #rng: Rng;
  /** By `TCP/10.96.0.1:443`. */
  readonly #byAddress = new Map<string, ServicePortRule>();
  /** By `TCP/30080`. */
  readonly #byNodePort = new Map<string, ServicePortRule>();
  readonly #rules = new Map<string, ServicePortRule[]>();
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #services = new Map<string, Service>();
  readonly #affinity = new Map<string, { readonly chain: string; untilMs: number }>();
  readonly #onNodePorts: ((open: ReadonlySet<string>) => void)[] = [];

  constructor(clock: Clock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  start({ informers }: ComponentContext): void {
    informers.of(services).addHandler({
      added: (service) => this.#setService(service),
      updated: (service) => this.#setService(service),
      deleted: (service) => {
        this.#services.delete(keyOf(service));
        this.#rebuild(keyOf(service));
      },
    });
    informers.of(endpointSlices).addHandler({
      added: (slice) => this.#setSlice(slice),
      updated: (slice) => this.#setSlice(slice),
      deleted: (slice) => this.#setSlice(slice, true),
    });
  }

  /** Told of all node ports, `TCP/30080`, whenever one comes or goes. */
  onNodePorts(listener: (open: ReadonlySet<string>) => void): void {
    this.#onNodePorts.push(listener);
    listener(new Set(this.#byNodePort.keys()));
  }

  rulesOf(serviceKey: string): readonly ServicePortRule[] {
    return this.#rules.get(serviceKey) ?? [];
  }

  routeClusterIp(ip: string, port: number, sourceIp: string, node: string, protocol = "TCP"): Route | undefined {
    const rule = this.#byAddress.get(`${protocol}/${ip}:${port}`);
    return rule && this.#pick(rule, sourceIp, node, rule.service.spec.internalTrafficPolicy === "Local");
  }

  routeNodePort(port: number, sourceIp: string, node: string, external: boolean, protocol = "TCP"): Route | undefined {
    const rule = this.#byNodePort.get(`${protocol}/${port}`);
    if (!rule) return undefined;
    const local = external && rule.service.spec.externalTrafficPolicy === "Local";
    const route = this.#pick(rule, sourceIp, node, local);
    return local && route.verdict === "dnat" ? { ...route, keepsSource: true } : route;
  }

  #pick(rule: ServicePortRule, sourceIp: string, node: string, localOnly: boolean): Route {
    const candidates = localOnly ? rule.endpoints.filter((endpoint) => endpoint.node === node) : rule.endpoints;
    if (candidates.length === 0) return { verdict: rule.endpoints.length === 0 ? "reject" : "drop", service: rule.name };
    const sticky = rule.service.spec.sessionAffinity === "ClientIP";
    const memory = sticky ? this.#affinity.get(`${rule.chain} ${sourceIp}`) : undefined;
    const remembered =
      memory && memory.untilMs > this.#clock.now() ? candidates.find((endpoint) => endpoint.chain === memory.chain) : undefined;
    const endpoint =
      remembered ?? (candidates[candidates.length === 1 ? 0 : this.#rng.int(0, candidates.length - 1)] as (typeof candidates)[number]);
    if (sticky) {
      const timeoutSeconds = rule.service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
      this.#affinity.set(`${rule.chain} ${sourceIp}`, { chain: endpoint.chain, untilMs: this.#clock.now() + timeoutSeconds * 1000 });
    }
    return {
      verdict: "dnat",
      endpoint: { ip: endpoint.ip, port: endpoint.port },
      chain: rule.chain,
      endpointChain: endpoint.chain,
      service: rule.name,
    };
  }

  #setService(service: Service): void {
    this.#services.set(keyOf(service), service);
    this.#rebuild(keyOf(service));
  }

  #setSlice(slice: EndpointSlice, gone = false): void {
    const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
    if (!name) return;
    const key = `${slice.metadata.namespace}/${name}`;
    let slices = this.#slices.get(key);
    if (!slices) this.#slices.set(key, (slices = new Map()));
    if (gone) slices.delete(slice.metadata.name);
    else slices.set(slice.metadata.name, slice);
    if (slices.size === 0) this.#slices.delete(key);
    this.#rebuild(key);
  }

  #rebuild(key: string): void {
    let nodePortsChanged = false;
    for (const rule of this.#rules.get(key) ?? []) {
      for (const ip of addressesOf(rule.service)) this.#byAddress.delete(addressKey(rule, ip));
      if (rule.port.nodePort) nodePortsChanged = this.#byNodePort.delete(nodePortKey(rule)) || nodePortsChanged;
    }
    const service = this.#services.get(key);
    const rules =
      service && service.spec.type !== "ExternalName" && service.spec.clusterIP && service.spec.clusterIP !== "None"
        ? this.#rulesFor(key, service)
        : [];
    if (rules.length > 0) this.#rules.set(key, rules);
    else this.#rules.delete(key);
    for (const rule of rules) {
      for (const ip of addressesOf(rule.service)) this.#byAddress.set(addressKey(rule, ip), rule);
      if (rule.port.nodePort) {
        this.#byNodePort.set(nodePortKey(rule), rule);
        nodePortsChanged = true;
      }
    }
    if (nodePortsChanged) for (const listener of this.#onNodePorts) listener(new Set(this.#byNodePort.keys()));
  }

  #rulesFor(key: string, service: Service): ServicePortRule[] {
    const slices = [...(this.#slices.get(key)?.values() ?? [])];
    return (service.spec.ports ?? []).map((port) => {
      const name = port.name ? `${key}:${port.name}` : key;
      const protocol = (port.protocol ?? "TCP").toLowerCase();
      const all = slices.flatMap((slice) => {
        const number = slice.ports?.find((candidate) => (candidate.name ?? "") === (port.name ?? ""))?.port;
        return number === undefined ? [] : (slice.endpoints ?? []).map((endpoint) => ({ endpoint, number }));
      });
      const ready = all.filter(({ endpoint }) => endpoint.conditions?.ready ?? true);
      // While every ready endpoint is gone, those that still serve on their way out are used.
      const usable =
        ready.length > 0 ? ready : all.filter(({ endpoint }) => endpoint.conditions?.serving && endpoint.conditions.terminating);
      const endpoints = usable.flatMap(({ endpoint, number }) =>
        endpoint.addresses.slice(0, 1).map((ip) => ({
          ip,
          port: number,
          node: endpoint.nodeName ?? "",
          chain: `KUBE-SEP-${chainHash(`${name}${protocol}${ip}:${number}`)}`,
        })),
      );
      return { name, service, port, chain: `KUBE-SVC-${chainHash(`${name}${protocol}`)}`, endpoints };
    });
  }

  /** `iptables -t nat -S` as kube-proxy leaves it. */
  natRules(_node: string): string {
    const rules = [...this.#rules.values()].flat().sort((a, b) => (a.name < b.name ? -1 : 1));
    const chains = ["KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-PROXY-CANARY", "KUBE-SERVICES"];
    for (const rule of rules)
      if (rule.endpoints.length > 0)
        chains.push(rule.chain, ...(rule.port.nodePort ? [externalChain(rule)] : []), ...rule.endpoints.map((endpoint) => endpoint.chain));
    const lines = [
      "-P PREROUTING ACCEPT",
      "-P INPUT ACCEPT",
      "-P OUTPUT ACCEPT",
      "-P POSTROUTING ACCEPT",
      ...[...new Set(chains)].sort().map((chain) => `-N ${chain}`),
    ];
    lines.push(
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
      '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
      '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
      "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    );
    for (const rule of rules) lines.push(...ruleLines(rule));
    lines.push(
      '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
      "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
      "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
      '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    );
    return `${lines.join("\n")}\n`;
  }
}

const addressKey = ({ port }: ServicePortRule, ip: string) => `${port.protocol ?? "TCP"}/${ip}:${port.port}`;
const nodePortKey = ({ port }: ServicePortRule) => `${port.protocol ?? "TCP"}/${port.nodePort}`;

function ruleLines(rule: ServicePortRule): string[] {
  const protocol = (rule.port.protocol ?? "TCP").toLowerCase();
  const lines: string[] = [];
  if (rule.endpoints.length === 0) return lines;
  for (const ip of addressesOf(rule.service)) {
    lines.push(
      `-A KUBE-SERVICES -d ${ip}/32 -p ${protocol} -m comment --comment "${rule.name} cluster IP" -m ${protocol} --dport ${rule.port.port} -j ${rule.chain}`,
    );
    lines.push(
      `-A ${rule.chain} ! -s 10.244.0.0/16 -d ${ip}/32 -p ${protocol} -m comment --comment "${rule.name} cluster IP" -m ${protocol} --dport ${rule.port.port} -j KUBE-MARK-MASQ`,
    );
  }
  if (rule.port.nodePort) {
    lines.push(
      `-A KUBE-NODEPORTS -p ${protocol} -m comment --comment "${rule.name}" -m ${protocol} --dport ${rule.port.nodePort} -j ${externalChain(rule)}`,
    );
    lines.push(
      `-A ${externalChain(rule)} -m comment --comment "masquerade traffic for ${rule.name} external destinations" -j KUBE-MARK-MASQ`,
      `-A ${externalChain(rule)} -j ${rule.chain}`,
    );
  }
  rule.endpoints.forEach((endpoint, index) => {
    const left = rule.endpoints.length - index;
    const chance = left > 1 ? ` -m statistic --mode random --probability ${probability(1 / left)}` : "";
    lines.push(`-A ${rule.chain} -m comment --comment "${rule.name} -> ${endpoint.ip}:${endpoint.port}"${chance} -j ${endpoint.chain}`);
    lines.push(`-A ${endpoint.chain} -s ${endpoint.ip}/32 -m comment --comment "${rule.name}" -j KUBE-MARK-MASQ`);
    lines.push(
      `-A ${endpoint.chain} -p ${protocol} -m comment --comment "${rule.name}" -m ${protocol} -j DNAT --to-destination ${endpoint.ip}:${endpoint.port}`,
    );
  });
  return lines;
}

/** The kernel keeps 31 bits of it, and iptables prints what it kept. */
const probability = (chance: number) => (Math.round(chance * 2 ** 31) / 2 ** 31).toFixed(11);

const externalChain = (rule: ServicePortRule) => rule.chain.replace("KUBE-SVC-", "KUBE-EXT-");

function addressesOf(service: Service): string[] {
  return [service.spec.clusterIP ?? "", ...(service.spec.externalIPs ?? [])].filter((ip) => ip !== "");
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The first 16 digits of the name's SHA-256 in base 32. Upstream: pkg/proxy/iptables portProtoHash */
function chainHash(text: string): string {
  const digest = createHash("sha256").update(text).digest();
  let out = "";
  for (let index = 0; out.length < 16; index++) {
    const bit = index * 5;
    const word = ((digest[bit >> 3] as number) << 8) | (digest[(bit >> 3) + 1] as number);
    out += BASE32[(word >> (11 - (bit & 7))) & 31];
  }
  return out;
}
