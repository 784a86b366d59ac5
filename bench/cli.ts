import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { BenchCluster, KUBESIM, median, nowMs, printFigure, ROOT } from "./support/measure.ts";
import { oracle } from "../test/support/oracle.ts";

const ROUNDS = 15;

/** `get po` against the real kubectl on the same daemon in the same run, on this Node and on 24 where it is there. */
export async function cliFigures(): Promise<void> {
  const cluster = new BenchCluster();
  try {
    cluster.run(["cluster", "up"]);
    cluster.run(["run", "kubia", "--image=luksa/kubia"]);
    cluster.run(["wait", "--for=condition=Ready", "pod/kubia", "--timeout=60s"]);
    const env = { ...cluster.env, KUBECONFIG: cluster.kubeconfig };
    const kubectl = oracle("kubectl");
    const time = (command: string, args: readonly string[], environment: NodeJS.ProcessEnv) => {
      const samples: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const start = nowMs();
        const result = spawnSync(command, args, { env: environment });
        if (result.status !== 0) throw new Error(result.stderr.toString());
        if (round >= 3) samples.push(nowMs() - start);
      }
      return median(samples);
    };
    const peer = time(kubectl, ["get", "po"], env);
    const nodes = [
      { name: `node${process.versions.node.split(".")[0]}`, binary: process.execPath, goal: Number(process.versions.node.split(".")[0]) >= 24 ? 1 : 1.8 },
      ...(fs.existsSync(node24()) ? [{ name: "node24", binary: node24(), goal: 1 }] : []),
    ];
    for (const node of nodes) {
      const own = time(node.binary, [KUBESIM, "get", "po"], cluster.env);
      printFigure({ name: `get-po-${node.name}`, value: own / peer, unit: "ratio", goal: `<=${node.goal}`, peer: `${peer.toFixed(0)} ms kubectl, ${own.toFixed(0)} ms kubesim` });
    }
  } finally {
    cluster.down();
  }
}

/** Where `npm i --prefix .cache/node24 node@24` puts the binary. */
function node24(): string {
  return path.join(ROOT, ".cache/node24/node_modules/node/bin/node");
}
