import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  EphemeralContainer,
  Pod,
  VolumeMountStatus,
} from "../../api/generated/core-v1.ts";
import { isSidecar, supplementalGroups } from "../../api/pod-facts.ts";
import { rfc3339 } from "../../util/clock.ts";
import { RUNTIME_SCHEME } from "../options.ts";
import type { ContainerRun } from "../pod-containers.ts";

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

export interface ContainerFacts {
  readonly latest: ContainerRun | undefined;
  readonly previous: ContainerRun | undefined;
  /** What keeps it from being started. */
  readonly startError: Waiting | undefined;
  /** Of a container that never ran. */
  readonly defaultWaiting: Waiting;
  readonly ready: boolean;
  readonly started: boolean;
  /** Whether it will run again after it has exited. */
  readonly restarts: boolean;
}

/** Upstream: pkg/kubelet/kubelet_pods.go convertToAPIContainerStatuses */
export function containerStatus(pod: Pod, container: Container | EphemeralContainer, facts: ContainerFacts): ContainerStatus {
  const { latest, previous, startError, defaultWaiting } = facts;
  const volumeMounts = volumeMountsOf(container);
  const mounts = volumeMounts.length > 0 ? { volumeMounts } : {};
  if (!latest) {
    return {
      name: container.name,
      state: { waiting: startError ?? defaultWaiting },
      lastState: {},
      ready: false,
      restartCount: 0,
      image: container.image ?? "",
      imageID: "",
      started: false,
      ...mounts,
    };
  }
  const held = latest.state === "exited" && facts.restarts ? startError : undefined;
  const state: ContainerState = held ? { waiting: held } : stateOf(latest);
  const last = held ? latest : previous;
  return {
    name: container.name,
    state,
    lastState: last && last.state === "exited" ? { terminated: terminated(last) } : {},
    ready: facts.ready,
    restartCount: latest.attempt,
    image: latest.image,
    imageID: latest.imageId,
    containerID: RUNTIME_SCHEME + latest.id,
    started: facts.started,
    ...resourcesOf(pod, container, latest),
    ...mounts,
    user: { linux: userOf(pod, container, latest.user) },
  };
}

function stateOf(run: ContainerRun): ContainerState {
  if (run.state === "running") return { running: { startedAt: rfc3339(run.startedAtMs) } };
  if (run.state === "exited") return { terminated: terminated(run) };
  return { waiting: { reason: "ContainerCreating" } };
}

function terminated(run: ContainerRun): ContainerStateTerminated {
  return {
    exitCode: run.exitCode,
    ...(run.reason ? { reason: run.reason } : {}),
    ...(run.message ? { message: run.message } : {}),
    startedAt: rfc3339(run.startedAtMs),
    finishedAt: rfc3339(run.finishedAtMs),
    containerID: RUNTIME_SCHEME + run.id,
  };
}

/** What was set aside and what it runs with, of containers that can be resized. Upstream: convertContainerStatusResources */
function resourcesOf(
  { spec }: Pod,
  container: Container | EphemeralContainer,
  run: ContainerRun,
): Pick<ContainerStatus, "resources" | "allocatedResources"> {
  if (!spec.containers.includes(container as Container) && !isSidecar(container)) return {};
  const requests = container.resources?.requests;
  return {
    ...(requests && Object.keys(requests).length > 0 ? { allocatedResources: requests } : {}),
    resources: run.state === "running" ? run.resources : (container.resources ?? {}),
  };
}

function volumeMountsOf(container: Container | EphemeralContainer): VolumeMountStatus[] {
  return (container.volumeMounts ?? []).map(({ mountPath, name, readOnly }) => ({
    mountPath,
    name,
    ...(readOnly ? { readOnly: true, recursiveReadOnly: "Disabled" } : {}),
  }));
}

function userOf(pod: Pod, container: Container | EphemeralContainer, imageUser: string) {
  const [imageUid, imageGid] = imageUser.split(":").map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  const uid = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser ?? imageUid ?? 0;
  const gid = container.securityContext?.runAsGroup ?? pod.spec.securityContext?.runAsGroup ?? imageGid ?? 0;
  const groups = new Set([gid, ...supplementalGroups(pod)]);
  return { gid, supplementalGroups: [...groups].sort((a, b) => a - b), uid };
}
