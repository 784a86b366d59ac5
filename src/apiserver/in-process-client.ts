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
import { applyPatch, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from "../api/patch.ts";
import type { Kind } from "../api/kind.ts";
import type { Draft, KubernetesObject, ObjectList, ObjectName } from "../api/meta.ts";
import { isConflict, isNotFound, isReason } from "../api/status.ts";
import type { WatchHandle } from "../store/store.ts";
import { listKindOf, type Registry } from "./registry.ts";
import { answerAll, WebhookAnswers, WebhooksPending, withWebhooks } from "./admission/webhook-calls.ts";
import { componentContext, type RequestContext } from "./request-context.ts";
import { bindPod } from "./subresources/binding.ts";

/** The client of the components in this process: the registry without the bytes, and without waiting for the disk. */
export function createClient(registry: Registry, component: string): Client {
  return new InProcessClient(registry, component);
}

class InProcessClient implements Client {
  readonly component: string;
  readonly #registry: Registry;

  constructor(registry: Registry, component: string) {
    this.#registry = registry;
    this.component = component;
  }

  get kinds(): KindSource {
    return this.#registry.kinds;
  }

  as(component: string): Client {
    return new InProcessClient(this.#registry, component);
  }

  async get<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName): Promise<T> {
    return this.#read(() => this.#registry.get(kind, name));
  }

  async find<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName): Promise<T | undefined> {
    return this.#read(() => this.#registry.find(kind, name));
  }

  async list<T extends KubernetesObject>(kind: Kind<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { views, resourceVersion } = await this.#read(() => this.#registry.list(kind as Kind, options));
    return { ...listKindOf(kind as Kind), metadata: { resourceVersion }, items: views.map((view) => view.object as T) };
  }

  async create<T extends KubernetesObject>(kind: Kind<T>, draft: Draft<T>): Promise<T> {
    const object = draft as unknown as KubernetesObject;
    return this.#write((context) => this.#registry.create(kind as Kind, object.metadata.namespace, object, context).object as T);
  }

  async update<T extends KubernetesObject>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#write((context) => this.#registry.update(kind as Kind, object.metadata, object, context, options).view.object as T);
  }

  updateStatus<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    return this.update(kind, object, { subresource: "status" });
  }

  async mutate<T extends KubernetesObject>(
    kind: Kind<T>,
    name: ObjectName,
    change: (current: T) => T,
    options: WriteOptions = {},
  ): Promise<T | undefined> {
    for (;;) {
      try {
        return await this.#write(
          (context) =>
            this.#registry.modify(kind as Kind, name, (current) => change(found(current) as T), context, options).view.object as T,
        );
      } catch (error) {
        if (error === GONE || isNotFound(error)) return undefined;
        if (!isConflict(error)) throw error;
        // Only another server on the same store can come between; what it wrote is there to read on the next turn.
        await Promise.resolve();
      }
    }
  }

  async patch<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName, patch: Patch, options: WriteOptions = {}): Promise<T> {
    const change = (current: KubernetesObject | undefined) =>
      applyPatch(kind as Kind, found(current), MEDIA_TYPES[patch.type], patch.body) as KubernetesObject;
    return this.#write(
      (context) => this.#registry.modify(kind as Kind, name, change, context, { ...options, action: "patches" }).view.object as T,
    );
  }

  async delete<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName, options: DeleteOptions = {}): Promise<void> {
    // A controller's delete is a Background one, as upstream's controllers ask.
    await this.#write((context) => this.#registry.delete(kind as Kind, name, options, context));
  }

  async bind(pod: ObjectName & { readonly uid: string }, nodeName: string): Promise<void> {
    bindPod(this.#registry, pod, nodeName, componentContext(this.component));
  }

  /** Custom resources may have to be converted by a webhook. */
  #read<T>(attempt: () => T): T | Promise<T> {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof WebhooksPending)) throw error;
      return withWebhooks(new WebhookAnswers(), this.#registry.callWebhook, attempt);
    }
  }

  /** At once where no webhook has to be asked: then nothing else runs before the write is done. */
  #write<T>(attempt: (context: RequestContext) => T): T | Promise<T> {
    // While the cluster starts nobody can be asked: what a cluster is made of must not hang on a webhook in it.
    const answers = this.#registry.callWebhook && new WebhookAnswers();
    try {
      return attempt(componentContext(this.component, answers));
    } catch (error) {
      if (!(error instanceof WebhooksPending) || !answers) throw error;
      return this.#writeWithWebhooks(error, answers, attempt);
    }
  }

  async #writeWithWebhooks<T>(pending: WebhooksPending, answers: WebhookAnswers, attempt: (context: RequestContext) => T): Promise<T> {
    await answerAll(pending, answers, this.#registry.callWebhook);
    return withWebhooks(answers, this.#registry.callWebhook, () => attempt(componentContext(this.component, answers)));
  }

  watch<T extends KubernetesObject>(kind: Kind<T>, options: ClientWatchOptions<T>): WatchStop {
    let handle: WatchHandle | undefined;
    try {
      handle = this.#registry.watch(kind as Kind, {
        ...options,
        after: Number(options.resourceVersion),
        onFailed: () => this.#registry.clock.after(FAILED_WATCH_RETRY_MS, () => options.onExpired()),
        onEvents: (events) => options.onEvents(events.map((event) => ({ type: event.type, object: event.view.object as T }))),
      });
    } catch (error) {
      if (!isReason(error, "Expired")) throw error;
      queueMicrotask(() => options.onExpired());
    }
    return () => handle?.close();
  }
}

const MEDIA_TYPES = { json: JSON_PATCH, merge: MERGE_PATCH, strategic: STRATEGIC_MERGE_PATCH };
const FAILED_WATCH_RETRY_MS = 1000;
const GONE = new Error("gone");

function found(current: KubernetesObject | undefined): KubernetesObject {
  if (current === undefined) throw GONE;
  return current;
}
