import path from "node:path";
import { build } from "esbuild";
import { BenchCluster, inOwnProcess, nowMs, printFigure, ROOT, sleep } from "./support/measure.ts";

interface Outcome {
  readonly seconds: number;
  readonly ready: number;
  readonly stallMs: number;
}

/** A Deployment from apply to all Ready, against webernetes in the same run. */
export async function deploymentFigures(): Promise<void> {
  const peer = await webernetes(300);
  const own = await kubesim(300, 4);
  printFigure({
    name: "deployment-300",
    value: peer.seconds / own.seconds,
    unit: "x-faster",
    goal: ">=5",
    peer: `${peer.seconds.toFixed(1)} s webernetes (stall ${peer.stallMs.toFixed(0)} ms), ${own.seconds.toFixed(2)} s kubesim`,
  });
  printFigure({ name: "deployment-300-stall", value: own.stallMs, unit: "ms", goal: "<=50", peer: `${peer.stallMs.toFixed(0)}` });
  const large = await kubesim(1000, 12);
  printFigure({
    name: "deployment-1000",
    value: large.seconds,
    unit: "s",
    goal: "<=5",
    peer: "not ready after 120 s (webernetes, measured elsewhere)",
  });
  printFigure({ name: "deployment-1000-stall", value: large.stallMs, unit: "ms", goal: "<=50" });
}

async function kubesim(pods: number, nodes: number): Promise<Outcome> {
  const cluster = new BenchCluster();
  try {
    cluster.run(["cluster", "up", "--nodes", String(nodes)]);
    cluster.get("/kubesim/stats?start=true");
    const manifest = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "app" },
      spec: {
        replicas: pods,
        selector: { matchLabels: { app: "app" } },
        template: { metadata: { labels: { app: "app" } }, spec: { containers: [{ name: "app", image: "registry.k8s.io/pause:3.10" }] } },
      },
    };
    const start = nowMs();
    cluster.run(["apply", "-f", "-"], { input: JSON.stringify(manifest) });
    const ready = () =>
      cluster.get<{ status?: { readyReplicas?: number } }>("/apis/apps/v1/namespaces/default/deployments/app").status?.readyReplicas ?? 0;
    while (ready() < pods && nowMs() - start < 120_000) await sleep(50);
    const seconds = (nowMs() - start) / 1000;
    const stats = cluster.get<{ eventLoopDelayMaxMs: number }>("/kubesim/stats");
    return { seconds, ready: ready(), stallMs: stats.eventLoopDelayMaxMs };
  } finally {
    cluster.down();
  }
}

async function webernetes(pods: number): Promise<Outcome> {
  const outfile = path.join(ROOT, ".cache/webernetes-deployment.mjs");
  await build({
    entryPoints: [path.join(ROOT, "bench/support/webernetes-deployment.mjs")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return inOwnProcess<Outcome>(outfile, [String(pods), "120000"]);
}
