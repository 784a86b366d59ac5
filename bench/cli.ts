import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { BenchCluster, KUBESIM, median, nowMs, printFigure, ROOT } from "./support/measure.ts";
import { oracle } from "../test/support/oracle.ts";

const WARM_UP = 2;
const STORED_PODS = 2000;
const APPLIED_OBJECTS = 200;

interface Measured {
  readonly name: string;
  readonly args: readonly string[];
  readonly rounds: number;
  readonly input?: string;
}

/** Commands against the real kubectl on the same daemon in the same run, on this Node and on 24 where it is there. */
export async function cliFigures(): Promise<void> {
  const cluster = new BenchCluster();
  try {
    cluster.run(["cluster", "up"]);
    cluster.run(["run", "kubia", "--image=luksa/kubia"]);
    cluster.run(["wait", "--for=condition=Ready", "pod/kubia", "--timeout=60s"]);
    cluster.run(["create", "namespace", "many"]);
    cluster.run(["apply", "-f", "-"], { input: documents(STORED_PODS, heldPod) });
    for (const measured of commands()) compare(measured, cluster);
  } finally {
    cluster.down();
  }
}

function commands(): Measured[] {
  return [
    { name: "get-po", args: ["get", "po"], rounds: 15 },
    { name: "describe-po", args: ["describe", "po", "kubia"], rounds: 15 },
    { name: "apply-1", args: ["apply", "-f", "-"], rounds: 15, input: documents(1, configMap) },
    { name: `apply-${APPLIED_OBJECTS}`, args: ["apply", "-f", "-"], rounds: 5, input: documents(APPLIED_OBJECTS, configMap) },
    { name: `yaml-${STORED_PODS}-pods`, args: ["get", "po", "-n", "many", "-o", "yaml"], rounds: 5 },
  ];
}

/** The clients take turns, so that whatever else the machine does is felt by both. */
function compare({ name, args, rounds, input = "" }: Measured, cluster: BenchCluster): void {
  const kubectl = {
    command: oracle("kubectl"),
    first: [] as string[],
    env: { ...cluster.env, KUBECONFIG: cluster.kubeconfig },
    samples: [] as number[],
  };
  const own = nodes().map((node) => ({ ...node, command: node.binary, first: [KUBESIM], env: cluster.env, samples: [] as number[] }));
  for (let round = 0; round < WARM_UP + rounds; round++)
    for (const client of [kubectl, ...own]) {
      const start = nowMs();
      const result = spawnSync(client.command, [...client.first, ...args], { env: client.env, input, maxBuffer: 1 << 30 });
      if (result.status !== 0) throw new Error(result.stderr.toString());
      if (round >= WARM_UP) client.samples.push(nowMs() - start);
    }
  const peer = median(kubectl.samples);
  for (const node of own) {
    const value = median(node.samples);
    printFigure({
      name: `${name}-${node.name}`,
      value: value / peer,
      unit: "ratio",
      goal: `<=${node.goal}`,
      peer: `${peer.toFixed(0)} ms kubectl, ${value.toFixed(0)} ms kubesim`,
    });
  }
}

function nodes(): { readonly name: string; readonly binary: string; readonly goal: number }[] {
  const major = Number(process.versions.node.split(".")[0]);
  // Where `npm i --prefix .cache/node24 node@24` puts the binary.
  const node24 = path.join(ROOT, ".cache/node24/node_modules/node/bin/node");
  return [
    { name: `node${major}`, binary: process.execPath, goal: 1 },
    ...(fs.existsSync(node24) && major !== 24 ? [{ name: "node24", binary: node24, goal: 1 }] : []),
  ];
}

const documents = (count: number, one: (index: number) => string) => Array.from({ length: count }, (_, index) => one(index)).join("---\n");

const configMap = (index: number) => `apiVersion: v1
kind: ConfigMap
metadata: {name: applied-${index}, labels: {app: bench}}
data: {a: "1", b: "${"x".repeat(200)}"}
`;

/** A pod that no scheduler takes: it is stored and does nothing. */
const heldPod = (index: number) => `apiVersion: v1
kind: Pod
metadata: {name: held-${index}, namespace: many, labels: {app: held}}
spec: {schedulerName: nobody, containers: [{name: main, image: nginx, env: [{name: A, value: "1"}], ports: [{containerPort: 80}]}]}
`;
