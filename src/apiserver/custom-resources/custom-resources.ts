import type { CustomResourceDefinition } from "../../api/generated/apiextensions-v1.ts";
import type { Kind } from "../../api/kind.ts";
import { sameJson } from "../../api/merge-patch.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import {
  CLEANUP_FINALIZER,
  conditionOf,
  customResourceDefinitions,
  withCondition,
} from "../../api/resources/custom-resource-definition.ts";
import { approvalOf, isProtectedGroup } from "../../api/resources/support/crd-validation.ts";
import { isConflict, isNotFound, StatusError } from "../../api/status.ts";
import type { WatchHandle } from "../../store/store.ts";
import { rfc3339, type Timer } from "../../util/clock.ts";
import type { Registry } from "../registry.ts";
import { componentContext, type RequestContext } from "../request-context.ts";
import { customKind, kindsOf, storageVersion } from "./custom-kind.ts";
import { judgeNames, takenNames } from "./names.ts";

const CRDS = customResourceDefinitions as unknown as Kind;
// Whoever refuses the deletes (a webhook, a policy) is asked again.
const RETRY_MS = 5_000;
const APPROVAL_REASONS = {
  Missing: "MissingAnnotation",
  Unapproved: "UnapprovedAnnotation",
  Approved: "ApprovedAnnotation",
  Invalid: "InvalidAnnotation",
};

/** Served are the kinds of a definition as long as what they are made of is the same. */
interface Served {
  readonly uid: string;
  readonly spec: CustomResourceDefinition["spec"];
  readonly acceptedNames: CustomResourceDefinition["status"]["acceptedNames"];
  readonly isTerminating: boolean;
  readonly kinds: readonly Kind[];
}

/**
 * Serves what CustomResourceDefinitions define: accepts names, establishes, adds and removes kinds, removes the objects of
 * definitions that are deleted. What is established in the store is served when the constructor returns.
 * Upstream: apiextensions-apiserver/pkg/controller/{status,establish,finalizer,apiapproval}, pkg/apiserver/customresource_handler.go
 */
export class CustomResources {
  readonly #registry: Registry;
  readonly #served = new Map<string, Served>();
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  /** Waiting for the last object of a definition that is deleted. */
  readonly #emptying = new Map<string, WatchHandle>();
  readonly #retries = new Map<string, Timer>();
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #handle: WatchHandle;

