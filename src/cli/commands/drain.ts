import { goDuration } from "../../api/duration.ts";
import { parseSelector } from "../../api/labels.ts";
import { isNotFound, StatusError } from "../../api/status.ts";
import { nowMs, sleep } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { isLongGoing, podsToGo } from "../pods/drain-filters.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { AggregateFailure, messageOf } from "../errors.ts";
import type { LivePod } from "../pods/pods.ts";
import { typedReporter } from "../report.ts";
import { fetchObjects, SELECTOR_FLAG } from "../objects/resources.ts";
import { checkNodeArguments, nodesOf, setUnschedulable } from "./cordon.ts";

const drain: CommandSpec = {
  usage: "NODE",
  long: "Drain node in preparation for maintenance.\n\n The node is marked unschedulable, and its pods are evicted, except those of daemon sets and mirror pods.",
  flags: [
    DRY_RUN_FLAG,
    SELECTOR_FLAG,
    {
      name: "chunk-size",
      type: "int64",
      default: 500,
      usage: "Ask for large lists in parts of this size.",
    },
    {
      name: "delete-emptydir-data",
      type: "bool",
      usage: "Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).",
    },
    { name: "disable-eviction", type: "bool", usage: "Delete pods instead of evicting them." },
    {
      name: "force",
      type: "bool",
      usage: "Continue even if there are pods that do not declare a controller.",
    },
    {
      name: "grace-period",
      type: "int",
      default: -1,
      usage: "Seconds that each pod gets to end. If negative, its own.",
    },
    { name: "ignore-daemonsets", type: "bool", usage: "Ignore DaemonSet-managed pods." },
    { name: "pod-selector", type: "string", usage: "Label selector to filter pods on the node" },
    {
      name: "skip-wait-for-delete-timeout",
      type: "int",
      usage: "Do not wait for pods that have been going for longer than this many seconds.",
    },
    {
      name: "timeout",
      type: "duration",
      default: "0s",
      usage: "How long to try, zero means for ever",
    },
  ],
  async run(context) {
    checkNodeArguments(context);
    const dryRun = dryRunOf(context.flags, context.io);
    await context.connection();
    checkPodSelector(context.flags.text("pod-selector"));
    const nodes = await nodesOf(context);
    const report = await typedReporter(context, dryRun);
    await setUnschedulable(context, nodes, true);
    const failures: unknown[] = [];
    const remaining: string[] = [];
    for (const node of nodes) {
      try {
        await drainNode(context, node.name, dryRun);
        report(node.object, node.info, "drained");
      } catch (error) {
        context.io.err(
          `error: unable to drain node ${JSON.stringify(node.name)} due to error: ${messageOf(error)}, continuing command...\n`,
        );
        failures.push(error);
        remaining.push(node.name);
      }
    }
    if (failures.length === 0) return;
    context.io.err(`There are pending nodes to be drained:\n${remaining.map((name) => ` ${name}\n`).join("")}`);
    throw new AggregateFailure(failures);
  },
};

export default drain;

function checkPodSelector(text: string): void {
  try {
    parseSelector(text);
  } catch (error) {
    throw new Error("--pod-selector=<pod_selector> must be a valid label selector", { cause: error });
  }
}

// Upstream: pkg/cmd/drain deleteOrEvictPodsSimple
async function drainNode(context: CommandContext, node: string, dryRun: DryRun): Promise<void> {
  const { pods, warnings, refusals } = await podsOn(context, node);
  if (refusals.length > 0) throw together(refusals);
  if (warnings !== "") context.io.err(`Warning: ${warnings}\n`);
  if (dryRun === "client") {
    for (const { metadata } of pods) context.print(`evicting pod ${metadata.namespace}/${metadata.name} (dry run)`);
    return;
  }
  try {
    await removePods(context, pods, dryRun);
  } catch (error) {
    const left = await podsOn(context, node);
    if (left.pods.length > 0)
      context.io.err(
        `There are pending pods in node ${JSON.stringify(node)} when an error occurred: ${messageOf(error)}\n${left.pods.map(({ metadata }) => `pod/${metadata.name}\n`).join("")}`,
      );
    if (left.refusals.length > 0)
      context.io.err(`Following errors occurred while getting the list of pods to delete:\n${together(left.refusals).message}`);
    throw error;
  }
}

const together = (messages: readonly string[]) => new AggregateFailure(messages.map((message) => new Error(message)));

async function podsOn(context: CommandContext, node: string): ReturnType<typeof podsToGo> {
  const { flags } = context;
  const info = await (await context.discovery()).get("pods");
  const found = await fetchObjects(context, [{ info, namespace: undefined, name: undefined }], {
    selector: flags.text("pod-selector"),
    fieldSelector: `spec.nodeName=${node}`,
    chunkSize: flags.number("chunk-size"),
  });
  return podsToGo(
    context,
    found.map(({ object }) => object as unknown as LivePod),
  );
}

async function removePods(context: CommandContext, pods: readonly LivePod[], dryRun: DryRun): Promise<void> {
  if (pods.length === 0) return;
  const timeoutMs = context.flags.number("timeout");
  const removal: Removal = {
    dryRun,
    timeoutMs,
    deadline: timeoutMs > 0 ? nowMs() + timeoutMs : Infinity,
    evicting: await canEvict(context),
  };
  if (!removal.evicting) return deletePods(context, pods, removal);
  const outcomes = await Promise.allSettled(pods.map((pod) => evictPod(context, pod, removal)));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (failures.length > 0) throw new AggregateFailure(failures);
}

