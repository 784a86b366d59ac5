import type { Event, Namespace, Pod } from "../../src/api/generated/core-v1.ts";
import { invalid } from "../../src/api/field-errors.ts";
import type { Kind } from "../../src/api/kind.ts";
import type { KubernetesObject } from "../../src/api/meta.ts";

const STATUS = { status: { verbs: ["get", "patch", "update"] } } as const;

function core<T extends KubernetesObject>(kind: string, plural: string, extra: Partial<Kind<T>> = {}): Kind<T> {
  return {
    group: "",
    version: "v1",
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: true,
    schema: { package: "core/v1", type: kind },
    ...extra,
  };
}

/** As little of each kind as the generic server needs: its tests do not depend on what the real ones do. */
export const PODS: Kind<Pod> = core<Pod>("Pod", "pods", {
  subresources: { ...STATUS, log: { verbs: ["get"] }, exec: { verbs: ["create", "get"] }, binding: { verbs: ["create"] } },
  prepareForCreate: (pod) => {
    pod.status = { phase: "Pending" };
  },
  gracePeriodSeconds: (pod, requested) => (pod.spec?.nodeName ? (requested ?? 30) : 0),
  selectableFields: (pod) => ({ "spec.nodeName": pod.spec?.nodeName ?? "", "status.phase": pod.status?.phase ?? "" }),
  validateUpdate: (pod, old) =>
    pod.spec?.nodeName === old.spec?.nodeName ? [] : [invalid("spec.nodeName", pod.spec?.nodeName, "field is immutable")],
});
export const CONFIG_MAPS: Kind = core("ConfigMap", "configmaps");
export const SERVICES: Kind = core("Service", "services", { subresources: STATUS });
export const NAMESPACES: Kind<Namespace> = core<Namespace>("Namespace", "namespaces", {
  namespaced: false,
  subresources: { ...STATUS, finalize: { verbs: ["update"] } },
  prepareForCreate: (namespace) => {
    namespace.spec = { finalizers: ["kubernetes"] };
    namespace.status = { phase: "Active" };
  },
});
export const EVENTS: Kind<Event> = core<Event>("Event", "events");
export const DEPLOYMENTS: Kind = {
  ...core("Deployment", "deployments"),
  group: "apps",
  schema: { package: "apps/v1", type: "Deployment" },
  hasGeneration: true,
  subresources: {
    ...STATUS,
    scale: { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } },
  },
};

export const STAND_IN_KINDS: readonly Kind[] = [
  PODS as unknown as Kind,
  CONFIG_MAPS,
  SERVICES,
  NAMESPACES as unknown as Kind,
  EVENTS as unknown as Kind,
  DEPLOYMENTS,
  core("ServiceAccount", "serviceaccounts"),
];
