import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from "../field-errors.ts";
import type { Service, ServicePort } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { isDns1123Label, isIp, isPortName, isPortNumber } from "../validation/names.ts";
import { validateLabels } from "../validation/object-meta.ts";
import { age, text } from "./support/columns.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

/** Addresses and node ports are allocated by the registry. Upstream: pkg/registry/core/service/strategy.go */
export const services: Kind<Service> = {
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  singular: "service",
  shortNames: ["svc"],
  categories: ["all"],
  namespaced: true,
  nameRule: "dns-1035-label",
  schema: { package: "core/v1", type: "Service" },
  subresources: {
    proxy: {
      verbs: ["create", "delete", "get", "patch", "update"],
      responseKind: { group: "", version: "v1", kind: "ServiceProxyOptions" },
    },
    status: { verbs: ["get", "patch", "update"] },
  },
  setDefaults(service) {
    const { spec } = service;
    spec.type ||= "ClusterIP";
    spec.sessionAffinity ||= "None";
    if (spec.sessionAffinity === "ClientIP") spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10800 } };
    for (const port of spec.ports ?? []) {
      port.protocol ||= "TCP";
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
    }
    if (spec.type === "NodePort" || spec.type === "LoadBalancer") spec.externalTrafficPolicy ||= "Cluster";
    if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
    if (spec.type !== "ExternalName") {
      spec.internalTrafficPolicy ||= "Cluster";
      spec.ipFamilies ??= ["IPv4"];
      spec.ipFamilyPolicy ||= "SingleStack";
    }
  },
  prepareForCreate(service) {
    service.status = { loadBalancer: {} };
  },
  validate: validateService,
  validateUpdate(service, old) {
    const keepsIp = service.spec.type !== "ExternalName" && old.spec.type !== "ExternalName" && old.spec.clusterIP;
    return keepsIp && service.spec.clusterIP !== old.spec.clusterIP
      ? [invalid("spec.clusterIPs[0]", [service.spec.clusterIP ?? ""], "may not change once set")]
      : [];
  },
  selectableFields: (service) => ({ "spec.clusterIP": service.spec.clusterIP ?? "", "spec.type": service.spec.type ?? "" }),
  columns: [
    text("Type", "How it is reached.", (service) => service.spec.type ?? ""),
    text(
      "Cluster-IP",
      "Its address inside the cluster.",
      (service) => service.spec.clusterIPs?.[0] ?? (service.spec.clusterIP || "<none>"),
    ),
    text("External-IP", "Its addresses outside.", externalIp),
    text("Port(s)", "Its ports, with their node ports.", ports),
    age(),
    text("Selector", "The pods it leads to.", (service) => formatLabels(service.spec.selector), 1),
  ],
};

export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return pairs.length === 0 ? "<none>" : pairs.join(",");
}

function externalIp({ spec, status }: Service): string {
  const given = spec.externalIPs ?? [];
  switch (spec.type) {
    case "ExternalName":
      return spec.externalName ?? "";
    case "LoadBalancer": {
      const ingress = (status.loadBalancer?.ingress ?? []).map((entry) => entry.ip ?? entry.hostname ?? "");
      return [...ingress, ...given].join(",") || "<pending>";
    }
    default:
      return given.join(",") || "<none>";
  }
}

function ports({ spec }: Service): string {
  const shown = (spec.ports ?? []).map((port) => `${port.port}${port.nodePort ? `:${port.nodePort}` : ""}/${port.protocol}`);
  return shown.join(",") || "<none>";
}

function validateService({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const headless = spec.clusterIP === "None";
  if (!spec.ports?.length && !headless && spec.type !== "ExternalName") errors.push(required("spec.ports"));
  if (spec.type === "LoadBalancer" && headless)
    errors.push(invalid("spec.clusterIPs[0]", spec.clusterIP, "may not be set to 'None' for LoadBalancer services"));
  if (spec.type === "NodePort" && headless)
    errors.push(invalid("spec.clusterIPs[0]", spec.clusterIP, "may not be set to 'None' for NodePort services"));
  if (spec.type === "ExternalName") {
    if (!spec.externalName) errors.push(required("spec.externalName"));
    if (spec.clusterIP) errors.push(forbidden("spec.clusterIPs", "may not be set when `type` is 'ExternalName'"));
  }
  const names = new Set<string>();
  const numbers = new Set<string>();
  (spec.ports ?? []).forEach((port, index) =>
    errors.push(...validatePort(port, `spec.ports[${index}]`, (spec.ports ?? []).length > 1, names, numbers, spec.type ?? "")),
  );
  errors.push(...validateLabels(spec.selector ?? {}, "spec.selector"));
  if (!["None", "ClientIP"].includes(spec.sessionAffinity ?? "None"))
    errors.push(notSupported("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]));
  if (!TYPES.includes(spec.type ?? "")) errors.push(notSupported("spec.type", spec.type, TYPES));
  (spec.externalIPs ?? []).forEach((ip, index) =>
    isIp(ip).forEach((message) => errors.push(invalid(`spec.externalIPs[${index}]`, ip, message))),
  );
  if (spec.clusterIP && !headless && isIp(spec.clusterIP).length > 0)
    errors.push(invalid("spec.clusterIPs[0]", spec.clusterIP, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
  return errors;
}

function validatePort(
  port: ServicePort,
  path: string,
  needsName: boolean,
  names: Set<string>,
  numbers: Set<string>,
  type: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (needsName && !port.name) errors.push(required(`${path}.name`));
  else if (port.name) {
    for (const message of isDns1123Label(port.name)) errors.push(invalid(`${path}.name`, port.name, message));
    if (names.has(port.name)) errors.push(duplicate(`${path}.name`, port.name));
    names.add(port.name);
  }
  for (const message of isPortNumber(port.port)) errors.push(invalid(`${path}.port`, port.port, message));
  if (!["TCP", "UDP", "SCTP"].includes(port.protocol ?? "TCP"))
    errors.push(notSupported(`${path}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]));
  if (typeof port.targetPort === "number")
    for (const message of isPortNumber(port.targetPort)) errors.push(invalid(`${path}.targetPort`, port.targetPort, message));
  else if (typeof port.targetPort === "string")
    for (const message of isPortName(port.targetPort)) errors.push(invalid(`${path}.targetPort`, port.targetPort, message));
  const key = `${port.protocol}/${port.port}`;
  if (numbers.has(key)) errors.push(duplicate(path, { protocol: port.protocol, port: port.port }));
  numbers.add(key);
  if (port.nodePort && type !== "NodePort" && type !== "LoadBalancer")
    errors.push(forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
  return errors;
}
