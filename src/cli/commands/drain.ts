import type { Pod } from "../../api/generated/core-v1.ts";
import { isNotFound, StatusError } from "../../api/status.ts";
import { nowMs, sleep } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunSuffix } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { SELECTOR_FLAG } from "../resources.ts";
import { setUnschedulable } from "./cordon.ts";

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
    const { args, flags } = context;
    if (args.length === 0 && flags.text("selector") === "") throw context.usage("USAGE: drain NODE [flags]");
    await setUnschedulable(context, args, true);
    const errors: unknown[] = [];
    for (const node of args) {
      try {
        await drainNode(context, node.replace(/^nodes?\//, ""));
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

export default drain;

type LivePod = Pod & { metadata: { name: string; namespace: string; uid: string } };

async function drainNode(context: CommandContext, node: string): Promise<void> {
  const client = await context.client();
  const dryRun = dryRunOf(context.flags, context.io);
  const list = await client.get<{ items?: LivePod[] }>("/api/v1/pods", {
    fieldSelector: `spec.nodeName=${node}`,
    labelSelector: context.flags.text("pod-selector"),
    limit: 500,
  });
  const { evict, warnings, refusals } = sortOut(context, list.items ?? []);
  if (refusals.length > 0)
    throw new Error(
      `unable to drain node ${JSON.stringify(node)} due to error: ${refusals.length === 1 ? refusals[0] : `[${refusals.join(", ")}]`}, continuing command...\nThere are pending nodes to be drained:\n ${node}\n${refusals.map((refusal) => `${refusal}\n`).join("")}`.trimEnd(),
    );
  if (warnings.length > 0) context.io.err(`Warning: ${warnings.join("; ")}\n`);
  const deadline = context.flags.number("timeout") > 0 ? nowMs() + context.flags.number("timeout") : Infinity;
  for (const pod of evict) context.print(`evicting pod ${pod.metadata.namespace}/${pod.metadata.name}${dryRunSuffix(dryRun)}`);
  if (dryRun === "none") await Promise.all(evict.map((pod) => evictOne(context, pod, deadline)));
  context.print(`node/${node} drained${dryRunSuffix(dryRun)}`);
}

function sortOut(context: CommandContext, pods: readonly LivePod[]): { evict: LivePod[]; warnings: string[]; refusals: string[] } {
  const { flags } = context;
  const evict: LivePod[] = [];
  const groups = { daemon: [] as string[], local: [] as string[], bare: [] as string[] };
  for (const pod of pods) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
    const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const done = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) continue;
    if (owner?.kind === "DaemonSet" && !done) {
      groups.daemon.push(name);
      continue;
    }
    if (!owner && !done) groups.bare.push(name);
    if (!done && pod.spec?.volumes?.some(({ emptyDir }) => emptyDir)) groups.local.push(name);
    evict.push(pod);
  }
  const refusals = [
    ...(groups.local.length > 0 && !flags.bool("delete-emptydir-data")
      ? [`cannot delete Pods with local storage (use --delete-emptydir-data to override): ${groups.local.join(", ")}`]
      : []),
    ...(groups.daemon.length > 0 && !flags.bool("ignore-daemonsets")
      ? [`cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ${groups.daemon.join(", ")}`]
      : []),
    ...(groups.bare.length > 0 && !flags.bool("force")
      ? [`cannot delete Pods that declare no controller (use --force to override): ${groups.bare.join(", ")}`]
      : []),
  ];
  const warnings = [
    ...(groups.daemon.length > 0 ? [`ignoring DaemonSet-managed Pods: ${groups.daemon.join(", ")}`] : []),
    ...(groups.bare.length > 0 ? [`deleting Pods that declare no controller: ${groups.bare.join(", ")}`] : []),
  ];
  return { evict, warnings, refusals };
}

const RETRY_MS = 5000;

async function evictOne(context: CommandContext, pod: LivePod, deadline: number): Promise<void> {
  const client = await context.client();
  const { name, namespace, uid } = pod.metadata;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const grace = context.flags.number("grace-period");
  const deleteOptions = grace >= 0 ? { gracePeriodSeconds: grace } : {};
  for (;;) {
    try {
      if (context.flags.bool("disable-eviction"))
        await client.json("DELETE", path, {
          body: { apiVersion: "v1", kind: "DeleteOptions", ...deleteOptions },
        });
      else
        await client.json("POST", `${path}/eviction`, {
          body: {
            apiVersion: "policy/v1",
            kind: "Eviction",
            metadata: { name, namespace },
            ...(grace >= 0 ? { deleteOptions } : {}),
          },
        });
      break;
    } catch (error) {
      if (isNotFound(error)) return context.print(`pod/${name} evicted`);
      if (!(error instanceof StatusError) || error.reason !== "TooManyRequests")
        throw new Error(`error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}: ${(error as Error).message}`);
      context.io.err(
        `error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)} (will retry after 5s): ${error.message}\n`,
      );
      if (nowMs() > deadline) throw new Error(`global timeout reached: ${context.flags.number("timeout") / 1000}s`);
      await sleep(RETRY_MS);
      context.print(`evicting pod ${namespace}/${name}`);
    }
  }
  for (;;) {
    const current = await client.get<LivePod>(path).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (!current || current.metadata.uid !== uid) break;
    if (nowMs() > deadline) throw new Error(`global timeout reached: ${context.flags.number("timeout") / 1000}s`);
    await sleep(200);
  }
  context.print(`pod/${name} ${context.flags.bool("disable-eviction") ? "deleted" : "evicted"}`);
}
