import type { PodTemplateSpec } from "../../api/generated/core-v1.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { writePodTemplate } from "../describe/template.ts";
import { DescribeWriter } from "../describe/writer.ts";
import { renderSelector } from "../pods/pods.ts";
import { findPrinter, unknownFormat } from "../printers/output.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import type { ApiObject, Found } from "../objects/resources.ts";
import { schemaOf } from "../objects/strategic.ts";
import { visitObjects } from "../objects/visit-objects.ts";
import { TabWriter } from "../printers/tab-writer.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const CAUSE = "kubernetes.io/change-cause";
// Upstream: kubectl/pkg/apps/kind_visitor.go
export const SUPPORTED = new Set([
  "DaemonSet",
  "Deployment",
  "Job",
  "Pod",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
  "CronJob",
]);

export interface Revision {
  readonly number: number;
  readonly cause: string;
  readonly template: PodTemplateSpec;
  readonly object: ApiObject;
}

/** In their order. Upstream: k8s.io/kubectl/pkg/polymorphichelpers/history.go */
export async function revisionsOf(context: CommandContext, { info, object, namespace }: Found): Promise<Revision[]> {
  const groupKind = info.group === "" ? info.kind : `${info.kind}.${info.group}`;
  if (!SUPPORTED.has(info.kind))
    throw new Error(`error retrieving history for ${JSON.stringify(groupKind)}, no visitor method exists for {${info.group} ${info.kind}}`);
  const client = await context.client();
  const selector = renderSelector((object["spec"] as { selector?: object }).selector ?? {});
  const deployment = info.resource === "deployments";
  if (!deployment && !["daemonsets", "statefulsets"].includes(info.resource))
    throw new Error(`no history viewer has been implemented for ${JSON.stringify(groupKind)}`);
  const path = `/apis/apps/v1/namespaces/${namespace}/${deployment ? "replicasets" : "controllerrevisions"}`;
  const list = await client.get<{ items?: ApiObject[] }>(path, { labelSelector: selector });
  const own = (list.items ?? []).filter((item) => item.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid));
  return own
    .map((item) => ({
      number: deployment ? Number(item.metadata.annotations?.[REVISION] ?? 0) : Number(item["revision"] ?? 0),
      cause: item.metadata.annotations?.[CAUSE] || "<none>",
      template: (deployment
        ? (item["spec"] as { template: PodTemplateSpec }).template
        : ((item["data"] as { spec?: { template?: PodTemplateSpec } }).spec?.template ?? {})) as PodTemplateSpec,
      object: item,
    }))
    .filter(({ number }) => number > 0)
    .sort((a, b) => a.number - b.number);
}

export async function history(context: CommandContext): Promise<void> {
  const asked = context.flags.number("revision");
  if (asked < 0) throw new Error(`revision must be a positive integer: ${asked}`);
  const unread: unknown[] = [];
  const targets = await targetsOf(context, context.args, { errors: unread, typed: true });
  const printer = await findPrinter(context.flags, "typed");
  if (!printer && context.flags.text("output") !== "") throw unknownFormat(context.flags.text("output"));
  await visitObjects(context, { targets, unread, selector: context.flags.text("selector"), typed: true }, (found) =>
    tell(context, found, printer),
  );
}

async function tell(context: CommandContext, found: Found, printer: Awaited<ReturnType<typeof findPrinter>>): Promise<void> {
  const revisions = await revisionsOf(context, found);
  const wanted = context.flags.number("revision");
  const name = `${found.info.kind.toLowerCase()}.${found.info.group}/${found.name}`;
  if (printer) {
    const chosen = revisions.filter(({ number }) => wanted === 0 || number === wanted);
    if (wanted > 0 && chosen.length === 0) throw new Error(`unable to find the specified revision`);
    for (const { object } of chosen) context.io.out(printer(await revisionObject(found, object)));
  } else if (wanted > 0) {
    const revision = revisions.find(({ number }) => number === wanted);
    if (!revision) throw new Error(`unable to find the specified revision`);
    const writer = new DescribeWriter();
    writePodTemplate(writer, withCause(revision));
    context.io.out(`${name} with revision #${wanted}\n${writer.unaligned}\n`);
  } else if (revisions.length === 0) context.io.out(`${name} \nNo rollout history found.\n`);
  else {
    const rows = ["REVISION\tCHANGE-CAUSE", ...revisions.map(({ number, cause }) => `${number}\t${cause}`)];
    context.io.out(`${name} \n${new TabWriter({ minWidth: 0, padding: 2 }).render(`${rows.join("\n")}\n`)}\n`);
  }
}

/** A revision of a deployment is its replica set, of the other kinds the object as it was. */
export async function revisionObject({ info, object }: Found, revision: ApiObject): Promise<Json> {
  if (info.resource === "deployments") return { kind: "ReplicaSet", apiVersion: "apps/v1", ...revision };
  const [schema, { applyStrategicMergePatch }] = [schemaOf(info), await import("../../api/strategic-merge-patch.ts")];
  return schema ? (applyStrategicMergePatch(schema, object, revision["data"] as Json) as Json) : object;
}

/** The cause stands among the template's annotations. */
function withCause({ template, cause }: Revision): PodTemplateSpec {
  if (cause === "<none>") return template;
  const annotations = { ...template.metadata?.annotations, [CAUSE]: cause };
  return { ...template, metadata: { ...template.metadata, annotations } };
}
