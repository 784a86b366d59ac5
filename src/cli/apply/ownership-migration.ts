import { childrenOf, hasElement, unionSets, type FieldSet } from "../../api/field-set.ts";
import type { ManagedFieldsEntry } from "../../api/generated/meta-v1.ts";
import { StatusError } from "../../api/status.ts";
import { apiVersionOf, pathOf } from "../connection/discovery.ts";
import { LAST_APPLIED } from "./last-applied.ts";
import type { ApiObject, Target } from "../objects/resources.ts";
import { fieldManagerOf, writeQuery, type Applying } from "./applying.ts";

/**
 * Gives the annotation of client-side apply a manager of its own, else the first server-side apply would take it away.
 * Upstream: ApplyOptions.saveLastApplyAnnotationIfNecessary
 */
export async function keepLastApplied(applying: Applying, target: Target, object: ApiObject): Promise<ApiObject> {
  const text = object.metadata.annotations?.[LAST_APPLIED];
  // The server keeps the annotation up to date for kubectl's own manager only.
  if (fieldManagerOf(applying.context) !== "kubectl" || text === undefined) return object;
  if (ownersOfLastApplied(object, "Apply").length > 0) return object;
  const { name, namespace } = object.metadata;
  const body = {
    apiVersion: apiVersionOf(target.info),
    kind: target.info.kind,
    metadata: { name, ...(namespace ? { namespace } : {}), annotations: { [LAST_APPLIED]: text } },
  };
  return patch(applying, target, {
    query: { ...writeQuery(applying), fieldManager: "kubectl-last-applied" },
    body,
    contentType: "application/apply-patch+yaml",
  });
}

const MAX_TRIES = 5;

/** Undefined when there is nothing to migrate. Upstream: ApplyOptions.migrateToSSAIfNecessary */
export async function migrateManagers(applying: Applying, target: Target, first: ApiObject): Promise<ApiObject | undefined> {
  const names = new Set(ownersOfLastApplied(first, "Update").map((entry) => entry.manager ?? ""));
  let object = first;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const managedFields = upgraded(managedFieldsOf(object), names, fieldManagerOf(applying.context));
    if (managedFields === undefined) return undefined;
    try {
      return await patch(applying, target, {
        query: writeQuery(applying),
        // The version is replaced, not tested: then it is a conflict when somebody else was faster.
        body: [
          { op: "replace", path: "/metadata/managedFields", value: managedFields },
          { op: "replace", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion ?? "" },
        ],
        contentType: "application/json-patch+json",
      });
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === "Conflict")) throw error;
      const client = await applying.context.client();
      object = await client.get<ApiObject>(pathOf(target.info, target.namespace, target.name));
    }
  }
  return undefined;
}

async function patch(
  { context }: Applying,
  { info, namespace, name }: Target,
  request: { query: ReturnType<typeof writeQuery>; body: unknown; contentType: string },
): Promise<ApiObject> {
  const path = pathOf(info, namespace, name, context.flags.text("subresource"));
  return (await context.client()).json<ApiObject>("PATCH", path, request);
}

const managedFieldsOf = ({ metadata }: ApiObject) => (metadata["managedFields"] ?? []) as ManagedFieldsEntry[];
const fieldsOf = (entry: ManagedFieldsEntry) => (entry.fieldsV1 ?? {}) as FieldSet;

/** Upstream: csaupgrade.FindFieldsOwners */
function ownersOfLastApplied(object: ApiObject, operation: "Apply" | "Update"): ManagedFieldsEntry[] {
  return managedFieldsOf(object).filter((entry) => {
    const annotations = childrenOf(childrenOf(fieldsOf(entry), "f:metadata") ?? {}, "f:annotations") ?? {};
    return entry.operation === operation && hasElement(annotations, `f:${LAST_APPLIED}`);
  });
}

/** Upstream: csaupgrade.UpgradeManagedFieldsPatch */
function upgraded(entries: readonly ManagedFieldsEntry[], from: ReadonlySet<string>, to: string): ManagedFieldsEntry[] | undefined {
  let result = [...entries];
  for (const manager of from) result = withoutManager(result, manager, to);
  return JSON.stringify(result) === JSON.stringify(entries) ? undefined : result;
}

/** What a manager has got by updates goes to an applier; of several such entries only one of the same version counts. */
function withoutManager(entries: readonly ManagedFieldsEntry[], from: string, to: string): ManagedFieldsEntry[] {
  const isFrom = (entry: ManagedFieldsEntry) => entry.manager === from && entry.operation === "Update" && !entry.subresource;
  const isTo = (entry: ManagedFieldsEntry) => entry.manager === to && entry.operation === "Apply" && !entry.subresource;
  const found = entries.findIndex(isTo);
  const index = found >= 0 ? found : entries.findIndex(isFrom);
  const target = entries[index];
  if (target === undefined) return [...entries];
  const source = entries.find((entry) => isFrom(entry) && entry.apiVersion === target.apiVersion);
  const merged: ManagedFieldsEntry = {
    ...target,
    manager: to,
    operation: "Apply",
    fieldsV1: source ? unionSets(fieldsOf(target), fieldsOf(source)) : fieldsOf(target),
  };
  return entries.map((entry, i) => (i === index ? merged : entry)).filter((entry) => !isFrom(entry));
}
