import { apiVersionOf, type Kind } from "../api/kind.ts";
import type { KubernetesObject } from "../api/meta.ts";
import type { Entry } from "../store/store.ts";
import { canonical } from "./objects.ts";

/** An object as one kind shows it, and its JSON: the store's own for the kind that is stored, converted once for its other versions. */
export interface ObjectView {
  readonly object: KubernetesObject;
  readonly bytes: Buffer;
}

const converted = new WeakMap<Entry, Map<Kind, ObjectView>>();

export function viewOf(kind: Kind, entry: Entry): ObjectView {
  if (!kind.storedAs && !kind.storedForm) return entry as unknown as ObjectView;
  let views = converted.get(entry);
  if (!views) converted.set(entry, (views = new Map()));
  let view = views.get(kind);
  if (!view) views.set(kind, (view = convert(kind, entry)));
  return view;
}

function convert(kind: Kind, entry: Entry): ObjectView {
  const stored = entry.object as unknown as KubernetesObject;
  const object = (kind.storedAs ?? kind.storedForm)?.fromStored(stored) ?? stored;
  return object === stored ? (entry as unknown as ObjectView) : new ConvertedView(kind, object);
}

/** What is written to the store for an object of this kind: custom resources are kept in one of their versions. */
export function inStoredForm(kind: Kind, object: KubernetesObject): KubernetesObject {
  return kind.storedForm ? kind.storedForm.toStored(object) : object;
}

/** Before anything is done that lasts: the object can be stored, and shown again. Throws WebhooksPending. */
export function assertConvertible(kind: Kind, object: KubernetesObject): void {
  if (kind.storedForm?.isAsked) kind.storedForm.fromStored(kind.storedForm.toStored(object));
}

/** A view of an object that is not stored: a dry run's. */
export function unstoredView(kind: Kind, stored: KubernetesObject): ObjectView {
  return new ConvertedView(kind, kind.storedAs ? kind.storedAs.fromStored(stored) : stored);
}

class ConvertedView implements ObjectView {
  readonly object: KubernetesObject;
  #bytes: Buffer | undefined;

  constructor(kind: Kind, object: KubernetesObject) {
    this.object = canonical(object, apiVersionOf(kind), kind.kind);
  }

  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(JSON.stringify(this.object));
    return this.#bytes;
  }
}
