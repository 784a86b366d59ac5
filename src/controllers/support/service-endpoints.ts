import type { Pod, Service, ServicePort } from "../../api/generated/core-v1.ts";
import { keyOf } from "../../api/meta.ts";
import { isPodReady, isPodTerminal } from "../../api/pod-facts.ts";
import { pods } from "../../api/resources/pod.ts";
import { services } from "../../api/resources/service.ts";
import type { ComponentContext } from "../../client/component.ts";
import type { Reconciler } from "../../client/reconciler.ts";

/** One pod behind a service. */
export interface ServicePod {
  readonly pod: Pod;
  readonly ip: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** Enqueues services when they, or the pods that they select, change: by label, not by looking at all. */
export function watchServices({ informers }: ComponentContext, reconciler: Reconciler): void {
  const all = informers.of(services);
  const enqueue = (service: Service) => reconciler.add(keyOf(service));
  all.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
  const ofPod = (pod: Pod) => {
    for (const service of all.inNamespace(pod.metadata.namespace ?? "")) if (selects(service, pod)) enqueue(service);
  };
  informers.of(pods).addHandler({
    added: (pod) => {
      if (pod.status.podIP) ofPod(pod);
    },
    updated: (pod, old) => {
      if (!mattersToServices(pod, old)) return;
      ofPod(pod);
      if (pod.metadata.labels !== old.metadata.labels) ofPod(old);
    },
    deleted: ofPod,
  });
}

export function selects(service: Service, pod: Pod): boolean {
  const selector = Object.entries(service.spec.selector ?? {});
  return selector.length > 0 && selector.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

function mattersToServices(pod: Pod, old: Pod): boolean {
  return (
    pod.status.podIP !== old.status.podIP ||
    isPodReady(pod) !== isPodReady(old) ||
    pod.metadata.labels !== old.metadata.labels ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    isPodTerminal(pod) !== isPodTerminal(old)
  );
}

/** The pods of a service that have an address, with what traffic may expect of them. */
export function podsOf(service: Service, { informers }: ComponentContext): ServicePod[] {
  const found: ServicePod[] = [];
  for (const pod of informers.of(pods).inNamespace(service.metadata.namespace ?? "")) {
    if (!selects(service, pod) || !pod.status.podIP || isPodTerminal(pod)) continue;
    const serving = isPodReady(pod);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    found.push({
      pod,
      ip: pod.status.podIP,
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    });
  }
  return found.sort((a, b) => (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1));
}

/** The number a service port leads to in a pod; undefined when the pod has no port of that name. */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target;
  for (const container of [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter((candidate) => candidate.restartPolicy === "Always"),
  ]) {
    const found = container.ports?.find(
      (candidate) => candidate.name === target && (candidate.protocol ?? "TCP") === (port.protocol ?? "TCP"),
    );
    if (found) return found.containerPort;
  }
  return undefined;
}
