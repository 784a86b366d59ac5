import { BenchCluster, median, nowMs, printFigure } from "./support/measure.ts";

/** From nothing to three Ready nodes and a running coredns. kind needs 14 to 33 s for it. */
export async function startFigures(): Promise<void> {
  const seconds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const cluster = new BenchCluster();
    const start = nowMs();
    cluster.run(["cluster", "up"]);
    seconds.push((nowMs() - start) / 1000);
    cluster.down();
  }
  printFigure({ name: "cluster-up", value: median(seconds), unit: "s", goal: "<=1", peer: "14-33 (kind, measured elsewhere)" });
}
