import type { Program } from "../process.ts";
import { AGNHOST } from "./agnhost.ts";
import { APPS } from "./app.ts";
import { CHROOT } from "./chroot.ts";
import { FILES } from "./files.ts";
import { NETWORK } from "./network-tools.ts";
import { NODE_TOOLS } from "./node-tools.ts";
import { PROCESSES } from "./processes.ts";
import type { ProgramEntry } from "./program.ts";
import { SERVERS } from "./servers.ts";
import { SHELL } from "../shell/program.ts";
import { STRESS } from "./stress.ts";
import { SYSTEM } from "./system.ts";
import { TERMINAL_TOOLS } from "./terminal-tools.ts";
import { TEXT } from "./text.ts";

/** Every program that an image can hold. */
export const PROGRAMS: readonly ProgramEntry[] = [
  ...SHELL,
  ...FILES,
  ...TEXT,
  ...PROCESSES,
  ...NETWORK,
  ...APPS,
  ...SERVERS,
  ...SYSTEM,
  ...STRESS,
  ...AGNHOST,
  ...NODE_TOOLS,
  ...CHROOT,
  ...TERMINAL_TOOLS,
];

export const PROGRAMS_BY_NAME: ReadonlyMap<string, Program> = new Map(
  PROGRAMS.flatMap((entry) => entry.names.map((name) => [name, entry.run] as const)),
);
