import type { Program } from "../process.ts";

/** A program under the names that its binary has. */
export interface ProgramEntry {
  readonly names: readonly string[];
  readonly run: Program;
}
