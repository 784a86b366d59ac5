import type { Container } from "./container.ts";
import { CPU_WINDOW_MS } from "./cpu-meter.ts";
import type { ContainerUsage } from "./runtime.ts";

/** What a process that waits takes all the same. */
const IDLE_NANO_CORES = 1_000_000;
const MEBIBYTE = 1024 * 1024;

/** The same container shows about the same numbers: a base by its image, a ripple by the time. */
export function usageOf(container: Container, nowMs: number): ContainerUsage {
  if (container.state !== "running") return { cpuNanoCores: 0, cpuSeconds: 0, memoryBytes: 0 };
  const { cpu, memory, table } = container.machine;
  const seed = Number.parseInt(container.id.slice(0, 6), 16);
  const ripple = (Math.floor(nowMs / CPU_WINDOW_MS) * 7919 + seed) % 100;
  const baseMiB = Math.min(60, 2 + container.image.info.sizeBytes / MEBIBYTE / 10) + table.all().length;
  const idleNanoCores = IDLE_NANO_CORES + (seed % 20) * 100_000;
  return {
    cpuNanoCores: idleNanoCores + ripple * 10_000 + cpu.usedMillis() * 1_000_000,
    cpuSeconds: (cpu.totalMs + ((nowMs - container.info.startedAtMs) * idleNanoCores) / 1e9) / 1000,
    memoryBytes: Math.round((baseMiB + ripple / 50) * MEBIBYTE) + memory.usedBytes,
  };
}
