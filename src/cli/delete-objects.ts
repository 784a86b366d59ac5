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
  const path = pathOf(target.info, target.namespace, target.name);
  const abort = new AbortController();
  let late = false;
  const cancel = timeoutMs > 0 ? after(timeoutMs, () => ((late = true), abort.abort())) : () => undefined;
  try {
    for (;;) {
      let version: string | undefined;
      try {
        const current = await client.json<{ metadata: { uid?: string; resourceVersion?: string } }>("GET", path, { signal: abort.signal });
        if (uid !== undefined && current.metadata.uid !== undefined && current.metadata.uid !== uid) return;
        version = current.metadata.resourceVersion;
      } catch (error) {
        if (isNotFound(error)) return;
        if (late) throw new Error(`timed out waiting for the condition on ${target.info.resource}/${target.name}`);
        throw error;
      }
      for await (const event of client.watch(
        pathOf(target.info, target.namespace),
        { fieldSelector: `metadata.name=${target.name}`, resourceVersion: version },
        { signal: abort.signal },
      )) {
        if (event.type === "DELETED") return;
        if (event.type === "ERROR") break;
      }
      if (late) throw new Error(`timed out waiting for the condition on ${target.info.resource}/${target.name}`);
      await sleep(100);
    }
  } finally {
    cancel();
    abort.abort();
  }
}
