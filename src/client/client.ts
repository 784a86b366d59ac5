import type { Kind } from "../api/kind.ts";
import type { Draft, KubernetesObject, ObjectList, ObjectName } from "../api/meta.ts";

/**
 * The in-process client: the same registry that HTTP requests go through, without the bytes.
 * Objects that come back are frozen and shared; a change is a new object with structural sharing.
 * Every method rejects with a StatusError.
 */
export interface Client {
  /** Who writes: field manager, journal entry and audit name (`kubelet`, `default-scheduler`, `replicaset-controller`). */
  readonly component: string;
  /** What the server serves; custom resources come and go. */
  readonly kinds: KindSource;
  /** The same client for another component or user. */
  as(component: string): Client;

  get<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName): Promise<T>;
  /** Undefined instead of NotFound. */
  find<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName): Promise<T | undefined>;
  list<T extends KubernetesObject>(kind: Kind<T>, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubernetesObject>(kind: Kind<T>, draft: Draft<T>): Promise<T>;
  /** Replaces the object; its metadata.resourceVersion must be current, else Conflict. */
  update<T extends KubernetesObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  updateStatus<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T>;
  /**
   * Reads, applies `change` and writes, again on Conflict. `change` returns the same reference to leave
   * it as it is. Undefined when the object is gone.
   */
  mutate<T extends KubernetesObject>(
    kind: Kind<T>,
    name: ObjectName,
    change: (current: T) => T,
    options?: WriteOptions,
  ): Promise<T | undefined>;
  patch<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName, patch: Patch, options?: WriteOptions): Promise<T>;
  delete<T extends KubernetesObject>(kind: Kind<T>, name: ObjectName, options?: DeleteOptions): Promise<void>;
  /** POST pods/binding. */
  bind(pod: ObjectName & { readonly uid: string }, nodeName: string): Promise<void>;
  /** Calls back in revision order with what matches, starting after `resourceVersion`. */
  watch<T extends KubernetesObject>(kind: Kind<T>, options: ClientWatchOptions<T>): WatchStop;
}

export interface KindSource {
  all(): readonly Kind[];
  findByApiVersion(apiVersion: string, kind: string): Kind | undefined;
  onChange(listener: () => void): void;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface WriteOptions {
  readonly subresource?: string;
  /** A whole object that is written for what upstream writes through this subresource: managedFields say so. */
  readonly ownedThrough?: string;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export type Patch =
  | { readonly type: "merge" | "strategic"; readonly body: Record<string, unknown> }
  | { readonly type: "json"; readonly body: readonly Record<string, unknown>[] };

export interface ClientWatchOptions<T> extends ListOptions {
  readonly resourceVersion: string;
  onEvents(events: readonly ObjectEvent<T>[]): void;
  /** The watch ended because its revision was compacted: list again. */
  onExpired(): void;
}

export interface ObjectEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
}

export type WatchStop = () => void;
