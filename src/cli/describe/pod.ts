import type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvVar,
  EnvVarSource,
  Pod,
  PodSpec,
  Probe,
  Toleration,
  VolumeMount,
} from "../../api/generated/core-v1.ts";
import { ageOf, goDuration } from "../../api/duration.ts";
import { MIRROR_ANNOTATION } from "../pods/pods.ts";
import { eventsOf, writeEvents } from "./events.ts";
import type { Described } from "./describe-object.ts";
import { writeVolumes } from "./volume.ts";
import { DescribeWriter, goTime, selectorText, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.PodDescriber */
export async function describePod({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const pod = object as unknown as Pod;
  const metadata = object.metadata;
  // The kubelet writes events about a static pod under the name that it has for it.
  const events = await eventsOf(
    showEvents && client,
    { name: metadata.name, namespace: metadata.namespace, uid: metadata.annotations?.[MIRROR_ANNOTATION] ?? metadata.uid },
    metadata.namespace,
  );
  const writer = new DescribeWriter();
  writeHead(writer, pod, nowMs);
  const spec = pod.spec as PodSpec;
  const statuses = pod.status ?? {};
  if (spec.initContainers?.length)
    writeContainers(writer, "Init Containers", spec.initContainers, statuses.initContainerStatuses ?? [], pod);
  writeContainers(writer, "Containers", spec.containers ?? [], statuses.containerStatuses ?? [], pod);
  if (spec.ephemeralContainers?.length)
    writeContainers(
      writer,
      "Ephemeral Containers",
      spec.ephemeralContainers as unknown as Container[],
      statuses.ephemeralContainerStatuses ?? [],
      pod,
    );
  for (const gate of [spec.readinessGates ?? []]) {
    if (gate.length === 0) continue;
    writer.line(0, "Readiness Gates:");
    writer.line(1, "Type\tStatus");
    for (const { conditionType } of gate)
      writer.line(1, `${conditionType} \t${statuses.conditions?.find(({ type }) => type === conditionType)?.status ?? "<none>"} `);
  }
  if (statuses.conditions?.length) {
    writer.line(0, "Conditions:");
    writer.line(1, "Type\tStatus");
    for (const { type, status } of statuses.conditions) writer.line(1, `${type} \t${status} `);
  }
  writeVolumes(writer, spec.volumes);
  writer.line(0, `QoS Class:\t${statuses.qosClass ?? ""}`);
  writeLabels(writer, "Node-Selectors", spec.nodeSelector);
  writeTolerations(writer, spec.tolerations);
  writeTopologySpread(writer, spec.topologySpreadConstraints);
  writeEvents(writer, events, nowMs);
  return writer.render();
}

function writeHead(writer: DescribeWriter, pod: Pod, nowMs: number): void {
  const { metadata, spec, status } = pod as Required<Pod>;
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  if (spec.priority !== undefined) {
    writer.line(0, `Priority:\t${spec.priority}`);
    if (spec.priorityClassName) writer.line(0, `Priority Class Name:\t${spec.priorityClassName}`);
  }
  if (spec.runtimeClassName) writer.line(0, `Runtime Class Name:\t${spec.runtimeClassName}`);
  if (spec.serviceAccountName) writer.line(0, `Service Account:\t${spec.serviceAccountName}`);
  writer.line(0, spec.nodeName ? `Node:\t${spec.nodeName}/${status?.hostIP ?? ""}` : "Node:\t<none>");
  if (status?.startTime) writer.line(0, `Start Time:\t${goTime(status.startTime)}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  if (metadata.deletionTimestamp && status?.phase !== "Failed" && status?.phase !== "Succeeded") {
    writer.line(0, `Status:\tTerminating (lasts ${ageOf(metadata.deletionTimestamp, nowMs)})`);
    writer.line(0, `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds}s`);
  } else writer.line(0, `Status:\t${status?.phase ?? ""}`);
  if (status?.reason) writer.line(0, `Reason:\t${status.reason}`);
  if (status?.message) writer.line(0, `Message:\t${status.message}`);
  const seccomp = spec.securityContext?.seccompProfile;
  if (seccomp) writer.line(0, `SeccompProfile:\t${seccomp.type}`);
  if (seccomp?.type === "Localhost") writer.line(0, `LocalhostProfile:\t${seccomp.localhostProfile ?? ""}`);
  writer.line(0, `IP:\t${status?.podIP ?? ""}`);
  if (!status?.podIPs?.length) writer.line(0, "IPs:\t<none>");
  else {
    writer.line(0, "IPs:");
    for (const { ip } of status.podIPs) writer.line(1, `IP:\t${ip}`);
  }
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  if (controller) writer.line(0, `Controlled By:\t${controller.kind}/${controller.name}`);
  if (status?.nominatedNodeName) writer.line(0, `NominatedNodeName:\t${status.nominatedNodeName}`);
  if (spec.resources) {
    writer.line(0, "Resources:");
    writeResources(writer, spec.resources, 1);
  }
}

/** Also for pod templates, which have no statuses. Upstream: describeContainers */
export function writeContainers(
  writer: DescribeWriter,
  title: string,
  containers: readonly Container[],
  statuses: readonly ContainerStatus[],
  pod: Pod | undefined,
  level = 0,
): void {
  writer.line(level, containers.length === 0 ? `${title}:\t<none>` : `${title}:`);
  for (const container of containers) {
    const status = statuses.find(({ name }) => name === container.name);
    // Inside a template the name moves by one space, and what follows not at all.
    writer.line(1, `${level > 0 ? " " : ""}${container.name}:`);
    writeBasics(writer, container, status, 2);
    writeCommand(writer, container, 2);
    if (status) writeStates(writer, status, 2);
    writeResources(writer, container.resources, 2);
    if (container.livenessProbe) writer.line(2, `Liveness:\t${probeText(container.livenessProbe)}`);
    if (container.readinessProbe) writer.line(2, `Readiness:\t${probeText(container.readinessProbe)}`);
    if (container.startupProbe) writer.line(2, `Startup:\t${probeText(container.startupProbe)}`);
    writeEnvFrom(writer, container, 2);
    writeEnv(writer, container, pod, 2);
    writeMounts(writer, container.volumeMounts ?? [], 2);
    const devices = [...(container.volumeDevices ?? [])].sort((a, b) => (a.devicePath < b.devicePath ? -1 : 1));
    if (devices.length > 0) writer.line(2, container.volumeMounts?.length ? "Devices:" : "Devices:\t<none>");
    for (const { devicePath, name } of devices) writer.line(3, `${devicePath} from ${name}`);
  }
}

function writeBasics(writer: DescribeWriter, container: Container, status: ContainerStatus | undefined, level: number): void {
  if (status) writer.line(level, `Container ID:\t${status.containerID ?? ""}`);
  writer.line(level, `Image:\t${container.image ?? ""}`);
  if (status) writer.line(level, `Image ID:\t${status.imageID}`);
  const ports = container.ports ?? [];
  const plural = ports.length > 1 ? "s" : "";
  writer.line(
    level,
    `Port${plural}:\t${ports.length === 0 ? "<none>" : ports.map((port) => `${port.containerPort}/${port.protocol ?? "TCP"}${port.name ? ` (${port.name})` : ""}`).join(", ")}`,
  );
  writer.line(
    level,
    `Host Port${plural}:\t${ports.length === 0 ? "<none>" : ports.map((port) => `${port.hostPort ?? 0}/${port.protocol ?? "TCP"}${port.name ? ` (${port.name})` : ""}`).join(", ")}`,
  );
  const seccomp = container.securityContext?.seccompProfile;
  if (seccomp) writer.line(level, `SeccompProfile:\t${seccomp.type}`);
  if (seccomp?.type === "Localhost") writer.line(level + 1, `LocalhostProfile:\t${seccomp.localhostProfile ?? ""}`);
}

function writeCommand(writer: DescribeWriter, container: Container, level: number): void {
  for (const [title, words] of [
    ["Command", container.command],
    ["Args", container.args],
  ] as const) {
    if (!words?.length) continue;
    writer.line(level, `${title}:`);
    for (const word of words) for (const line of word.split("\n")) writer.line(level + 1, line);
  }
}

function writeStates(writer: DescribeWriter, status: ContainerStatus, level: number): void {
  writeState(writer, "State", status.state ?? {}, level);
  if (status.lastState?.terminated) writeState(writer, "Last State", status.lastState, level);
  writer.line(level, `Ready:\t${status.ready ? "True" : "False"}`);
  writer.line(level, `Restart Count:\t${status.restartCount ?? 0}`);
}

function writeState(writer: DescribeWriter, title: string, { running, waiting, terminated }: ContainerState, level: number): void {
  if (running) {
    writer.line(level, `${title}:\tRunning`);
    writer.line(level + 1, `Started:\t${goTime(running.startedAt)}`);
  } else if (terminated) {
    writer.line(level, `${title}:\tTerminated`);
    if (terminated.reason) writer.line(level + 1, `Reason:\t${terminated.reason}`);
    if (terminated.message) writer.line(level + 1, `Message:\t${terminated.message}`);
    writer.line(level + 1, `Exit Code:\t${terminated.exitCode ?? 0}`);
    if (terminated.signal) writer.line(level + 1, `Signal:\t${terminated.signal}`);
    writer.line(level + 1, `Started:\t${goTime(terminated.startedAt)}`);
    writer.line(level + 1, `Finished:\t${goTime(terminated.finishedAt)}`);
  } else {
    writer.line(level, `${title}:\tWaiting`);
    if (waiting?.reason) writer.line(level + 1, `Reason:\t${waiting.reason}`);
  }
}

function writeResources(writer: DescribeWriter, resources: Container["resources"], level: number): void {
  for (const [title, list] of [
    ["Limits", resources?.limits],
    ["Requests", resources?.requests],
  ] as const) {
    const entries = Object.entries(list ?? {}).sort();
    if (entries.length === 0) continue;
    writer.line(level, `${title}:`);
    for (const [name, quantity] of entries) writer.line(level + 1, `${name}:\t${String(quantity)}`);
  }
}

/** http-get http://:8080/ delay=0s timeout=1s period=10s #success=1 #failure=3 */
export function probeText(probe: Probe): string {
  const times = `delay=${probe.initialDelaySeconds ?? 0}s timeout=${probe.timeoutSeconds ?? 0}s period=${probe.periodSeconds ?? 0}s #success=${probe.successThreshold ?? 0} #failure=${probe.failureThreshold ?? 0}`;
  if (probe.exec) return `exec [${(probe.exec.command ?? []).join(" ")}] ${times}`;
  if (probe.httpGet) {
    const { host, path, port, scheme } = probe.httpGet;
    return `http-get ${(scheme ?? "HTTP").toLowerCase()}://${host ?? ""}:${port}${escapedPath(path ?? "")} ${times}`;
  }
  if (probe.tcpSocket) return `tcp-socket ${probe.tcpSocket.host ?? ""}:${probe.tcpSocket.port} ${times}`;
  if (probe.grpc) return `grpc <pod>:${probe.grpc.port} ${probe.grpc.service ?? ""} ${times}`;
  return `unknown ${times}`;
}

/** As Go's URL writes a path. */
const escapedPath = (path: string) =>
  (path === "" || path.startsWith("/") ? path : `/${path}`).replace(/[^\w\-.~$&+,/:;=@]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );

function writeEnvFrom(writer: DescribeWriter, container: Container, level: number): void {
  if (!container.envFrom?.length) return;
  writer.line(level, "Environment Variables from:");
  for (const source of container.envFrom) {
    const [from, reference] = source.configMapRef ? ["ConfigMap", source.configMapRef] : ["Secret", source.secretRef];
    const prefix = source.prefix ? ` with prefix '${source.prefix}'` : "";
    writer.line(level + 1, `${reference?.name ?? ""}\t${from}${prefix}\tOptional: ${reference?.optional ?? false}`);
  }
}

function writeEnv(writer: DescribeWriter, container: Container, pod: Pod | undefined, level: number): void {
  if (!container.env?.length) return writer.line(level, "Environment:\t<none>");
  writer.line(level, "Environment:");
  for (const variable of container.env) {
    if (variable.valueFrom) writer.line(level + 1, `${variable.name}:\t${envSource(variable.valueFrom, container, pod)}`);
    else
      (variable.value ?? "")
        .split("\n")
        .forEach((line, index) => writer.line(level + 1, index === 0 ? `${variable.name}:\t${line}` : `\t${line}`));
  }
}

function envSource(source: EnvVarSource, container: Container, pod: Pod | undefined): string {
  if (source.fieldRef) {
    const value = pod ? fieldValue(pod, source.fieldRef.fieldPath) : "";
    return `${value} (${source.fieldRef.apiVersion ?? "v1"}:${source.fieldRef.fieldPath})`;
  }
  if (source.resourceFieldRef) {
    const [kind = "", name = ""] = source.resourceFieldRef.resource.split(".");
    const list = kind === "limits" ? container.resources?.limits : container.resources?.requests;
    const { resource, divisor } = source.resourceFieldRef;
    const value = resourceValue(list as Record<string, unknown> | undefined, name, divisor as string | undefined);
    const ofNode = value === "0" && (resource === "limits.cpu" || resource === "limits.memory");
    return `${ofNode ? "node allocatable" : value} (${resource})`;
  }
  if (source.secretKeyRef)
    return `<set to the key '${source.secretKeyRef.key}' in secret '${source.secretKeyRef.name}'>\tOptional: ${source.secretKeyRef.optional ?? false}`;
  if (source.configMapKeyRef)
    return `<set to the key '${source.configMapKeyRef.key}' of config map '${source.configMapKeyRef.name}'>\tOptional: ${source.configMapKeyRef.optional ?? false}`;
  return "";
}

function resourceValue(list: Readonly<Record<string, unknown>> | undefined, name: string, divisor: string | undefined): string {
  const text = list?.[name];
  if (text === undefined) return "0";
  const number = (value: string) => {
    const match = /^([\d.]+)(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/.exec(value);
    const factor: Record<string, number> = {
      m: 1e-3,
      k: 1e3,
      Ki: 2 ** 10,
      M: 1e6,
      Mi: 2 ** 20,
      G: 1e9,
      Gi: 2 ** 30,
      T: 1e12,
      Ti: 2 ** 40,
    };
    return Number(match?.[1] ?? 0) * (match?.[2] ? (factor[match[2]] ?? 1) : 1);
  };
  const unit = divisor && divisor !== "0" ? number(divisor) : 1;
  return String(Math.ceil(number(String(text)) / unit - 1e-9));
}

function fieldValue(pod: Pod, path: string): string {
  const { metadata, spec, status } = pod as Required<Pod>;
  const known: Record<string, string | undefined> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
  };
  void [spec, status];
  // kubectl cannot look up metadata.labels['x'] either: it shows nothing.
  return known[path] ?? "";
}

function writeMounts(writer: DescribeWriter, mounts: readonly VolumeMount[], level: number): void {
  if (mounts.length === 0) return writer.line(level, "Mounts:\t<none>");
  writer.line(level, "Mounts:");
  for (const mount of [...mounts].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1))) {
    const flags = [mount.readOnly ? "ro" : "rw", ...(mount.subPath ? [`path=${JSON.stringify(mount.subPath)}`] : [])];
    writer.line(level + 1, `${mount.mountPath} from ${mount.name} (${flags.join(",")})`);
  }
}

