import { isDeepStrictEqual } from "node:util";
import type { Container, EphemeralContainer, Pod, PodStatus } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { isPodTerminal } from "../api/pod-facts.ts";
import { pods } from "../api/resources/pod.ts";
import { isConflict, isNotFound, messageOf } from "../api/status.ts";
import type { ContainerInfo, PodSandbox } from "../containers/runtime.ts";
import { rfc3339 } from "../util/clock.ts";
import { lastWords } from "./container-logs.ts";
import { startContainer } from "./container-starter.ts";
import { lookupsSynced } from "./lookups.ts";
import type { NodeParts } from "./node-parts.ts";
import { computeActions } from "./pod-actions.ts";
import { type ContainerRun, PodContainers, specOf } from "./pod-containers.ts";
import { killAll, killContainer } from "./pod-killer.ts";
import { type PodEvents, podEvents } from "./pod-events.ts";
import { PodResize } from "./pod-resize.ts";
import { PodStorage } from "./pod-storage.ts";
import { PodTokens } from "./pod-tokens.ts";
import { PodProber } from "./probes/pod-prober.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import { StartError } from "./start-error.ts";
import { SyncLoop } from "./sync-loop.ts";
import type { Waiting } from "./status/container-status.ts";
import { generateStatus, mergedTimes } from "./status/pod-status.ts";
import { StatusWriter } from "./status/status-writer.ts";
import { payloadSources } from "./payload-sources.ts";
import type { PayloadSources } from "./volumes/payload.ts";
import { PodVolumes } from "./volumes/pod-volumes.ts";
import { VolumeMounter } from "./volumes/volume-mounter.ts";

// Upstream: workerBackoffPeriod
const RETRY_MS = 10_000;
// Upstream: syncFrequency, with up to half of it added at random.
const SYNC_PERIOD_MS = 60_000;
const PLEG_RELIST_MS = 1000;

// Upstream: active_deadline.go
const PAST_DEADLINE: Failure = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
};

interface Failure {
  readonly reason: string;
  readonly message: string;
}

/**
 * Drives one pod: looks at it once at a time, whenever something about it has changed.
 * Upstream: pkg/kubelet/pod_workers.go, kubelet.go SyncPod, SyncTerminatingPod, SyncTerminatedPod
 */
export class PodWorker {
  /** The API object whose status is written: the mirror of a static pod; undefined while there is none. */
  #object: Pod | undefined;
  readonly #parts: NodeParts;
  readonly containers: PodContainers;
  readonly #volumes: PodVolumes;
  readonly #mounter: VolumeMounter;
  readonly #diskUse: PodStorage;
  readonly #prober: PodProber;
  readonly #tokens: PodTokens;
  readonly #writer: StatusWriter;
  readonly #startErrors = new Map<string, Waiting>();
  readonly #startTime: string;
  #status: PodStatus;
  #sandbox: PodSandbox | undefined;
  #sandboxes = 0;
  #hadSandbox = false;
  #failure: Failure | undefined;
  #deleted = false;
  #phase: "running" | "terminating" | "terminated" | "gone" = "running";
  #graceSeconds = 0;
  #stopped = false;
  #refresh = false;
  readonly #loop: SyncLoop;
  readonly #work = new AbortController();
  readonly #hurry = new AbortController();
  readonly resize: PodResize;
  readonly #events: PodEvents;

