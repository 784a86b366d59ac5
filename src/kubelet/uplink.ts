import type { Kind } from "../api/kind.ts";
import type { Draft, KubernetesObject, ObjectName } from "../api/meta.ts";
import type {
  Client,
  ClientWatchOptions,
  DeleteOptions,
  KindSource,
  ListOptions,
  Patch,
  WatchStop,
  WriteOptions,
} from "../client/client.ts";
import type { EventRecorder, EventTarget } from "../client/event-recorder.ts";

/** The API server cannot be reached. */
class UplinkDown extends Error {
  override readonly name = "UplinkDown";
}

/** A machine's way to the API server: it can be cut, and then nothing that the kubelet says arrives. */
export class Uplink {
  readonly #server: string;
  #up = true;

  /** @param server the API server's address, for messages. */
  constructor(server: string) {
    this.#server = server;
  }

  get up(): boolean {
    return this.#up;
  }

  set(up: boolean): void {
    this.#up = up;
  }

  assertUp(): void {
    if (!this.#up) throw new UplinkDown(`dial tcp ${this.#server}: connect: no route to host`);
  }

  client(client: Client): Client {
    return new UplinkClient(client, this);
  }

  /** What cannot be told is lost, as upstream's is after its tries. */
  recorder(recorder: EventRecorder): EventRecorder {
    return {
      from: (component, host) => this.recorder(recorder.from(component, host)),
      event: (target: EventTarget, type, reason, message) => {
        if (this.#up) recorder.event(target, type, reason, message);
      },
    };
  }
}

class UplinkClient implements Client {
  readonly #client: Client;
  readonly #uplink: Uplink;

  constructor(client: Client, uplink: Uplink) {
    this.#client = client;
    this.#uplink = uplink;
  }

  get component(): string {
    return this.#client.component;
  }

  get kinds(): KindSource {
    return this.#client.kinds;
  }

  as(component: string): Client {
    return new UplinkClient(this.#client.as(component), this.#uplink);
  }

  async get<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName) {
    return this.#reached.get(kind, name);
  }

  async find<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName) {
    return this.#reached.find(kind, name);
  }

  async list<T extends KubernetesObject>(kind: Kind<T>, options?: ListOptions) {
    return this.#reached.list(kind, options);
  }

  async create<T extends KubernetesObject>(kind: Kind<T>, draft: Draft<T>) {
    return this.#reached.create(kind, draft);
  }

  async update<T extends KubernetesObject>(kind: Kind<T>, object: T, options?: WriteOptions) {
    return this.#reached.update(kind, object, options);
  }

  async updateStatus<T extends KubernetesObject>(kind: Kind<T>, object: T) {
    return this.#reached.updateStatus(kind, object);
  }

  async mutate<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName, change: (current: T) => T, options?: WriteOptions) {
    return this.#reached.mutate(kind, name, change, options);
  }

  async patch<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName, patch: Patch, options?: WriteOptions) {
    return this.#reached.patch(kind, name, patch, options);
  }

  async delete<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName, options?: DeleteOptions) {
    return this.#reached.delete(kind, name, options);
  }

  async bind(pod: ObjectName & { readonly uid: string }, nodeName: string) {
    return this.#reached.bind(pod, nodeName);
  }

  watch<T extends KubernetesObject>(kind: Kind<T>, options: ClientWatchOptions<T>): WatchStop {
    return this.#reached.watch(kind, options);
  }

  get #reached(): Client {
    this.#uplink.assertUp();
    return this.#client;
  }
}
