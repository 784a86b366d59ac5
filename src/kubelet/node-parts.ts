import type { Pod } from "../api/generated/core-v1.ts";
import type { Client } from "../client/client.ts";
import type { EventRecorder } from "../client/event-recorder.ts";
import type { ContainerRuntime } from "../containers/runtime.ts";
import type { NetworkNamespace } from "../network/network.ts";
import type { Clock } from "../util/clock.ts";
import type { Journal } from "../util/journal.ts";
import type { Rng } from "../util/rng.ts";
import type { TaskGroup } from "../util/task-group.ts";
import type { BackOff } from "./back-off.ts";
import type { ImageManager } from "./image-manager.ts";
import type { Lookups } from "./lookups.ts";
import type { KubeletOptions } from "./options.ts";

/** What the pods of one node share. */
export interface NodeParts {
  readonly options: KubeletOptions;
  readonly client: Client;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly journal: Journal;
  readonly tasks: TaskGroup;
  readonly lookups: Lookups;
  readonly runtime: ContainerRuntime;
  readonly images: ImageManager;
  readonly crashLoop: BackOff;
  /** Since when the kubelet runs. */
  readonly startedAtMs: number;
  /** The node's own network. */
  nodeNetwork(): NetworkNamespace;
  /** Why pods cannot have a network yet. */
  networkProblem(): string | undefined;
  allocatable(): Readonly<Record<string, string>>;
  nodeUid(): string | undefined;
  /** The pod asks for other resources than it has. */
  resizeWanted(uid: string): void;
  /** Room on the node may have come free. */
  roomChanged(): void;
  /** The worker has done all there is to do for a pod that is gone. */
  forget(pod: Pod): void;
  log(message: string, error?: unknown): void;
}
