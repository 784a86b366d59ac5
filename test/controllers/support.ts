import assert from "node:assert/strict";
import type { Deployment, ReplicaSet } from "../../src/api/generated/apps-v1.ts";
import type { Event, Node, Pod, PodSpec } from "../../src/api/generated/core-v1.ts";
import { deployments } from "../../src/api/resources/deployment.ts";
import { events } from "../../src/api/resources/event.ts";
import { nodes } from "../../src/api/resources/node.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { replicaSets } from "../../src/api/resources/replica-set.ts";
import { getScale, withReplicas } from "../../src/apiserver/subresources/scale.ts";
import type { ControllerContext } from "../../src/controllers/controller.ts";
import { startControllers } from "../../src/controllers/index.ts";
import { rfc3339 } from "../../src/util/clock.ts";
import { startRegistry, type TestRegistry } from "../support/cluster.ts";

export const CA_PEM = "-----BEGIN CERTIFICATE-----\ntest\n-----END CERTIFICATE-----\n";

/** Registry and all controllers, with machines that run whatever they are given at once. */
export class World {
  readonly parts: TestRegistry = startRegistry();
  /** Pods for which this holds are left Pending. */
  holds: (pod: Pod) => boolean = () => false;
  readonly errors: string[] = [];
  #nextIp = 1;
  #nextNode = 0;
  readonly #nodeNames: string[];

  private constructor(nodeNames: readonly string[]) {
    this.#nodeNames = [...nodeNames];
  }

  static async start(nodeNames: readonly string[] = ["worker1", "worker2"], more: Partial<ControllerContext> = {}): Promise<World> {
    const world = new World(nodeNames);
    for (const name of nodeNames) await world.addNode(name);
    const { client, informers, events: recorder, clock, rng, tasks, journal } = world.parts;
    const context: ControllerContext = {
      client,
      informers,
      events: recorder,
      clock,
      rng,
      tasks,
      journal,
      caPem: CA_PEM,
      signCertificate: () => Promise.reject(new Error("no certificates here")),
      issueSecretToken: ({ namespace, serviceAccount }) => `token of ${namespace}/${serviceAccount.name}`,
      authorize: () => true,
      podMetrics: () => undefined,
      getScale: (kind, name) => getScale(world.parts.registry, kind, name),
      withReplicas,
      log: (component, message, error) => world.errors.push(`${component} ${message}: ${String(error)}`),
      ...more,
    };
    startControllers(context);
    const run = (pod: Pod) => void world.#run(pod);
    informers.of(pods).addHandler({ added: run, updated: run });
    await informers.start();
    await world.settle();
    return world;
  }

  get client() {
    return this.parts.client;
  }

  async addNode(name: string, taints: Node["spec"]["taints"] = []): Promise<void> {
    const now = rfc3339(this.parts.clock.now());
    const node = await this.client.create(nodes, { metadata: { name, labels: { "kubernetes.io/hostname": name } }, spec: {} } as never);
    const conditions = [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "kubelet is posting ready status",
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ];
    await this.client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } });
    await this.client.mutate(nodes, { name }, (current) => ({ ...current, spec: { ...current.spec, taints: taints ?? [] } }));
  }

  async settle(): Promise<void> {
    await this.parts.clock.step(0);
    await this.parts.clock.settle(30);
  }

  /** Until nothing changes any more at this instant, or `done` holds. */
  until(done: () => boolean | Promise<boolean>): Promise<void> {
    return this.parts.clock.until(done);
  }

  async #run(pod: Pod): Promise<void> {
    if (pod.metadata.deletionTimestamp) return this.client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 }).catch(() => undefined);
    if (this.holds(pod)) return;
    if (!pod.spec.nodeName)
      return this.client.bind({ ...pod.metadata, name: pod.metadata.name, uid: pod.metadata.uid }, this.#placeFor(pod));
    if (pod.status.phase !== "Pending") return;
    const now = rfc3339(this.parts.clock.now());
    const podIP = `10.244.1.${this.#nextIp++}`;
    await this.client.mutate(
      pods,
      pod.metadata,
      (current) => ({
        ...current,
        status: {
          ...current.status,
          phase: "Running",
          startTime: now,
          podIP,
          podIPs: [{ ip: podIP }],
          conditions: [{ type: "Ready", status: "True", lastTransitionTime: now }],
        },
      }),
      { subresource: "status" },
    );
  }

  #placeFor(pod: Pod): string {
    const pinned =
      pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
    return pinned ?? (this.#nodeNames[this.#nextNode++ % this.#nodeNames.length] as string);
  }

  async setReady(name: string, ready: boolean): Promise<void> {
    const now = rfc3339(this.parts.clock.now());
    await this.client.mutate(
      pods,
      { namespace: "default", name },
      (pod) => ({
        ...pod,
        status: { ...pod.status, conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: now }] },
      }),
      { subresource: "status" },
    );
    await this.settle();
  }

  async finish(name: string, phase: "Succeeded" | "Failed"): Promise<void> {
    await this.client.mutate(
      pods,
      { namespace: "default", name },
      (pod) => ({ ...pod, status: { ...pod.status, phase, conditions: [] } }),
      { subresource: "status" },
    );
    await this.settle();
  }

  async pods(labelSelector?: string): Promise<Pod[]> {
    return (await this.client.list(pods, { namespace: "default", ...(labelSelector ? { labelSelector } : {}) })).items;
  }

  async replicaSets(): Promise<ReplicaSet[]> {
    return (await this.client.list(replicaSets, { namespace: "default" })).items;
  }

  deployment(name = "web"): Promise<Deployment> {
    return this.client.get(deployments, { namespace: "default", name });
  }

  /** `Normal ScalingReplicaSet Scaled up …`, oldest first. */
  async eventsOf(kind: string, name: string): Promise<string[]> {
    const { items } = await this.client.list(events, { namespace: "default" });
    const mine = items.filter((event: Event) => event.involvedObject.kind === kind && event.involvedObject.name === name);
    return mine
      .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map((event) => `${event.type} ${event.reason} ${event.message}`);
  }

  /** Fails the test when a reconcile failed. */
  async stop(): Promise<void> {
    await this.parts.tasks.stop();
    assert.deepEqual(this.errors, []);
    assert.deepEqual(this.parts.failures, []);
  }
}

export const template = (app: string, image = "luksa/kubia:v1", spec: Partial<PodSpec> = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: "main", image }], ...spec },
});

export function newDeployment(overrides: Record<string, unknown> = {}, name = "web"): never {
  return {
    metadata: { name, namespace: "default" },
    spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: template(name), ...overrides },
  } as never;
}

export function newReplicaSet(replicas: number, overrides: Record<string, unknown> = {}): never {
  return {
    metadata: { name: "web", namespace: "default" },
    spec: { replicas, selector: { matchLabels: { app: "web" } }, template: template("web"), ...overrides },
  } as never;
}
