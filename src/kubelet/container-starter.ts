import type { Container, EphemeralContainer, Pod } from "../api/generated/core-v1.ts";
import { supplementalGroups } from "../api/pod-facts.ts";
import { messageOf } from "../api/status.ts";
import { goDuration } from "../api/duration.ts";
import { ContainerError, type ContainerConfig, type ImageInfo, type PodSandbox } from "../containers/runtime.ts";
import { expand, makeEnvironment } from "./environment.ts";
import { runHook } from "./hooks.ts";
import type { NodeParts } from "./node-parts.ts";
import { type ContainerRun, hashOf, type PodContainers } from "./pod-containers.ts";
import { runtimeResources } from "./pod-resizer.ts";
import { StartError } from "./start-error.ts";
import type { PayloadSources } from "./volumes/payload.ts";
import type { PodVolumes } from "./volumes/pod-volumes.ts";

export type ContainerEvent = (container: string, type: "Normal" | "Warning", reason: string, message: string) => void;

export interface StartRequest {
  readonly pod: Pod;
  readonly container: Container | EphemeralContainer;
  readonly sandbox: PodSandbox;
  readonly containers: PodContainers;
  readonly volumes: PodVolumes;
  readonly sources: PayloadSources;
  /** The run before, as it was known when the pod was looked at. */
  readonly exited: ContainerRun | undefined;
  readonly emit: ContainerEvent;
  readonly signal: AbortSignal;
  kill(run: ContainerRun, message: string): Promise<void>;
}

/** Pulls, creates and starts one container; rejects with a StartError. Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go startContainer */
export async function startContainer(request: StartRequest, parts: NodeParts): Promise<void> {
  const { pod, container, emit, containers } = request;
  checkBackOff(request, parts);
  const name = container.name;
  let image: ImageInfo;
  try {
    image = await parts.images.ensureImage(pod, container, (type, reason, message) => emit(name, type, reason, message), request.signal);
  } catch (error) {
    if (error instanceof StartError) emit(name, "Warning", "Failed", `Error: ${error.reason}`);
    throw error;
  }
  request.signal.throwIfAborted();
  const latest = containers.latest(name);
  const attempt = latest ? latest.attempt + 1 : 0;
  const id = await create(request, image, attempt, parts);
  containers.add({
    id,
    name,
    attempt,
    hash: hashOf(container),
    image: image.name,
    imageId: image.repoDigest,
    user: image.user,
    resources: container.resources ?? {},
  });
  emit(name, "Normal", "Created", "Container created");
  try {
    await parts.runtime.startContainer(id);
  } catch (error) {
    const message = messageOf(error);
    emit(name, "Warning", "Failed", `Error: ${message}`);
    const run = containers.find(id);
    if (run && run.state !== "exited") {
      containers.settle({
        ...run,
        state: "exited",
        exitCode: error instanceof ContainerError ? error.exitCode : 128,
        reason: "StartError",
        message,
        startedAtMs: 0,
        finishedAtMs: parts.clock.now(),
      });
    }
    // It counts as a run that has failed: the next attempt is due at once, or when the crash loop's back-off is over.
    throw new StartError("RunContainerError", message, parts.clock.now());
  }
  emit(name, "Normal", "Started", "Container started");
  await postStart(request, id, parts);
}

/** Upstream: kuberuntime_manager.go doBackOff */
function checkBackOff({ pod, container, exited, emit }: StartRequest, { crashLoop }: NodeParts): void {
  if (!exited) return;
  const { name, namespace, uid } = pod.metadata;
  const key = `${uid}/${hashOf(container)}`;
  const dueMs = crashLoop.dueSince(key, exited.finishedAtMs);
  if (dueMs === undefined) {
    crashLoop.next(key, exited.finishedAtMs);
    return;
  }
  const podText = `${name}_${namespace}(${uid})`;
  emit(container.name, "Warning", "BackOff", `Back-off restarting failed container ${container.name} in pod ${podText}`);
  throw new StartError(
    "CrashLoopBackOff",
    `back-off ${goDuration(crashLoop.get(key))} restarting failed container=${container.name} pod=${podText}`,
    dueMs,
  );
}

