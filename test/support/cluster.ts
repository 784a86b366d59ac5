import { KINDS } from "../../src/api/resources/index.ts";
import type { Kind } from "../../src/api/kind.ts";
import { startRegistryWith, type TestRegistry } from "./registry-with-kinds.ts";

export { createNamespace, START_MS, type TestRegistry } from "./registry-with-kinds.ts";

/** The real registry with all kinds, for tests of the scheduler, the controllers and the kubelet. */
export function startRegistry(options: { seed?: number; kinds?: readonly Kind[] } = {}): TestRegistry {
  return startRegistryWith({ seed: options.seed ?? 1, kinds: options.kinds ?? KINDS });
}
