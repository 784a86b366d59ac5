import type { Lease } from "../api/generated/coordination-v1.ts";
import type { Node, NodeCondition, NodeStatus } from "../api/generated/core-v1.ts";
import { leases } from "../api/resources/lease.ts";
import { nodes } from "../api/resources/node.ts";
import { isAlreadyExists } from "../api/status.ts";
import type { Client } from "../client/client.ts";
import type { EventRecorder } from "../client/event-recorder.ts";
import { type Clock, rfc3339, rfc3339Micro, type Timer } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import type { TaskGroup } from "../util/task-group.ts";
import type { KubeletOptions } from "./options.ts";

// Upstream: nodeStatusUpdateFrequency, nodeStatusReportFrequency, nodeLeaseDurationSeconds and its renewal at a quarter.
const CHANGE_LOOK_MS = 10_000;
const REPORT_MS = 300_000;
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;
const REGISTER_RETRY_MS = 200;
const MAX_REGISTER_RETRY_MS = 7000;
const LEASE_NAMESPACE = "kube-node-lease";
const MAX_IMAGES = 50;

export interface NodeAgentParts {
  readonly options: KubeletOptions;
  readonly client: Client;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly tasks: TaskGroup;
  /** Why pods cannot have a network, as the Ready condition says it. */
  networkProblem(): string | undefined;
  log(message: string, error?: unknown): void;
}

/** Registers the node, keeps its status true and its lease fresh. Upstream: pkg/kubelet/kubelet_node_status.go, nodelease */
export class NodeAgent {
  readonly #parts: NodeAgentParts;
  readonly #bootId: string;
  readonly #machineId: string;
  #uid: string | undefined;
  #timers = new Map<string, Timer>();
  #registerTries = 0;

  constructor(parts: NodeAgentParts) {
    this.#parts = parts;
    this.#bootId = parts.rng.uuid();
    this.#machineId = parts.rng.hex(32);
  }

  get uid(): string | undefined {
    return this.#uid;
  }

