import { isDeepStrictEqual } from "node:util";
import type { Container, EphemeralContainer, Pod, PodStatus } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { isPodTerminal } from "../api/pod-facts.ts";
import type { ContainerInfo, PodSandbox } from "../containers/runtime.ts";
import { deadlineMs, PAST_DEADLINE } from "./active-deadline.ts";
import { lastWords } from "./container-logs.ts";
import { startContainer } from "./container-starter.ts";
import { lookupsSynced } from "./lookups.ts";
import type { NodeParts } from "./node-parts.ts";
import { computeActions } from "./pod-actions.ts";
import { type ContainerRun, PodContainers, specOf } from "./pod-containers.ts";
import { PodEnvironment, retryMs } from "./pod-environment.ts";
import { PodEvents } from "./pod-events.ts";
import { killAll, killContainer } from "./pod-killer.ts";
import { PodResize } from "./pod-resize.ts";
import { PodStorage } from "./pod-storage.ts";
import { PodProber } from "./probes/pod-prober.ts";
import { StartError } from "./start-error.ts";
import { type Standing, StatusReporter } from "./status/status-reporter.ts";
import { SyncLoop } from "./sync-loop.ts";

// Upstream: syncFrequency, with up to half of it added at random.
const SYNC_PERIOD_MS = 60_000;
const PLEG_RELIST_MS = 1000;

/**
 * Drives one pod: looks at it once at a time, whenever something about it has changed.
 * Upstream: pkg/kubelet/pod_workers.go, kubelet.go SyncPod, SyncTerminatingPod, SyncTerminatedPod
 */
export class PodWorker {
  readonly #parts: NodeParts;
  readonly containers: PodContainers;
  readonly resize: PodResize;
  readonly #environment: PodEnvironment;
  readonly #diskUse: PodStorage;
  readonly #prober: PodProber;
  readonly #events: PodEvents;
  readonly #reporter: StatusReporter;
  #failure: Standing["failure"];
  #deleted = false;
  #phase: "running" | "terminating" | "terminated" | "gone" = "running";
  #graceSeconds = 0;
  #stopped = false;
  readonly #loop: SyncLoop;
  readonly #work = new AbortController();
  readonly #hurry = new AbortController();