async function create(request: StartRequest, image: ImageInfo, attempt: number, parts: NodeParts): Promise<string> {
  const { container, sandbox, emit } = request;
  try {
    const config = containerConfig(request, image, attempt);
    return await parts.runtime.createContainer(sandbox.id, config);
  } catch (error) {
    if (request.signal.aborted) throw error;
    const message = messageOf(error);
    emit(container.name, "Warning", "Failed", `Error: ${message}`);
    throw error instanceof StartError
      ? error
      : new StartError(error instanceof ContainerError ? "CreateContainerError" : "CreateContainerConfigError", message);
  }
}

/** Upstream: generateContainerConfig, GenerateRunContainerOptions */
function containerConfig(
  { pod, container, containers, sandbox, volumes, sources }: StartRequest,
  image: ImageInfo,
  attempt: number,
): ContainerConfig {
  const env = makeEnvironment(container, sources);
  const values = new Map(env.map(({ name, value }) => [name, value]));
  const value = (name: string) => values.get(name);
  const { securityContext: own } = container;
  const runAsUser = own?.runAsUser ?? pod.spec.securityContext?.runAsUser;
  const nonRoot = own?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  if (nonRoot) checkNonRoot(pod, container, runAsUser, image.user);
  return {
    name: container.name,
    image: container.image ?? "",
    attempt,
    pidNamespaceOf: targetOf(container, containers),
    command: container.command?.map((part) => expand(part, value)),
    args: container.args?.map((part) => expand(part, value)),
    workingDir: container.workingDir || undefined,
    env,
    mounts: volumes.mountsFor(pod, container, attempt, value, sandbox.network),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    readOnlyRootFilesystem: own?.readOnlyRootFilesystem ?? false,
    runAsUser,
    runAsGroup: own?.runAsGroup ?? pod.spec.securityContext?.runAsGroup,
    supplementalGroups: supplementalGroups(pod),
    ...runtimeResources(container),
    stopSignal: container.lifecycle?.stopSignal,
  };
}

/** Whose processes an ephemeral container is to see. Upstream: kuberuntime_container.go getTargetID */
function targetOf(container: Container | EphemeralContainer, containers: PodContainers): string | undefined {
  const name = "targetContainerName" in container ? container.targetContainerName : undefined;
  if (!name) return undefined;
  const target = containers.latest(name);
  if (!target) throw new StartError("CreateContainerConfigError", `unable to find target container ${name}`);
  return target.id;
}

/** Upstream: pkg/kubelet/kuberuntime/security_context_others.go verifyRunAsNonRoot */
function checkNonRoot(pod: Pod, container: Container | EphemeralContainer, uid: number | undefined, imageUser: string): void {
  const podText = `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
  const who = `(pod: "${podText}", container: ${container.name})`;
  if (uid === 0) throw new StartError("CreateContainerConfigError", `container's runAsUser breaks non-root policy ${who}`);
  if (uid !== undefined) return;
  const user = imageUser.split(":")[0] ?? "";
  if (user === "" || user === "0")
    throw new StartError("CreateContainerConfigError", `container has runAsNonRoot and image will run as root ${who}`);
  if (!/^\d+$/.test(user))
    throw new StartError(
      "CreateContainerConfigError",
      `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root ${who}`,
    );
}

async function postStart(
  { container, containers, sandbox, emit, kill, signal }: StartRequest,
  id: string,
  parts: NodeParts,
): Promise<void> {
  const handler = container.lifecycle?.postStart;
  if (!handler) return;
  try {
    await runHook(handler, container, id, { ...parts, from: parts.nodeNetwork(), podIP: sandbox.network.ip }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    emit(container.name, "Warning", "FailedPostStartHook", "PostStartHook failed");
    const run = containers.find(id);
    if (run && run.state !== "exited") await kill(run, "FailedPostStartHook");
    throw new StartError("PostStartHookError", `PostStartHook failed: ${messageOf(error)}`, parts.clock.now());
  }
}
