import type { Plugin } from "../framework.ts";

/** Binds through the API server's binding subresource; the scheduler's loop calls it, it neither filters nor scores. */
export const defaultBinder: Plugin = { name: "DefaultBinder" };
