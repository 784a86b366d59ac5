import type { ControllerRevision } from "../../api/generated/apps-v1.ts";
import type { PodTemplateSpec } from "../../api/generated/core-v1.ts";
import { sortKeys } from "../../api/go-json.ts";
import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { controllerRevisions } from "../../api/resources/controller-revision.ts";
import { isAlreadyExists } from "../../api/status.ts";
import type { ComponentContext } from "../../client/component.ts";
import { safeHash, sameValue } from "./hash.ts";
import { controllerReference } from "./owners.ts";

export const REVISION_HASH = "controller-revision-hash";

interface Templated extends KubernetesObject {
  spec: { template?: PodTemplateSpec; revisionHistoryLimit?: number };
  status: { collisionCount?: number };
}

export function historyOf({ informers }: ComponentContext, owner: KubernetesObject): ControllerRevision[] {
  return informers
    .of(controllerRevisions)
    .byIndex("owner", owner.metadata.uid)
    .sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0));
}

export function templateOf(revision: ControllerRevision | undefined): PodTemplateSpec | undefined {
  const data = revision?.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  if (!data?.spec?.template) return undefined;
  const { $patch: _patch, ...template } = data.spec.template;
  return template;
}

/** The revision of the present template: found, made the newest again (a roll-back), or new. Upstream: pkg/controller/history */
export async function ensureRevision<T extends Templated>(context: ComponentContext, kind: Kind<T>, owner: T): Promise<ControllerRevision> {
  const { client } = context;
  const history = historyOf(context, owner);
  // In the order that Go's maps are written: kubectl compares the bytes to know whether there is anything to undo.
  const data = sortKeys({ spec: { template: { ...owner.spec.template, $patch: "replace" } } });
  const newest = history.at(-1)?.revision ?? 0;
  const existing = history.find((revision) => sameValue(revision.data, data));
  if (existing?.revision === newest) return existing;
  if (existing)
    return (await client.mutate(controllerRevisions, existing.metadata, (now) => ({ ...now, revision: newest + 1 }))) ?? existing;
  const hash = safeHash(owner.spec.template, owner.status.collisionCount ?? 0);
  const name = `${owner.metadata.name}-${hash}`;
  const draft = {
    metadata: {
      name,
      namespace: owner.metadata.namespace,
      labels: { ...owner.spec.template?.metadata?.labels, [REVISION_HASH]: hash },
      annotations: { ...owner.metadata.annotations },
      ownerReferences: [controllerReference(kind as unknown as Kind<never>, owner)],
    },
    data,
    revision: newest + 1,
  };
  return client.create(controllerRevisions, draft as never).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
    return client.get(controllerRevisions, { namespace: owner.metadata.namespace, name });
  });
}

/** Deletes revisions that nothing runs, beyond the history limit. */
export async function cleanUpHistory(context: ComponentContext, owner: Templated, live: ReadonlySet<string | undefined>): Promise<void> {
  const old = historyOf(context, owner)
    .slice(0, -1)
    .filter((revision) => !live.has(revision.metadata.labels?.[REVISION_HASH]));
  for (const revision of old.slice(0, Math.max(0, old.length - (owner.spec.revisionHistoryLimit ?? 10))))
    await context.client.delete(controllerRevisions, revision.metadata);
}
