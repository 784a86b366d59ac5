import { isNotFound, StatusError } from "../../api/status.ts";
import { sleep } from "../../host/cli-host.ts";
import { addSource } from "../objects/add-source.ts";
import type { Json } from "../connection/client.ts";
import { pathOf } from "../connection/discovery.ts";
import { messageOf } from "../errors.ts";
import { describeTarget, LAST_APPLIED, withLastApplied } from "./last-applied.ts";
import { renderJson, sortKeys } from "../printers/output.ts";
import type { ApiObject, Target } from "../objects/resources.ts";
import { warnIfDeleting, writeQuery, type Applying } from "./applying.ts";
import { threeWay, type Patch } from "./three-way.ts";

/** Upstream: ApplyOptions.applyOneObject */
export async function applyClientSide(applying: Applying, target: Target): Promise<void> {
  const { context, dryRun, report } = applying;
  const live = await findLive(applying, target);
  if (live === undefined) return report(await create(applying, target), target.info, "created");
  if (live.metadata.annotations?.[LAST_APPLIED] === undefined) {
    context.io.err(
      `Warning: resource ${target.info.resource}/${target.name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    );
  }
  const after = dryRun === "client" ? await patchLocally(applying, target, live) : await patch(applying, target, live);
  warnIfDeleting(context, after ?? live);
  report(after ?? live, target.info, after === undefined ? "unchanged" : "configured");
}

async function findLive({ context }: Applying, target: Target): Promise<ApiObject | undefined> {
  try {
    if (target.name === undefined) throw new Error("resource name may not be empty");
    const client = await context.client();
    return await client.get<ApiObject>(pathOf(target.info, target.namespace, target.name));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw addSource(`retrieving current configuration of:\n${describeTarget(target)}\nfrom server for:`, target.source, error);
  }
}

async function create(applying: Applying, target: Target): Promise<Json> {
  const object = withoutNulls(withLastApplied(target.manifest as ApiObject)) as ApiObject;
  if (applying.dryRun === "client") return object;
  try {
    return await send(applying, target, object);
  } catch (error) {
    throw addSource("creating", target.source, error);
  }
}

async function send(applying: Applying, target: Target, object: ApiObject): Promise<ApiObject> {
  const { resourceVersion: _, ...metadata } = object.metadata;
  const client = await applying.context.client();
  const body = { ...object, metadata };
  return client.json<ApiObject>("POST", pathOf(target.info, target.namespace), { query: writeQuery(applying), body });
}

/** An update would leave such fields out, too. Upstream: pruneNullsFromMap */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== null)
      .map(([key, child]) => [key, withoutNulls(child)]),
  );
}

const MAX_RETRIES = 5;
const RETRY_MS = 1000;

/** Sends the difference; undefined when there is none. Upstream: k8s.io/kubectl/pkg/cmd/apply/patcher.go Patcher.Patch */
async function patch(applying: Applying, target: Target, first: ApiObject): Promise<ApiObject | undefined> {
  const { context } = applying;
  const client = await context.client();
  const path = pathOf(target.info, target.namespace, target.name);
  let live = first;
  for (let attempt = 0; ; attempt++) {
    if (attempt > 1) await sleep(RETRY_MS);
    const { body, contentType } = await created(applying, target, live);
    if (isEmpty(body)) return undefined;
    try {
      return await client.json<ApiObject>("PATCH", path, { query: writeQuery(applying), body, contentType });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (error.reason === "Conflict" && attempt < MAX_RETRIES) {
        live = await client.get<ApiObject>(path);
        continue;
      }
      if (!context.flags.bool("force") || !["Conflict", "Invalid"].includes(error.reason))
        throw patchFailure(addSource("patching", target.source, error), body, target);
      return replaceByForce(applying, target, live);
    }
  }
}

/** The patch, or why there is none. */
async function created({ context, dryRun }: Applying, target: Target, live: ApiObject): Promise<Patch> {
  try {
    return await threeWay({
      info: target.info,
      modified: withLastApplied(target.manifest as ApiObject),
      live,
      overwrite: context.flags.bool("overwrite"),
      warn: context.flags.bool("openapi-patch") ? (text) => context.io.err(text) : undefined,
    });
  } catch (error) {
    throw patchFailure(dryRun === "client" ? error : addSource("patching", target.source, error), undefined, target);
  }
}

async function patchLocally(applying: Applying, target: Target, live: ApiObject): Promise<ApiObject | undefined> {
  const { body, contentType, schema } = await created(applying, target, live);
  if (isEmpty(body)) return undefined;
  if (!contentType.includes("strategic") || !schema) {
    const { applyMergePatch } = await import("../../api/merge-patch.ts");
    return applyMergePatch(live, body) as ApiObject;
  }
  const { applyStrategicMergePatch } = await import("../../api/strategic-merge-patch.ts");
  return applyStrategicMergePatch(schema, live, body) as ApiObject;
}

const isEmpty = (body: Patch["body"]) => Object.keys(body).length === 0;

/** Upstream: Patcher.deleteAndCreate */
async function replaceByForce(applying: Applying, target: Target, live: ApiObject): Promise<ApiObject> {
  const modified = withLastApplied(target.manifest as ApiObject);
  try {
    const { deleteOptions, waitUntilMissing } = await import("../objects/delete-objects.ts");
    const client = await applying.context.client();
    const { flags } = applying.context;
    await client.json("DELETE", pathOf(target.info, target.namespace, target.name), { body: deleteOptions(flags) });
    await waitUntilMissing(client, target, flags.number("timeout"));
    return await send(applying, target, modified).catch((error: unknown) => restore(applying, target, { live, error }));
  } catch (error) {
    throw patchFailure(error, modified, target);
  }
}

/** The object is made again as it was; why it could not be replaced is told all the same. */
async function restore(applying: Applying, target: Target, { live, error }: { live: ApiObject; error: unknown }): Promise<never> {
  try {
    await send(applying, target, live);
  } catch (restoring) {
    throw new Error(
      `An error occurred force-replacing the existing object with the newly provided one:\n\n${messageOf(error)}.\n\nAdditionally, an error occurred attempting to restore the original object:\n\n${messageOf(restoring)}`,
      { cause: error },
    );
  }
  throw error;
}

const patchFailure = (error: unknown, patch: Json | undefined, target: Target) =>
  addSource(`applying patch:\n${patch ? renderJson(sortKeys(patch), 0) : ""}\nto:\n${describeTarget(target)}\nfor:`, target.source, error);