  allocatable(): Readonly<Record<string, string>> {
    return capacityOf(this.#parts.options);
  }

  start(): void {
    this.#event("Normal", "Starting", "Starting kubelet.");
    this.#run("register", () => this.#register());
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** Something that the status shows has changed: looked at within 10 s, as upstream's loop would. */
  imagesChanged(): void {
    if (!this.#timers.has("images")) this.#later("images", CHANGE_LOOK_MS, () => this.#tell());
  }

  /** The network came or went: told at once. */
  readinessChanged(): void {
    if (this.#uid) this.#run("status", () => this.#tell());
  }

  /** The API server can be reached again: the next look at the node, within 10 s, shows that it thinks otherwise of us. */
  reconnected(): void {
    if (this.#uid) this.#later("report", this.#parts.rng.int(0, CHANGE_LOOK_MS), () => this.#report());
  }

  async #register(): Promise<void> {
    const { client, options } = this.#parts;
    const { nodeName } = options;
    try {
      const existing = await client.find(nodes, { name: nodeName });
      const node = existing ?? (await this.#create());
      this.#uid = node.metadata.uid;
      if (existing) {
        if (existing.status.nodeInfo?.bootID)
          this.#event("Warning", "Rebooted", `Node ${nodeName} has been rebooted, boot id: ${this.#bootId}`);
        await client.mutate(nodes, { name: nodeName }, (current) => ({
          ...current,
          metadata: { ...current.metadata, labels: { ...current.metadata.labels, ...labelsOf(options) } },
        }));
      }
      this.#event("Normal", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods");
      await this.#writeStatus();
      await this.#renewLease();
      this.#later("report", REPORT_MS, () => this.#report());
    } catch (error) {
      this.#parts.log(`registering node ${nodeName}`, error);
      this.#later("register", Math.min(REGISTER_RETRY_MS * 2 ** this.#registerTries++, MAX_REGISTER_RETRY_MS), () => this.#register());
    }
  }

  async #create(): Promise<Node> {
    const { client, options } = this.#parts;
    const { nodeName, podCIDR, taints = [] } = options;
    const draft = {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: nodeName,
        labels: labelsOf(options),
        annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
      },
      spec: { podCIDR, podCIDRs: [podCIDR], ...(taints.length > 0 ? { taints: [...taints] } : {}) },
    };
    try {
      return await client.create(nodes, draft);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return await client.get(nodes, { name: nodeName });
    }
  }

  async #report(): Promise<void> {
    this.#later("report", REPORT_MS, () => this.#report());
    await this.#tell();
  }

  /** What could not be told is told at upstream's next look, 10 s later. */
  async #tell(): Promise<void> {
    try {
      await this.#writeStatus();
    } catch (error) {
      this.#parts.log("status", error);
      this.#later("report", CHANGE_LOOK_MS, () => this.#report());
    }
  }

  async #writeStatus(): Promise<void> {
    const { client, options } = this.#parts;
    const conditions = this.#conditions();
    const known = new Map<string, string>();
    await client.mutate(
      nodes,
      { name: options.nodeName },
      (current) => {
        for (const { type, status } of current.status.conditions ?? []) known.set(type, status);
        return { ...current, status: this.#status(current, conditions) };
      },
      { subresource: "status" },
    );
    for (const { type, status } of conditions) {
      if (known.get(type) === status) continue;
      const reason = conditionEvent(type, status);
      this.#event("Normal", reason, `Node ${options.nodeName} status is now: ${reason}`);
    }
  }

  #conditions(): Omit<NodeCondition, "lastTransitionTime">[] {
    const now = rfc3339(this.#parts.clock.now());
    const problem = this.#parts.networkProblem();
    const fine = (type: string, reason: string, message: string) => ({ type, status: "False", lastHeartbeatTime: now, reason, message });
    return [
      fine("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      fine("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      fine("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      problem === undefined
        ? { type: "Ready", status: "True", lastHeartbeatTime: now, reason: "KubeletReady", message: "kubelet is posting ready status" }
        : { type: "Ready", status: "False", lastHeartbeatTime: now, reason: "KubeletNotReady", message: problem },
    ];
  }

  #status(node: Node, conditions: readonly Omit<NodeCondition, "lastTransitionTime">[]): NodeStatus {
    const { options, clock } = this.#parts;
    const now = rfc3339(clock.now());
    const old = new Map((node.status.conditions ?? []).map((condition) => [condition.type, condition]));
    const own = new Set(conditions.map(({ type }) => type));
    const images = [...options.runtime.listImages()].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, MAX_IMAGES);
    return {
      ...node.status,
      addresses: [
        { type: "InternalIP", address: options.ip },
        { type: "Hostname", address: options.nodeName },
      ],
      capacity: capacityOf(options),
      allocatable: capacityOf(options),
      conditions: [
        ...conditions.map(({ type, status, lastHeartbeatTime, reason, message }): NodeCondition => {
          const before = old.get(type);
          const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
          return {
            type,
            status,
            lastHeartbeatTime: lastHeartbeatTime ?? now,
            lastTransitionTime,
            reason: reason ?? "",
            message: message ?? "",
          };
        }),
        ...(node.status.conditions ?? []).filter(({ type }) => !own.has(type)),
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      images: images.map(({ repoDigest, name, sizeBytes }) => ({ names: [repoDigest, name], sizeBytes })),
      nodeInfo: {
        architecture: "amd64",
        bootID: this.#bootId,
        containerRuntimeVersion: `containerd://${options.runtime.version}`,
        kernelVersion: "6.8.0-40-generic",
        // Deprecated upstream: always empty.
        kubeProxyVersion: "",
        kubeletVersion: options.kubeletVersion,
        machineID: node.status.nodeInfo?.machineID || this.#machineId,
        operatingSystem: "linux",
        osImage: "Debian GNU/Linux 12 (bookworm)",
        systemUUID: node.status.nodeInfo?.systemUUID || uuidOf(this.#machineId),
      },
    };
  }

  /** Upstream: k8s.io/component-helpers/apimachinery/lease/controller.go */
  async #renewLease(): Promise<void> {
    const { client, clock, options, log } = this.#parts;
    const name = { namespace: LEASE_NAMESPACE, name: options.nodeName };
    try {
      const renewed = await client.mutate(leases, name, (current) => ({
        ...current,
        spec: { ...current.spec, holderIdentity: options.nodeName, renewTime: rfc3339Micro(clock.now()) },
      }));
      if (!renewed) await client.create(leases, this.#newLease());
    } catch (error) {
      log(`lease of ${options.nodeName}`, error);
    }
    this.#later("lease", RENEW_MS, () => this.#renewLease());
  }

  #newLease(): Omit<Lease, "metadata"> & { metadata: Partial<Lease["metadata"]> } {
    const { clock, options } = this.#parts;
    const owner = this.#uid ? [{ apiVersion: "v1", kind: "Node", name: options.nodeName, uid: this.#uid }] : [];
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: LEASE_NAMESPACE, name: options.nodeName, ownerReferences: owner },
      spec: { holderIdentity: options.nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime: rfc3339Micro(clock.now()) },
    };
  }

  #later(name: string, delayMs: number, task: () => Promise<void>): void {
    this.#timers.get(name)?.cancel();
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#timers.delete(name);
      this.#run(name, task);
    });
    this.#timers.set(name, timer);
  }

  #run(name: string, task: () => Promise<void>): void {
    this.#parts.tasks.run(`kubelet ${this.#parts.options.nodeName} ${name}`, async () => {
      await task().catch((error: unknown) => this.#parts.log(name, error));
    });
  }

  #event(type: "Normal" | "Warning", reason: string, message: string): void {
    const { nodeName } = this.#parts.options;
    // Upstream names the node itself as uid in its events.
    this.#parts.events.event(
      {
        object: { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, uid: nodeName, creationTimestamp: "", resourceVersion: "" } },
      },
      type,
      reason,
      message,
    );
  }
}

function conditionEvent(type: string, status: string): string {
  switch (type) {
    case "Ready":
      return status === "True" ? "NodeReady" : "NodeNotReady";
    case "MemoryPressure":
      return "NodeHasSufficientMemory";
    case "DiskPressure":
      return "NodeHasNoDiskPressure";
    default:
      return "NodeHasSufficientPID";
  }
}

function labelsOf({ nodeName, labels }: KubeletOptions): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": "amd64",
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/hostname": nodeName,
    "kubernetes.io/os": "linux",
    ...labels,
  };
}

function capacityOf({ capacity }: KubeletOptions): Record<string, string> {
  return {
    cpu: capacity.cpu,
    "ephemeral-storage": "101430960Ki",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory: capacity.memory,
    pods: capacity.pods,
  };
}

const uuidOf = (hex: string) => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
