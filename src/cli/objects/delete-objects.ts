import { isNotFound } from "../../api/status.ts";
import { after, sleep } from "../../host/cli-host.ts";
import type { ApiClient, Json } from "../connection/client.ts";
import type { DryRun } from "../dry-run.ts";
import type { Flags } from "../flags.ts";
import type { Io } from "../io.ts";
import { pathOf, type ResourceInfo } from "../connection/discovery.ts";

export interface Doomed {
  readonly info: ResourceInfo;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

const POLICIES: Readonly<Record<string, string>> = { background: "Background", orphan: "Orphan", foreground: "Foreground" };
const BOOLEANS: Readonly<Record<string, string>> = Object.fromEntries([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text) => [text, "background"]),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text) => [text, "orphan"]),
]);

/** What --cascade says; with `io` old ways to say it are told. Upstream: parseCascadingFlag of kubectl/pkg/cmd/delete */
export function propagationPolicy(flags: Flags, io?: Io): string {
  const text = flags.text("cascade");
  const meant = BOOLEANS[text];
  if (meant !== undefined)
    io?.err(`warning: --cascade=${text} is deprecated (boolean value) and can be replaced with --cascade=${meant}.\n`);
  const policy = POLICIES[meant ?? text];
  if (policy !== undefined) return policy;
  throw new Error(`invalid cascade value (${text}). Must be "background", "foreground", or "orphan"`);
}

/** The body of a delete, as --cascade and --grace-period want it. */
export function deleteOptions(flags: Flags, dryRun: DryRun = "none", grace = flags.number("grace-period")): Json {
  return {
    propagationPolicy: propagationPolicy(flags),
    ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}),
    ...(dryRun === "server" ? { dryRun: ["All"] } : {}),
  };
}

const POLL_MS = 1000;

/** Asks until the object is not there. With no time at all it is asked for once. Upstream: wait.PollUntilContextTimeout */
export async function waitUntilMissing(client: ApiClient, target: Doomed, timeoutMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    try {
      await client.get(pathOf(target.info, target.namespace, target.name));
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    await sleep(Math.min(POLL_MS, timeoutMs - waitedMs));
    if (waitedMs + POLL_MS > timeoutMs) throw new Error("context deadline exceeded");
  }
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
