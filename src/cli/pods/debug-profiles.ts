import type { Container, EphemeralContainer, Pod } from "../../api/generated/core-v1.ts";

/** What is debugged: a container is added to a pod, a pod is copied, or a pod is made for a node. */
export type DebugStyle = "ephemeral" | "copy" | "node";

export interface Kept {
  readonly labels: boolean;
  readonly annotations: boolean;
  readonly liveness: boolean;
  readonly readiness: boolean;
  readonly startup: boolean;
  readonly initContainers: boolean;
}

type Draft = Pod;
type Profile = (pod: Draft, container: string, style: DebugStyle, kept: Kept) => void;

/** What each profile does to the pod that will be written. Upstream: k8s.io/kubectl/pkg/cmd/debug/profiles.go */
export const PROFILES: Readonly<Record<string, Profile>> = {
  legacy(pod, container, style) {
    if (style === "copy") delete pod.metadata.labels;
    if (style !== "node") return;
    mountRoot(pod, container);
    useHostNamespaces(pod);
  },
  general(pod, container, style, kept) {
    if (style === "node") {
      mountRoot(pod, container);
      clearSecurity(pod, container);
      useHostNamespaces(pod);
      return;
    }
    if (style === "copy") removeAll(pod, kept);
    addCapabilities(pod, container, ["SYS_PTRACE"]);
    if (style === "copy") shareProcesses(pod);
  },
  baseline(pod, container, style, kept) {
    clearSecurity(pod, container);
    if (style === "copy") copyOnly(pod, kept);
  },
  restricted(pod, container, style, kept) {
    clearSecurity(pod, container);
    change(pod, container, {
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] },
      allowPrivilegeEscalation: false,
      seccompProfile: { type: "RuntimeDefault" },
    });
    if (style === "copy") copyOnly(pod, kept);
  },
  netadmin(pod, container, style, kept) {
    addCapabilities(pod, container, ["NET_ADMIN", "NET_RAW"]);
    if (style === "node") useHostNamespaces(pod);
    if (style === "copy") copyOnly(pod, kept);
  },
  sysadmin(pod, container, style, kept) {
    change(pod, container, { privileged: true });
    if (style === "node") {
      useHostNamespaces(pod);
      mountRoot(pod, container);
    }
    if (style === "copy") copyOnly(pod, kept);
  },
};

function copyOnly(pod: Draft, kept: Kept): void {
  removeAll(pod, kept);
  shareProcesses(pod);
}

function removeAll(pod: Draft, kept: Kept): void {
  if (!kept.labels) delete pod.metadata.labels;
  if (!kept.annotations) delete pod.metadata.annotations;
  for (const container of pod.spec.containers) {
    if (!kept.liveness) delete container.livenessProbe;
    if (!kept.readiness) delete container.readinessProbe;
    if (!kept.startup) delete container.startupProbe;
  }
  if (!kept.initContainers) delete pod.spec.initContainers;
}

const shareProcesses = (pod: Draft) => {
  pod.spec.shareProcessNamespace ??= true;
};

function useHostNamespaces(pod: Draft): void {
  Object.assign(pod.spec, { hostNetwork: true, hostPID: true, hostIPC: true });
}

function mountRoot(pod: Draft, name: string): void {
  pod.spec.volumes = [...(pod.spec.volumes ?? []), { name: "host-root", hostPath: { path: "/" } }];
  const container = pod.spec.containers.find((each) => each.name === name);
  if (container) container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath: "/host", name: "host-root" }];
}

/** In the order in which upstream visits them. */
function find({ spec }: Draft, name: string): Container | EphemeralContainer | undefined {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].find(
    (container) => container.name === name,
  );
}

function clearSecurity(pod: Draft, name: string): void {
  delete find(pod, name)?.securityContext;
}

function change(pod: Draft, name: string, context: NonNullable<Container["securityContext"]>): void {
  const container = find(pod, name);
  if (container) container.securityContext = { ...container.securityContext, ...context };
}

function addCapabilities(pod: Draft, name: string, added: readonly string[]): void {
  const capabilities = find(pod, name)?.securityContext?.capabilities;
  change(pod, name, { capabilities: { ...capabilities, add: [...(capabilities?.add ?? []), ...added] } });
}
