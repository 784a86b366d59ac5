import type { NetworkNamespace } from "../network/network.ts";
import type { VirtualNetwork } from "../network/virtual-network.ts";
import type { Pod } from "../api/generated/core-v1.ts";
import type { ComponentContext } from "../client/component.ts";
import type { ImageCatalogue } from "../containers/images.ts";
import { createMemoryFileSystem } from "../containers/memory-filesystem.ts";
import { createRuntime, type SimulatedRuntime } from "../containers/simulated-runtime.ts";
import { type Kubelet, startKubelet } from "../kubelet/kubelet.ts";
import type { KubeletOptions } from "../kubelet/options.ts";
import { KUBERNETES_SERVICE_IP, KUBERNETES_VERSION, type NodeSpec } from "./default-cluster.ts";

/** One simulated machine: its runtime, and its kubelet while it is switched on. */
interface Machine {
  readonly spec: NodeSpec;
  readonly runtime: SimulatedRuntime;
  kubelet: Kubelet | undefined;
}

export interface MachinesOptions {
  readonly context: ComponentContext;
  readonly network: VirtualNetwork;
  readonly images: ImageCatalogue;
  readonly tokens: KubeletOptions["tokens"];
  readonly caPem: string;
  readonly volumeStorage: KubeletOptions["volumeStorage"];
  natRules(node: string): string;
  staticPodsOf(node: NodeSpec): readonly Pod[];
}

/** All machines of the cluster. */
export class Machines {
  readonly #options: MachinesOptions;
  readonly #machines = new Map<string, Machine>();

  constructor(options: MachinesOptions) {
    this.#options = options;
  }

  /** Plugs a machine in and switches it on. */
  add(spec: NodeSpec): void {
    const { context, network, images } = this.#options;
    network.addNode(spec);
    const runtime = createRuntime({
      node: spec.name,
      clock: context.clock,
      rng: context.rng,
      network,
      images,
      journal: context.journal,
      natRules: (node) => this.#options.natRules(node),
    });
    const machine: Machine = { spec, runtime, kubelet: undefined };
    this.#machines.set(spec.name, machine);
    this.start(spec.name);
  }

  start(name: string): void {
    const machine = this.#machines.get(name);
    if (!machine || machine.kubelet) return;
    const { context, network, tokens, caPem, volumeStorage } = this.#options;
    machine.kubelet = startKubelet(context, {
      nodeName: machine.spec.name,
      ip: machine.spec.ip,
      podCIDR: machine.spec.podCIDR,
      labels: machine.spec.labels,
      taints: machine.spec.taints,
      capacity: machine.spec.capacity,
      kubeletVersion: KUBERNETES_VERSION,
      runtime: machine.runtime,
      network,
      staticPods: this.#options.staticPodsOf(machine.spec),
      serviceIP: KUBERNETES_SERVICE_IP,
      serverIP: this.#serverIP,
      connected: !network.isCut(name),
      tokens,
      caPem,
      ...(volumeStorage ? { volumeStorage } : {}),
      createVolume: (capacityBytes = Infinity) => createMemoryFileSystem({ now: () => context.clock.now(), capacityBytes }),
    });
  }

  /** Pulls the plug. */
  async stop(name: string): Promise<void> {
    const machine = this.#machines.get(name);
    await machine?.kubelet?.stop();
    if (machine) machine.kubelet = undefined;
  }

  /** Pulls the network cable; the machine runs on. */
  cut(name: string): void {
    this.#options.network.cut(name);
    this.#machines.get(name)?.kubelet?.setConnected(false);
  }

  mend(name: string): void {
    this.#options.network.mend(name);
    this.#machines.get(name)?.kubelet?.setConnected(true);
  }

  /** The first machine has the control plane. */
  isControlPlane(name: string): boolean {
    return this.#machines.keys().next().value === name;
  }

  get #serverIP(): string {
    return this.#machines.values().next().value?.spec.ip ?? "";
  }

  has(name: string): boolean {
    return this.#machines.has(name);
  }

  get size(): number {
    return this.#machines.size;
  }

  find(name: string): Machine | undefined {
    return this.#machines.get(name);
  }

  /** The kubelets of the machines that are switched on, whenever it is asked. */
  get kubelets(): Iterable<Kubelet> {
    const machines = this.#machines;
    return {
      *[Symbol.iterator]() {
        for (const { kubelet } of machines.values()) if (kubelet) yield kubelet;
      },
    };
  }

  /** The namespace of a running pod. */
  findPodNetwork(pod: Pod): NetworkNamespace | undefined {
    const runtime = this.#machines.get(pod.spec.nodeName ?? "")?.runtime;
    return runtime?.listPodSandboxes().find((sandbox) => sandbox.uid === pod.metadata.uid && sandbox.state === "ready")?.network;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#machines.keys()].map((name) => this.stop(name)));
  }
}
