import type { Namespace, Service } from "../api/generated/core-v1.ts";
import { type FieldError, invalid } from "../api/field-errors.ts";
import { apiVersionOf, type Kind, type StrategyContext } from "../api/kind.ts";
import type { KubernetesObject, ObjectName } from "../api/meta.ts";
import { updateManagedFields } from "../api/server-side-apply.ts";
import { alreadyExists, conflict, invalidObject, notFound, StatusError } from "../api/status.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "../api/validation/object-meta.ts";
import type { Entry, Store } from "../store/store.ts";
import { type Clock, rfc3339 } from "../util/clock.ts";
import type { Journal } from "../util/journal.ts";
import type { Rng } from "../util/rng.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission/admission.ts";
import { AdmissionChain, creation } from "./admission/admission-chain.ts";
import { checkPreconditions, type DeleteOptions, isDeletedByUpdate, planDeletion, validateDeleteOptions } from "./deletion.ts";
import { storageKey, storedKind } from "./kind-table.ts";
import { assertConvertible, inStoredForm, type ObjectView, unstoredView, viewOf } from "./object-view.ts";
import { canonical, cloneJson, deepEqual, sameDesired, shareUnchanged } from "./objects.ts";
import type { RequestContext } from "./request-context.ts";
import { fillName, fillNamespace, keepUnchangeable } from "./incoming-object.ts";
import { isWrittenAllTheTime, MODIFIED_MESSAGE, StoreWrites } from "./store-writes.ts";
import type { ServiceAllocator } from "./service-allocator.ts";

export interface WriterOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly journal: Journal;
  readonly cluster: AdmissionCluster;
  readonly plugins: readonly AdmissionPlugin[];
  readonly services: ServiceAllocator;
}

export interface UpdateOptions {
  readonly subresource?: string | undefined;
  /** An apply makes what is not there, whatever the kind says of PUT. */
  readonly createMissing?: boolean;
  /** Writes what it is given, past strategy, admission and validation: for subresources that have made sure themselves. */
  readonly direct?: boolean;
  /** The subresource that managedFields name, when the write is one of the object itself: `scale`. */
  readonly ownedThrough?: string;
  /** For the journal, instead of "updates the pod". */
  readonly action?: string;
}

export interface UpdateResult {
  readonly view: ObjectView;
  readonly created: boolean;
}

export interface DeleteResult {
  /** Gone now, rather than marked. */
  readonly removed: boolean;
  readonly view: ObjectView;
}

/** Gets the object as the kind of the request shows it; undefined where none is stored. */
export type Transform = (current: KubernetesObject | undefined) => KubernetesObject;

const NAME_GENERATION_ATTEMPTS = 8;
const GENERATED_NAME_MAX = 63 - 5;

// Upstream: AllowCreateOnUpdate of the strategies.
const CREATED_BY_PUT = new Set([
  "endpoints",
  "events",
  "leases",
  "limitranges",
  "services",
  "roles",
  "rolebindings",
  "clusterroles",
  "clusterrolebindings",
]);
// Upstream: AllowUnconditionalUpdate of the strategies.
const NEEDS_RESOURCE_VERSION = new Set([
  "leases",
  "poddisruptionbudgets",
  "horizontalpodautoscalers",
  "customresourcedefinitions",
  "runtimeclasses",
  "csidrivers",
]);
// A kubelet registers its node together with its status.
const STATUS_KEPT_ON_CREATE = new Set(["nodes"]);
const DELETES = { action: "deletes", verb: "delete" };

