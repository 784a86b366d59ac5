import type { Deployment, ReplicaSet } from "../../api/generated/apps-v1.ts";
import { renderSelector } from "../pods/pods.ts";
import type { Described } from "./describe-object.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { writePodTemplate } from "./template.ts";
import { writeConditions } from "./workloads.ts";
import { DescribeWriter, goTime, selectorText, writeAnnotations, writeLabels } from "./writer.ts";

const REVISION = "deployment.kubernetes.io/revision";

/** Upstream: describe.DeploymentDescriber */
export async function describeDeployment({ client, object, nowMs, showEvents }: Described): Promise<string> {
  const { metadata, spec, status } = object as unknown as Required<Deployment>;
  const [events, sets] = await Promise.all([
    eventsOf(showEvents && client, { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid }, metadata.namespace),
    client.get<{ items?: ReplicaSet[] }>(`/apis/apps/v1/namespaces/${metadata.namespace}/replicasets`, {
      labelSelector: renderSelector(spec.selector ?? {}),
      limit: 500,
    }),
  ]);
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writer.line(0, `CreationTimestamp:\t${goTime(metadata.creationTimestamp)}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Selector:\t${selectorText(spec.selector)}`);
  writer.line(
    0,
    `Replicas:\t${spec.replicas ?? 0} desired | ${status?.updatedReplicas ?? 0} updated | ${status?.replicas ?? 0} total | ${status?.availableReplicas ?? 0} available | ${status?.unavailableReplicas ?? 0} unavailable`,
  );
  writer.line(0, `StrategyType:\t${spec.strategy?.type ?? ""}`);
  writer.line(0, `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`);
  const rolling = spec.strategy?.rollingUpdate;
  if (rolling) writer.line(0, `RollingUpdateStrategy:\t${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`);
  writePodTemplate(writer, spec.template);
  writeConditions(writer, status?.conditions);
  const { oldSets, newSet } = split(sets.items ?? [], object.metadata.uid, metadata.annotations?.[REVISION]);
  if (oldSets.length > 0 || newSet) writer.line(0, `OldReplicaSets:\t${oldSets.map(text).join(", ") || "<none>"}`);
  if (oldSets.length > 0 || newSet) writer.line(0, `NewReplicaSet:\t${newSet ? text(newSet) : "<none>"}`);
  writeEvents(writer, events, nowMs);
  return writer.render();
}

function split(
  sets: readonly ReplicaSet[],
  uid: string | undefined,
  revision: string | undefined,
): { oldSets: ReplicaSet[]; newSet: ReplicaSet | undefined } {
  const own = sets.filter((set) => set.metadata?.ownerReferences?.some((owner) => owner.uid === uid));
  const newSet = own.find((set) => set.metadata?.annotations?.[REVISION] === revision) ?? own[0];
  return {
    newSet,
    oldSets: own
      .filter((set) => set !== newSet)
      .sort((a, b) => Date.parse(a.metadata?.creationTimestamp ?? "") - Date.parse(b.metadata?.creationTimestamp ?? "")),
  };
}

const text = (set: ReplicaSet) => `${set.metadata?.name} (${set.status?.replicas ?? 0}/${set.spec?.replicas ?? 0} replicas created)`;
