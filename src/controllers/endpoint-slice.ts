import type { Service } from "../api/generated/core-v1.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "../api/generated/discovery-v1.ts";
import type { Kind } from "../api/kind.ts";
import { endpointSlices } from "../api/resources/endpoint-slice.ts";
import { services } from "../api/resources/service.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { sameValue } from "./support/hash.ts";
import { controllerReference } from "./support/owners.ts";
import { podsOf, type ServicePod, targetPort, watchServices } from "./support/service-endpoints.ts";

const NAME = "endpointslice-controller";
const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const MAX_ENDPOINTS = 100;

/** Upstream: pkg/controller/endpointslice */
export const endpointSliceController: Controller = {
  name: NAME,
  start(context) {
    const scoped = { ...context, client: context.client.as(NAME) };
    const slices = context.informers.of(endpointSlices);
    slices.addIndex("service", (slice) => [`${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ""}`]);
    const reconciler: Reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => reconcile(scoped, key),
      log: context.log,
    });
    watchServices(context, reconciler);
    slices.addHandler({
      deleted: (slice) => {
        if (slice.metadata.labels?.[MANAGED_BY] === "endpointslice-controller.k8s.io")
          reconciler.add(`${slice.metadata.namespace}/${slice.metadata.labels[SERVICE_NAME] ?? ""}`);
      },
    });
  },
};

async function reconcile(context: ControllerContext, key: string): Promise<void> {
  const { client, informers } = context;
  const service = informers.of(services).find(key);
  // Without the service its slices go by garbage collection; without a selector they are somebody else's.
  if (!service || service.metadata.deletionTimestamp || service.spec.type === "ExternalName" || !service.spec.selector) return;
  const existing = informers
    .of(endpointSlices)
    .byIndex("service", key)
    .filter((slice) => slice.metadata.labels?.[MANAGED_BY] === "endpointslice-controller.k8s.io");
  const groups = groupByPorts(service, podsOf(service, context));
  const spare = [...existing];
  for (const { ports, endpoints } of groups) {
    const matching = spare.filter((slice) => sameValue(slice.ports ?? [], ports));
    for (let from = 0; from === 0 || from < endpoints.length; from += MAX_ENDPOINTS) {
      const part = endpoints.slice(from, from + MAX_ENDPOINTS);
      const slice = matching.shift() ?? (groups.length === 1 ? spare[0] : undefined);
      if (slice) spare.splice(spare.indexOf(slice), 1);
      await writeSlice(context, service, slice, ports, part);
    }
  }
  for (const slice of spare) await client.delete(endpointSlices, slice.metadata);
}

interface Group {
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
}

/** Pods whose named ports have the same numbers share slices; a service without pods has one empty slice. */
function groupByPorts(service: Service, found: readonly ServicePod[]): Group[] {
  const groups = new Map<string, Group>();
  for (const entry of found) {
    const ports = (service.spec.ports ?? []).flatMap((port) => {
      const number = targetPort(entry.pod, port);
      return number === undefined
        ? []
        : [
            {
              ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
              name: port.name ?? "",
              port: number,
              protocol: port.protocol ?? "TCP",
            },
          ];
    });
    const id = JSON.stringify(ports);
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { ports, endpoints: [] }));
    group.endpoints.push(endpointOf(entry, service));
  }
  return groups.size > 0 ? [...groups.values()] : [{ ports: [], endpoints: [] }];
}

function endpointOf({ pod, ip, ready, serving, terminating }: ServicePod, service: Service): Endpoint {
  const inSubdomain = pod.spec.hostname && pod.spec.subdomain === service.metadata.name;
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(inSubdomain ? { hostname: pod.spec.hostname } : {}),
    nodeName: pod.spec.nodeName,
    targetRef: { kind: "Pod", name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
  } as Endpoint;
}

async function writeSlice(
  { client }: ControllerContext,
  service: Service,
  slice: EndpointSlice | undefined,
  ports: EndpointPort[],
  endpoints: Endpoint[],
): Promise<void> {
  const headless = service.spec.clusterIP === "None";
  const labels: Record<string, string> = {
    ...service.metadata.labels,
    [MANAGED_BY]: "endpointslice-controller.k8s.io",
    [SERVICE_NAME]: service.metadata.name,
    ...(headless ? { "service.kubernetes.io/headless": "" } : {}),
  };
  if (slice) {
    if (sameValue(slice.endpoints ?? [], endpoints) && sameValue(slice.ports ?? [], ports) && sameValue(slice.metadata.labels, labels))
      return;
    await client.mutate(endpointSlices, slice.metadata, (now) => ({ ...now, metadata: { ...now.metadata, labels }, endpoints, ports }));
    return;
  }
  await client.create(endpointSlices, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace as string,
      labels,
      ownerReferences: [controllerReference(services as unknown as Kind<never>, service)],
    },
    addressType: "IPv4",
    endpoints,
    ports,
  });
}