  constructor(pod: Pod, object: Pod | undefined, parts: NodeParts) {
    this.#object = object;
    this.#parts = parts;
    const { clock, options, runtime, rng, tasks } = parts;
    const nowMs = clock.now();
    this.#loop = new SyncLoop({ name: `kubelet ${keyOf(pod)}`, clock, tasks, sync: () => this.#syncOnce() });
    this.#status = (object ?? pod).status ?? {};
    this.#startTime = this.#status.startTime ?? rfc3339(nowMs);
    this.containers = new PodContainers(runtime);
    this.#events = podEvents(
      parts.events,
      () => this.pod,
      () => this.#stopped,
    );
    this.resize = new PodResize(pod, object, {
      parts,
      containers: this.containers,
      events: this.#events,
      trigger: () => {
        this.#refresh = true;
        this.trigger();
      },
    });
    if (object) this.containers.adopt(object, nowMs);
    this.#hadSandbox = this.containers.any;
    this.#volumes = new PodVolumes(pod.metadata.uid, {
      clock,
      rng,
      nodeFileSystem: runtime.nodeFileSystem,
      storage: options.volumeStorage,
      createVolume: (capacityBytes) => options.createVolume(capacityBytes),
    });
    this.#mounter = new VolumeMounter(this.#volumes, this.#events, () => this.#sources());
    this.#diskUse = new PodStorage({
      clock,
      rng,
      runtime,
      containers: this.containers,
      volumes: this.#volumes,
      podNow: () => this.pod,
      evict: (message) => this.#evict(message),
    });
    this.#tokens = new PodTokens(parts, () => this.refreshVolumes());
    // A kubelet that has just started spreads its probes over the first period.
    const phaseMs = nowMs - parts.startedAtMs < 10_000 && this.#hadSandbox ? nowMs - rng.int(0, 9_999) : nowMs;
    this.#prober = new PodProber(
      {
        clock,
        runtime,
        from: parts.nodeNetwork(),
        podIP: () => this.podIP,
        unhealthy: (container, message) => this.#events.emit(container, "Warning", "Unhealthy", message),
        warned: (container, message) => this.#events.emit(container, "Warning", "ProbeWarning", message),
        changed: () => this.trigger(),
      },
      phaseMs,
    );
    this.#writer = new StatusWriter(parts.client, clock, (error) => {
      if (!isNotFound(error)) parts.log(`status of ${keyOf(pod)}`, error);
    });
  }

  /** What runs, with the resources it was given; for a static pod the manifest. */
  get pod(): Pod {
    return this.resize.given;
  }

  get status(): PodStatus {
    return this.#status;
  }

  get sandbox(): PodSandbox | undefined {
    return this.#sandbox;
  }

  get podIP(): string {
    return this.#sandbox?.network.ip ?? "";
  }

  /** Whether its resources count on the node. */
  get active(): boolean {
    return this.#phase === "running" || this.#phase === "terminating";
  }

  /** The API object has changed. `pod` is left out for static pods: only their mirror has. */
  update(object: Pod, pod: Pod | undefined): void {
    const before = this.pod;
    const gates = pod?.spec.readinessGates !== undefined && !isDeepStrictEqual(object.status.conditions, this.#object?.status.conditions);
    this.#object = object;
    if (!pod) return;
    this.resize.update(pod);
    const shown = !isDeepStrictEqual(
      [before.metadata.labels, before.metadata.annotations],
      [pod.metadata.labels, pod.metadata.annotations],
    );
    if (shown) this.#refresh = true;
    const leaving = pod.metadata.deletionTimestamp !== undefined;
    if (leaving) this.#terminate(pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
    // A mere change of status is most often our own.
    if (shown || leaving || gates || before === pod || before.metadata.generation !== pod.metadata.generation) this.trigger();
  }

  /** Somebody else may have written its status. */
  reconcile(): void {
    this.#report(true);
    this.refreshVolumes();
  }

  mirrorGone(): void {
    this.#object = undefined;
  }

  /** The mirror that shows this static pod has come or changed. */
  adoptMirror(object: Pod): void {
    const isNew = this.#object?.metadata.uid !== object.metadata.uid;
    this.#object = object;
    if (!isNew) return;
    // The node was restarted: what the mirror tells of ran before.
    if (!this.containers.any && !this.#sandbox) this.containers.adopt(object, this.#parts.clock.now());
    this.#report(true);
  }

  /** The API object is gone: by force, or because we deleted it. */
  remove(graceSeconds: number): void {
    this.#deleted = true;
    this.#terminate(graceSeconds);
    this.trigger();
  }

  /** Ends the pod for a reason of the node's. */
  fail(reason: string, message: string, graceSeconds: number): void {
    this.#failure ??= { reason, message };
    this.#terminate(graceSeconds);
    this.trigger();
  }

  /** Upstream: eviction_manager.go evictPod */
  #evict(message: string): void {
    this.#events.event("Warning", "Evicted", message);
    this.fail("Evicted", message, 1);
  }

  /** Turns the pod away: it never runs here. Upstream: kubelet.go rejectPod */
  reject(reason: string, message: string): void {
    this.#events.event("Warning", reason, message);
    this.#phase = "terminated";
    this.#status = {
      ...this.#status,
      phase: "Failed",
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: this.#startTime,
      ...(this.pod.metadata.generation ? { observedGeneration: this.pod.metadata.generation } : {}),
    };
    if (this.#object) this.#writer.set(this.#object, this.#status);
    this.trigger();
  }

  containerExited(info: ContainerInfo): void {
    const run = this.containers.find(info.id);
    const spec = specOf(this.pod, info.name);
    if (run && spec) {
      let message = this.#volumes.terminationMessage(info.name, run.attempt);
      if (message === "" && spec.terminationMessagePolicy === "FallbackToLogsOnError" && info.exitCode !== 0)
        message = lastWords(this.#parts.runtime.readLog(info.id));
      if (message !== "") this.containers.setMessage(info.id, message);
    }
    this.trigger();
  }

  /** A config map or secret that it shows has changed: its files follow at the pod's next regular look. */
  refreshLater(): void {
    const periodMs = SYNC_PERIOD_MS * (1 + this.#parts.rng.next() / 2);
    this.#parts.clock.after(this.#parts.rng.next() * periodMs, () => this.refreshVolumes());
  }

  refreshVolumes(): void {
    this.#refresh = true;
    this.trigger();
  }

  /** Power loss: nothing is told, nothing is written. */
  stop(): void {
    this.#volumes.save(this.pod);
    this.#stopped = true;
    // Whatever is under way ends without another word to the API server.
    this.#phase = "gone";
    this.#work.abort(new Error("stopped"));
    this.#hurry.abort(new Error("stopped"));
    for (const part of [this.#loop, this.#prober, this.#tokens, this.#diskUse, this.#writer]) part.stop();
  }

  trigger(): void {
    if (this.#phase !== "gone") this.#loop.trigger();
  }

  async #syncOnce(): Promise<void> {
    try {
      if (this.#phase === "running") await this.#sync();
      if (this.#phase === "terminating") await this.#syncTerminating();
      if (this.#phase === "terminated") await this.#syncTerminated();
    } catch (error) {
      if (this.#stopped) return;
      if (this.#work.signal.aborted && this.#phase === "terminating") {
        this.#loop.trigger();
        return;
      }
      this.#parts.log(`pod ${keyOf(this.pod)}`, error);
      this.#loop.wakeAfter(this.#retryMs());
    }
  }

  #retryMs(): number {
    return RETRY_MS * (1 + this.#parts.rng.next() / 2);
  }

  /** Upstream: kubelet.go SyncPod */
  async #sync(): Promise<void> {
    const pod = this.pod;
    if (isPodTerminal({ ...pod, status: this.#status })) {
      this.#phase = "terminated";
      return;
    }
    if (!lookupsSynced(this.#parts.lookups)) return this.#loop.wakeAfter(100);
    this.#prober.update(pod, (name) => this.containers.latest(name));
    this.resize.finish();
    const actions = computeActions(pod, this.containers, this.#prober, this.#sandbox !== undefined);
    this.#report();
    if (actions.ended) return this.#terminate(pod.spec.terminationGracePeriodSeconds ?? 30);
    if (this.#pastDeadline()) return this.fail(PAST_DEADLINE.reason, PAST_DEADLINE.message, pod.spec.terminationGracePeriodSeconds ?? 30);
    this.#refreshNow();
    if (actions.update.length > 0) {
      // What the runtime says of it comes with the next relist.
      if (this.resize.actuate(actions.update)) this.#loop.wakeAfter(PLEG_RELIST_MS);
      else this.#loop.wakeAfter(this.#retryMs());
      this.#report();
    }
    if (actions.kill.length === 0 && actions.start.length === 0) return;

    const exited = new Map(actions.start.map(({ name }) => [name, this.#lastExited(name)]));
    for (const { run, message, probe } of actions.kill) {
      await this.#kill(run, message, probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
      if (this.#phase !== "running") return;
    }
    const sandbox = await this.#ensureSandbox();
    if (!sandbox) return;
    for (const container of actions.start) {
      const started = await this.#start(container, sandbox, exited.get(container.name));
      if (this.#phase !== "running") return;
      // What waits for a sidecar may start now.
      if (started && !pod.spec.containers.includes(container as Container)) this.#loop.trigger();
    }
    this.#prober.update(pod, (name) => this.containers.latest(name));
    this.#diskUse.watch();
    this.#report();
  }

  #lastExited(name: string): ContainerRun | undefined {
    return [this.containers.latest(name), this.containers.previous(name)].find((run) => run?.state === "exited");
  }

  #pastDeadline(): boolean {
    const seconds = this.pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return false;
    const dueMs = Date.parse(this.#startTime) + seconds * 1000;
    if (dueMs > this.#parts.clock.now()) {
      this.#loop.wakeAt(dueMs);
      return false;
    }
    this.#events.event("Normal", PAST_DEADLINE.reason, PAST_DEADLINE.message);
    return true;
  }

  /** The pod's volumes and its sandbox with a network; undefined: not yet, a retry is due. */
  async #ensureSandbox(): Promise<PodSandbox | undefined> {
    const { runtime, rng } = this.#parts;
    const pod = this.pod;
    const problem = pod.spec.hostNetwork ? undefined : this.#parts.networkProblem();
    if (problem !== undefined && !this.#sandbox) {
      this.#events.event("Warning", "NetworkNotReady", `network is not ready: ${problem}`);
      this.#loop.wakeAfter(1000 + rng.int(0, 500) + RETRY_MS / 4);
      return undefined;
    }
    const retryMs = this.#mounter.mount();
    if (retryMs !== undefined) {
      this.#loop.wakeAfter(retryMs);
      return undefined;
    }
    if (this.#sandbox) return this.#sandbox;
    if (this.#hadSandbox) this.#events.event("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    try {
      this.#sandbox = await runtime.runPodSandbox(sandboxConfig(pod, this.#sandboxes++));
      this.#hadSandbox = false;
      this.#volumes.forgetNetwork();
    } catch (error) {
      this.#events.event("Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${messageOf(error)}`);
      this.#loop.wakeAfter(this.#retryMs());
      return undefined;
    }
    return this.#phase === "running" ? this.#sandbox : undefined;
  }

  #refreshNow(): void {
    if (!this.#refresh) return;
    this.#refresh = false;
    this.#mounter.refresh();
  }

  #sources(): PayloadSources {
    return payloadSources(this.pod, this.podIP, this.#parts, this.#tokens);
  }

  async #start(container: Container | EphemeralContainer, sandbox: PodSandbox, exited: ContainerRun | undefined): Promise<boolean> {
    try {
      await startContainer(
        {
          pod: this.pod,
          container,
          sandbox,
          containers: this.containers,
          volumes: this.#volumes,
          sources: this.#sources(),
          exited,
          emit: this.#events.emit,
          signal: this.#work.signal,
          kill: (run, message) => this.#kill(run, message, this.pod.spec.terminationGracePeriodSeconds ?? 30),
        },
        this.#parts,
      );
      this.#startErrors.delete(container.name);
      return true;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#startErrors.set(container.name, { reason: error.reason, message: error.message });
      if (error.retryAtMs === undefined) this.#loop.wakeAfter(this.#retryMs());
      else this.#loop.wakeAt(error.retryAtMs);
      return false;
    }
  }

  async #kill(run: ContainerRun, message: string, graceSeconds: number): Promise<void> {
    await killContainer(
      { pod: this.pod, podIP: this.podIP, run, message, graceSeconds, emit: this.#events.emit, hurry: this.#hurry.signal },
      this.#parts,
    );
  }

  /** From here the pod only goes down. A second call may shorten the grace period. */
  #terminate(graceSeconds: number): void {
    const seconds = Math.max(1, graceSeconds);
    if (this.#phase === "running") {
      this.#phase = "terminating";
      this.#graceSeconds = seconds;
      this.#work.abort(new Error("the pod is being terminated"));
    } else if (this.#phase === "terminating" && seconds < this.#graceSeconds) {
      this.#graceSeconds = seconds;
      this.#hurry.abort(new Error("grace period shortened"));
      this.#shortenKills();
    }
  }

  #shortenKills(): void {
    for (const run of this.containers.running())
      void this.#parts.runtime.stopContainer(run.id, this.#graceSeconds * 1000).catch(() => undefined);
  }

  /** Upstream: SyncTerminatingPod */
  async #syncTerminating(): Promise<void> {
    const { runtime } = this.#parts;
    this.#loop.cancelWake();
    this.#prober.stopKilling();
    this.#report();
    await killAll(this.pod, this.containers, this.#graceSeconds, this.#parts, (run, grace) =>
      this.#kill(run, `Stopping container ${run.name}`, grace),
    );
    for (const part of [this.#prober, this.#tokens, this.#diskUse]) part.stop();
    if (this.#sandbox) await runtime.stopPodSandbox(this.#sandbox.id);
    if (this.#stopped) return;
    this.#phase = "terminated";
    this.#report();
  }

  /** Upstream: SyncTerminatedPod, and status_manager.go's delete of the API object */
  async #syncTerminated(): Promise<void> {
    const pod = this.pod;
    this.#prober.stop();
    await this.#writer.flush();
    if (this.#stopped) return;
    const leaving = this.#deleted || pod.metadata.deletionTimestamp !== undefined;
    if (!leaving || this.#phase === "gone") return;
    this.#phase = "gone";
    this.#volumes.unmount();
    await this.#removeFromRuntime();
    if (!this.#deleted) {
      const { namespace, name, uid } = pod.metadata;
      this.#parts.journal.record("kubelet", `pods/${keyOf(pod)}`, "has stopped all containers and deletes the pod");
      await this.#parts.client
        .delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
        .catch((error: unknown) => {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        });
    }
    this.#parts.forget(pod);
  }

  async #removeFromRuntime(): Promise<void> {
    const { runtime } = this.#parts;
    for (const run of this.containers.all()) await runtime.removeContainer(run.id);
    if (this.#sandbox) await runtime.removePodSandbox(this.#sandbox.id);
    this.#sandbox = undefined;
  }

  /** Works out the status and has it written when it has changed. */
  #report(always = false): void {
    if (this.#stopped) return;
    const { clock, options } = this.#parts;
    const pod = this.pod;
    const finished = this.#phase === "terminated";
    const current: PodStatus = { ...this.#status, conditions: this.#object?.status.conditions ?? this.#status.conditions ?? [] };
    const next = generateStatus(
      pod,
      { ...current, conditions: mergedTimes(current.conditions ?? [], this.#status.conditions ?? []) },
      {
        containers: this.containers,
        startErrors: this.#startErrors,
        sandboxReady: this.#sandbox !== undefined && !finished,
        podIP: this.podIP || (finished ? (this.#status.podIP ?? "") : ""),
        hostIP: options.ip,
        startTime: this.#startTime,
        nowMs: clock.now(),
        finished,
        failure: this.#failure,
        resize: this.resize.conditions.all,
        ready: (name) => this.#prober.ready(name, (specOf(pod, name) as Container | undefined)?.readinessProbe !== undefined),
        started: (name) => this.#prober.started(name),
      },
    );
    const text = JSON.stringify(next);
    if (!always && text === this.#reported) return;
    this.#reported = text;
    if (next.phase !== this.#status.phase) this.#parts.journal.record("kubelet", `pods/${keyOf(pod)}`, `reports the phase ${next.phase}`);
    this.#status = next;
    if (this.#object && !this.#deleted) this.#writer.set(this.#object, next);
  }

  #reported = "";
}
