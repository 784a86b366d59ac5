import type { Readable } from "node:stream";
import type { ContainerStatus, Pod } from "../api/generated/core-v1.ts";
import { badRequest, internalError, messageOf, notFound, StatusError } from "../api/status.ts";
import {
  type LogOptions,
  type NodeGateway,
  type PortForwarder,
  type StreamOptions,
  type StreamSession,
  UpgradeRefused,
} from "../apiserver/node-gateway.ts";
import { ContainerError } from "../containers/runtime.ts";
import { logStream } from "./container-logs.ts";
import { type KubeletAnswer, kubeletAnswer } from "./http-endpoints.ts";
import type { Kubelet } from "./kubelet.ts";
import { RUNTIME_SCHEME } from "./options.ts";
import type { PodWorker } from "./pod-worker.ts";

const PODS = { group: "", plural: "pods" };

/** All kubelets as the API server reaches them. `kubelets` may grow and shrink. */
export function createNodeGateway(kubelets: Iterable<Kubelet>): NodeGateway {
  return new KubeletGateway(kubelets);
}

/** Upstream: pkg/kubelet/server/server.go, kubelet_pods.go */
class KubeletGateway implements NodeGateway {
  readonly #kubelets: Iterable<Kubelet>;

  constructor(kubelets: Iterable<Kubelet>) {
    this.#kubelets = kubelets;
  }

  async logs(pod: Pod, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    const { kubelet, worker } = this.#find(pod, logPath(pod, options));
    const { name } = pod.metadata;
    const status = statusesOf(worker).find((candidate) => candidate.name === options.container);
    if (!status) throw badRequest(`container "${options.container}" in pod "${name}" is not available`);
    const id = logContainerId(status, name, options.previous);
    let log;
    try {
      log = kubelet.runtime.readLog(id);
    } catch {
      // What ran before a restart of the node took its log with it.
      throw badRequest(`unable to retrieve container logs for ${RUNTIME_SCHEME}${id}`);
    }
    return logStream(log, options, kubelet.nowMs(), signal);
  }

  admit(pod: Pod, container: string): void {
    runningContainer(this.#find(pod).worker, container);
  }

  async exec(pod: Pod, options: StreamOptions & { readonly command: readonly string[] }): Promise<StreamSession> {
    const { kubelet, worker } = this.#find(pod);
    const id = runningContainer(worker, options.container);
    try {
      return await kubelet.runtime.exec(id, { command: options.command, stdin: options.stdin, tty: options.tty });
    } catch (error) {
      if (!(error instanceof ContainerError)) throw error;
      throw internalError(new Error(`error executing command in container: ${error.message}`, { cause: error }));
    }
  }

  async attach(pod: Pod, options: StreamOptions): Promise<StreamSession> {
    const { kubelet, worker } = this.#find(pod);
    return kubelet.runtime.attach(runningContainer(worker, options.container), { stdin: options.stdin, tty: options.tty });
  }

  portForward(pod: Pod): PortForwarder {
    const { kubelet, worker } = this.#find(pod);
    const { sandbox } = worker;
    if (!sandbox) throw new UpgradeRefused(`pod not found ("${pod.metadata.name}_${pod.metadata.namespace}")`);
    return async (port) => {
      try {
        return await kubelet.runtime.connectToPort(sandbox.id, port);
      } catch (error) {
        throw new Error(`error forwarding port ${port} to pod ${sandbox.id}, uid : ${messageOf(error)}`, { cause: error });
      }
    };
  }

  async request(node: string, method: string, path: string): Promise<KubeletAnswer | undefined> {
    for (const kubelet of this.#kubelets) {
      if (kubelet.nodeName !== node || !kubelet.connected) continue;
      if (method !== "GET" && method !== "HEAD")
        return { status: 405, contentType: "text/plain; charset=utf-8", body: "405: Method Not Allowed" };
      return kubeletAnswer(kubelet, path);
    }
    return undefined;
  }

  usage(pod: Pod, container: string): { readonly cpuNanoCores: number; readonly memoryBytes: number } | undefined {
    for (const kubelet of this.#kubelets) {
      if (kubelet.nodeName !== pod.spec.nodeName || !kubelet.connected) continue;
      const run = kubelet.workerOf(pod)?.containers.latest(container);
      return run?.state === "running" ? kubelet.runtime.usage(run.id) : undefined;
    }
    return undefined;
  }

  /** `path`: of a plain request to the kubelet; without: the API server dials it for a stream. */
  #find(pod: Pod, path?: string): { kubelet: Kubelet; worker: PodWorker } {
    for (const kubelet of this.#kubelets) {
      if (kubelet.nodeName !== pod.spec.nodeName || !kubelet.connected) continue;
      const worker = kubelet.workerOf(pod);
      if (!worker) throw notFound(PODS, pod.metadata.name);
      return { kubelet, worker };
    }
    // A machine that is off or cut off answers nothing; its neighbours say so.
    const address = `${pod.status.hostIP ?? pod.spec.nodeName ?? ""}:10250`;
    const problem = `dial tcp ${address}: connect: no route to host`;
    throw new StatusError({
      code: 500,
      message: path === undefined ? `error dialing backend: ${problem}` : `Get "https://${address}${path}": ${problem}`,
    });
  }
}

function logPath(
  { metadata: { namespace, name } }: Pod,
  { container, follow, previous, timestamps, tailLines, limitBytes, sinceSeconds, sinceTime }: LogOptions,
): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ follow, limitBytes, previous, sinceSeconds, sinceTime, tailLines, timestamps }))
    if (value !== undefined && value !== false) query.set(key, String(value));
  const text = query.toString();
  return `/containerLogs/${namespace}/${name}/${container}${text ? `?${text}` : ""}`;
}

function statusesOf(worker: PodWorker): ContainerStatus[] {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = worker.status;
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
}

/** Upstream: kubelet_pods.go validateContainerLogStatus */
function logContainerId({ name, state = {}, lastState = {}, containerID = "" }: ContainerStatus, pod: string, previous: boolean): string {
  const bare = (id: string | undefined) => (id ?? "").replace(RUNTIME_SCHEME, "");
  const last = lastState.terminated?.containerID;
  if (previous) {
    if (!last) throw badRequest(`previous terminated container "${name}" in pod "${pod}" not found`);
    return bare(last);
  }
  if (state.running) return bare(containerID);
  const ended = state.terminated?.containerID || last;
  if (ended) return bare(ended);
  switch (state.waiting?.reason) {
    case "ErrImagePull":
      throw badRequest(`container "${name}" in pod "${pod}" is waiting to start: image can't be pulled`);
    case "ImagePullBackOff":
      throw badRequest(`container "${name}" in pod "${pod}" is waiting to start: trying and failing to pull image`);
    default:
      throw badRequest(`container "${name}" in pod "${pod}" is waiting to start: ${state.waiting?.reason ?? "no logs yet"}`);
  }
}

function runningContainer(worker: PodWorker, name: string): string {
  const run = worker.containers.latest(name);
  if (run?.state !== "running") throw new UpgradeRefused(`container not found ("${name}")`);
  return run.id;
}