  /** @param onError is told what was refused to the server itself. */
  constructor(registry: Registry, onError?: (error: unknown) => void) {
    this.#registry = registry;
    this.#onError = onError;
    const { views, resourceVersion } = registry.list(CRDS);
    for (const { object } of views) this.#definitions.set(object.metadata.name, object as CustomResourceDefinition);
    for (const crd of this.#definitions.values()) this.#serve(crd);
    this.#handle = registry.watch(CRDS, {
      after: Number(resourceVersion),
      onEvents: (events) => {
        for (const { type, view } of events) this.#changed(type, view.object as CustomResourceDefinition);
      },
    });
    for (const crd of [...this.#definitions.values()]) this.#sync(crd);
  }

  stop(): void {
    this.#handle.close();
    for (const handle of this.#emptying.values()) handle.close();
    for (const timer of this.#retries.values()) timer.cancel();
  }

  #changed(type: "ADDED" | "MODIFIED" | "DELETED", crd: CustomResourceDefinition): void {
    const { name, uid, resourceVersion } = crd.metadata;
    const known = this.#definitions.get(name)?.metadata;
    // What was written here is known before its event comes.
    if (type !== "DELETED" && known?.uid === uid && Number(known.resourceVersion) > Number(resourceVersion)) return;
    if (type !== "DELETED") {
      this.#definitions.set(name, crd);
      this.#serve(crd);
      return this.#sync(crd);
    }
    this.#definitions.delete(name);
    this.#withdraw(name);
    this.#emptying.get(name)?.close();
    this.#emptying.delete(name);
    this.#syncGroup(crd);
  }

  /** A name that was given up may be what another definition waits for. */
  #syncGroup({ spec, metadata }: CustomResourceDefinition): void {
    for (const other of [...this.#definitions.values()])
      if (other.spec.group === spec.group && other.metadata.name !== metadata.name) this.#sync(other);
  }

  /** One step towards what should be; what it writes brings the next one about. */
  #sync(crd: CustomResourceDefinition): void {
    try {
      if (this.#judge(crd) || this.#establish(crd) || this.#approve(crd)) return;
      if (crd.metadata.deletionTimestamp !== undefined && crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) this.#finalize(crd);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // Changed or gone in the meantime: its own event follows.
      if (!isNotFound(error) && !isConflict(error)) this.#onError?.(error);
    }
  }

  #judge(crd: CustomResourceDefinition): boolean {
    if (sameJson(crd.spec.names, crd.status.acceptedNames)) return false;
    const verdict = judgeNames(crd, takenNames([...this.#definitions.values()], crd.spec.group));
    const known = conditionOf(crd, "NamesAccepted");
    const { status, reason, message } = verdict.namesAccepted;
    if (
      sameJson(crd.status.acceptedNames, verdict.acceptedNames) &&
      known?.status === status &&
      known.reason === reason &&
      known.message === message
    )
      return false;
    const now = this.#now();
    const next = withCondition(
      withCondition({ ...crd.status, acceptedNames: verdict.acceptedNames }, verdict.namesAccepted, now),
      verdict.established,
      now,
    );
    const written = this.#writeStatus(crd, next);
    this.#syncGroup(written);
    return true;
  }

  #establish(crd: CustomResourceDefinition): boolean {
    if (conditionOf(crd, "NamesAccepted")?.status !== "True" || conditionOf(crd, "Established")?.status === "True") return false;
    this.#writeStatus(
      crd,
      withCondition(
        crd.status,
        { type: "Established", status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" },
        this.#now(),
      ),
    );
    return true;
  }

  #approve(crd: CustomResourceDefinition): boolean {
    if (!isProtectedGroup(crd.spec.group)) return false;
    const { state, reason: message } = approvalOf(crd.metadata.annotations);
    const known = conditionOf(crd, "KubernetesAPIApprovalPolicyConformant");
    const condition = {
      type: "KubernetesAPIApprovalPolicyConformant",
      status: state === "Approved" ? "True" : "False",
      reason: APPROVAL_REASONS[state],
      message,
    };
    if (known?.status === condition.status && known.reason === condition.reason && known.message === message) return false;
    this.#writeStatus(crd, withCondition(crd.status, condition, this.#now()));
    return true;
  }

  /** Removes all objects, and the finalizer when the last is gone. */
  #finalize(crd: CustomResourceDefinition): void {
    const { name } = crd.metadata;
    if (this.#retries.has(name)) return;
    const reason = conditionOf(crd, "Terminating")?.reason;
    if (reason !== "InstanceDeletionInProgress" && reason !== "InstanceDeletionFailed") {
      this.#writeStatus(
        crd,
        withCondition(
          crd.status,
          { type: "Terminating", status: "True", reason: "InstanceDeletionInProgress", message: "CustomResource deletion is in progress" },
          this.#now(),
        ),
      );
      return;
    }
    if (conditionOf(crd, "Established")?.status !== "True")
      return this.#finish(crd, { reason: "NeverEstablished", message: "resource was never established" });
    const kind = this.#served.get(name)?.kinds[0] ?? customKind(crd, storageVersion(crd));
    const after = this.#registry.store.revision;
    if (!this.#deleteAll(crd, kind)) return;
    const isEmpty = () => this.#registry.list(kind, { limit: 1 }).views.length === 0;
    if (isEmpty()) return this.#finish(crd, { reason: "InstanceDeletionCompleted", message: "removed all instances" });
    if (this.#emptying.has(name)) return;
    this.#emptying.set(
      name,
      this.#registry.watch(kind, {
        after,
        onEvents: (events) => {
          const current = this.#definitions.get(name);
          if (!current || !events.some((event) => event.type === "DELETED") || !isEmpty()) return;
          this.#emptying.get(name)?.close();
          this.#emptying.delete(name);
          this.#sync(current);
        },
      }),
    );
  }

  /** False where somebody refuses that. */
  #deleteAll(crd: CustomResourceDefinition, kind: Kind): boolean {
    try {
      this.#registry.deleteCollection(kind, {}, {}, this.#context());
      return true;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const { name } = crd.metadata;
      this.#retries.set(
        name,
        this.#registry.clock.after(RETRY_MS, () => {
          this.#retries.delete(name);
          const current = this.#definitions.get(name);
          if (current) this.#sync(current);
        }),
      );
      this.#writeStatus(
        crd,
        withCondition(
          crd.status,
          {
            type: "Terminating",
            status: "True",
            reason: "InstanceDeletionFailed",
            message: `could not issue all deletes: ${error.message}`,
          },
          this.#now(),
        ),
      );
      return false;
    }
  }

  #finish(crd: CustomResourceDefinition, why: { readonly reason: string; readonly message: string }): void {
    const status = withCondition(crd.status, { type: "Terminating", status: "False", ...why }, this.#now());
    const finalizers = crd.metadata.finalizers?.filter((finalizer) => finalizer !== CLEANUP_FINALIZER) ?? [];
    this.#registry.update(
      CRDS,
      { name: crd.metadata.name },
      { ...crd, metadata: { ...crd.metadata, finalizers }, status } as KubernetesObject,
      this.#context(),
      { subresource: "status" },
    );
  }

  #writeStatus(crd: CustomResourceDefinition, status: CustomResourceDefinition["status"]): CustomResourceDefinition {
    const { view } = this.#registry.update(CRDS, { name: crd.metadata.name }, { ...crd, status } as KubernetesObject, this.#context(), {
      subresource: "status",
    });
    const written = view.object as CustomResourceDefinition;
    this.#definitions.set(written.metadata.name, written);
    // Whoever sees the status may use what it says.
    this.#serve(written);
    return written;
  }

  /** The served kinds are those of the definition as it is. */
  #serve(crd: CustomResourceDefinition): void {
    const { name, uid } = crd.metadata;
    const isTerminating = conditionOf(crd, "Terminating")?.status === "True";
    const { acceptedNames } = crd.status;
    const known = this.#served.get(name);
    if (
      known &&
      known.uid === uid &&
      known.isTerminating === isTerminating &&
      sameJson(known.spec, crd.spec) &&
      sameJson(known.acceptedNames, acceptedNames)
    )
      return;
    this.#withdraw(name);
    if (conditionOf(crd, "Established")?.status !== "True" || !acceptedNames?.plural) return;
    // A definition cannot take the place of what the server brings along.
    const kinds = kindsOf(crd, this.#registry.rng).filter(
      (kind) => !this.#registry.kinds.findResource(kind.group, kind.version, kind.plural),
    );
    for (const kind of kinds) this.#registry.kinds.add(kind);
    this.#served.set(name, { uid, spec: crd.spec, acceptedNames, isTerminating, kinds });
  }

  #withdraw(name: string): void {
    for (const kind of this.#served.get(name)?.kinds ?? []) this.#registry.kinds.remove(kind);
    this.#served.delete(name);
  }

  #context(): RequestContext {
    return { ...componentContext("kube-apiserver"), tracksFields: true };
  }

  #now(): string {
    return rfc3339(this.#registry.clock.now());
  }
}
