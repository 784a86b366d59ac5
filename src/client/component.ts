import type { Clock } from "../util/clock.ts";
import type { Journal } from "../util/journal.ts";
import type { Rng } from "../util/rng.ts";
import type { TaskGroup } from "../util/task-group.ts";
import type { Client } from "./client.ts";
import type { EventRecorder } from "./event-recorder.ts";
import type { InformerFactory } from "./informer.ts";

/** What every control-plane component (scheduler, controller, kubelet) is handed by the daemon. */
export interface ComponentContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  /** Records Kubernetes events on objects, with count aggregation as upstream's. */
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly tasks: TaskGroup;
  readonly journal: Journal;
  /** Reports what should not happen (a failed reconcile, a broken invariant); never throws. */
  log(component: string, message: string, error?: unknown): void;
}
