import type { PodTemplateSpec } from "../../api/generated/core-v1.ts";
import { writeContainers, writeTolerations, writeTopologySpread } from "./pod.ts";
import { writeVolumes } from "./volume.ts";
import { type DescribeWriter, writeAnnotations, writeLabels } from "./writer.ts";

/** The pods that a workload makes. Upstream: DescribePodTemplate */
export function writePodTemplate(writer: DescribeWriter, template: PodTemplateSpec | undefined): void {
  writer.line(0, "Pod Template:");
  if (!template) return writer.line(1, "<unset>");
  const { metadata, spec } = template;
  writeLabels(writer, "Labels", metadata?.labels, 1);
  if (Object.keys(metadata?.annotations ?? {}).length > 0) writeAnnotations(writer, "Annotations", metadata?.annotations, 1);
  if (spec?.serviceAccountName) writer.line(1, `Service Account:\t${spec.serviceAccountName}`);
  if (spec?.initContainers?.length) writeContainers(writer, "Init Containers", spec.initContainers, [], undefined, 1);
  writeContainers(writer, "Containers", spec?.containers ?? [], [], undefined, 1);
  writeVolumes(writer, spec?.volumes, 1);
  writeTopologySpread(writer, spec?.topologySpreadConstraints, 1);
  if (spec?.priorityClassName) writer.line(1, `Priority Class Name:\t${spec.priorityClassName}`);
  writeLabels(writer, "Node-Selectors", spec?.nodeSelector, 1);
  writeTolerations(writer, spec?.tolerations, 1);
}
