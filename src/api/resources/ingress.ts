import { type FieldError, invalid, notSupported, required } from "../field-errors.ts";
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule } from "../generated/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { isDns1035Label, isDns1123Subdomain, isIp, isPortName, isPortNumber, regexMessage } from "../validation/names.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const BAD_IN_PATHS = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_AT_END = ["/..", "/."];
const WILDCARD = "\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/** Upstream: pkg/registry/networking/ingress, pkg/apis/networking/validation */
export const ingresses: Kind<Ingress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  singular: "ingress",
  shortNames: ["ing"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "networking/v1", type: "Ingress" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (!spec.rules?.length && !spec.defaultBackend)
      errors.push(invalid("spec", spec.rules ?? [], "either `defaultBackend` or `rules` must be specified"));
    if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, "spec.defaultBackend"));
    (spec.rules ?? []).forEach((rule, index) => errors.push(...validateRule(rule, `spec.rules[${index}]`)));
    (spec.tls ?? []).forEach((entry, index) =>
      (entry.hosts ?? []).forEach((host, at) => errors.push(...validateHost(host, `spec.tls[${index}].hosts[${at}]`))),
    );
    if (spec.ingressClassName !== undefined)
      for (const message of isDns1123Subdomain(spec.ingressClassName))
        errors.push(invalid("spec.ingressClassName", spec.ingressClassName, message));
    return errors;
  },
  warnings: (ingress, old) => [
    ...notSimulated("Ingresses", "no ingress controller routes requests by them")(ingress, old),
    ...(ingress.metadata.annotations?.["kubernetes.io/ingress.class"] !== undefined
      ? ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]
      : []),
  ],
  columns: [
    text(
      "Class",
      "Its ingress class.",
      ({ spec, metadata }) => spec.ingressClassName ?? metadata.annotations?.["kubernetes.io/ingress.class"] ?? "<none>",
    ),
    text("Hosts", "Hosts that incoming requests are matched against before the ingress rule", ({ spec }) => hostsOf(spec.rules)),
    text("Address", "Address is a list containing ingress points for the load-balancer", ({ status }) =>
      (status.loadBalancer?.ingress ?? []).map((entry) => entry.ip ?? entry.hostname ?? "").join(","),
    ),
    text("Ports", "Ports of TLS configurations that open", ({ spec }) => (spec.tls?.length ? "80, 443" : "80")),
    age(),
  ],
};

function hostsOf(rules: readonly IngressRule[] | undefined): string {
  const hosts = (rules ?? []).map((rule) => rule.host || "*");
  if (hosts.length === 0) return "*";
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(",")} + ${hosts.length - 3} more...` : hosts.join(",");
}

function validateRule(rule: IngressRule, path: string): FieldError[] {
  const errors = rule.host ? validateHost(rule.host, `${path}.host`) : [];
  if (rule.http && !rule.http.paths?.length) errors.push(required(`${path}.http.paths`));
  (rule.http?.paths ?? []).forEach((entry, index) => errors.push(...validatePath(entry, `${path}.http.paths[${index}]`)));
  return errors;
}

function validateHost(host: string, path: string): FieldError[] {
  if (isIp(host).length === 0) return [invalid(path, host, "must be a DNS name, not an IP address")];
  if (!host.includes("*")) return isDns1123Subdomain(host).map((message) => invalid(path, host, message));
  if (new RegExp(`^${WILDCARD}$`).test(host)) return [];
  return [
    invalid(
      path,
      host,
      regexMessage(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        WILDCARD,
        "*.example.com",
      ),
    ),
  ];
}

function validatePath(entry: HTTPIngressPath, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const given = entry.path ?? "";
  if (!entry.pathType) errors.push(required(`${path}.pathType`, "pathType must be specified"));
  else if (!PATH_TYPES.includes(entry.pathType)) errors.push(notSupported(`${path}.pathType`, entry.pathType, PATH_TYPES));
  else if (entry.pathType === "ImplementationSpecific") {
    if (given && !given.startsWith("/")) errors.push(invalid(`${path}.path`, given, "must be an absolute path"));
  } else {
    if (!given.startsWith("/")) errors.push(invalid(`${path}.path`, given, "must be an absolute path"));
    for (const bad of BAD_IN_PATHS) if (given.includes(bad)) errors.push(invalid(`${path}.path`, given, `must not contain '${bad}'`));
    for (const bad of BAD_AT_END) if (given.endsWith(bad)) errors.push(invalid(`${path}.path`, given, `cannot end with '${bad}'`));
  }
  return [...errors, ...validateBackend(entry.backend, `${path}.backend`)];
}

function validateBackend(backend: IngressBackend | undefined, path: string): FieldError[] {
  const { service, resource } = backend ?? {};
  if (resource && service) return [invalid(path, "", "cannot set both resource and service backends")];
  if (resource) return [];
  if (!service) return [required(path, "resource or service backend is required")];
  const errors: FieldError[] = [];
  if (!service.name) errors.push(required(`${path}.service.name`));
  else for (const message of isDns1035Label(service.name)) errors.push(invalid(`${path}.service.name`, service.name, message));
  const { name = "", number = 0 } = service.port ?? {};
  if (name && number) errors.push(invalid(path, "", "cannot set both port name & port number"));
  else if (name) for (const message of isPortName(name)) errors.push(invalid(`${path}.service.port.name`, name, message));
  else if (number) for (const message of isPortNumber(number)) errors.push(invalid(`${path}.service.port.number`, number, message));
  else errors.push(required(path, "port name or number is required"));
  return errors;
}