interface Removal {
  readonly dryRun: DryRun;
  readonly timeoutMs: number;
  readonly deadline: number;
  readonly evicting: boolean;
}

/** Upstream: drain.CheckEvictionSupport */
async function canEvict(context: CommandContext): Promise<boolean> {
  if (context.flags.bool("disable-eviction")) return false;
  const list = await (await context.client()).get<{ resources?: { name: string; kind: string }[] }>("/api/v1");
  return list.resources?.some(({ name, kind }) => name === "pods/eviction" && kind === "Eviction") ?? false;
}

const RETRY_MS = 5000;
const POLL_MS = 1000;
const podPath = ({ metadata }: LivePod) => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;

async function evictPod(context: CommandContext, pod: LivePod, removal: Removal): Promise<void> {
  const { name, namespace } = pod.metadata;
  const where = `pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}`;
  for (;;) {
    context.print(`evicting pod ${namespace}/${name}${removal.dryRun === "server" ? " (server dry run)" : ""}`);
    if (nowMs() >= removal.deadline)
      throw new Error(`error when evicting ${where}: global timeout reached: ${goDuration(removal.timeoutMs)}`);
    try {
      await evict(context, pod, removal.dryRun);
      break;
    } catch (error) {
      if (isNotFound(error)) return;
      if (isNamespaceGoing(error)) {
        if (pod.metadata.deletionTimestamp !== undefined) break;
        context.io.err(
          `error when evicting pod ${JSON.stringify(name)} from terminating namespace ${JSON.stringify(namespace)} (will retry after 5s): ${messageOf(error)}\n`,
        );
      } else if (error instanceof StatusError && error.reason === "TooManyRequests")
        context.io.err(`error when evicting ${where} (will retry after 5s): ${error.message}\n`);
      else throw new Error(`error when evicting ${where}: ${messageOf(error)}`, { cause: error });
    }
    await sleep(RETRY_MS);
    pod = await freshest(context, pod);
  }
  if (removal.dryRun === "server") return;
  try {
    await untilGone(context, [pod], removal);
  } catch (error) {
    throw new Error(
      `error when waiting for pod ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)} to terminate: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

const isNamespaceGoing = (error: unknown): boolean =>
  error instanceof StatusError &&
  error.reason === "Forbidden" &&
  (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");

async function evict(context: CommandContext, pod: LivePod, dryRun: DryRun): Promise<void> {
  const { name, namespace } = pod.metadata;
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace }, deleteOptions: deleteOptions(context, dryRun) };
  await (await context.client()).json("POST", `${podPath(pod)}/eviction`, { body });
}

function deleteOptions(context: CommandContext, dryRun: DryRun): Record<string, unknown> {
  const gracePeriodSeconds = context.flags.number("grace-period");
  return { ...(gracePeriodSeconds >= 0 ? { gracePeriodSeconds } : {}), ...(dryRun === "server" ? { dryRun: ["All"] } : {}) };
}

/** The pod as it is now; one that cannot be read stays as it was known. */
async function freshest(context: CommandContext, pod: LivePod): Promise<LivePod> {
  try {
    return await (await context.client()).get<LivePod>(podPath(pod));
  } catch (error) {
    if (error instanceof StatusError) return pod;
    throw error;
  }
}

async function deletePods(context: CommandContext, pods: readonly LivePod[], removal: Removal): Promise<void> {
  const client = await context.client();
  const body = { apiVersion: "v1", kind: "DeleteOptions", ...deleteOptions(context, removal.dryRun) };
  for (const pod of pods) {
    try {
      await client.json("DELETE", podPath(pod), { query: dryRunQuery(removal.dryRun), body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  if (removal.dryRun !== "server") await untilGone(context, pods, removal);
}

/** Upstream: drain.go waitForDelete */
async function untilGone(context: CommandContext, pods: readonly LivePod[], { deadline, evicting }: Removal): Promise<void> {
  const client = await context.client();
  const skipped = context.flags.number("skip-wait-for-delete-timeout");
  const [done, failed] = evicting ? ["evicted", "eviction failed"] : ["deleted", "deletion failed"];
  for (let pending = pods; ;) {
    const left: LivePod[] = [];
    for (const pod of pending) {
      const current = await client.get<LivePod>(podPath(pod)).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        context.print(`pod/${pod.metadata.name} ${failed}`);
        throw error;
      });
      if (!current || current.metadata.uid !== pod.metadata.uid) context.print(`pod/${pod.metadata.name} ${done}`);
      else if (isLongGoing(current, skipped))
        context.print(`pod ${JSON.stringify(pod.metadata.name)} has DeletionTimestamp older than ${skipped} seconds, skipping`);
      else left.push(pod);
    }
    if (left.length === 0) return;
    pending = left;
    await sleep(Math.min(POLL_MS, Math.max(0, deadline - nowMs())));
    if (nowMs() >= deadline) throw new Error("context deadline exceeded");
  }
}
