import { apiVersionOf, groupResource, type Kind } from "../api/kind.ts";
import { assert } from "../util/assert.ts";

/** The kinds that the server serves, found by group, version and resource. Custom resources come and go. */
export class KindTable {
  readonly #byResource = new Map<string, Kind>();
  readonly #byKind = new Map<string, Kind>();
  readonly #listeners = new Set<() => void>();
  readonly #removals = new Map<Kind, Set<() => void>>();
  #generation = 0;

  constructor(kinds: readonly Kind[]) {
    for (const kind of kinds) this.add(kind);
  }

  /** Counts changes: caches of what is derived from the kinds compare it. */
  get generation(): number {
    return this.#generation;
  }

  add(kind: Kind): void {
    this.#byResource.set(resourceKey(kind.group, kind.version, kind.plural), kind);
    this.#byKind.set(resourceKey(kind.group, kind.version, kind.kind), kind);
    this.#changed();
  }

  remove(kind: Kind): void {
    this.#byResource.delete(resourceKey(kind.group, kind.version, kind.plural));
    this.#byKind.delete(resourceKey(kind.group, kind.version, kind.kind));
    this.#changed();
    for (const listener of this.#removals.get(kind) ?? []) listener();
    this.#removals.delete(kind);
  }

  /** Calls back when this kind is no longer served, or served in another way. Returns how to stop listening. */
  onRemoved(kind: Kind, listener: () => void): () => void {
    let listeners = this.#removals.get(kind);
    if (!listeners) this.#removals.set(kind, (listeners = new Set()));
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#removals.delete(kind);
    };
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  all(): Kind[] {
    return [...this.#byResource.values()];
  }

  findResource(group: string, version: string, plural: string): Kind | undefined {
    return this.#byResource.get(resourceKey(group, version, plural));
  }

  findKind(group: string, version: string, kind: string): Kind | undefined {
    return this.#byKind.get(resourceKey(group, version, kind));
  }

  /** By apiVersion ("apps/v1") and kind, as an object names itself. */
  findByApiVersion(apiVersion: string, kind: string): Kind | undefined {
    const slash = apiVersion.indexOf("/");
    return this.findKind(slash < 0 ? "" : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
  }

  /** A kind that the server cannot work without. */
  core(kindName: string): Kind {
    const kind = this.findKind("", "v1", kindName);
    assert(kind, `kind ${kindName} is not in KINDS`);
    return kind;
  }

  #changed(): void {
    this.#generation++;
    for (const listener of this.#listeners) listener();
  }
}

function resourceKey(group: string, version: string, name: string): string {
  return `${group}/${version}/${name}`;
}

/** The kind whose objects are stored for this one. */
export function storedKind(kind: Kind): Kind {
  return kind.storedAs?.kind ?? kind;
}

// Upstream: pkg/registry/**/storage: resources whose key is not their plural.
const KEY_PREFIXES: Readonly<Record<string, string>> = {
  services: "services/specs",
  endpoints: "services/endpoints",
  nodes: "minions",
  replicationcontrollers: "controllers",
  "ingresses.networking.k8s.io": "ingress",
  "networkpolicies.networking.k8s.io": "networkpolicies",
  "customresourcedefinitions.apiextensions.k8s.io": "apiextensions.k8s.io/customresourcedefinitions",
  "apiservices.apiregistration.k8s.io": "apiregistration.k8s.io/apiservices",
};

const prefixes = new WeakMap<Kind, string>();

/** `/registry/pods/`, `/registry/example.com/widgets/`: where objects of a kind lie. */
export function keyPrefix(kind: Kind): string {
  const stored = storedKind(kind);
  let prefix = prefixes.get(stored);
  if (prefix === undefined) {
    prefix = `/registry/${KEY_PREFIXES[groupResource(stored)] ?? (isBuiltIn(stored) ? stored.plural : `${stored.group}/${stored.plural}`)}/`;
    prefixes.set(stored, prefix);
  }
  return prefix;
}

export function storageKey(kind: Kind, namespace: string | undefined, name: string): string {
  return kind.namespaced ? `${keyPrefix(kind)}${namespace}/${name}` : keyPrefix(kind) + name;
}

function isBuiltIn(kind: Kind): boolean {
  return !kind.group.includes(".") || kind.group.endsWith(".k8s.io");
}

/** `pods/default/kubia`, `nodes//worker1`: how the journal names an object. */
export function journalName(kind: Kind, namespace: string | undefined, name: string): string {
  return `${kind.plural}/${namespace ?? ""}/${name}`;
}

export function describeKind(kind: Kind): string {
  return `${apiVersionOf(kind)}, Kind=${kind.kind}`;
}
