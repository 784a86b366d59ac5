import type { Kind } from "../api/kind.ts";
import type { KubernetesObject } from "../api/meta.ts";
import { conflict } from "../api/status.ts";
import type { Entry, Store } from "../store/store.ts";
import type { Journal } from "../util/journal.ts";
import { journalName, storedKind } from "./kind-table.ts";
import { assertConvertible, inStoredForm, type ObjectView, unstoredView } from "./object-view.ts";
import { canonical } from "./objects.ts";
import type { RequestContext } from "./request-context.ts";

export const MODIFIED_MESSAGE = "the object has been modified; please apply your changes to the latest version and try again";
// Of no interest to a trace, and their fields' owners to nobody.
const WRITTEN_ALL_THE_TIME = new Set(["leases", "events"]);

export const isWrittenAllTheTime = (kind: Kind): boolean => WRITTEN_ALL_THE_TIME.has(kind.plural);

/** How the journal tells of a write. */
export interface Told {
  /** What the component does: "updates", "binds … to …". */
  readonly action: string;
  /** What the API server admits. */
  readonly verb: string;
}

/** Objects on their way into the store, each with the revision that it gets there, and into the journal. */
export class StoreWrites {
  readonly #store: Store;
  readonly #journal: Journal;

  constructor(store: Store, journal: Journal) {
    this.#store = store;
    this.#journal = journal;
  }

  /** Undefined when there is something under the key. */
  create(kind: Kind, key: string, object: KubernetesObject, context: RequestContext): Entry | undefined {
    const result = this.#store.put(key, 0, (revision) => withRevision(inStoredForm(kind, object), revision));
    if (!result.ok) return undefined;
    this.#record(kind, result.entry, context, { action: "creates", verb: "create" });
    return result.entry;
  }

  put(kind: Kind, entry: Entry, object: KubernetesObject, context: RequestContext, told: Told): Entry {
    assertConvertible(kind, object);
    const result = this.#store.put(entry.key, entry.modRevision, (revision) => withRevision(inStoredForm(kind, object), revision));
    if (!result.ok) throw conflict(kind, object.metadata.name, MODIFIED_MESSAGE);
    this.#record(kind, result.entry, context, told);
    return result.entry;
  }

  remove(kind: Kind, entry: Entry, last: KubernetesObject, context: RequestContext): ObjectView {
    const result = this.#store.delete(entry.key, entry.modRevision, (revision) => withRevision(last, revision));
    if (!result.ok) throw conflict(kind, last.metadata.name, MODIFIED_MESSAGE);
    this.#record(storedKind(kind), result.entry, context, { action: "removes", verb: "delete" });
    // Upstream answers with what stood there before, not with the revision of the deletion.
    return unstoredView(kind, last);
  }

  #record(kind: Kind, entry: Entry, context: RequestContext, { action, verb }: Told): void {
    if (isWrittenAllTheTime(kind)) return;
    const { namespace, name } = (entry.object as unknown as KubernetesObject).metadata;
    const object = journalName(kind, namespace, name);
    this.#journal.record(context.component, object, action.includes(" to ") ? action : `${action} the ${kind.kind}`);
    this.#journal.record("kube-apiserver", object, `admits the ${verb}`);
    this.#journal.record("etcd", object, `stores revision ${entry.modRevision}`, entry.modRevision);
  }
}

function withRevision(object: KubernetesObject, revision: number): Readonly<Record<string, unknown>> {
  const { metadata, ...rest } = object;
  const versioned: KubernetesObject = { ...rest, metadata: { ...metadata, resourceVersion: String(revision) } };
  return canonical(versioned, object.apiVersion ?? "", object.kind ?? "") as unknown as Readonly<Record<string, unknown>>;
}
