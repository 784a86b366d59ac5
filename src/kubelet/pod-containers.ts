import type { Container, ContainerStatus, EphemeralContainer, Pod, ResourceRequirements } from "../api/generated/core-v1.ts";
import type { ContainerRuntime } from "../containers/runtime.ts";
import { RUNTIME_SCHEME } from "./options.ts";

/** One run of a container, whether the runtime still knows it or only the pod's status tells of it. */
export interface ContainerRun {
  readonly id: string;
  readonly name: string;
  /** How often it was restarted before. */
  readonly attempt: number;
  /** Of the container's spec, to see that it has changed. */
  readonly hash: string;
  readonly image: string;
  readonly imageId: string;
  /** The user that the image or the pod names: `1000` or `1000:1000`. */
  readonly user: string;
  /** What it runs with. */
  readonly resources: ResourceRequirements;
  readonly state: "created" | "running" | "exited";
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly signal: number;
  readonly reason: string;
  readonly message: string;
  /** The runtime has it: it has a log and can be stopped. */
  readonly inRuntime: boolean;
}

type Known = Pick<ContainerRun, "id" | "name" | "attempt" | "hash" | "image" | "imageId" | "user" | "resources">;

/** The runs of a pod's containers, the latest first; only the latest and the one before it are kept. */
export class PodContainers {
  readonly #runtime: ContainerRuntime;
  readonly #known = new Map<string, (Known | ContainerRun)[]>();
  /** What runs left behind at their terminationMessagePath, by id. */
  readonly #messages = new Map<string, string>();

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime;
  }

  /** After a restart of the node nothing runs: what the status calls running was lost. */
  adopt(pod: Pod, nowMs: number): void {
    const all = [
      ...(pod.status.initContainerStatuses ?? []),
      ...(pod.status.containerStatuses ?? []),
      ...(pod.status.ephemeralContainerStatuses ?? []),
    ];
    for (const status of all) {
      const spec = specOf(pod, status.name);
      const hash = spec ? hashOf(spec) : "";
      const run = runFromStatus(status, hash, nowMs);
      if (run) this.#known.set(status.name, [run]);
    }
  }

  add(known: Known): void {
    const runs = this.#known.get(known.name) ?? [];
    this.#known.set(known.name, [known, ...runs].slice(0, 2));
    for (const old of runs.slice(1)) this.#messages.delete(old.id);
    for (const old of runs.slice(1)) void this.#runtime.removeContainer(old.id).catch(() => undefined);
  }

  /** Replaces a run that never came to life with what is told of it. */
  settle(run: ContainerRun): void {
    const runs = this.#known.get(run.name) ?? [];
    this.#known.set(
      run.name,
      runs.map((known) => (known.id === run.id ? run : known)),
    );
  }

  setResources(id: string, resources: ResourceRequirements): void {
    for (const [name, runs] of this.#known)
      this.#known.set(
        name,
        runs.map((known) => (known.id === id ? { ...known, resources } : known)),
      );
  }

  setMessage(id: string, message: string): void {
    this.#messages.set(id, message);
  }

  latest(name: string): ContainerRun | undefined {
    return this.#run(this.#known.get(name)?.[0]);
  }

  previous(name: string): ContainerRun | undefined {
    return this.#run(this.#known.get(name)?.[1]);
  }

  get any(): boolean {
    return this.#known.size > 0;
  }

  /** Every run that the runtime has. */
  all(): ContainerRun[] {
    return [...this.#known.values()].flat().flatMap((known) => {
      const run = this.#run(known);
      return run?.inRuntime ? [run] : [];
    });
  }

  running(): ContainerRun[] {
    return this.all().filter((run) => run.state !== "exited");
  }

  find(id: string): ContainerRun | undefined {
    for (const runs of this.#known.values()) for (const known of runs) if (known.id === id) return this.#run(known);
    return undefined;
  }

  #run(known: Known | ContainerRun | undefined): ContainerRun | undefined {
    if (!known) return undefined;
    if ("state" in known) return known;
    const info = this.#runtime.containerStatus(known.id);
    if (!info)
      return {
        ...known,
        state: "exited",
        startedAtMs: 0,
        finishedAtMs: 0,
        exitCode: 137,
        signal: 0,
        reason: "ContainerStatusUnknown",
        message: "The container could not be located when the pod was terminated",
        inRuntime: false,
      };
    const { state, startedAtMs, finishedAtMs, exitCode, signal, reason, message } = info;
    return {
      ...known,
      state,
      startedAtMs,
      finishedAtMs,
      exitCode,
      signal,
      reason,
      message: this.#messages.get(known.id) || message,
      inRuntime: true,
    };
  }
}

function runFromStatus(status: ContainerStatus, hash: string, nowMs: number): ContainerRun | undefined {
  const { running, terminated } = status.state ?? {};
  const last = status.lastState?.terminated;
  const base = {
    name: status.name,
    attempt: status.restartCount,
    hash,
    image: status.image,
    imageId: status.imageID,
    user: "",
    resources: status.resources ?? {},
    state: "exited" as const,
    signal: 0,
    inRuntime: false,
  };
  if (running) {
    // What containerd reports of a task that is gone after a reboot.
    return {
      ...base,
      id: bareId(status.containerID),
      startedAtMs: Date.parse(running.startedAt ?? "") || nowMs,
      finishedAtMs: nowMs,
      exitCode: 255,
      reason: "Unknown",
      message: "",
    };
  }
  const ended = terminated ?? last;
  if (!ended) return undefined;
  return {
    ...base,
    id: bareId(ended.containerID ?? status.containerID),
    startedAtMs: Date.parse(ended.startedAt ?? "") || nowMs,
    finishedAtMs: Date.parse(ended.finishedAt ?? "") || nowMs,
    exitCode: ended.exitCode,
    reason: ended.reason ?? "",
    message: ended.message ?? "",
  };
}

const bareId = (id: string | undefined) => (id ?? "").replace(RUNTIME_SCHEME, "");

export function specOf(pod: Pod, name: string): Container | EphemeralContainer | undefined {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])].find(
    (container) => container.name === name,
  );
}

/** What, when changed, restarts a container. Upstream: pkg/kubelet/container HashContainer takes name and image only. */
export function hashOf(container: Container | EphemeralContainer): string {
  return `${container.name} ${container.image}`;
}
