import fs from "node:fs";
import type { ServerResponse } from "node:http";
import https from "node:https";
import path from "node:path";
import { type ClusterCertificates, createCertificates } from "../../../src/daemon/certificates.ts";
import { type Cluster, startCluster } from "../../../src/daemon/cluster.ts";
import { renderKubeconfig } from "../../../src/daemon/kubeconfig.ts";
import { type ApiListener, listenForApi } from "../../../src/host/api-listener.ts";
import { HostDisk } from "../../../src/host/host-disk.ts";
import { WriteAheadLog } from "../../../src/store/write-ahead-log.ts";
import { SimClock } from "../../../src/util/sim-clock.ts";
import { StoredState } from "./stored-state.ts";

// Long ago: kubectl counts many ages against the host's clock, and ages of this size are told in days.
const START_MS = Date.parse("2026-01-01T00:00:00Z");
const SEED = 7;
const WORKER = "worker1";
const yieldToHost = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A whole cluster in this process. Its time moves only when it is told to: two clusters with the same past are in the same state. */
export class ConformanceCluster {
  readonly clock: SimClock;
  readonly kubeconfig: string;
  readonly port: number;
  readonly state: StoredState;
  readonly #certificates: ClusterCertificates;
  readonly #cluster: Cluster;
  readonly #listener: ApiListener;
  readonly #folder: string;

  private constructor(parts: {
    clock: SimClock;
    cluster: Cluster;
    listener: ApiListener;
    folder: string;
    certificates: ClusterCertificates;
    state: StoredState;
  }) {
    this.clock = parts.clock;
    this.state = parts.state;
    this.#certificates = parts.certificates;
    this.#cluster = parts.cluster;
    this.#listener = parts.listener;
    this.#folder = parts.folder;
    this.port = parts.listener.port;
    this.kubeconfig = path.join(parts.folder, "kubeconfig");
    fs.writeFileSync(this.kubeconfig, renderKubeconfig("default", `https://127.0.0.1:${this.port}`, parts.certificates));
  }

  /** @param past what another cluster had stored, and when: this one goes on from there. */
  static async start(folder: string, certificates: ClusterCertificates, past?: Past): Promise<ConformanceCluster> {
    fs.mkdirSync(folder, { recursive: true });
    const store = path.join(folder, "store");
    if (past) await layDown(past.state, store);
    const log = await WriteAheadLog.open(new HostDisk(store), { yieldToHost });
    const state = new StoredState(log);
    const clock = new SimClock(past?.nowMs ?? START_MS, yieldToHost);
    const starting = startCluster({
      log,
      clock,
      certificates,
      // A second life draws other numbers: uids must not come again.
      seed: past ? past.state.revision : SEED,
      nodeCount: 3,
      version: "0.0.0",
      hostNow: () => Date.now(),
      images: [],
      // Host ports are not served: two clusters cannot have the same ones.
      listenOnHost: () => Promise.resolve({ close: () => Promise.resolve() }),
      bindOnHost: () => Promise.resolve({ close: () => Promise.resolve() }),
      volumeStorage: { load: () => undefined, save: () => undefined, remove: () => undefined },
      secure: (connection) => Promise.resolve(connection),
      postReview: () => Promise.reject(new Error("no webhooks here")),
      descriptions: () => ({}),
      processUsage: () => ({ cpuSeconds: 0, residentBytes: 0, startTimeSeconds: 0, heapBytes: 0 }),
      stats: () => ({}),
      report: (component, message, error) => {
        if (process.env["CONFORMANCE_LOG"]) console.error(component, message, error ?? "");
      },
    });
    const cluster = await whileStepping(clock, starting);
    const listener = await listenForApi(
      0,
      { cert: certificates.server.cert, key: certificates.server.key, ca: certificates.ca.cert },
      { handle: (request, response) => cluster.handler.handle(request, withHostDate(response)), upgrade: cluster.handler.handleUpgrade },
    );
    cluster.onApiConnection((connection) => listener.serve(connection));
    await whileStepping(clock, cluster.settled(120_000));
    return new ConformanceCluster({ clock, cluster, listener, folder, certificates, state });
  }

  /** Lets simulated time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.step(ms);
  }

  /** Moves on to a moment, however long that is. */
  async passUntil(ms: number): Promise<void> {
    if (ms > this.clock.now()) await this.clock.step(ms - this.clock.now());
  }

  /** Writes what nobody looks at until the store has counted as many writes. */
  async countTo(revision: number): Promise<void> {
    while (this.state.revision < revision) await this.#touch(this.state.revision);
  }

  #touch(count: number): Promise<void> {
    const { cert, key } = this.#certificates.admin;
    return new Promise((resolve, reject) => {
      const request = https.request({
        port: this.port,
        path: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${WORKER}`,
        method: "PATCH",
        headers: { "Content-Type": "application/merge-patch+json" },
        ca: this.#certificates.ca.cert,
        cert,
        key,
      });
      request.on("error", reject).on("response", (response) => {
        response.resume().on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
      });
      request.end(JSON.stringify({ metadata: { annotations: { count: String(count) } } }));
    });
  }

  async stop(): Promise<void> {
    await this.#listener.close();
    await whileStepping(this.clock, this.#cluster.stop());
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Past {
  readonly state: StoredState;
  readonly nowMs: number;
}

async function layDown(state: StoredState, folder: string): Promise<void> {
  const log = await WriteAheadLog.open(new HostDisk(folder), { yieldToHost });
  for (const record of state.records()) log.append(record);
  await log.close();
}

export async function newCertificates(): Promise<ClusterCertificates> {
  return createCertificates(Date.now());
}

/** kubectl counts ages against the host's clock, kubesim against the server's: here both see the host's. */
function withHostDate(response: ServerResponse): ServerResponse {
  const writeHead = response.writeHead.bind(response) as (status: number, ...rest: unknown[]) => ServerResponse;
  const patched = (status: number, ...rest: unknown[]) => {
    const headers = rest.at(-1);
    if (typeof headers === "object" && headers !== null && "Date" in headers)
      rest[rest.length - 1] = { ...headers, Date: new Date().toUTCString() };
    return writeHead(status, ...rest);
  };
  return Object.assign(response, { writeHead: patched });
}

async function whileStepping<T>(clock: SimClock, promise: Promise<T>): Promise<T> {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  watched.catch(() => undefined);
  while (!done) {
    await clock.step(100);
    await yieldToHost();
  }
  return watched;
}
