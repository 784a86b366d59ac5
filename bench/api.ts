import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { BenchCluster, inOwnProcess, printFigure, ROOT, sleep } from "./support/measure.ts";

const CLIENT = path.join(ROOT, "bench/support/load-client.mjs");
const ETCD_URL = "http://127.0.0.1:23799";

interface Target {
  readonly url: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** The API under load, against the goals of a real control plane and, where there is one, a raw etcd on the same disk. */
export async function apiFigures(): Promise<void> {
  const writes = await onCluster<{ many: number; one: number; getP50: number; getP99: number }>({ suite: "writes" });
  printFigure({
    name: "creates-64-clients",
    value: writes.many,
    unit: "a second",
    goal: ">=2500",
    peer: "1739 (kube-apiserver 1.20 + etcd, measured elsewhere)",
  });
  printFigure({ name: "creates-1-client", value: writes.one, unit: "a second", goal: ">=700", peer: "551 (the same)" });
  printFigure({ name: "get-p99", value: writes.getP99, unit: "ms", goal: "<=2", peer: "1.97 (the same)" });
  const etcd = await rawEtcd();
  if (etcd === undefined) console.log("creates-of-etcd: no etcd here (Debian's etcd-server, in PATH or .cache/etcd)");
  else
    printFigure({
      name: "creates-of-etcd",
      value: writes.many / etcd,
      unit: "x",
      goal: ">=0.5",
      peer: `${etcd.toFixed(0)} puts a second (raw etcd)`,
    });
  const watchers = await onCluster<{ p99: number }>({ suite: "watchers" });
  printFigure({ name: "watchers-1000-p99", value: watchers.p99, unit: "ms", goal: "<=50" });
  for (const [nodes, pods, peer] of [
    [1000, 3000, "52"],
    [5000, 4000, "257"],
  ] as const) {
    const found = await onCluster<{ boundPerSecond: number; listMs: number }>({ suite: "scheduling", nodes, pods });
    printFigure({
      name: `pods-bound-${nodes}-nodes`,
      value: found.boundPerSecond,
      unit: "a second",
      goal: ">=800",
      peer: `${peer} (kube-scheduler, measured elsewhere)`,
    });
    if (pods === 3000)
      printFigure({
        name: "list-3000-pods",
        value: found.listMs,
        unit: "ms",
        goal: "<=60",
        peer: "119 (kube-apiserver 1.20, measured elsewhere)",
      });
  }
}

async function onCluster<T>(suite: object): Promise<T> {
  const cluster = new BenchCluster();
  try {
    cluster.run(["cluster", "up"]);
    return await load<T>(targetOf(cluster), suite);
  } finally {
    cluster.down();
  }
}

function load<T>(target: Target, suite: object): Promise<T> {
  return inOwnProcess<T>(CLIENT, [JSON.stringify({ ...target, ...suite })]);
}

function targetOf(cluster: BenchCluster): Target {
  const config = parse(fs.readFileSync(cluster.kubeconfig, "utf8")) as {
    clusters: { cluster: { server: string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const [user] = config.users;
  const [server] = config.clusters;
  if (!user || !server) throw new Error("the kubeconfig names no cluster");
  const decoded = (text: string) => Buffer.from(text, "base64").toString();
  return {
    url: server.cluster.server,
    certificate: decoded(user.user["client-certificate-data"]),
    key: decoded(user.user["client-key-data"]),
  };
}

/** What a raw etcd acknowledges a second; undefined where there is none. */
async function rawEtcd(): Promise<number | undefined> {
  const program = [path.join(ROOT, ".cache/etcd"), "etcd"].find((candidate) => spawnSync(candidate, ["--version"]).status === 0);
  if (program === undefined) return undefined;
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-bench-etcd-"));
  const child = spawn(
    program,
    [
      "--data-dir",
      data,
      "--listen-client-urls",
      ETCD_URL,
      "--advertise-client-urls",
      ETCD_URL,
      "--listen-peer-urls",
      "http://127.0.0.1:23800",
    ],
    { stdio: "ignore" },
  );
  try {
    await sleep(3000);
    return (await load<{ many: number }>({ url: ETCD_URL }, { suite: "etcd" })).many;
  } finally {
    child.kill("SIGKILL");
    fs.rmSync(data, { recursive: true, force: true });
  }
}
