import { klogHead } from "../../host/cli-host.ts";
import type { Flags } from "../flags.ts";
import type { Io } from "../io.ts";
import { parseModuleSpec } from "./module-spec.ts";

export type LogValue = string | number | boolean;

/** What `-v` and `--vmodule` ask for, in klog's format on standard error. Without them there is no logger at all. Upstream: k8s.io/klog/v2 */
export class Logger {
  readonly #io: Io;
  readonly #level: number;
  readonly #modules: readonly (readonly [RegExp, number])[];

  constructor(io: Io, level: number, modules: readonly (readonly [RegExp, number])[]) {
    this.#io = io;
    this.#level = level;
    this.#modules = modules;
  }

  /** @param source the file and line that upstream logs from: `loader.go:407` */
  enabled(level: number, source: string): boolean {
    if (this.#level >= level) return true;
    const file = source.replace(/\.go:\d+$/, "");
    return this.#modules.some(([pattern, least]) => least >= level && pattern.test(file));
  }

  text(level: number, source: string, text: string): void {
    if (this.enabled(level, source)) this.print(source, text);
  }

  /** For who knows already that it is asked for. */
  print(source: string, text: string): void {
    this.#io.err(`${klogHead("I", source)} ${text}\n`);
  }

  /** A message with values: `"Response" status="200 OK" milliseconds=5`. */
  info(level: number, source: string, message: string, values: readonly (readonly [string, LogValue])[] = []): void {
    if (this.enabled(level, source)) this.print(source, structured(message, values));
  }
}

export function findLogger(flags: Flags, io: Io): Logger | undefined {
  const level = flags.number("v");
  const modules = parseModuleSpec(flags.text("vmodule"));
  return level > 0 || modules.length > 0 ? new Logger(io, level, modules) : undefined;
}

/** An error of client-go's that is only logged, whatever the level. Upstream: utilruntime.HandleError */
export function logUnhandled(io: Io, source: string, message: string): void {
  io.err(`${klogHead("E", source)} ${structured("Unhandled Error", [["err", message]])}\n`);
}

/** `"message" key="value" number=5` */
export const structured = (message: string, values: readonly (readonly [string, LogValue])[]): string =>
  [JSON.stringify(message), ...values.map(([key, value]) => `${key}=${rendered(value)}`)].join(" ");

/** A text of several lines is shown as it is, indented. Upstream: klog/v2/internal/serialize writeStringValue */
function rendered(value: LogValue): string {
  if (typeof value !== "string") return String(value);
  if (!value.includes("\n")) return JSON.stringify(value);
  return `<\n${value
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `\t${line}\n`)
    .join("")} >`;
}
