import { klogHead } from "../host/cli-host.ts";
import type { Flags, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";

export type DryRun = "none" | "client" | "server";

export const DRY_RUN_FLAG: FlagSpec = {
  name: "dry-run",
  type: "string",
  default: "none",
  noValue: "unchanged",
  usage: 'Must be "none", "server", or "client". If client, only print what would be sent. If server, send it without keeping the result.',
};

/** Upstream: cmdutil.GetDryRunStrategy */
export function dryRunOf(flags: Flags, io: Io): DryRun {
  const value = flags.text("dry-run");
  // Not every command that changes objects has the flag.
  if (value === "" && !flags.has("dry-run")) return "none";
  if (value === "none" || value === "client" || value === "server") return value;
  if (value === "unchanged") {
    io.err(`${klogHead("W", "helpers.go:719")} --dry-run is deprecated and can be replaced with --dry-run=client.\n`);
    return "client";
  }
  if (["true", "false", "1", "0", "t", "f"].includes(value.toLowerCase())) {
    throw new Error(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
  }
  throw new Error(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
}

export const dryRunQuery = (dryRun: DryRun): Record<string, string | undefined> => ({
  dryRun: dryRun === "server" ? "All" : undefined,
});
export const dryRunSuffix = (dryRun: DryRun): string => (dryRun === "none" ? "" : dryRun === "client" ? " (dry run)" : " (server dry run)");
