import type { Container, EnvVar, EphemeralContainer, Service } from "../api/generated/core-v1.ts";
import { fieldValue, type PodFacts, resourceValue } from "./downward-api.ts";
import type { Lookups } from "./lookups.ts";
import { StartError } from "./start-error.ts";

export interface EnvironmentSources extends PodFacts {
  readonly lookups: Lookups;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly serviceIP: string;
}

export type Variable = { readonly name: string; readonly value: string };

/** The environment of a container: envFrom, then env, then what services give. Throws StartError. Upstream: pkg/kubelet/kubelet_pods.go makeEnvironmentVariables */
export function makeEnvironment(container: Container | EphemeralContainer, sources: EnvironmentSources): Variable[] {
  const services = serviceVariables(sources);
  const own = new Map<string, string>();
  for (const [name, value] of environmentFrom(container, sources)) own.set(name, value);
  const known = (name: string) => own.get(name) ?? services.get(name);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom ? valueFrom(variable, container, sources) : expand(variable.value ?? "", known);
    if (value !== undefined) own.set(variable.name, value);
  }
  for (const [name, value] of services) if (!own.has(name)) own.set(name, value);
  return [...own].map(([name, value]) => ({ name, value }));
}

/** `$(NAME)` becomes the value when it is known; `$$` is a dollar. Upstream: third_party/forked/golang/expansion */
export function expand(text: string, value: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, next: string, name: string) => (next === "$" ? "$" : (value(name) ?? whole)));
}

function* environmentFrom(container: Container | EphemeralContainer, { pod, lookups }: EnvironmentSources): Generator<[string, string]> {
  const { namespace = "" } = pod.metadata;
  for (const { configMapRef, secretRef, prefix = "" } of container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef;
    if (!ref) continue;
    const key = `${namespace}/${ref.name}`;
    const data = configMapRef ? configMapTexts(lookups, key) : secretTexts(lookups, key);
    if (data) for (const [name, value] of Object.entries(data)) yield [prefix + name, value];
    else missing(ref.optional, `${configMapRef ? "configmap" : "secret"} "${ref.name}" not found`);
  }
}

function configMapTexts(lookups: Lookups, key: string): Readonly<Record<string, string>> | undefined {
  const configMap = lookups.configMaps.find(key);
  return configMap && (configMap.data ?? {});
}

function secretTexts(lookups: Lookups, key: string): Readonly<Record<string, string>> | undefined {
  const secret = lookups.secrets.find(key);
  return (
    secret &&
    Object.fromEntries(Object.entries(secret.data ?? {}).map(([name, value]) => [name, Buffer.from(value, "base64").toString("utf8")]))
  );
}

/** Undefined: the variable is optional and not there. */
function valueFrom(variable: EnvVar, container: Container | EphemeralContainer, sources: EnvironmentSources): string | undefined {
  const { pod, lookups, allocatable } = sources;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = variable.valueFrom ?? {};
  if (fieldRef) return fieldValue(sources, fieldRef.fieldPath);
  if (resourceFieldRef) return resourceValue(pod, resourceFieldRef, container.name, allocatable);
  if (fileKeyRef) throw new StartError("CreateContainerConfigError", `environment variable ${variable.name}: fileKeyRef is not simulated`);
  const ref = configMapKeyRef ?? secretKeyRef;
  if (!ref) return "";
  const { name = "", key, optional } = ref;
  const { namespace = "" } = pod.metadata;
  const data = configMapKeyRef ? configMapTexts(lookups, `${namespace}/${name}`) : secretTexts(lookups, `${namespace}/${name}`);
  if (!data) return missing(optional, `${configMapKeyRef ? "configmap" : "secret"} "${name}" not found`);
  return data[key] ?? missing(optional, `couldn't find key ${key} in ${configMapKeyRef ? "ConfigMap" : "Secret"} ${namespace}/${name}`);
}

function missing(optional: boolean | undefined, message: string): undefined {
  if (!optional) throw new StartError("CreateContainerConfigError", message);
}

/** Of the namespace's services, and of default/kubernetes for everybody. Upstream: pkg/kubelet/envvars */
function serviceVariables({ pod, lookups, serviceIP }: EnvironmentSources): Map<string, string> {
  const master = lookups.services.find("default/kubernetes");
  const chosen = new Map<string, Service>(master ? [["kubernetes", master]] : []);
  if (pod.spec.enableServiceLinks !== false) {
    for (const service of lookups.services.inNamespace(pod.metadata.namespace ?? "")) chosen.set(service.metadata.name, service);
  }
  const variables = new Map<string, string>();
  if (!master) addService(variables, "kubernetes", serviceIP, [{ name: "https", port: 443, protocol: "TCP" }]);
  for (const { metadata, spec } of chosen.values()) {
    if (spec.clusterIP && spec.clusterIP !== "None") addService(variables, metadata.name, spec.clusterIP, spec.ports ?? []);
  }
  return variables;
}

function addService(
  variables: Map<string, string>,
  name: string,
  ip: string,
  ports: readonly { name?: string; port: number; protocol?: string }[],
): void {
  const upper = (text: string) => text.toUpperCase().replaceAll("-", "_");
  const prefix = upper(name);
  const [first] = ports;
  if (!first) return;
  variables.set(`${prefix}_SERVICE_HOST`, ip);
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const port of ports) if (port.name) variables.set(`${prefix}_SERVICE_PORT_${upper(port.name)}`, String(port.port));
  for (const { port, protocol = "TCP" } of ports) {
    const url = `${protocol.toLowerCase()}://${ip}:${port}`;
    if (!variables.has(`${prefix}_PORT`)) variables.set(`${prefix}_PORT`, url);
    const portPrefix = `${prefix}_PORT_${port}_${protocol}`;
    variables.set(portPrefix, url);
    variables.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${portPrefix}_PORT`, String(port));
    variables.set(`${portPrefix}_ADDR`, ip);
  }
}
