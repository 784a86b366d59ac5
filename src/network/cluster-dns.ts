import { keyOf } from "../api/meta.ts";
import type { Service } from "../api/generated/core-v1.ts";
import type { EndpointSlice } from "../api/generated/discovery-v1.ts";
import { endpointSlices } from "../api/resources/endpoint-slice.ts";
import { services } from "../api/resources/service.ts";
import type { ComponentContext } from "../client/component.ts";
import type { Informer } from "../client/informer.ts";
import type { DnsAnswer } from "./network.ts";
import type { ServiceProxy } from "./service-proxy.ts";
import type { NameServer } from "./virtual-network.ts";

const SLICES_BY_SERVICE = "service-name";
const DOMAIN = "cluster.local";

/** What CoreDNS' kubernetes plugin answers, from the same objects. Upstream: coredns/plugin/kubernetes */
export class ClusterDns implements NameServer {
  readonly #proxy: ServiceProxy;
  #services: Informer<Service> | undefined;
  #slices: Informer<EndpointSlice> | undefined;

  constructor(proxy: ServiceProxy) {
    this.#proxy = proxy;
  }

  start({ informers }: ComponentContext): void {
    this.#services = informers.of(services);
    this.#slices = informers.of(endpointSlices);
    this.#slices.addIndex(SLICES_BY_SERVICE, (slice) => {
      const name = slice.metadata.labels?.["kubernetes.io/service-name"];
      return name ? [`${slice.metadata.namespace}/${name}`] : [];
    });
  }

  /** Somebody must run to answer: a ready endpoint of kube-system/kube-dns. */
  get available(): boolean {
    return this.#proxy.rulesOf("kube-system/kube-dns").some((rule) => rule.endpoints.length > 0);
  }

  lookup(name: string): DnsAnswer | undefined {
    if (!name.endsWith(`.${DOMAIN}`)) return undefined;
    const labels = name.slice(0, -DOMAIN.length - 1).split(".");
    const kind = labels.pop();
    const namespace = labels.pop() ?? "";
    if (kind === "pod") {
      const ip = labels.length === 1 ? (labels[0] as string).replaceAll("-", ".") : "";
      return /^\d+(\.\d+){3}$/.test(ip) ? { name, addresses: [ip], server: "" } : undefined;
    }
    if (kind !== "svc") return undefined;
    const serviceName = labels.pop();
    const service = serviceName ? this.#services?.find(`${namespace}/${serviceName}`) : undefined;
    if (!service) return undefined;
    if (labels.length === 2 && labels[0]?.startsWith("_"))
      return this.#srv(name, service, labels[0].slice(1), (labels[1] as string).slice(1));
    if (labels.length === 1) return this.#host(name, service, labels[0] as string);
    if (labels.length > 1) return undefined;
    if (service.spec.type === "ExternalName") return { name, addresses: [], server: "", cname: service.spec.externalName ?? "" };
    if (service.spec.clusterIP && service.spec.clusterIP !== "None") return { name, addresses: [service.spec.clusterIP], server: "" };
    const addresses = this.#ready(service).flatMap((endpoint) => endpoint.addresses);
    return addresses.length > 0 ? { name, addresses: [...new Set(addresses)], server: "" } : undefined;
  }

  #host(name: string, service: Service, host: string): DnsAnswer | undefined {
    const endpoint = this.#ready(service).find(
      (candidate) => (candidate.hostname ?? candidate.addresses[0]?.replaceAll(".", "-")) === host,
    );
    return endpoint ? { name, addresses: endpoint.addresses.slice(0, 1), server: "" } : undefined;
  }

  #srv(name: string, service: Service, portName: string, protocol: string): DnsAnswer | undefined {
    const port = service.spec.ports?.find(
      (candidate) => candidate.name === portName && (candidate.protocol ?? "TCP").toLowerCase() === protocol,
    );
    if (!port) return undefined;
    const target = `${service.metadata.name}.${service.metadata.namespace}.svc.${DOMAIN}`;
    if (service.spec.clusterIP === "None") return this.#headlessSrv(name, service, portName, target);
    return { name, addresses: [], server: "", srv: [{ target, port: port.port, priority: 0, weight: 100 }] };
  }

  /** One record for each pod behind the service. */
  #headlessSrv(name: string, service: Service, portName: string, domain: string): DnsAnswer | undefined {
    const slices = this.#slices?.byIndex(SLICES_BY_SERVICE, keyOf(service)) ?? [];
    const srv = slices.flatMap((slice) => {
      const port = slice.ports?.find((candidate) => candidate.name === portName)?.port;
      if (port === undefined) return [];
      const ready = (slice.endpoints ?? []).filter(
        (endpoint) => service.spec.publishNotReadyAddresses || (endpoint.conditions?.ready ?? true),
      );
      return ready.map((endpoint) => ({
        target: `${endpoint.hostname ?? endpoint.addresses[0]?.replaceAll(".", "-")}.${domain}`,
        port,
        priority: 0,
        weight: Math.max(1, Math.floor(100 / ready.length)),
      }));
    });
    return srv.length > 0 ? { name, addresses: [], server: "", srv } : undefined;
  }

  #ready(service: Service): EndpointSlice["endpoints"] & object {
    const slices = this.#slices?.byIndex(SLICES_BY_SERVICE, keyOf(service)) ?? [];
    return slices
      .flatMap((slice) => slice.endpoints ?? [])
      .filter((endpoint) => service.spec.publishNotReadyAddresses || (endpoint.conditions?.ready ?? true));
  }
}
