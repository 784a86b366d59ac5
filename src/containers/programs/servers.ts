import type { ProgramEntry } from "./program.ts";
export const SERVERS: readonly ProgramEntry[] = [];
