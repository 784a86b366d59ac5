import { BenchCluster, printFigure, processUsage, sleep } from "./support/measure.ts";

const SETTLE_MS = 15_000;
const WATCH_MS = 30_000;

/** What a cluster costs that nobody uses. Linux only. */
export async function idleFigures(): Promise<void> {
  const cluster = new BenchCluster();
  try {
    cluster.run(["cluster", "up"]);
    await sleep(SETTLE_MS);
    const before = processUsage(cluster.daemonPid);
    await sleep(WATCH_MS);
    const after = processUsage(cluster.daemonPid);
    printFigure({ name: "idle-cpu", value: ((after.cpuSeconds - before.cpuSeconds) / (WATCH_MS / 1000)) * 100, unit: "%", goal: "<=1" });
    printFigure({
      name: "idle-memory",
      value: after.residentBytes / 2 ** 20,
      unit: "MB",
      goal: "<=150",
      peer: "922 (etcd + three control-plane programs, measured elsewhere)",
    });
  } finally {
    cluster.down();
  }
}