/** The write half of the registry: strategy → admission → validation → store. Upstream: registry/generic/registry/store.go */
export class RegistryWriter {
  readonly #options: WriterOptions;
  readonly #admission: AdmissionChain;
  readonly #writes: StoreWrites;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#admission = new AdmissionChain(options.plugins, options.cluster);
    this.#writes = new StoreWrites(options.store, options.journal);
  }

  /** @param applied whether the draft is what an apply made: its managedFields are its own. */
  create(kind: Kind, namespace: string | undefined, draft: KubernetesObject, context: RequestContext, applied = false): ObjectView {
    const stored = storedKind(kind);
    const object = this.#prepareIncoming(kind, draft);
    fillNamespace(kind, object, namespace);
    if (object.metadata.resourceVersion)
      throw new StatusError({ code: 500, message: "resourceVersion should not be set on objects to be created" });
    // What admission adds belongs to nobody.
    if (!applied) this.#trackFields(stored, undefined, object, context, undefined);
    // Mutating admission comes before the name is made: what it refuses is called by the prefix, the same at every try.
    this.#admission.mutate(creation(stored, object, context));
    for (let attempt = 1; ; attempt++) {
      const candidate = attempt === 1 && object.metadata.name ? object : cloneJson(object);
      const generated = !candidate.metadata.name && !!candidate.metadata.generateName;
      if (generated)
        candidate.metadata.name =
          candidate.metadata.generateName?.slice(0, GENERATED_NAME_MAX) +
          this.#draw(context, `suffix ${attempt}`, () => this.#options.rng.suffix(5));
      const taken = this.#options.store.find(storageKey(stored, candidate.metadata.namespace, candidate.metadata.name)) !== undefined;
      if (taken && generated && attempt < NAME_GENERATION_ATTEMPTS) continue;
      if (taken && generated) throw generateNameConflict(stored, candidate.metadata.name);
      return this.#createNamed(kind, candidate, context);
    }
  }

  #createNamed(kind: Kind, object: KubernetesObject, context: RequestContext): ObjectView {
    const stored = storedKind(kind);
    const { namespace } = object.metadata;
    object.metadata.name ??= "";
    const admission = creation(stored, object, context);
    this.#fillSystemFields(stored, object, context);
    stored.prepareForCreate?.(object, this.#strategy(undefined, context));
    this.#throwInvalid(stored, object, [
      ...validateObjectMeta(object.metadata, rulesOf(stored)),
      ...(stored.validate?.(object) ?? []),
      ...(stored.validateCreate?.(object) ?? []),
    ]);
    const key = storageKey(stored, namespace, object.metadata.name);
    if (this.#options.store.find(key)) throw alreadyExists(stored, object.metadata.name);
    this.#allocate(stored, object, undefined);
    context.warnings.push(...(stored.warnings?.(object, undefined) ?? []));
    assertConvertible(stored, object);
    this.#admission.validate(admission);
    const final = canonical(object, apiVersionOf(stored), stored.kind);
    if (context.dryRun) return unstoredView(kind, final);
    const entry = this.#writes.create(stored, key, final, context);
    if (!entry) throw alreadyExists(stored, object.metadata.name);
    return viewOf(kind, entry);
  }

  update(kind: Kind, name: ObjectName, change: Transform, context: RequestContext, options: UpdateOptions): UpdateResult {
    const stored = storedKind(kind);
    const entry = this.#options.store.find(storageKey(stored, name.namespace, name.name));
    if (!entry) return this.#createByUpdate(kind, name, change, context, options);
    const current = viewOf(kind, entry).object;
    const incoming = change(current);
    if (incoming === current) return { view: viewOf(kind, entry), created: false };
    const object = this.#prepareIncoming(kind, incoming);
    fillNamespace(kind, object, name.namespace);
    fillName(object, name.name);
    const old = viewOf(stored, entry).object;
    this.#checkVersion(stored, object, old, entry.key);
    const prepared = options.direct
      ? canonical(object, apiVersionOf(stored), stored.kind)
      : this.#prepareUpdate(stored, object, old, context, options.subresource);
    shareUnchanged(prepared, old);
    if (deepEqual(inStoredForm(stored, prepared), entry.object)) return { view: viewOf(kind, entry), created: false };
    if (!options.createMissing && !options.direct)
      this.#trackFields(stored, old, prepared, context, options.ownedThrough ?? options.subresource);
    return { view: this.#store(kind, entry, prepared, context, options), created: false };
  }

  delete(kind: Kind, name: ObjectName, options: DeleteOptions, context: RequestContext): DeleteResult {
    const stored = storedKind(kind);
    const entry = this.#options.store.find(storageKey(stored, name.namespace, name.name));
    if (!entry) throw notFound(kind, name.name);
    const object = viewOf(stored, entry).object;
    validateDeleteOptions(options);
    checkPreconditions(stored, object, options.preconditions);
    const admission: AdmissionRequest = {
      operation: "DELETE",
      kind: stored,
      namespace: name.namespace,
      name: name.name,
      subresource: undefined,
      object: undefined,
      old: object,
      context,
    };
    this.#admission.mutate(admission);
    this.#admission.validate(admission);
    if (stored.group === "" && stored.kind === "Namespace") return this.#deleteNamespace(kind, entry, context);
    if (stored.beginDeletion && object.metadata.deletionTimestamp === undefined) return this.#beginDeletion(stored, entry, object, context);
    const step = planDeletion(stored, object, options, this.#options.clock.now());
    if (context.dryRun)
      return { removed: step.type === "remove", view: step.type === "mark" ? unstoredView(kind, step.object) : viewOf(kind, entry) };
    switch (step.type) {
      case "pending":
        return { removed: false, view: viewOf(kind, entry) };
      case "remove":
        return { removed: true, view: this.#writes.remove(kind, entry, object, context) };
      case "mark": {
        const marked = deepEqual(step.object, object)
          ? entry
          : this.#writes.put(stored, entry, canonical(step.object, apiVersionOf(stored), stored.kind), context, DELETES);
        if (!step.thenRemove) return { removed: false, view: viewOf(kind, marked) };
        return { removed: true, view: this.#writes.remove(kind, marked, marked.object as unknown as KubernetesObject, context) };
      }
    }
  }

  #beginDeletion(kind: Kind, entry: Entry, object: KubernetesObject, context: RequestContext): DeleteResult {
    const marked = kind.beginDeletion?.(object, rfc3339(this.#options.clock.now())) ?? object;
    if (context.dryRun) return { removed: false, view: unstoredView(kind, marked) };
    return {
      removed: false,
      view: viewOf(kind, this.#writes.put(kind, entry, canonical(marked, apiVersionOf(kind), kind.kind), context, DELETES)),
    };
  }

  /** A namespace stays, Terminating, until its controller has emptied it. Upstream: pkg/registry/core/namespace/storage/storage.go */
  #deleteNamespace(kind: Kind, entry: Entry, context: RequestContext): DeleteResult {
    const namespace = entry.object as unknown as Namespace;
    if (namespace.metadata.deletionTimestamp === undefined) {
      const marked: Namespace = {
        ...namespace,
        metadata: { ...namespace.metadata, deletionTimestamp: rfc3339(this.#options.clock.now()) },
        status: { ...namespace.status, phase: "Terminating" },
      };
      if (context.dryRun) return { removed: false, view: unstoredView(kind, marked) };
      const written = this.#writes.put(kind, entry, canonical(marked, apiVersionOf(kind), kind.kind), context, DELETES);
      if ((namespace.spec?.finalizers?.length ?? 0) > 0 || (namespace.metadata.finalizers?.length ?? 0) > 0)
        return { removed: false, view: viewOf(kind, written) };
      return { removed: true, view: this.#writes.remove(kind, written, written.object as unknown as KubernetesObject, context) };
    }
    if ((namespace.spec?.finalizers?.length ?? 0) > 0 || (namespace.metadata.finalizers?.length ?? 0) > 0)
      return { removed: false, view: viewOf(kind, entry) };
    return { removed: true, view: context.dryRun ? viewOf(kind, entry) : this.#writes.remove(kind, entry, namespace, context) };
  }

  #createByUpdate(kind: Kind, name: ObjectName, change: Transform, context: RequestContext, options: UpdateOptions): UpdateResult {
    if (options.subresource !== undefined || !(options.createMissing || CREATED_BY_PUT.has(kind.plural))) throw notFound(kind, name.name);
    const object = { ...change(undefined) };
    object.metadata = { ...object.metadata, resourceVersion: "" };
    fillName(object, name.name);
    return { view: this.create(kind, name.namespace, object, context, options.createMissing), created: true };
  }

  /** A copy that may be changed, as the stored kind spells it, with defaults. */
  #prepareIncoming(kind: Kind, incoming: KubernetesObject): KubernetesObject {
    let object = cloneJson(incoming);
    object.metadata ??= {} as KubernetesObject["metadata"];
    if (kind.storedAs) {
      kind.setDefaults?.(object);
      object = cloneJson(kind.storedAs.toStored(object));
    }
    const stored = storedKind(kind);
    object.apiVersion = apiVersionOf(stored);
    object.kind = stored.kind;
    stored.setDefaults?.(object);
    return object;
  }

  /** Who owns which field from here on. Upstream: endpoints/handlers/fieldmanager */
  #trackFields(
    kind: Kind,
    live: KubernetesObject | undefined,
    next: KubernetesObject,
    context: RequestContext,
    subresource: string | undefined,
  ): void {
    if (!context.tracksFields || isWrittenAllTheTime(kind)) return;
    const managedFields = updateManagedFields({
      kind,
      live,
      next,
      manager: context.fieldManager,
      time: rfc3339(this.#options.clock.now()),
      subresource,
    });
    if (managedFields) next.metadata.managedFields = managedFields;
    else delete next.metadata.managedFields;
  }

  /** Upstream: rest.FillObjectMetaSystemFields and BeforeCreate */
  #fillSystemFields(kind: Kind, object: KubernetesObject, context: RequestContext): void {
    const { metadata } = object;
    metadata.uid = this.#draw(context, "uid", () => this.#options.rng.uuid());
    metadata.creationTimestamp = rfc3339(this.#options.clock.now());
    delete metadata.deletionTimestamp;
    delete metadata.deletionGracePeriodSeconds;
    delete metadata.selfLink;
    delete metadata.generation;
    if (kind.hasGeneration) metadata.generation = 1;
    if (kind.subresources?.["status"] && !STATUS_KEPT_ON_CREATE.has(kind.plural)) (object as { status?: unknown }).status = {};
  }

  /** Upstream: the UID in the object is a precondition of its own (rest.defaultUpdatedObjectInfo.Preconditions). */
  #checkVersion(kind: Kind, object: KubernetesObject, old: KubernetesObject, key: string): void {
    const { uid, resourceVersion, name } = object.metadata;
    if (uid && uid !== old.metadata.uid) {
      throw conflict(
        kind,
        name,
        `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
      );
    }
    if (!resourceVersion || resourceVersion === "0") {
      if (!NEEDS_RESOURCE_VERSION.has(kind.plural) && !kind.storedForm) return;
      throw invalidObject(kind, name, [invalid("metadata.resourceVersion", 0, "must be specified for an update")]);
    }
    if (resourceVersion !== old.metadata.resourceVersion) throw conflict(kind, name, MODIFIED_MESSAGE);
  }

  /** Upstream: rest.BeforeUpdate, between mutating and validating admission. */
  #prepareUpdate(
    kind: Kind,
    object: KubernetesObject,
    old: KubernetesObject,
    context: RequestContext,
    subresource: string | undefined,
  ): KubernetesObject {
    const { namespace, name } = old.metadata;
    const admission: AdmissionRequest = { operation: "UPDATE", kind, namespace, name, subresource, object, old, context };
    this.#admission.mutate(admission);
    const next = keepUnchangeable(kind, object, old, subresource);
    kind.prepareForUpdate?.(next, old, this.#strategy(subresource, context));
    if (kind.hasGeneration && subresource !== "status" && next.metadata.generation === old.metadata.generation && !sameDesired(next, old)) {
      next.metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    const errors = [...validateObjectMeta(next.metadata, rulesOf(kind)), ...validateObjectMetaUpdate(next.metadata, old.metadata)];
    if (subresource === "status") errors.push(...(kind.validateStatusUpdate?.(next, old) ?? []));
    else errors.push(...(kind.validate?.(next) ?? []), ...(kind.validateUpdate?.(next, old, subresource) ?? []));
    this.#throwInvalid(kind, next, errors);
    if (subresource === undefined) this.#allocate(kind, next, old);
    context.warnings.push(...(kind.warnings?.(next, old) ?? []));
    assertConvertible(kind, next);
    this.#admission.validate({ ...admission, object: next });
    next.metadata.resourceVersion = old.metadata.resourceVersion;
    return canonical(next, apiVersionOf(kind), kind.kind);
  }

  #store(kind: Kind, entry: Entry, object: KubernetesObject, context: RequestContext, options: UpdateOptions): ObjectView {
    const stored = storedKind(kind);
    if (context.dryRun) return unstoredView(kind, object);
    if (isDeletedByUpdate(object)) return this.#writes.remove(kind, entry, object, context);
    const action = options.action ?? (options.subresource ? `updates the ${options.subresource} of` : "updates");
    return viewOf(kind, this.#writes.put(stored, entry, object, context, { action, verb: "update" }));
  }

  #allocate(kind: Kind, object: KubernetesObject, old: KubernetesObject | undefined): void {
    if (kind.group !== "" || kind.kind !== "Service") return;
    this.#throwInvalid(kind, object, this.#options.services.allocate(object as Service, old as Service | undefined));
  }

  /** Admission of what is not stored: exec, attach, port-forward. */
  admitConnection(request: AdmissionRequest): void {
    this.#admission.connect(request);
  }

  /** Chance, but the same at every try of a request that waits for webhooks. */
  #draw(context: RequestContext, what: string, draw: () => string): string {
    return context.webhooks ? context.webhooks.choose(what, draw) : draw();
  }

  #throwInvalid(kind: Kind, object: KubernetesObject, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw invalidObject(kind, object.metadata.name ?? "", errors);
  }

  #strategy(subresource: string | undefined, { user }: RequestContext): StrategyContext {
    return { clock: this.#options.clock, subresource, user };
  }
}

function rulesOf(kind: Kind) {
  return { namespaced: kind.namespaced, nameRule: kind.nameRule };
}

function generateNameConflict(kind: Kind, name: string): StatusError {
  const base = alreadyExists(kind, name);
  return new StatusError({
    ...base.status,
    code: 409,
    message: `${base.message}, the server was not able to generate a unique name for the object`,
    details: { ...base.status.details, retryAfterSeconds: 1 },
  });
}
