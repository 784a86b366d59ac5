import type { Event, Pod } from "../../src/api/generated/core-v1.ts";
import { events as eventKind } from "../../src/api/resources/event.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { createImageCatalogue } from "../../src/containers/catalogue.ts";
import { createMemoryFileSystem } from "../../src/containers/memory-filesystem.ts";
import { createRuntime } from "../../src/containers/simulated-runtime.ts";
import { type Kubelet, type KubeletOptions, startKubelet } from "../../src/kubelet/kubelet.ts";
import { createNodeGateway } from "../../src/kubelet/gateway.ts";
import { createNetwork } from "../../src/network/virtual-network.ts";
import { configMaps } from "../../src/api/resources/config-map.ts";
import { startRegistry } from "../support/cluster.ts";

/** Kubelets on the real registry, runtime and network; no scheduler, no controllers: pods name their node. */
export async function startNodes(options: { nodes?: number; cni?: boolean; kubelet?: Partial<KubeletOptions> } = {}) {
  const world = startRegistry();
  const { client, informers, clock, rng, events, journal, tasks } = world;
  const problems: string[] = [];
  const network = createNetwork({ clock, rng, dnsServiceIp: "10.96.0.10" });
  const images = createImageCatalogue();
  const kubelets: Kubelet[] = [];
  const context = {
    client,
    informers,
    events,
    clock,
    rng,
    journal,
    tasks,
    log: (component: string, message: string, error?: unknown) =>
      problems.push(`${component} ${message} ${error instanceof Error ? error.stack : String(error)}`),
  };
  const startNode = (index: number) => {
    const nodeName = `worker${index}`;
    const ip = `172.18.0.${index + 1}`;
    const podCIDR = `10.244.${index}.0/24`;
    network.addNode({ name: nodeName, ip, podCIDR });
    if (options.cni !== false) network.setCniReady(nodeName, true);
    const kubelet = startKubelet(context, {
      nodeName,
      ip,
      podCIDR,
      capacity: { cpu: "4", memory: "8Gi", pods: "500" },
      kubeletVersion: "v1.36.0",
      runtime: createRuntime({ node: nodeName, clock, rng, network, images }),
      network,
      serviceIP: "10.96.0.1",
      serverIP: "172.18.0.1",
      tokens: { issue: ({ expirationSeconds }) => ({ token: "token", expirationTimeMs: clock.now() + expirationSeconds * 1000 }) },
      caPem: "",
      createVolume: (capacityBytes = Infinity) => createMemoryFileSystem({ now: () => clock.now(), capacityBytes }),
      ...options.kubelet,
    });
    kubelets.push(kubelet);
    return kubelet;
  };
  for (const namespace of ["default", "kube-system"])
    await client.create(configMaps, { metadata: { name: "kube-root-ca.crt", namespace }, data: { "ca.crt": "CA" } });
  for (let index = 1; index <= (options.nodes ?? 1); index++) startNode(index);
  await informers.start();
  await clock.settle();
  const getPod = (name: string) => client.find(pods, { namespace: "default", name });
  return {
    ...world,
    network,
    kubelets,
    problems,
    startNode,
    gateway: createNodeGateway(kubelets),
    getPod,
    createPod: (name: string, spec: Partial<Pod["spec"]> & Pick<Pod["spec"], "containers">, metadata: Partial<Pod["metadata"]> = {}) =>
      client.create(pods, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default", ...metadata },
        spec: { nodeName: "worker1", ...spec },
      }),
    /** Steps until the pod is as `done` says. */
    untilPod: async (name: string, done: (pod: Pod) => boolean, limitMs = 60_000): Promise<Pod> => {
      let last: Pod | undefined;
      try {
        await clock.until(async () => {
          last = await getPod(name);
          return last !== undefined && done(last);
        }, limitMs);
      } catch (error) {
        throw new Error(
          `${String(error)}: ${JSON.stringify(last?.status, undefined, 1)} ${problems.join("\n")} ${world.failures.map(({ error: failure }) => (failure instanceof Error ? failure.stack : String(failure))).join("\n")}`,
          { cause: error },
        );
      }
      return last as Pod;
    },
    eventsOf: async (name: string): Promise<string[]> => {
      await clock.settle();
      const list = await client.list(eventKind, { namespace: "default" });
      return (list.items as Event[])
        .filter((event) => event.involvedObject.name === name)
        .map((event) => `${event.reason}: ${event.message}`);
    },
  };
}

export const isRunning = (pod: Pod) => pod.status.phase === "Running";
export const isReady = (pod: Pod) => pod.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
