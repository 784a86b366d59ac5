import { Gauge, type Metric } from "../util/prometheus.ts";

/** What the operating system says of the daemon. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly startTimeSeconds: number;
  readonly heapBytes: number;
}

/** Upstream: prometheus/client_golang process_collector.go; here one process is all components. */
export function processMetrics(usage: () => ProcessUsage): readonly Metric[] {
  const metric = (name: string, help: string, read: (usage: ProcessUsage) => number) =>
    new Gauge({ name, help }, () => [["", read(usage())] as const]);
  return [
    metric("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", ({ cpuSeconds }) => cpuSeconds),
    metric("process_resident_memory_bytes", "Resident memory size in bytes.", ({ residentBytes }) => residentBytes),
    metric(
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds.",
      ({ startTimeSeconds }) => startTimeSeconds,
    ),
    metric("nodejs_heap_size_used_bytes", "Process heap size used from Node.js in bytes.", ({ heapBytes }) => heapBytes),
  ];
}
