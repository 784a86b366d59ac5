import type { Kind } from "../../src/api/kind.ts";
import { createEventRecorder } from "../../src/apiserver/events.ts";
import { createClient } from "../../src/apiserver/in-process-client.ts";
import { Registry } from "../../src/apiserver/registry.ts";
import { componentContext } from "../../src/apiserver/request-context.ts";
import type { Client } from "../../src/client/client.ts";
import type { EventRecorder } from "../../src/client/event-recorder.ts";
import { InformerFactory } from "../../src/client/informer.ts";
import { MvccStore } from "../../src/store/memory-store.ts";
import { Journal } from "../../src/util/journal.ts";
import { SeededRng } from "../../src/util/rng.ts";
import { SimClock } from "../../src/util/sim-clock.ts";
import { TaskGroup } from "../../src/util/task-group.ts";

export const START_MS = Date.parse("2026-01-01T00:00:00Z");

export interface TestRegistry {
  readonly registry: Registry;
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly events: EventRecorder;
  readonly clock: SimClock;
  readonly rng: SeededRng;
  readonly journal: Journal;
  readonly tasks: TaskGroup;
  readonly store: MvccStore;
  /** What tasks failed with; a test may look. */
  readonly failures: { name: string; error: unknown }[];
}

export interface TestRegistryOptions {
  readonly seed?: number;
  readonly kinds: readonly Kind[];
}

/**
 * The real registry on a store in memory with a clock that the test moves. The namespaces and
 * their default service accounts are there; nothing else runs.
 */
export function startRegistryWith({ seed = 1, kinds }: TestRegistryOptions): TestRegistry {
  const clock = new SimClock(START_MS, () => new Promise((resolve) => setImmediate(resolve)));
  const rng = new SeededRng(seed);
  const journal = new Journal(clock);
  const store = new MvccStore();
  const failures: { name: string; error: unknown }[] = [];
  const tasks = new TaskGroup((name, error) => failures.push({ name, error }));
  const registry = new Registry({ kinds, store, clock, rng, journal });
  const client = createClient(registry, "test");
  for (const namespace of ["default", "kube-system", "kube-node-lease", "kube-public"]) createNamespace(registry, namespace);
  return {
    registry,
    client,
    informers: new InformerFactory(client),
    events: createEventRecorder(registry, "test"),
    clock,
    rng,
    journal,
    tasks,
    store,
    failures,
  };
}

/** A namespace with the service account that pods in it need, as the controllers would make it. */
export function createNamespace(registry: Registry, name: string): void {
  const context = componentContext("test");
  registry.create(registry.kinds.core("Namespace"), undefined, { metadata: { name } as never }, context);
  registry.create(registry.kinds.core("ServiceAccount"), name, { metadata: { name: "default", namespace: name } as never }, context);
}
