import { Readable } from "node:stream";
import type { LogOptions } from "../apiserver/node-gateway.ts";
import type { ContainerLog, LogLine } from "../containers/runtime.ts";

/** A container's log as the options want it. Upstream: pkg/kubelet/kuberuntime/logs/logs.go */
export function logStream(log: ContainerLog, options: LogOptions, nowMs: number, signal: AbortSignal): Readable {
  const sinceMs =
    options.sinceTime !== undefined
      ? Date.parse(options.sinceTime)
      : options.sinceSeconds !== undefined
        ? nowMs - options.sinceSeconds * 1000
        : undefined;
  const wanted = (line: LogLine) =>
    (sinceMs === undefined || line.timeMs >= sinceMs) && (options.stream === "All" || options.stream.toLowerCase() === line.stream);
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const cut = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    const taken = bytes.subarray(0, Math.min(bytes.length, left));
    left -= taken.length;
    return taken;
  };
  const past = lastLines(log.lines, options.tailLines).filter(wanted);
  const first = cut(past.map((line) => render(line, options.timestamps)).join(""));
  if (!options.follow || left <= 0) return Readable.from(first.length > 0 ? [first] : []);

  let stop: () => void = () => undefined;
  const out = new Readable({ read: () => undefined, destroy: (error, done) => (stop(), done(error)) });
  if (first.length > 0) out.push(first);
  const end = () => void (out.destroyed || out.push(null));
  stop = log.follow((line) => {
    if (out.destroyed || left <= 0 || !wanted(line)) return;
    out.push(cut(render(line, options.timestamps)));
    if (left <= 0) end();
  }, end);
  if (out.destroyed) stop();
  signal.addEventListener("abort", () => out.destroy(), { once: true });
  return out;
}

function lastLines(lines: readonly LogLine[], count: number | undefined): readonly LogLine[] {
  return count === undefined || count < 0 ? lines : lines.slice(Math.max(0, lines.length - count));
}

function render({ text, timeMs, partial }: LogLine, timestamps: boolean): string {
  return `${timestamps ? `${new Date(timeMs).toISOString().slice(0, 23)}000000Z ` : ""}${text}${partial ? "" : "\n"}`;
}

// Upstream: MaxContainerTerminationMessageLogLines and …LogLength.
const LAST_LINES = 80;
const LAST_BYTES = 2048;

/** What a container said last, for one that left no message. */
export function lastWords({ lines }: ContainerLog): string {
  return lines
    .slice(-LAST_LINES)
    .map(({ text }) => `${text}\n`)
    .join("")
    .slice(-LAST_BYTES);
}
