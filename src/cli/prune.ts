import { klogHead } from "../host/cli-host.ts";
import type { CommandContext } from "./command.ts";
import { deleteOptions } from "./delete-objects.ts";
import { apiVersionOf, pathOf, type ResourceInfo } from "./discovery.ts";
import type { DryRun } from "./dry-run.ts";
import { LAST_APPLIED } from "./last-applied.ts";
import { reporter } from "./report.ts";
import type { ApiObject, Target } from "./resources.ts";

/** What is looked through when no --prune-allowlist says otherwise. Upstream: kubectl/pkg/util/prune */
const NAMESPACED =
  "v1/ConfigMap v1/Endpoints v1/PersistentVolumeClaim v1/Pod v1/ReplicationController v1/Secret v1/Service batch/v1/Job batch/v1/CronJob networking.k8s.io/v1/Ingress apps/v1/DaemonSet apps/v1/Deployment apps/v1/ReplicaSet apps/v1/StatefulSet".split(
    " ",
  );
const CLUSTER_WIDE = ["v1/Namespace", "v1/PersistentVolume"];

/** The kinds of --prune-allowlist; none when it is not given. */
export async function parseAllowlist(context: CommandContext): Promise<ResourceInfo[]> {
  const found: ResourceInfo[] = [];
  for (const text of context.flags.list("prune-allowlist")) {
    const parts = text.split("/");
    const [group = "", version = "", kind = ""] = parts;
    if (parts.length !== 3) throw new Error(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`);
    const apiVersion = group === "core" || group === "" ? version : `${group}/${version}`;
    const info = await (await context.discovery()).ofKind(apiVersion, kind);
    if (!info) throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    found.push(info);
  }
  return found;
}

interface Pruning {
  readonly targets: readonly Target[];
  /** The uids of what was applied. */
  readonly kept: ReadonlySet<string | undefined>;
  readonly dryRun: DryRun;
}

/** Deletes what an earlier apply made and this one does not name. Upstream: kubectl/pkg/cmd/apply/prune.go */
export async function prune(context: CommandContext, allowed: readonly ResourceInfo[], pruning: Pruning): Promise<void> {
  const kinds = allowed.length > 0 ? allowed : await defaultKinds(context);
  const namespaces = new Set(pruning.targets.flatMap(({ info, namespace }) => (info.namespaced && namespace ? [namespace] : [])));
  const { namespace, explicitNamespace } = await context.connection();
  if (explicitNamespace) namespaces.add(namespace);
  for (const place of namespaces) for (const info of kinds) if (info.namespaced) await pruneKind(context, info, place, pruning);
  for (const info of kinds) if (!info.namespaced) await pruneKind(context, info, undefined, pruning);
}

async function defaultKinds(context: CommandContext): Promise<ResourceInfo[]> {
  // Upstream asks whether there is a namespace at all, and there always is one.
  context.io.err(
    `${klogHead("W", "prune.go:71")} Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.\n`,
  );
  const discovery = await context.discovery();
  const found: ResourceInfo[] = [];
  for (const text of [...NAMESPACED, ...CLUSTER_WIDE]) {
    const cut = text.lastIndexOf("/");
    const info = await discovery.ofKind(text.slice(0, cut), text.slice(cut + 1));
    if (info) found.push(info);
  }
  return found;
}

async function pruneKind(
  context: CommandContext,
  info: ResourceInfo,
  namespace: string | undefined,
  { kept, dryRun }: Pruning,
): Promise<void> {
  const client = await context.client();
  const { flags } = context;
  const list = await client.get<{ items?: ApiObject[] | null }>(pathOf(info, namespace), { labelSelector: flags.text("selector") });
  for (const item of list.items ?? []) {
    const { name = "", uid, annotations } = item.metadata;
    if (annotations?.[LAST_APPLIED] === undefined || kept.has(uid)) continue;
    if (dryRun !== "client") await client.json("DELETE", pathOf(info, namespace, name), { body: deleteOptions(flags, dryRun) });
    // Every object has a printer of its own: nothing separates them.
    const report = await reporter(context, dryRun);
    report({ ...item, apiVersion: apiVersionOf(info), kind: info.kind }, info, "pruned");
  }
}
