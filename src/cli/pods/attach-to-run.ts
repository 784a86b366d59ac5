import { after, nowMs } from "../../host/cli-host.ts";
import { attachSession } from "./attach-session.ts";
import type { Query } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { ExitError, messageOf } from "../errors.ts";
import { chooseContainer, unlessQuiet, type LivePod } from "./pods.ts";

/** Waits for a pod that `run -i` made, attaches to it, and ends with its exit code. Upstream: k8s.io/kubectl/pkg/cmd/run handleAttachPod */
export async function attachToRun(
  context: CommandContext,
  { name, restart }: { readonly name: string; readonly restart: string },
): Promise<number> {
  const { flags } = context;
  const timeoutMs = flags.number("pod-running-timeout");
  const ready = await waitForPod(context, name, (pod) => isReady(pod) || ended(pod), timeoutMs);
  if (ended(ready)) await printLog(context, ready);
  else await attachOrLog(context, ready);
  if (flags.bool("leave-stdin-open") || restart === "Always") return 0;
  const last = await waitForPod(context, name, restart === "Never" ? ended : (pod) => pod.status?.phase === "Succeeded", timeoutMs);
  if (last.status?.phase === "Succeeded") return 0;
  const where = `pod ${last.metadata.namespace}/${last.metadata.name}`;
  const terminated = last.status?.containerStatuses?.[0]?.state?.terminated;
  if (!terminated?.exitCode) throw new Error(`${where} failed with unknown exit code`);
  throw new ExitError(`${where} terminated (${terminated.reason ?? ""})\n${terminated.message ?? ""}`, terminated.exitCode);
}

/** What was written before comes from the log, then what is written. */
async function attachOrLog(context: CommandContext, pod: LivePod): Promise<void> {
  const { flags } = context;
  let sinceTime: string | undefined;
  try {
    await printLog(context, pod, { container: chooseContainer(pod, "", unlessQuiet(context)) });
    sinceTime = `${new Date(nowMs()).toISOString().slice(0, 19)}Z`;
  } catch (error) {
    context.io.err(`warning: couldn't fetch pre-attach logs: ${messageOf(error)}\n`);
  }
  try {
    await attachSession(context, {
      pod,
      container: chooseContainer(pod, "", unlessQuiet(context)),
      stdin: flags.bool("stdin"),
      tty: flags.bool("tty"),
      quiet: flags.bool("quiet"),
      command: `${context.path.replace(/ [^ ]+$/, "")} attach`,
      detachKeys: flags.text("detach-keys"),
    });
  } catch (error) {
    context.io.err(`warning: couldn't attach to pod/${pod.metadata.name}, falling back to streaming logs: ${messageOf(error)}\n`);
    await printLog(context, pod, { sinceTime });
  }
}

export async function printLog(context: CommandContext, pod: LivePod, query: Query = {}): Promise<void> {
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/log`;
  context.io.out(await (await context.client()).text(path, { container: pod.spec.containers?.[0]?.name, ...query }));
}

const isReady = (pod: LivePod) =>
  pod.status?.phase === "Running" && (pod.status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
const ended = (pod: LivePod) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

/** 0: for ever. */
export async function waitForPod(
  context: CommandContext,
  name: string,
  done: (pod: LivePod) => boolean,
  timeoutMs: number,
): Promise<LivePod> {
  const client = await context.client();
  const abort = new AbortController();
  const cancel = timeoutMs > 0 ? after(timeoutMs, () => abort.abort()) : () => undefined;
  try {
    for await (const event of client.watch(
      `/api/v1/namespaces/${await context.namespace()}/pods`,
      { fieldSelector: `metadata.name=${name}` },
      { signal: abort.signal },
    )) {
      if (event.type === "ERROR") break;
      if (event.type !== "BOOKMARK" && done(event.object as unknown as LivePod)) return event.object as unknown as LivePod;
    }
  } finally {
    cancel();
    abort.abort();
  }
  throw new Error("timed out waiting for the condition");
}
