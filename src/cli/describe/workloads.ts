import type { DaemonSet, ReplicaSet, StatefulSet } from "../../api/generated/apps-v1.ts";
import type { Job } from "../../api/generated/batch-v1.ts";
import { humanDuration } from "../../api/duration.ts";
import type { ApiClient } from "../connection/client.ts";
import { renderSelector, type LivePod } from "../pods/pods.ts";
import type { ApiObject } from "../objects/resources.ts";
import type { Described } from "./describe-object.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { writePodTemplate } from "./template.ts";
import { DescribeWriter, goTime, selectorText, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.ReplicaSetDescriber, ReplicationControllerDescriber */
export async function describeReplicaSet({ client, info, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, spec, status } = object as unknown as Required<ReplicaSet>;
  const plain =
    info.resource === "replicationcontrollers" ? { matchLabels: spec.selector as unknown as Record<string, string> } : spec.selector;
  const [counts, events] = await Promise.all([
    podCounts(client, object, renderSelector(plain ?? {})),
    eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
  ]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writer.line(0, `Selector:\t${selectorText(plain)}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writeController(writer, object);
  writer.line(0, `Replicas:\t${status?.replicas ?? 0} current / ${spec.replicas ?? 0} desired`);
  writer.line(0, `Pods Status:\t${counts}`);
  writePodTemplate(writer, spec.template);
  writeConditions(writer, status?.conditions);
  writeEvents(writer, events, nowMs);
  return writer.render();
}

/** Upstream: describe.DaemonSetDescriber */
export async function describeDaemonSet({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, spec, status } = object as unknown as Required<DaemonSet>;
  const [counts, events] = await Promise.all([
    podCounts(client, object, renderSelector(spec.selector ?? {})),
    eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
  ]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writer.line(0, `Selector:\t${selectorText(spec.selector)}`);
  writer.line(
    0,
    `Node-Selector:\t${
      Object.entries(spec.template?.spec?.nodeSelector ?? {})
        .sort()
        .map(([key, value]) => `${key}=${value}`)
        .join(",") || "<none>"
    }`,
  );
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Desired Number of Nodes Scheduled: ${status?.desiredNumberScheduled ?? 0}`);
  writer.line(0, `Current Number of Nodes Scheduled: ${status?.currentNumberScheduled ?? 0}`);
  writer.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${status?.updatedNumberScheduled ?? 0}`);
  writer.line(0, `Number of Nodes Scheduled with Available Pods: ${status?.numberAvailable ?? 0}`);
  writer.line(0, `Number of Nodes Misscheduled: ${status?.numberMisscheduled ?? 0}`);
  writer.line(0, `Pods Status:\t${counts}`);
  writePodTemplate(writer, spec.template);
  writeEvents(writer, events, nowMs);
  return writer.render();
}

/** Upstream: describe.StatefulSetDescriber */
export async function describeStatefulSet({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, spec, status } = object as unknown as Required<StatefulSet>;
  const [counts, events] = await Promise.all([
    podCounts(client, object, renderSelector(spec.selector ?? {})),
    eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
  ]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writer.line(0, `CreationTimestamp:\t${goTime(metadata.creationTimestamp)}`);
  writer.line(0, `Selector:\t${selectorText(spec.selector)}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Replicas:\t${spec.replicas ?? 0} desired | ${status?.replicas ?? 0} total`);
  writer.line(0, `Update Strategy:\t${spec.updateStrategy?.type ?? ""}`);
  if (spec.updateStrategy?.rollingUpdate?.partition !== undefined)
    writer.line(1, `Partition:\t${spec.updateStrategy.rollingUpdate.partition}`);
  writer.line(0, `Pods Status:\t${counts}`);
  writePodTemplate(writer, spec.template);
  writeClaims(writer, spec.volumeClaimTemplates as never);
  writeEvents(writer, events, nowMs);
  return writer.render();
}

function writeClaims(
  writer: DescribeWriter,
  claims:
    | readonly {
        metadata?: {
          name?: string;
          labels?: Record<string, string>;
          annotations?: Record<string, string>;
        };
        spec?: {
          storageClassName?: string;
          accessModes?: string[];
          resources?: { requests?: Record<string, string> };
        };
      }[]
    | undefined,
): void {
  if (!claims?.length) return writer.line(0, "Volume Claims:\t<none>");
  writer.line(0, "Volume Claims:");
  for (const { metadata, spec } of claims) {
    writer.line(1, `Name:\t${metadata?.name ?? ""}`);
    writer.line(1, `StorageClass:\t${spec?.storageClassName ?? ""}`);
    writeLabels(writer, "Labels", metadata?.labels, 1);
    // kubectl shows these as it shows labels.
    writeLabels(writer, "Annotations", metadata?.annotations, 1);
    writer.line(1, `Capacity:\t${spec?.resources?.requests?.["storage"] ?? "<default>"}`);
    writer.line(1, `Access Modes:\t[${(spec?.accessModes ?? []).join(" ")}]`);
  }
}

/** Upstream: describe.JobDescriber */
export async function describeJob({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, spec, status } = object as unknown as Required<Job>;
  const events = await eventsOf(
    showEvents && client,
    { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
    metadata.namespace,
  );
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  if (spec.selector) writer.line(0, `Selector:\t${selectorText(spec.selector)}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writeController(writer, object);
  if (spec.parallelism !== undefined) writer.line(0, `Parallelism:\t${spec.parallelism}`);
  writer.line(0, `Completions:\t${spec.completions ?? "<unset>"}`);
  if (spec.completionMode) writer.line(0, `Completion Mode:\t${spec.completionMode}`);
  if (spec.suspend !== undefined) writer.line(0, `Suspend:\t${spec.suspend}`);
  if (spec.backoffLimit !== undefined) writer.line(0, `Backoff Limit:\t${spec.backoffLimit}`);
  if (spec.ttlSecondsAfterFinished !== undefined) writer.line(0, `TTL Seconds After Finished:\t${spec.ttlSecondsAfterFinished}`);
  if (status?.startTime) writer.line(0, `Start Time:\t${goTime(status.startTime)}`);
  if (status?.completionTime) writer.line(0, `Completed At:\t${goTime(status.completionTime)}`);
  if (status?.startTime && status.completionTime)
    writer.line(0, `Duration:\t${humanDuration(Date.parse(status.completionTime) - Date.parse(status.startTime))}`);
  if (spec.activeDeadlineSeconds !== undefined) writer.line(0, `Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`);
  writer.line(
    0,
    `Pods Statuses:\t${status?.active ?? 0} Active${status?.ready === undefined ? "" : ` (${status.ready} Ready)`} / ${status?.succeeded ?? 0} Succeeded / ${status?.failed ?? 0} Failed`,
  );
  if (spec.completionMode === "Indexed") writer.line(0, `Completed Indexes:\t${status?.completedIndexes || "<none>"}`);
  writePodTemplate(writer, spec.template);
  writeEvents(writer, events, nowMs);
  return writer.render();
}

/** `3 Running / 0 Waiting / 0 Succeeded / 0 Failed` of the pods that the object owns. */
async function podCounts(client: ApiClient, owner: ApiObject, selector: string): Promise<string> {
  const list = await client.get<{ items?: LivePod[] }>(`/api/v1/namespaces/${owner.metadata.namespace}/pods`, {
    labelSelector: selector,
    limit: 500,
  });
  const count = (phase: string) =>
    (list.items ?? []).filter(
      (pod) =>
        pod.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === owner.metadata.uid) &&
        pod.status?.phase === phase,
    ).length;
  return `${count("Running")} Running / ${count("Pending")} Waiting / ${count("Succeeded")} Succeeded / ${count("Failed")} Failed`;
}

export function writeController(writer: DescribeWriter, object: ApiObject): void {
  const controller = object.metadata.ownerReferences?.find((owner) => owner.controller);
  if (controller) writer.line(0, `Controlled By:\t${controller.kind}/${controller.name}`);
}

export function writeConditions(
  writer: DescribeWriter,
  conditions:
    | readonly {
        type?: string | undefined;
        status?: string | undefined;
        reason?: string | undefined;
      }[]
    | undefined,
): void {
  if (!conditions?.length) return;
  writer.line(0, "Conditions:");
  writer.line(1, "Type\tStatus\tReason");
  writer.line(1, "----\t------\t------");
  for (const { type, status, reason } of conditions) writer.line(1, `${type ?? ""} \t${status ?? ""}\t${reason ?? ""}`);
}
