import { isNotFound } from "../api/status.ts";
import { after, sleep } from "../host/cli-host.ts";
import type { ApiClient, Json } from "./client.ts";
import type { CommandContext } from "./command.ts";
import { pathOf, type ResourceInfo } from "./discovery.ts";

export interface Doomed {
  readonly info: ResourceInfo;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

const PROPAGATION_POLICIES: Readonly<Record<string, string>> = {
  background: "Background",
  true: "Background",
  orphan: "Orphan",
  false: "Orphan",
  foreground: "Foreground",
};

/** What --cascade means to the server. Upstream: cmd/delete parseCascadingFlag */
export function propagationPolicyOf(cascade: string): string {
  const policy = PROPAGATION_POLICIES[cascade];
  if (policy === undefined) throw new Error(`invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`);
  return policy;
}

/** Deletes an object and waits until it is gone. */
export async function deleteAndWait(
  context: CommandContext,
  target: Doomed,
  options: Json = { propagationPolicy: "Background" },
): Promise<void> {
  const client = await context.client();
  const path = pathOf(target.info, target.namespace, target.name);
  try {
    await client.json("DELETE", path, { body: options });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  await waitUntilGone(client, target, undefined, 0);
}

/** Waits until the object is gone or another has its name. Throws when the time is over; 0 waits for ever. */
export async function waitUntilGone(client: ApiClient, target: Doomed, uid: string | undefined, timeoutMs: number): Promise<void> {
  const abort = new AbortController();
  const cancel = timeoutMs > 0 ? after(timeoutMs, () => abort.abort()) : () => undefined;
  try {
    while (!(await isGone(client, target, uid, abort.signal))) await sleep(RETRY_MS);
  } catch (error) {
    if (abort.signal.aborted)
      throw new Error(`timed out waiting for the condition on ${target.info.resource}/${target.name}`, { cause: error });
    throw error;
  } finally {
    cancel();
    abort.abort();
  }
}

const RETRY_MS = 100;

/** Looks, and then watches for as long as the server lets one. */
async function isGone(client: ApiClient, target: Doomed, uid: string | undefined, signal: AbortSignal): Promise<boolean> {
  let resourceVersion: string | undefined;
  try {
    const path = pathOf(target.info, target.namespace, target.name);
    const { metadata } = await client.json<{ metadata: { uid?: string; resourceVersion?: string } }>("GET", path, { signal });
    if (uid !== undefined && metadata.uid !== undefined && metadata.uid !== uid) return true;
    resourceVersion = metadata.resourceVersion;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
  const query = { fieldSelector: `metadata.name=${target.name}`, resourceVersion };
  for await (const { type } of client.watch(pathOf(target.info, target.namespace), query, { signal })) {
    if (type === "DELETED") return true;
    if (type === "ERROR") break;
  }
  signal.throwIfAborted();
  return false;
}
