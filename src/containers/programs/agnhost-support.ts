import { type HttpHandler, type HttpRequest, type HttpResponse, NetworkError } from "../../network/network.ts";
import { REQUEST_CPU_MS } from "../cpu-meter.ts";
import type { Process } from "../process.ts";
import { klog } from "./system.ts";

/** What agnhost's commands have in common. */
export type Flags = (name: string, fallback: string) => string;

export function flagsOf(args: readonly string[]): Flags {
  const flags = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(args[at] ?? "");
    if (match?.[1]) flags.set(match[1], match[2] ?? args[++at] ?? "");
  }
  return (name, fallback) => flags.get(name) ?? fallback;
}

export const log = (process: Process, text: string) => void process.printError(`${klog(process, "log.go:245", text)}\n`);

export function serve(process: Process, port: number, handler: HttpHandler): Promise<number> {
  listen(process, port, () =>
    process.network.listenHttp(port, (request) => {
      process.machine.cpu.charge(REQUEST_CPU_MS);
      return handler(request);
    }),
  );
  return process.untilKilled();
}

export function listen(process: Process, port: number, open: () => { close(): void }): void {
  try {
    const listener = open();
    process.onExit(() => listener.close());
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    log(process, `listen tcp :${port}: bind: address already in use`);
    process.exit(1);
  }
}

export const query = (request: HttpRequest) => new URL(request.path, "http://agnhost").searchParams;
export const pathOf = (request: HttpRequest) => request.path.split("?")[0] ?? "/";
export const text = (body: string, status = 200): HttpResponse => ({
  status,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body,
});

/** A time as Go prints it. */
export const goTime = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace(/Z$/, "000000 +0000 UTC m=+0.000000000");