  constructor(pod: Pod, object: Pod | undefined, parts: NodeParts) {
    this.#parts = parts;
    const { clock, runtime, rng, tasks } = parts;
    const nowMs = clock.now();
    this.#loop = new SyncLoop({ name: `kubelet ${keyOf(pod)}`, clock, tasks, sync: () => this.#syncOnce() });
    this.#reporter = new StatusReporter(pod, object, parts);
    this.#events = new PodEvents(parts.events, () => (this.#stopped ? undefined : this.pod));
    this.containers = new PodContainers(runtime);
    const { containers } = this;
    this.resize = new PodResize(pod, object, { parts, containers, events: this.#events, trigger: () => this.refreshVolumes() });
    if (object) containers.adopt(object, nowMs);
    const hadSandbox = containers.any;
    this.#environment = new PodEnvironment(pod, parts, {
      hadSandbox,
      events: this.#events,
      retryAfter: (delayMs) => this.#loop.wakeAfter(delayMs),
      refresh: () => this.trigger(),
    });
    this.#diskUse = new PodStorage({
      clock,
      rng,
      runtime,
      containers,
      volumes: this.#environment.volumes,
      podNow: () => this.pod,
      evict: (message) => this.#evict(message),
    });
    // A kubelet that has just started spreads its probes over the first period.
    const phaseMs = nowMs - parts.startedAtMs < 10_000 && hadSandbox ? nowMs - rng.int(0, 9_999) : nowMs;
    this.#prober = new PodProber(
      {
        clock,
        runtime,
        from: parts.nodeNetwork(),
        podIP: () => this.podIP,
        unhealthy: (container, message) => this.#events.ofContainer(container, "Warning", "Unhealthy", message),
        warned: (container, message) => this.#events.ofContainer(container, "Warning", "ProbeWarning", message),
        changed: () => this.trigger(),
      },
      phaseMs,
    );
  }

  /** What runs, with the resources it was given; for a static pod the manifest. */
  get pod(): Pod {
    return this.resize.given;
  }

  get status(): PodStatus {
    return this.#reporter.status;
  }

  get sandbox(): PodSandbox | undefined {
    return this.#environment.sandbox;
  }

  get podIP(): string {
    return this.sandbox?.network.ip ?? "";
  }

  /** Whether its resources count on the node. */
  get active(): boolean {
    return this.#phase === "running" || this.#phase === "terminating";
  }

  /** The API object has changed. `pod` is left out for static pods: only their mirror has. */
  update(object: Pod, pod: Pod | undefined): void {
    const before = this.pod;
    const gates =
      pod?.spec.readinessGates !== undefined && !isDeepStrictEqual(object.status.conditions, this.#reporter.object?.status.conditions);
    this.#reporter.object = object;
    if (!pod) return;
    this.resize.update(pod);
    const shown = !isDeepStrictEqual(
      [before.metadata.labels, before.metadata.annotations],
      [pod.metadata.labels, pod.metadata.annotations],
    );
    if (shown) this.#environment.isStale = true;
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
    this.#reporter.object = undefined;
  }

  /** The mirror that shows this static pod has come or changed. */
  adoptMirror(object: Pod): void {
    const isNew = this.#reporter.object?.metadata.uid !== object.metadata.uid;
    this.#reporter.object = object;
    if (!isNew) return;
    // The node was restarted: what the mirror tells of ran before.
    if (!this.containers.any && !this.sandbox) this.containers.adopt(object, this.#parts.clock.now());
    this.#report(true);
  }

  /** The API object is gone: by force, or because we deleted it. */
  remove(graceSeconds: number): void {
    this.#deleted = true;
    this.#reporter.object = undefined;
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
    this.#events.ofPod("Warning", "Evicted", message);
    this.fail("Evicted", message, 1);
  }

  /** Turns the pod away: it never runs here. Upstream: kubelet.go rejectPod */
  reject(reason: string, message: string): void {
    this.#events.ofPod("Warning", reason, message);
    this.#phase = "terminated";
    this.#reporter.reject(this.pod, reason, message);
    this.trigger();
  }

  containerExited(info: ContainerInfo): void {
    const run = this.containers.find(info.id);
    const spec = specOf(this.pod, info.name);
    if (run && spec) {
      let message = this.#environment.volumes.terminationMessage(info.name, run.attempt);
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
    this.#environment.isStale = true;
    this.trigger();
  }

  /** Power loss: nothing is told, nothing is written. */
  stop(): void {
    this.#environment.volumes.save(this.pod);
    this.#stopped = true;
    // Whatever is under way ends without another word to the API server.
    this.#phase = "gone";
    this.#work.abort(new Error("stopped"));
    this.#hurry.abort(new Error("stopped"));
    for (const part of [this.#loop, this.#prober, this.#environment, this.#diskUse, this.#reporter]) part.stop();
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
      this.#loop.wakeAfter(retryMs(this.#parts.rng));
    }
  }

  /** Upstream: kubelet.go SyncPod */
  async #sync(): Promise<void> {
    const pod = this.pod;
    if (isPodTerminal({ ...pod, status: this.status })) {
      this.#phase = "terminated";
      return;
    }
    if (!lookupsSynced(this.#parts.lookups)) return this.#loop.wakeAfter(100);
    this.#prober.update(pod, (name) => this.containers.latest(name));
    this.resize.finish();
    const actions = computeActions(pod, this.containers, this.#prober, this.sandbox !== undefined);
    this.#report();
    if (actions.ended) return this.#terminate(pod.spec.terminationGracePeriodSeconds ?? 30);
    if (this.#pastDeadline()) return this.fail(PAST_DEADLINE.reason, PAST_DEADLINE.message, pod.spec.terminationGracePeriodSeconds ?? 30);
    this.#environment.refreshNow(pod);
    if (actions.update.length > 0) {
      // What the runtime says of it comes with the next relist.
      this.#loop.wakeAfter(this.resize.actuate(actions.update) ? PLEG_RELIST_MS : retryMs(this.#parts.rng));
      this.#report();
    }
    if (actions.kill.length === 0 && actions.start.length === 0) return;

    const exited = new Map(actions.start.map(({ name }) => [name, this.#lastExited(name)]));
    for (const { run, message, probe } of actions.kill) {
      await this.#kill(run, message, probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
      if (this.#phase !== "running") return;
    }
    const sandbox = await this.#environment.ensure(pod);
    if (!sandbox || this.#phase !== "running") return;
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
    const dueMs = deadlineMs(this.pod, this.#reporter.startTime);
    if (dueMs === undefined) return false;
    if (dueMs > this.#parts.clock.now()) {
      this.#loop.wakeAt(dueMs);
      return false;
    }
    this.#events.ofPod("Normal", PAST_DEADLINE.reason, PAST_DEADLINE.message);
    return true;
  }

  async #start(container: Container | EphemeralContainer, sandbox: PodSandbox, exited: ContainerRun | undefined): Promise<boolean> {
    try {
      await startContainer(
        {
          pod: this.pod,
          container,
          sandbox,
          containers: this.containers,
          volumes: this.#environment.volumes,
          sources: this.#environment.sources(this.pod),
          exited,
          emit: this.#events.ofContainer,
          signal: this.#work.signal,
          kill: (run, message) => this.#kill(run, message, this.pod.spec.terminationGracePeriodSeconds ?? 30),
        },
        this.#parts,
      );
      this.#reporter.startErrors.delete(container.name);
      return true;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#reporter.startErrors.set(container.name, { reason: error.reason, message: error.message });
      if (error.retryAtMs === undefined) this.#loop.wakeAfter(retryMs(this.#parts.rng));
      else this.#loop.wakeAt(error.retryAtMs);
      return false;
    }
  }

  async #kill(run: ContainerRun, message: string, graceSeconds: number): Promise<void> {
    await killContainer(
      { pod: this.pod, podIP: this.podIP, run, message, graceSeconds, emit: this.#events.ofContainer, hurry: this.#hurry.signal },
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
    for (const part of [this.#prober, this.#environment, this.#diskUse]) part.stop();
    if (this.sandbox) await runtime.stopPodSandbox(this.sandbox.id);
    if (this.#stopped) return;
    this.#phase = "terminated";
    this.#report();
  }

  /** Upstream: SyncTerminatedPod */
  async #syncTerminated(): Promise<void> {
    const pod = this.pod;
    this.#prober.stop();
    await this.#reporter.flush();
    if (this.#stopped) return;
    const leaving = this.#deleted || pod.metadata.deletionTimestamp !== undefined;
    if (!leaving || this.#phase === "gone") return;
    this.#phase = "gone";
    this.#environment.volumes.unmount();
    for (const run of this.containers.all()) await this.#parts.runtime.removeContainer(run.id);
    await this.#environment.removeSandbox();
    if (!this.#deleted) await this.#reporter.deleteStopped(pod);
    this.#parts.forget(pod);
  }

  /** Works out the status and has it written when it has changed. */
  #report(always = false): void {
    if (this.#stopped) return;
    this.#reporter.report(
      this.pod,
      {
        containers: this.containers,
        sandbox: this.sandbox,
        prober: this.#prober,
        finished: this.#phase === "terminated",
        failure: this.#failure,
        resize: this.resize.conditions.all,
      },
      always,
    );
  }
}
