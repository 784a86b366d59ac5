import { createImageCatalogue } from "../../src/containers/catalogue.ts";
import type { ContainerConfig, PodSandboxConfig } from "../../src/containers/runtime.ts";
import { createRuntime } from "../../src/containers/simulated-runtime.ts";
import { createNetwork } from "../../src/network/virtual-network.ts";
import { SeededRng } from "../../src/util/rng.ts";
import { SimClock } from "../../src/util/sim-clock.ts";

export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** One node with a network, on a clock that the test moves. */
export function makeWorld(seed = 7) {
  const clock = new SimClock(START_MS, () => new Promise((resolve) => setImmediate(resolve)));
  const rng = new SeededRng(seed);
  const network = createNetwork({ clock, rng, dnsServiceIp: "10.96.0.10" });
  network.addNode({ name: "worker1", ip: "172.18.0.3", podCIDR: "10.244.1.0/24" });
  network.setCniReady("worker1", true);
  const runtime = createRuntime({ node: "worker1", clock, rng, network, images: createImageCatalogue() });
  const never = new AbortController().signal;

  /** Steps the clock until the promise settles. */
  async function finish<T>(promise: Promise<T>, limitMs = 120_000): Promise<T> {
    let done = false;
    const settled = promise.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    await clock.until(() => done, limitMs);
    return settled;
  }

  async function sandbox(name: string, overrides: Partial<PodSandboxConfig> = {}) {
    const uid = rng.uuid();
    return finish(
      runtime.runPodSandbox({
        uid,
        namespace: "default",
        name,
        attempt: 0,
        labels: {},
        annotations: {},
        shareProcessNamespace: false,
        hostPid: false,
        network: {
          podUid: uid,
          namespace: "default",
          name,
          hostname: name,
          subdomain: undefined,
          hostNetwork: false,
          dnsPolicy: "ClusterFirst",
          dnsConfig: undefined,
          hostAliases: [],
        },
        ...overrides,
      }),
    );
  }

  async function container(sandboxId: string, config: Partial<ContainerConfig> & { image: string }) {
    await finish(runtime.pullImage(config.image, never));
    const id = await finish(
      runtime.createContainer(sandboxId, {
        name: "main",
        attempt: 0,
        pidNamespaceOf: undefined,
        command: undefined,
        args: undefined,
        workingDir: undefined,
        env: [],
        mounts: [],
        stdin: false,
        stdinOnce: false,
        tty: false,
        readOnlyRootFilesystem: false,
        runAsUser: undefined,
        runAsGroup: undefined,
        supplementalGroups: [],
        memoryLimitBytes: 0,
        cpuLimitMillis: 0,
        stopSignal: undefined,
        ...config,
      }),
    );
    await finish(runtime.startContainer(id));
    await clock.settle();
    return id;
  }

  const log = (id: string) => runtime.readLog(id).lines.map((line) => line.text);
  const run = (id: string, ...command: string[]) => finish(runtime.execSync(id, command, 60_000));
  /** A shell script in a busybox (or other) container. */
  const sh = (id: string, script: string) => run(id, "sh", "-c", script);
  return { clock, rng, network, runtime, finish, sandbox, container, log, run, sh, never };
}