export function writeTopologySpread(writer: DescribeWriter, constraints: PodSpec["topologySpreadConstraints"], level = 0): void {
  const sorted = [...(constraints ?? [])].sort((a, b) => (a.topologyKey < b.topologyKey ? -1 : a.topologyKey > b.topologyKey ? 1 : 0));
  for (const [index, { topologyKey, whenUnsatisfiable, maxSkew, labelSelector }] of sorted.entries()) {
    const selector = labelSelector ? ` for selector ${selectorText(labelSelector)}` : "";
    const text = `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded${selector}`;
    writer.line(level, `${index === 0 ? "Topology Spread Constraints:" : ""}\t${text}`);
  }
}

export function writeTolerations(writer: DescribeWriter, tolerations: readonly Toleration[] | undefined, level = 0): void {
  const sorted = [...(tolerations ?? [])].sort((a, b) => ((a.key ?? "") < (b.key ?? "") ? -1 : (a.key ?? "") > (b.key ?? "") ? 1 : 0));
  const texts = sorted.map((each) => {
    const effect = each.effect ? `:${each.effect}` : "";
    const value = each.value ? `=${each.value}` : "";
    const operator = each.operator === "Exists" && !each.value ? (each.key || each.effect ? " op=Exists" : "op=Exists") : "";
    const seconds =
      each.tolerationSeconds === undefined || each.tolerationSeconds === null
        ? ""
        : ` for ${goDuration(each.tolerationSeconds * 1000).replace(/^(\d+)m0s$/, (_, minutes) => `${Number(minutes) * 60}s`)}`;
    return `${each.key ?? ""}${value}${effect}${operator}${seconds}`;
  });
  if (texts.length === 0) return writer.line(level, "Tolerations:\t<none>");
  texts.forEach((text, index) => writer.line(index === 0 ? level : 0, `${index === 0 ? "Tolerations:" : ""}\t${text}`));
}

export type { EnvVar };
