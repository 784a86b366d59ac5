import type { ExecSession } from "./runtime.ts";
export function createNodeMachine(_r: unknown, _o: unknown): { exec(c: string[], o: object): ExecSession } { throw new Error("x"); }
