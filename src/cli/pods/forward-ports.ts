import type { Service } from "../../api/generated/core-v1.ts";
import type { LivePod } from "./pods.ts";

export interface PortPair {
  readonly local: number;
  readonly remote: number;
}

/** `8080:http` with the number that its remote name stands for. Upstream: portforward.go convertPodNamedPortToNumber */
export function podPorts(specs: readonly string[], pod: LivePod): string[] {
  const named = (name: string) => namedContainerPort(pod, name);
  refuseUdp(
    specs,
    (pod.spec.containers ?? []).flatMap(({ ports = [] }) =>
      ports.map(({ containerPort, protocol }) => ({ port: containerPort, protocol })),
    ),
    named,
  );
  return specs.map((spec) => {
    const [local, remote] = halves(spec);
    if (remote === "") throw new Error("remote port cannot be empty");
    const port = isNumber(remote) ? remote : String(named(remote));
    return local === remote ? port : `${local}:${port}`;
  });
}

/** A service's ports as those of a pod behind it. Upstream: portforward.go translateServicePortToTargetPort */
export function servicePorts(specs: readonly string[], service: Service, pod: LivePod): string[] {
  const named = (name: string): number => {
    const port = service.spec?.ports?.find((each) => each.name === name);
    if (!port) throw new Error(`Service '${service.metadata?.name}' does not have a named port '${name}'`);
    return port.port;
  };
  refuseUdp(specs, service.spec?.ports ?? [], named);
  return specs.map((spec) => {
    const [given, remote] = halves(spec);
    const port = isNumber(remote) ? Number(remote) : named(remote);
    const local = given === remote ? String(port) : given;
    const target = String(targetOf(service, pod, port));
    return local === target ? target : `${local}:${target}`;
  });
}

/** Upstream: client-go/tools/portforward parsePorts */
export function parsePorts(specs: readonly string[]): PortPair[] {
  return specs.map((spec) => {
    const parts = spec.split(":");
    if (parts.length > 2) throw new Error(`invalid port format '${spec}'`);
    const [first = "", second = first] = parts;
    const local = parsePort(parts.length === 2 && first === "" ? "0" : first, "local");
    const remote = parsePort(second, "remote");
    if (remote === 0) throw new Error("remote port must be > 0");
    return { local, remote };
  });
}

/** `localhost` is both loopbacks, of which one is enough. Upstream: client-go/tools/portforward parseAddresses */
export function parseAddresses(addresses: readonly string[]): { readonly address: string; readonly needed: boolean }[] {
  const parsed = new Map<string, boolean>();
  for (const address of addresses) {
    if (address === "localhost") for (const loopback of ["127.0.0.1", "::1"]) parsed.set(loopback, parsed.get(loopback) ?? false);
    else if (isIp(address)) parsed.set(address, true);
    else throw new Error(`${address} is not a valid IP`);
  }
  return [...parsed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([address, needed]) => ({ address, needed }));
}

const isNumber = (text: string) => /^[+-]?\d+$/.test(text);
const isIp = (text: string) =>
  /^(\d{1,3}\.){3}\d{1,3}$/.test(text) ? text.split(".").every((part) => Number(part) < 256) : /^[\da-f:]*:[\da-f:.]*$/i.test(text);

function halves(spec: string): [string, string] {
  const parts = spec.split(":");
  const [first = "", second = ""] = parts;
  return parts.length === 2 ? [first, second] : [first, first];
}

function parsePort(text: string, side: "local" | "remote"): number {
  const digits = /^\d+$/.test(text);
  if (digits && Number(text) < 65_536) return Number(text);
  throw new Error(
    `error parsing ${side} port '${text}': strconv.ParseUint: parsing ${JSON.stringify(text)}: ${digits ? "value out of range" : "invalid syntax"}`,
  );
}

function namedContainerPort(pod: LivePod, name: string): number {
  const port = (pod.spec.containers ?? []).flatMap(({ ports = [] }) => ports).find((each) => each.name === name);
  if (!port) throw new Error(`Pod '${pod.metadata.name}' does not have a named port '${name}'`);
  return port.containerPort;
}

function targetOf({ metadata, spec }: Service, pod: LivePod, wanted: number): number {
  const port = spec?.ports?.find((each) => each.port === wanted);
  if (!port) throw new Error(`Service ${metadata?.name} does not have a service port ${wanted}`);
  if (spec?.clusterIP === "None") return wanted;
  const { targetPort } = port;
  return typeof targetPort === "string" ? namedContainerPort(pod, targetPort) : targetPort || port.port;
}

interface DeclaredPort {
  readonly port: number;
  readonly protocol?: string | undefined;
}

function refuseUdp(specs: readonly string[], ports: readonly DeclaredPort[], named: (name: string) => number): void {
  const speaks = (wanted: string, number: number) => ports.some(({ port, protocol }) => port === number && protocol === wanted);
  for (const spec of specs) {
    const [, remote] = halves(spec);
    const number = isNumber(remote) ? Number(remote) : named(remote);
    if (speaks("UDP", number) && !speaks("TCP", number)) throw new Error(`UDP protocol is not supported for ${remote}`);
  }
}
