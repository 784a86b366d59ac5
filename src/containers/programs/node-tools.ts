import type { ProgramEntry } from "./program.ts";
export const NODE_TOOLS: readonly ProgramEntry[] = [];
