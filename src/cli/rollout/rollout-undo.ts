import type { PodTemplateSpec } from "../../api/generated/core-v1.ts";
import { sameJson } from "../../api/merge-patch.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { writePodTemplate } from "../describe/template.ts";
import { DescribeWriter } from "../describe/writer.ts";
import { pathOf } from "../connection/discovery.ts";
import { dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { messageOf } from "../errors.ts";
import { LAST_APPLIED } from "../apply/last-applied.ts";
import { typedReporter } from "../report.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import type { ApiObject, Found } from "../objects/resources.ts";
import { REVISION, revisionObject, revisionsOf, SUPPORTED, type Revision } from "./rollout-history.ts";
import { visitObjects } from "../objects/visit-objects.ts";

// What belongs to a replica set and must not come back with its template.
const NOT_COPIED = [
  REVISION,
  "deployment.kubernetes.io/revision-history",
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  LAST_APPLIED,
  "deprecated.deployment.rollback.to",
];

export async function undo(context: CommandContext): Promise<void> {
  const dryRun = dryRunOf(context.flags, context.io);
  const unread: unknown[] = [];
  const targets = await targetsOf(context, context.args, { errors: unread, typed: true });
  await visitObjects(context, { targets, unread, selector: context.flags.text("selector"), typed: true }, async (found) => {
    if (found.object.metadata.annotations?.[LAST_APPLIED] !== undefined) context.io.err(appliedWarning(found));
    const done = await rollBack(context, found, dryRun);
    (await typedReporter(context, dryRun))(found.object, found.info, done);
  });
}

const appliedWarning = ({ info, name }: Found) =>
  `Warning: resource ${info.resource}/${name} was previously managed with 'kubectl apply'. Rolling back will not update the ${LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.\n`;

/** Does it and says what was done. Upstream: k8s.io/kubectl/pkg/polymorphichelpers/rollback.go */
async function rollBack(context: CommandContext, found: Found, dryRun: DryRun): Promise<string> {
  const { info, name } = found;
  const groupKind = info.group === "" ? info.kind : `${info.kind}.${info.group}`;
  if (!SUPPORTED.has(info.kind))
    throw new Error(
      `error retrieving rollbacker for ${JSON.stringify(groupKind)}, no visitor method exists for {${info.group} ${info.kind}}`,
    );
  const isDeployment = info.kind === "Deployment";
  if (!isDeployment && !["DaemonSet", "StatefulSet"].includes(info.kind))
    throw new Error(`no rollbacker has been implemented for ${JSON.stringify(groupKind)}`);
  const wanted = context.flags.number("to-revision");
  const missing = () => new Error(`unable to find specified revision ${wanted} in history`);
  if (wanted < 0) throw missing();
  const revisions = await revisionsOf(context, found);
  if (wanted === 0 && revisions.length < 2)
    throw new Error(isDeployment ? `no rollout history found for deployment ${JSON.stringify(name)}` : "no last revision to roll back to");
  const revision = wanted > 0 ? revisions.find(({ number }) => number === wanted) : revisions.at(-2);
  if (!revision) throw missing();
  if (dryRun === "client")
    return isDeployment ? rendered(revision.template) : `will roll back to ${await restoredTemplate(found, revision)}`;
  const change = isDeployment ? deploymentChange(found.object, revision) : historyChange(found.object, revision);
  if (change === undefined) return `skipped rollback (current template already matches revision ${wanted})`;
  try {
    const client = await context.client();
    await client.json("PATCH", pathOf(info, found.namespace, name), { query: dryRunQuery(dryRun), ...change });
  } catch (error) {
    throw new Error(`failed restoring revision ${wanted}: ${messageOf(error)}`, { cause: error });
  }
  return "rolled back";
}

function rendered(template: PodTemplateSpec): string {
  const writer = new DescribeWriter();
  writePodTemplate(writer, template);
  return writer.unaligned;
}

async function restoredTemplate(found: Found, revision: Revision): Promise<string> {
  const object = await revisionObject(found, revision.object);
  return rendered((object["spec"] as { template: PodTemplateSpec }).template);
}

interface Change {
  readonly body: unknown;
  readonly contentType: string;
}

/** Undefined: it is so already. */
function deploymentChange(object: ApiObject, revision: Revision): Change | undefined {
  const spec = (object["spec"] ?? {}) as { paused?: boolean; template: PodTemplateSpec };
  if (spec.paused) throw new Error("you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again");
  const template = withoutHash(revision.template);
  if (sameJson(template, withoutHash(spec.template))) return undefined;
  const annotations: Record<string, string> = Object.fromEntries(
    Object.entries(object.metadata.annotations ?? {}).filter(([key]) => NOT_COPIED.includes(key)),
  );
  for (const [key, value] of Object.entries(revision.object.metadata.annotations ?? {}))
    if (!NOT_COPIED.includes(key)) annotations[key] = value;
  const body = [
    { op: "replace", path: "/spec/template", value: template },
    { op: "replace", path: "/metadata/annotations", value: annotations },
  ];
  return { body, contentType: "application/json-patch+json" };
}

/** A controller revision holds the very patch that leads back to it. */
function historyChange(object: ApiObject, revision: Revision): Change | undefined {
  const { template } = object["spec"] as { template: Json };
  const body = revision.object["data"];
  if (sameJson({ spec: { template: { ...template, $patch: "replace" } } }, body)) return undefined;
  return { body, contentType: "application/strategic-merge-patch+json" };
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { "pod-template-hash": _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } } as PodTemplateSpec;
}
