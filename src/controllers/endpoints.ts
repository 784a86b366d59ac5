import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Service } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { endpoints } from "../api/resources/endpoints.ts";
import { services } from "../api/resources/service.ts";
import { isAlreadyExists } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { sameValue } from "./support/hash.ts";
import { podsOf, targetPort, watchServices } from "./support/service-endpoints.ts";

const NAME = "endpoint-controller";

/** Upstream: pkg/controller/endpoint */
export const endpointsController: Controller = {
  name: NAME,
  start(context) {
    const scoped = { ...context, client: context.client.as(NAME) };
    const reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => reconcile(scoped, key),
      log: context.log,
    });
    watchServices(context, reconciler);
    context.informers.of(endpoints).addHandler({ deleted: (object) => reconciler.add(keyOf(object)) });
  },
};

async function reconcile(context: ControllerContext, key: string): Promise<void> {
  const { client, informers } = context;
  const service = informers.of(services).find(key);
  const existing = informers.of(endpoints).find(key);
  if (!service) {
    if (existing?.metadata.labels?.["endpoints.kubernetes.io/managed-by"] === NAME) await client.delete(endpoints, existing.metadata);
    return;
  }
  if (!service.spec.selector || service.spec.type === "ExternalName" || service.metadata.deletionTimestamp) return;
  const subsets = subsetsOf(service, context);
  const labels: Record<string, string> = {
    ...service.metadata.labels,
    "endpoints.kubernetes.io/managed-by": NAME,
    ...(service.spec.clusterIP === "None" ? { "service.kubernetes.io/headless": "" } : {}),
  };
  if (existing) {
    if (sameValue(existing.subsets ?? [], subsets) && sameValue(existing.metadata.labels ?? {}, labels)) return;
    await client.mutate(endpoints, existing.metadata, (now) => {
      const next: Endpoints = { ...now, metadata: { ...now.metadata, labels }, subsets };
      if (subsets.length === 0) delete next.subsets;
      return next;
    });
    return;
  }
  const draft = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: service.metadata.name, namespace: service.metadata.namespace as string, labels },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
  await client.create(endpoints, draft).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

/** Addresses grouped by the ports they have. Upstream: endpoints.RepackSubsets */
function subsetsOf(service: Service, context: ControllerContext): EndpointSubset[] {
  const groups = new Map<string, { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>();
  for (const { pod, ip, ready, terminating } of podsOf(service, context)) {
    if (terminating && !service.spec.publishNotReadyAddresses) continue;
    const ports = (service.spec.ports ?? []).flatMap((port) => {
      const number = targetPort(pod, port);
      return number === undefined ? [] : [{ ...(port.name ? { name: port.name } : {}), port: number, protocol: port.protocol ?? "TCP" }];
    });
    if (ports.length === 0 && service.spec.clusterIP !== "None") continue;
    const id = JSON.stringify(ports);
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { ports, ready: [], notReady: [] }));
    const hostname = pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? { hostname: pod.spec.hostname } : {};
    const address = {
      ...hostname,
      ip,
      nodeName: pod.spec.nodeName,
      targetRef: { kind: "Pod", name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
    } as EndpointAddress;
    (ready ? group.ready : group.notReady).push(address);
  }
  const byIp = (a: EndpointAddress, b: EndpointAddress) => (a.ip < b.ip ? -1 : 1);
  return [...groups.values()].map(({ ports, ready, notReady }) => ({
    ...(ready.length > 0 ? { addresses: ready.sort(byIp) } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byIp) } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }));
}
