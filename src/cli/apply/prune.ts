import { klogHead } from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";
import { deleteOptions } from "../objects/delete-objects.ts";
import { apiVersionOf, pathOf, type ResourceInfo } from "../connection/discovery.ts";
import type { DryRun } from "../dry-run.ts";
import { LAST_APPLIED } from "./last-applied.ts";
import { reporter } from "../report.ts";
import type { ApiObject, Target } from "../objects/resources.ts";

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

export interface Pruning {
  readonly targets: readonly Target[];
  /** The uids of what was applied. */
  readonly kept: ReadonlySet<string | undefined>;
  readonly dryRun: DryRun;
}

/** Deletes what an earlier apply made and this one does not name. Upstream: kubectl/pkg/cmd/apply/prune.go */
export async function prune(context: CommandContext, allowed: readonly ResourceInfo[], pruning: Pruning): Promise<void> {
  const namespaces = namespacesOf(pruning.targets);
  const { namespace, explicitNamespace } = await context.connection();
  if (explicitNamespace) namespaces.add(namespace);
  for (const { info, place } of await placesOf(context, allowed, namespaces)) {
    for (const object of await prunable(context, { info, place, kept: pruning.kept }))
      await pruneOne(context, { info, place, object }, pruning);
  }
}

export const namespacesOf = (targets: readonly Target[]): Set<string> =>
  new Set(targets.flatMap(({ info, namespace }) => (info.namespaced && namespace ? [namespace] : [])));

interface Place {
  readonly info: ResourceInfo;
  readonly place: string | undefined;
}

/** Where to look for what can be pruned. */
export async function placesOf(
  context: CommandContext,
  allowed: readonly ResourceInfo[],
  namespaces: ReadonlySet<string>,
): Promise<Place[]> {
  const kinds = allowed.length > 0 ? allowed : await defaultKinds(context);
  const within = [...namespaces].flatMap((place) => kinds.filter(({ namespaced }) => namespaced).map((info) => ({ info, place })));
  return [...within, ...kinds.filter(({ namespaced }) => !namespaced).map((info) => ({ info, place: undefined }))];
}

/** What was applied, is selected, and is not to be kept. */
export async function prunable(context: CommandContext, { info, place, kept }: Place & Pick<Pruning, "kept">): Promise<ApiObject[]> {
  const client = await context.client();
  const query = { labelSelector: context.flags.text("selector") };
  const list = await client.get<{ items?: ApiObject[] | null }>(pathOf(info, place), query);
  return (list.items ?? [])
    .filter(({ metadata }) => metadata.annotations?.[LAST_APPLIED] !== undefined && !kept.has(metadata.uid))
    .map((item) => ({ ...item, apiVersion: apiVersionOf(info), kind: info.kind }));
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

async function pruneOne(
  context: CommandContext,
  { info, place, object }: Place & { readonly object: ApiObject },
  { dryRun }: Pruning,
): Promise<void> {
  const client = await context.client();
  const body = deleteOptions(context.flags, dryRun);
  if (dryRun !== "client") await client.json("DELETE", pathOf(info, place, object.metadata.name), { body });
  // Every object has a printer of its own: nothing separates them.
  const report = await reporter(context, dryRun);
  report(object, info, "pruned");
}
