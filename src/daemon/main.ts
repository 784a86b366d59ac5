import { listenForApi, listenOnLocalSocket, speakTls } from "../host/api-listener.ts";
import {
  daemonArguments,
  exitAfter,
  exitWith,
  guardAgainstBacktracking,
  hostNowMs,
  kubesimVersion,
  onStopSignal,
  onUncaught,
  processId,
  ProcessStats,
  processUsage,
  seed,
  writeLogLine,
} from "../host/daemon-process.ts";
import { HostClock, yieldToHost } from "../host/host-clock.ts";
import { HostDisk } from "../host/host-disk.ts";
import { bindOnLoopback, listenOnLoopback } from "../host/host-listener.ts";
import { readBundled, readUserImages, StateFolder, VolumeFolder } from "../host/state-folder.ts";
import { postReview } from "../host/webhook-client.ts";
import type { Descriptions } from "../apiserver/http/openapi.ts";
import { parseYamlDocuments } from "../api/parse-yaml.ts";
import { StoreUnreadableError, WriteAheadLog } from "../store/write-ahead-log.ts";
import { type ClusterCertificates, createCertificates } from "./certificates.ts";
import { newestHeartbeatMs, startCluster } from "./cluster.ts";
import { API_PORT } from "./default-cluster.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { volumeStorage } from "./volume-storage.ts";

// A new cluster comes up in fast-forward: what takes kubeadm half a minute of waiting passes in a moment.
const START_SPEED = 60;
const START_LIMIT_MS = 120_000;
// What that takes of simulated time, and some: a new cluster begins so long ago and is then in step with the host,
// against whose clock kubectl tells ages.
const START_MS = 20_000;
const STOP_LIMIT_MS = 5000;
// The newest heartbeat on disk is at most this old: simulated time goes on after it, never before.
const HEARTBEAT_INTERVAL_MS = 10_000;

/** The daemon's life: take the cluster's folder, start everything, say so in daemon.json, stop on a signal. */
async function main(): Promise<void> {
  guardAgainstBacktracking();
  const { name, nodes } = daemonArguments();
  const folder = new StateFolder(name);
  const holder = folder.lock();
  if (holder !== undefined) throw new Error(`the cluster ${JSON.stringify(name)} is run by process ${holder} already`);
  onUncaught((error) => report("kubesim", "unexpected", error));

  const log = await WriteAheadLog.open(new HostDisk(folder.file("store")), { yieldToHost });
  const newestMs = await newestHeartbeatMs(log);
  const clock = new HostClock(newestMs === 0 ? hostNowMs() - START_MS : Math.max(newestMs + HEARTBEAT_INTERVAL_MS, hostNowMs()));
  const certificates = await loadCertificates(folder);
  const stats = new ProcessStats();
  const cluster = await startCluster({
    log,
    clock,
    certificates,
    seed: seed(),
    nodeCount: nodes,
    version: kubesimVersion(),
    images: readUserImages().flatMap((text) => parseYamlDocuments(text)),
    listenOnHost: listenOnLoopback,
    bindOnHost: bindOnLoopback,
    volumeStorage: volumeStorage(new VolumeFolder(folder)),
    hostNow: hostNowMs,
    secure: speakTls,
    postReview,
    descriptions: () => JSON.parse(readBundled("descriptions.json") ?? "{}") as Descriptions,
    processUsage,
    stats: (start) => {
      if (start) stats.start();
      return start ? {} : stats.take();
    },
    report,
  });
  const handlers = { handle: cluster.handler.handle, upgrade: cluster.handler.handleUpgrade };
  const listener = await listenOnFreePort(folder, certificates, handlers);
  cluster.onApiConnection((connection) => listener.serve(connection));
  const socketFile = folder.file("api.sock");
  const socket = await listenOnLocalSocket(socketFile, handlers);
  if (cluster.isNew) {
    clock.setSpeed(START_SPEED);
    await cluster.settled(START_LIMIT_MS);
    await clock.step(Math.max(0, hostNowMs() - clock.now()));
    clock.setSpeed(1);
  }
  const url = `https://127.0.0.1:${listener.port}`;
  folder.write("kubeconfig", renderKubeconfig(name, url, certificates));
  folder.write(
    "daemon.json",
    `${JSON.stringify({ pid: processId(), url, ...(socket ? { socket: socketFile } : {}), startedAt: new Date(hostNowMs()).toISOString(), version: kubesimVersion() })}\n`,
  );

  onStopSignal(() => {
    void (async () => {
      // Whatever hangs, what is stored is stored: nobody shall wait for long.
      exitAfter(STOP_LIMIT_MS);
      folder.remove("daemon.json");
      clock.stop();
      await Promise.all([listener.close(), socket?.close()]);
      await cluster.stop();
      folder.unlock();
      exitWith(0);
    })();
  });
}

async function loadCertificates(folder: StateFolder): Promise<ClusterCertificates> {
  const stored = folder.read("certificates.json");
  if (stored !== undefined) return JSON.parse(stored) as ClusterCertificates;
  const certificates = await createCertificates(hostNowMs());
  folder.write("certificates.json", `${JSON.stringify(certificates)}\n`);
  return certificates;
}

/** The port of last time, so that kubeconfigs stay true; else 6443; else any. */
async function listenOnFreePort(folder: StateFolder, certificates: ClusterCertificates, handlers: Parameters<typeof listenForApi>[2]) {
  const tls = { cert: certificates.server.cert, key: certificates.server.key, ca: certificates.ca.cert };
  const last = Number(folder.read("port") ?? API_PORT);
  for (const port of new Set([last, API_PORT, 0])) {
    try {
      const listener = await listenForApi(port, tls, handlers);
      folder.write("port", String(listener.port));
      return listener;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || port === 0) throw error;
    }
  }
  throw new Error("no port is free on 127.0.0.1");
}

function report(component: string, message: string, error?: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : error === undefined ? "" : String(error);
  writeLogLine(`${component}: ${message}${detail ? `: ${detail}` : ""}`);
}

main().catch((error: unknown) => {
  // The last line of the log is what the CLI shows to the user.
  const known = error instanceof StoreUnreadableError || (error as NodeJS.ErrnoException).code !== undefined || error instanceof Error;
  writeLogLine(known ? (error as Error).message : String(error));
  exitWith(1);
});
