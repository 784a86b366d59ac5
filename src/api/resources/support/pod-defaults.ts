import type { Container, PersistentVolumeSpec, PodSpec, Probe, Volume } from "../../generated/core-v1.ts";

/** Fills in a pod's or a template's defaults. Upstream: pkg/apis/core/v1/defaults.go, zz_generated.defaults.go */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  if (spec.serviceAccountName) spec.serviceAccount ??= spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])])
    setContainerDefaults(container);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
}

/** Only a pod itself, not a template, has these. Upstream: SetDefaults_Pod */
export function setPodOnlyDefaults(spec: PodSpec): void {
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    if (spec.hostNetwork) for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort;
    const limits = Object.entries(container.resources?.limits ?? {});
    if (limits.length === 0 || !container.resources) continue;
    // A limit without a request is the request too.
    container.resources.requests ??= {};
    for (const [name, limit] of limits) container.resources.requests[name] ??= limit;
  }
}

function setContainerDefaults(container: Container): void {
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? "");
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ||= "v1";
    if (variable.valueFrom?.resourceFieldRef) variable.valueFrom.resourceFieldRef.divisor ??= "0";
    if (variable.valueFrom?.fileKeyRef) variable.valueFrom.fileKeyRef.optional ??= false;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe) setProbeDefaults(probe);
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) if (hook?.httpGet) setHttpGetDefaults(hook.httpGet);
  for (const mount of container.volumeMounts ?? []) if (mount.readOnly === false) delete mount.readOnly;
}

/** Upstream: SetDefaults_Container with parsers.ParseImageName; what cannot be parsed has no tag. */
function defaultPullPolicy(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  const [repository = "", tag = "latest"] = last.split(":");
  if (image.includes("@") || /[A-Z]/.test(repository)) return "IfNotPresent";
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
  if (!Object.keys(volume).some((key) => key !== "name")) volume.emptyDir = {};
  for (const source of SOURCES_WITH_MODE) {
    const value = volume[source];
    if (value) value.defaultMode ??= 0o644;
  }
  setSourceDefaults(volume);
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? "");
  if (volume.ephemeral?.volumeClaimTemplate?.spec) volume.ephemeral.volumeClaimTemplate.spec.volumeMode ??= "Filesystem";
  setDownwardDefaults(volume.downwardAPI?.items);
  for (const source of volume.projected?.sources ?? []) {
    // Their feature gates are off in v1.36: an API server drops them without a word.
    // Upstream: pkg/api/pod/util.go, dropDisabledClusterTrustBundleProjection, dropDisabledPodCertificateProjection
    delete source.clusterTrustBundle;
    delete source.podCertificate;
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    setDownwardDefaults(source.downwardAPI?.items);
  }
}

/** What pods' volumes and PersistentVolumes have in common. Upstream: pkg/apis/core/v1/defaults.go */
export function setSourceDefaults({
  hostPath,
  iscsi,
  azureDisk,
  rbd,
  scaleIO,
}: Pick<PersistentVolumeSpec | Volume, "hostPath" | "iscsi" | "azureDisk" | "rbd" | "scaleIO">): void {
  if (hostPath) hostPath.type ??= "";
  if (iscsi) iscsi.iscsiInterface ||= "default";
  if (azureDisk) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.kind ??= "Shared";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
  }
  if (rbd) {
    rbd.pool ||= "rbd";
    rbd.user ||= "admin";
    rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (scaleIO) {
    scaleIO.storageMode ||= "ThinProvisioned";
    scaleIO.fsType ||= "xfs";
  }
}

function setDownwardDefaults(items: NonNullable<Volume["downwardAPI"]>["items"]): void {
  for (const item of items ?? []) {
    if (item.fieldRef) item.fieldRef.apiVersion ||= "v1";
    if (item.resourceFieldRef) item.resourceFieldRef.divisor ??= "0";
  }
}
