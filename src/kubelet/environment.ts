import type { ConfigMap, Container, Pod, Secret, Service } from "../api/generated/core-v1.ts";
import { type Allocatable, fieldValue, type PodAddresses, resourceValue } from "./downward-api.ts";

/** A container cannot be configured; the message is the waiting state's. */
export class ContainerConfigError extends Error {
  override readonly name = "ContainerConfigError";
}

/** What the environment is made from. */
export interface EnvironmentSources {
  readonly allocatable: Allocatable;
  readonly addresses: PodAddresses;
  findConfigMap(namespace: string, name: string): ConfigMap | undefined;
  findSecret(namespace: string, name: string): Secret | undefined;
  /** Services of the pod's namespace and the `kubernetes` service. */
  services(namespace: string): readonly Service[];
}

/** The variables of a container, in upstream's order. Throws ContainerConfigError. Upstream: kubelet_pods.go makeEnvironmentVariables */
export function buildEnvironment(pod: Pod, container: Container, sources: EnvironmentSources): { name: string; value: string }[] {
  const variables = new Map<string, string>();
  const services = serviceVariables(pod, sources);
  for (const source of container.envFrom ?? []) {
    const { prefix = "" } = source;
    if (source.configMapRef) for (const [key, value] of Object.entries(configMapData(pod, source.configMapRef, sources) ?? {})) variables.set(prefix + key, value);
    if (source.secretRef) for (const [key, value] of Object.entries(secretData(pod, source.secretRef, sources) ?? {})) variables.set(prefix + key, Buffer.from(value, "base64").toString());
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom ? fromSource(pod, container, variable.valueFrom, sources) : expand(variable.value ?? "", (name) => variables.get(name) ?? services.get(name));
    if (value !== undefined) variables.set(variable.name, value);
  }
  for (const [name, value] of services) if (!variables.has(name)) variables.set(name, value);
  return [...variables].map(([name, value]) => ({ name, value }));
}

/** `$(NAME)` by its value, `$$(NAME)` literally, unknown names left as they are. Upstream: third_party/forked/golang/expansion */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (found, name: string | undefined) => (name === undefined ? "$" : (lookup(name) ?? found)));
}

function fromSource(pod: Pod, container: Container, from: NonNullable<NonNullable<Container["env"]>[number]["valueFrom"]>, sources: EnvironmentSources): string | undefined {
  if (from.fieldRef) return fieldValue(pod, from.fieldRef.fieldPath, sources.addresses) ?? "";
  if (from.resourceFieldRef) {
    const { containerName, resource, divisor } = from.resourceFieldRef;
    const named = containerName ? [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((other) => other.name === containerName) : container;
    if (!named) throw new ContainerConfigError(`container ${JSON.stringify(containerName)} not found`);
    return resourceValue(named, resource, divisor, sources.allocatable);
  }
  if (from.configMapKeyRef) {
    const { key, name = "", optional } = from.configMapKeyRef;
    const data = configMapData(pod, from.configMapKeyRef, sources);
    if (!data) return undefined;
    if (data[key] === undefined && !optional) throw new ContainerConfigError(`couldn't find key ${key} in ConfigMap ${pod.metadata.namespace}/${name}`);
    return data[key];
  }
  if (from.secretKeyRef) {
    const { key, name = "", optional } = from.secretKeyRef;
    const data = secretData(pod, from.secretKeyRef, sources);
    if (!data) return undefined;
    if (data[key] === undefined && !optional) throw new ContainerConfigError(`couldn't find key ${key} in Secret ${pod.metadata.namespace}/${name}`);
    return data[key] === undefined ? undefined : Buffer.from(data[key], "base64").toString();
  }
  return undefined;
}

function configMapData(pod: Pod, { name = "", optional }: { name?: string; optional?: boolean }, sources: EnvironmentSources): Readonly<Record<string, string>> | undefined {
  const map = sources.findConfigMap(pod.metadata.namespace ?? "", name);
  if (!map && !optional) throw new ContainerConfigError(`configmap ${JSON.stringify(name)} not found`);
  return map ? (map.data ?? {}) : undefined;
}

function secretData(pod: Pod, { name = "", optional }: { name?: string; optional?: boolean }, sources: EnvironmentSources): Readonly<Record<string, string>> | undefined {
  const secret = sources.findSecret(pod.metadata.namespace ?? "", name);
  if (!secret && !optional) throw new ContainerConfigError(`secret ${JSON.stringify(name)} not found`);
  return secret ? (secret.data ?? {}) : undefined;
}

/** REDIS_SERVICE_HOST and its kin, also in Docker's old link form. Upstream: pkg/kubelet/envvars */
function serviceVariables(pod: Pod, sources: EnvironmentSources): Map<string, string> {
  const variables = new Map<string, string>();
  for (const service of sources.services(pod.metadata.namespace ?? "")) {
    const isMaster = service.metadata.namespace === "default" && service.metadata.name === "kubernetes";
    if (!isMaster && (pod.spec.enableServiceLinks === false || service.metadata.namespace !== pod.metadata.namespace)) continue;
    const { clusterIP, ports = [] } = service.spec;
    if (!clusterIP || clusterIP === "None" || ports.length === 0) continue;
    const base = service.metadata.name.replaceAll("-", "_").toUpperCase();
    variables.set(`${base}_SERVICE_HOST`, clusterIP);
    variables.set(`${base}_SERVICE_PORT`, String(ports[0]?.port));
    for (const port of ports) if (port.name) variables.set(`${base}_SERVICE_PORT_${port.name.replaceAll("-", "_").toUpperCase()}`, String(port.port));
    for (const [index, port] of ports.entries()) {
      const protocol = port.protocol ?? "TCP";
      const url = `${protocol.toLowerCase()}://${clusterIP}:${port.port}`;
      if (index === 0) variables.set(`${base}_PORT`, url);
      const prefix = `${base}_PORT_${port.port}_${protocol.toUpperCase()}`;
      variables.set(prefix, url);
      variables.set(`${prefix}_PROTO`, protocol.toLowerCase());
      variables.set(`${prefix}_PORT`, String(port.port));
      variables.set(`${prefix}_ADDR`, clusterIP);
    }
  }
  return variables;
}
