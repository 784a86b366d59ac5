import type { Container, PodSpec, Probe, Volume } from "../../generated/core-v1.ts";
import { isSidecar } from "../../pod-facts.ts";

/** Fills in a pod's or a template's defaults. Upstream: pkg/apis/core/v1/defaults.go, zz_generated.defaults.go */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ??= "ClusterFirst";
  spec.restartPolicy ??= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ??= "default-scheduler";
  for (const container of spec.initContainers ?? []) setContainerDefaults(container, spec, isSidecar(container));
  for (const container of spec.containers ?? []) setContainerDefaults(container, spec, true);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container as Container, spec, true);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
}

/** Only a pod itself, not a template, has these. */
export function setPodOnlyDefaults(spec: PodSpec): void {
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    const limits = container.resources?.limits;
    if (!limits || !container.resources) continue;
    // A limit without a request is the request too.
    container.resources.requests ??= {};
    for (const [name, limit] of Object.entries(limits)) container.resources.requests[name] ??= limit;
  }
}

function setContainerDefaults(container: Container, spec: PodSpec, runs: boolean): void {
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? "");
  container.resources ??= {};
  for (const port of container.ports ?? []) {
    port.protocol ||= "TCP";
    if (spec.hostNetwork && !port.hostPort) port.hostPort = port.containerPort;
  }
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ||= "v1";
    if (variable.valueFrom?.resourceFieldRef) variable.valueFrom.resourceFieldRef.divisor ??= "0";
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe && runs) setProbeDefaults(probe);
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) if (hook?.httpGet) setHttpGetDefaults(hook.httpGet);
  for (const mount of container.volumeMounts ?? []) if (mount.readOnly === false) delete mount.readOnly;
}

function defaultPullPolicy(image: string): string {
  if (image.includes("@")) return "IfNotPresent";
  const last = image.slice(image.lastIndexOf("/") + 1);
  const tag = last.includes(":") ? last.slice(last.indexOf(":") + 1) : "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) setHttpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function setHttpGetDefaults(get: NonNullable<Probe["httpGet"]>): void {
  get.path ||= "/";
  get.scheme ||= "HTTP";
}

const SOURCES_WITH_MODE = ["secret", "configMap", "downwardAPI", "projected"] as const;

function setVolumeDefaults(volume: Volume): void {
  const fields = volume as unknown as Record<string, unknown>;
  if (!Object.keys(fields).some((key) => key !== "name")) volume.emptyDir = {};
  for (const source of SOURCES_WITH_MODE) {
    const value = volume[source];
    if (value) value.defaultMode ??= 0o644;
  }
  if (volume.hostPath) volume.hostPath.type ??= "";
  for (const item of volume.downwardAPI?.items ?? []) {
    if (item.fieldRef) item.fieldRef.apiVersion ||= "v1";
    if (item.resourceFieldRef) item.resourceFieldRef.divisor ??= "0";
  }
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    for (const item of source.downwardAPI?.items ?? []) {
      if (item.fieldRef) item.fieldRef.apiVersion ||= "v1";
      if (item.resourceFieldRef) item.resourceFieldRef.divisor ??= "0";
    }
  }
  if (volume.iscsi) volume.iscsi.iscsiInterface ||= "default";
}
