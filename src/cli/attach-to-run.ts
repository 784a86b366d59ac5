import { after } from "../host/cli-host.ts";
import type { CommandContext } from "./command.ts";
import { ExitError } from "./errors.ts";
import { chooseContainer, type LivePod } from "./pods.ts";
import { runRemote } from "./remote-command.ts";

/** Waits for a pod that `run -i` made, attaches to it, and ends with its exit code. Upstream: k8s.io/kubectl/pkg/cmd/run handleAttachPod */
export async function attachToRun(
  context: CommandContext,
  name: string,
  streams: { stdin: boolean; tty: boolean },
): Promise<number> {
  const namespace = await context.namespace();
  const quiet = context.flags.bool("quiet");
  if (!quiet && streams.stdin)
    context.io.err(
      "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\n",
    );
  const running = await waitForPod(
    context,
    name,
    (pod) => pod.status?.phase === "Running" || ended(pod),
    context.flags.number("pod-running-timeout"),
  );
  const container = chooseContainer(context, running, "", { quiet: true });
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  if (ended(running)) {
    context.io.out(await (await context.client()).text(`${path}/log`, { container }));
  } else {
    if (!quiet && streams.stdin)
      context.io.err("If you don't see a command prompt, try pressing enter.\n");
    try {
      await runRemote(context, `${path}/attach`, { container }, streams);
    } catch (error) {
      context.io.err(
        `warning: couldn't attach to pod/${name}, falling back to streaming logs: ${(error as Error).message}\n`,
      );
      context.io.out(await (await context.client()).text(`${path}/log`, { container }));
    }
  }
  const last = await waitForPod(
    context,
    name,
    ended,
    context.flags.text("restart") === "Always" ? 1000 : 30_000,
  ).catch(() => undefined);
  const terminated = last?.status?.containerStatuses?.find((each) => each.name === container)?.state
    ?.terminated;
  if (!last || last.status?.phase === "Succeeded") return 0;
  if (terminated?.exitCode) {
    if (context.flags.bool("rm")) return terminated.exitCode;
    throw new ExitError(
      `pod ${namespace}/${name} terminated (${terminated.reason ?? "Error"})\n${terminated.message ?? ""}`.trimEnd(),
      terminated.exitCode,
    );
  }
  return 0;
}

const ended = (pod: LivePod) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

async function waitForPod(
  context: CommandContext,
  name: string,
  done: (pod: LivePod) => boolean,
  timeoutMs: number,
): Promise<LivePod> {
  const client = await context.client();
  const abort = new AbortController();
  const cancel = after(timeoutMs, () => abort.abort());
  try {
    for await (const event of client.watch(
      `/api/v1/namespaces/${await context.namespace()}/pods`,
      { fieldSelector: `metadata.name=${name}` },
      { signal: abort.signal },
    )) {
      if (event.type === "ERROR") break;
      if (event.type !== "BOOKMARK" && done(event.object as unknown as LivePod))
        return event.object as unknown as LivePod;
    }
  } finally {
    cancel();
    abort.abort();
  }
  throw new Error("timed out waiting for the condition");
}
