import { isNotFound } from "../../api/status.ts";
import { nowMs } from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";
import { messageOf } from "../errors.ts";
import { MIRROR_ANNOTATION, type LivePod } from "./pods.ts";

export interface PodsToGo {
  readonly pods: readonly LivePod[];
  /** "" when there is nothing to say. */
  readonly warnings: string;
  readonly refusals: readonly string[];
}

type Verdict = { readonly goes: boolean; readonly warning?: string; readonly refusal?: string };
const GOES: Verdict = { goes: true };
const STAYS: Verdict = { goes: false };

/** Which pods of a node are to go, and what is to be said of them. Upstream: k8s.io/kubectl/pkg/drain filters.go */
export async function podsToGo(context: CommandContext, pods: readonly LivePod[]): Promise<PodsToGo> {
  const going: LivePod[] = [];
  const warnings = new Map<string, string[]>();
  const refusals = new Map<string, string[]>();
  for (const pod of pods) {
    const { goes, warning, refusal } = await verdictOn(context, pod);
    if (goes) going.push(pod);
    const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
    if (warning !== undefined) warnings.set(warning, [...(warnings.get(warning) ?? []), name]);
    if (refusal !== undefined) refusals.set(refusal, [...(refusals.get(refusal) ?? []), name]);
  }
  const lines = (told: ReadonlyMap<string, readonly string[]>) => [...told].map(([message, names]) => `${message}: ${names.join(", ")}`);
  return { pods: going, warnings: lines(warnings).join("; "), refusals: lines(refusals).map((line) => `cannot delete ${line}`) };
}

/** The first filter that keeps a pod decides; else the last has its say. */
async function verdictOn(context: CommandContext, pod: LivePod): Promise<Verdict> {
  if (isLongGoing(pod, context.flags.number("skip-wait-for-delete-timeout"))) return STAYS;
  const ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  const daemon = ended ? GOES : await daemonVerdict(context, pod);
  if (!daemon.goes) return daemon;
  if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return STAYS;
  if (ended) return GOES;
  const local = pod.spec.volumes?.some(({ emptyDir }) => emptyDir) ?? false;
  if (local && !context.flags.bool("delete-emptydir-data"))
    return { goes: false, refusal: "Pods with local storage (use --delete-emptydir-data to override)" };
  if (controllerOf(pod)) return GOES;
  return context.flags.bool("force")
    ? { goes: true, warning: "deleting Pods that declare no controller" }
    : { goes: false, refusal: "Pods that declare no controller (use --force to override)" };
}

const controllerOf = ({ metadata }: LivePod) => metadata.ownerReferences?.find(({ controller }) => controller);

async function daemonVerdict(context: CommandContext, pod: LivePod): Promise<Verdict> {
  const owner = controllerOf(pod);
  if (owner?.kind !== "DaemonSet" || owner.apiVersion !== "apps/v1") return GOES;
  try {
    await (await context.client()).get(`/apis/apps/v1/namespaces/${pod.metadata.namespace}/daemonsets/${owner.name}`);
  } catch (error) {
    return isNotFound(error) && context.flags.bool("force")
      ? { goes: true, warning: messageOf(error) }
      : { goes: false, refusal: messageOf(error) };
  }
  return context.flags.bool("ignore-daemonsets")
    ? { goes: false, warning: "ignoring DaemonSet-managed Pods" }
    : { goes: false, refusal: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)" };
}

/** Whether a pod has been on its way for longer than --skip-wait-for-delete-timeout. */
export function isLongGoing({ metadata }: LivePod, seconds: number): boolean {
  const { deletionTimestamp } = metadata;
  if (seconds <= 0 || deletionTimestamp === undefined) return false;
  return Math.trunc((nowMs() - Date.parse(deletionTimestamp)) / 1000) > seconds;
}
