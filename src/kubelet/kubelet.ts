import type { Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { isPodTerminal } from "../api/pod-facts.ts";
import { pods } from "../api/resources/pod.ts";
import { isConflict, isNotFound } from "../api/status.ts";
import type { ComponentContext } from "../client/component.ts";
import type { ContainerInfo, ContainerRuntime } from "../containers/runtime.ts";
import { rfc3339 } from "../util/clock.ts";
import { admitPod } from "./admission.ts";
import { BackOff } from "./back-off.ts";
import { ImageManager } from "./image-manager.ts";
import { openLookups } from "./lookups.ts";
import { NodeAgent } from "./node-agent.ts";
import type { NodeParts } from "./node-parts.ts";
import type { KubeletOptions } from "./options.ts";
import { PodWorker } from "./pod-worker.ts";
import { PendingResizes } from "./pending-resizes.ts";
import { createMirror, MIRROR_ANNOTATION, mirroredUid, staticPod } from "./static-pods.ts";
import { Uplink } from "./uplink.ts";
import { dropVolume } from "./volumes/persistent-volumes.ts";
import { PodVolumes } from "./volumes/pod-volumes.ts";

export type { KubeletOptions, TokenIssuer, VolumeStorage } from "./options.ts";

// Upstream: MaxCrashLoopBackOff and its start.
const CRASH_LOOP_MS = 10_000;
const MAX_CRASH_LOOP_MS = 300_000;
const MIRROR_RETRY_MS = 200;
const NODE_GONE_RETRY_MS = 60_000;

export interface Kubelet {
  readonly nodeName: string;
  readonly runtime: ContainerRuntime;
  /** By uid; a static pod's also by its mirror. */
  workerOf(pod: Pod): PodWorker | undefined;
  /** All pods that it drives, with the status that it knows. */
  pods(): Pod[];
  nowMs(): number;
  /** Whether the machine's network leads to the API server, and back. */
  readonly connected: boolean;
  /** Pulls the network cable, or puts it back: then it catches up with what has happened meanwhile. */
  setConnected(connected: boolean): void;
  readonly startedAtMs: number;
  readonly capacity: KubeletOptions["capacity"];
  /** Power loss: nothing is told to the API server, all containers are gone. */
  stop(): void;
}

/** Starts the node agent: registers the node and runs the pods that are bound to it. */
export function startKubelet(context: ComponentContext, options: KubeletOptions): Kubelet {
  const kubelet = new NodeKubelet(context, options);
  kubelet.start();
  return kubelet;
}

/** Upstream: pkg/kubelet/kubelet.go */
class NodeKubelet implements Kubelet {
  readonly nodeName: string;
  readonly runtime: ContainerRuntime;
  readonly startedAtMs: number;
  readonly capacity: KubeletOptions["capacity"];
  readonly #context: ComponentContext;
  readonly #options: KubeletOptions;
  readonly #agent: NodeAgent;
  readonly #uplink: Uplink;
  readonly #parts: NodeParts;
  readonly #resizes: PendingResizes;
  readonly #workers = new Map<string, PodWorker>();
  /** Static pods by `namespace/name`. */
  readonly #static = new Map<string, PodWorker>();
  #stopped = false;
  #unlisten: () => void = () => undefined;

  constructor(context: ComponentContext, options: KubeletOptions) {
    this.#options = options;
    this.nodeName = options.nodeName;
    this.startedAtMs = context.clock.now();
    this.capacity = options.capacity;
    this.runtime = options.runtime;
    this.#context = context;
    const { clock, rng, journal, tasks } = context;
    this.#uplink = new Uplink(`${options.serverIP}:6443`);
    this.#uplink.set(options.connected !== false);
    const client = this.#uplink.client(context.client.as("kubelet"));
    const events = this.#uplink.recorder(context.events.from("kubelet", options.nodeName));
    const log = (message: string, error?: unknown) => context.log(`kubelet ${options.nodeName}`, message, error);
    const networkProblem = () => {
      const problem = options.network.cniProblem(options.nodeName);
      return problem === undefined
        ? undefined
        : `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: ${problem}`;
    };
    this.#agent = new NodeAgent({ options, client, events, clock, rng, tasks, networkProblem, log });
    this.#parts = {
      options,
      client,
      events,
      clock,
      rng,
      journal,
      tasks,
      runtime: options.runtime,
      lookups: openLookups(context.informers),
      images: new ImageManager({ runtime: options.runtime, clock, journal, onPulled: () => this.#agent.imagesChanged() }),
      crashLoop: new BackOff(clock, CRASH_LOOP_MS, MAX_CRASH_LOOP_MS),
      startedAtMs: clock.now(),
      nodeNetwork: () => options.network.nodeNamespace(options.nodeName),
      networkProblem,
      allocatable: () => this.#agent.allocatable(),
      nodeUid: () => this.#agent.uid,
      resizeWanted: (uid) => {
        const worker = this.#workers.get(uid);
        if (worker) this.#resizes.push(worker);
      },
      roomChanged: () => this.#resizes.retry(),
      forget: (pod) => this.#forget(pod),
      log,
    };
    this.#resizes = new PendingResizes({
      clock,
      allocatable: () => this.#agent.allocatable(),
      workers: () => [...this.#workers.values()],
    });
  }

  start(): void {
    const { informers } = this.#context;
    const { network, nodeName } = this.#options;
    this.#agent.start();
    this.#unlisten = this.runtime.onContainerExit((info) => this.#containerExited(info));
    network.onCniChange?.((node) => {
      if (node !== nodeName || this.#stopped) return;
      this.#agent.readinessChanged();
      for (const worker of this.#workers.values()) worker.trigger();
    });
    for (const manifest of this.#options.staticPods ?? []) this.#addStatic(manifest);
    informers.of(pods).addHandler({
      added: (pod) => this.#mine(pod) && this.#changed(pod),
      updated: (pod) => this.#mine(pod) && this.#changed(pod),
      deleted: (pod) => this.#mine(pod) && this.#deleted(pod),
    });
    const refresh = (kind: string, object: { metadata: { namespace?: string; name: string } }) => this.#refresh(`${kind}:${keyOf(object)}`);
    this.#parts.lookups.configMaps.addHandler({
      updated: (object) => refresh("configMap", object),
      added: (object) => refresh("configMap", object),
    });
    this.#parts.lookups.volumes.addHandler({
      deleted: (volume) => dropVolume(volume, { nodeFileSystem: this.runtime.nodeFileSystem, storage: this.#options.volumeStorage }),
    });
    this.#parts.lookups.secrets.addHandler({
      updated: (object) => refresh("secret", object),
      added: (object) => refresh("secret", object),
    });
  }

  workerOf(pod: Pod): PodWorker | undefined {
    return this.#workers.get(mirroredUid(pod) ?? pod.metadata.uid);
  }

  pods(): Pod[] {
    return [...this.#workers.values()].map(({ pod, status }) => ({ ...pod, status }));
  }

  nowMs(): number {
    return this.#context.clock.now();
  }

  get connected(): boolean {
    return this.#uplink.up;
  }

  setConnected(connected: boolean): void {
    if (this.#uplink.up === connected) return;
    this.#uplink.set(connected);
    if (connected) this.#catchUp();
  }

  /** What a list after a lost watch shows: pods that came, changed and went. */
  #catchUp(): void {
    this.#agent.reconnected();
    const informer = this.#context.informers.of(pods);
    for (const worker of this.#workers.values()) {
      const { pod } = worker;
      const now = informer.find(keyOf(pod));
      if (this.#static.has(keyOf(pod))) {
        if (!now) this.#makeMirror(pod);
      } else if (now?.metadata.uid !== pod.metadata.uid) this.#deleted(pod);
    }
    for (const pod of informer.list()) if (this.#mine(pod)) this.#changed(pod);
    for (const worker of this.#workers.values()) worker.reconcile();
  }

  stop(): void {
    this.#stopped = true;
    this.#unlisten();
    this.#agent.stop();
    this.#resizes.stop();
    for (const worker of this.#workers.values()) worker.stop();
    this.#workers.clear();
    for (const sandbox of this.runtime.listPodSandboxes()) void this.runtime.stopPodSandbox(sandbox.id).catch(() => undefined);
  }

  #mine(pod: Pod): boolean {
    return !this.#stopped && this.#uplink.up && pod.spec.nodeName === this.nodeName;
  }

  #changed(pod: Pod): void {
    if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return this.#mirrorChanged(pod);
    const worker = this.#workers.get(pod.metadata.uid);
    if (worker) worker.update(pod, pod);
    else this.#admit(pod);
  }

  #admit(pod: Pod): void {
    const nowRuns = [...this.#workers.values()].filter((worker) => worker.active).map((worker) => worker.pod);
    const worker = new PodWorker(pod, pod, this.#parts);
    this.#workers.set(pod.metadata.uid, worker);
    // What has run here before was admitted then.
    const known = isPodTerminal(pod) || pod.status.startTime !== undefined || pod.metadata.deletionTimestamp !== undefined;
    const refusal = known ? undefined : admitPod(pod, this.#parts.lookups.nodes.find(this.nodeName), this.#agent.allocatable(), nowRuns);
    this.#context.journal.record(
      "kubelet",
      `pods/${keyOf(pod)}`,
      refusal ? `turns the pod away: ${refusal.reason}` : `on ${this.nodeName} takes the pod`,
    );
    if (refusal) worker.reject(refusal.reason, refusal.message);
    this.#index(pod);
    worker.update(pod, pod);
    if (worker.resize.desired !== worker.pod) this.#resizes.push(worker);
  }

  #deleted(pod: Pod): void {
    if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) {
      const worker = this.#static.get(keyOf(pod));
      worker?.mirrorGone();
      if (worker) this.#makeMirror(worker.pod);
      return;
    }
    // Deleted by force: the containers get what grace the last delete gave, a second at least.
    this.#workers.get(pod.metadata.uid)?.remove(pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
  }

  #addStatic(manifest: Pod): void {
    const pod = staticPod(manifest, this.nodeName, rfc3339(this.nowMs()));
    this.#context.tasks.run(`kubelet ${this.nodeName} static`, async () => {
      // A mirror from before a restart of the node tells how often the containers have run.
      const mirror = await this.#parts.client.find(pods, { namespace: pod.metadata.namespace, name: pod.metadata.name });
      if (this.#stopped) return;
      const worker = new PodWorker(pod, mirror && mirroredUid(mirror) === pod.metadata.uid ? mirror : undefined, this.#parts);
      this.#workers.set(pod.metadata.uid, worker);
      this.#static.set(keyOf(pod), worker);
      this.#context.journal.record("kubelet", `pods/${keyOf(pod)}`, `on ${this.nodeName} takes the static pod`);
      worker.trigger();
      if (mirror) this.#mirrorChanged(mirror);
      else this.#makeMirror(pod);
    });
  }

  #makeMirror(pod: Pod): void {
    if (this.#stopped) return;
    // A mirror belongs to its Node object: without one it would be collected as fast as it is made.
    if (this.#agent.uid !== undefined && this.#parts.lookups.nodes.find(this.nodeName)?.metadata.uid !== this.#agent.uid) {
      this.#context.clock.after(NODE_GONE_RETRY_MS, () => this.#makeMirror(pod));
      return;
    }
    this.#context.tasks.run(`kubelet ${this.nodeName} mirror`, async () => {
      try {
        if (this.#agent.uid === undefined) throw new Error("the node is not registered yet");
        await createMirror(pod, this.#agent.uid, this.#parts.client);
      } catch {
        // The API server or the pod's namespace may come up after its own static pod.
        this.#context.clock.after(MIRROR_RETRY_MS, () => this.#makeMirror(pod));
      }
    });
  }

  #mirrorChanged(mirror: Pod): void {
    const worker = this.#static.get(keyOf(mirror));
    const isComing = (this.#options.staticPods ?? []).some(({ metadata }) => `${metadata.name}-${this.nodeName}` === mirror.metadata.name);
    if (!worker && isComing) return;
    const isOurs = worker !== undefined && mirroredUid(mirror) === worker.pod.metadata.uid;
    if (isOurs && mirror.metadata.deletionTimestamp === undefined) {
      worker.adoptMirror(mirror);
      return;
    }
    // Deleted, or of a manifest that is no more: gone at once, and made again when its static pod runs.
    const { namespace, name, uid } = mirror.metadata;
    void this.#parts.client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }).catch((error: unknown) => {
      if (!isNotFound(error) && !isConflict(error)) this.#parts.log(`mirror pod ${keyOf(mirror)}`, error);
    });
  }

  #containerExited(info: ContainerInfo): void {
    this.#workers.get(info.podUid)?.containerExited(info);
  }

  /** Which pods show a config map or secret: `configMap:default/x` → uids. */
  readonly #shownBy = new Map<string, Set<string>>();

  #index(pod: Pod): void {
    for (const reference of PodVolumes.references(pod)) {
      const uids = this.#shownBy.get(reference) ?? new Set();
      this.#shownBy.set(reference, uids.add(pod.metadata.uid));
    }
  }

  #refresh(reference: string): void {
    for (const uid of this.#shownBy.get(reference) ?? []) this.#workers.get(uid)?.refreshLater();
  }

  #forget(pod: Pod): void {
    const { uid } = pod.metadata;
    const worker = this.#workers.get(uid);
    if (worker) this.#resizes.forget(worker);
    this.#workers.delete(uid);
    this.#resizes.retry();
    for (const reference of PodVolumes.references(pod)) {
      const uids = this.#shownBy.get(reference);
      uids?.delete(uid);
      if (uids?.size === 0) this.#shownBy.delete(reference);
    }
  }
}
