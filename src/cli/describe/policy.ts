import type { LimitRange, LimitRangeSpec, ResourceQuota } from "../../api/generated/core-v1.ts";
import type { PodDisruptionBudget } from "../../api/generated/policy-v1.ts";
import type { PriorityClass } from "../../api/generated/scheduling-v1.ts";
import type { Described } from "./describe-object.ts";
import { writeEventsOf } from "./events.ts";
import { DescribeWriter, labelsText, selectorText } from "./writer.ts";

const LIMIT_HEAD = "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio";
const LIMIT_RULE = "----\t--------\t---\t---\t---------------\t-------------\t-----------------------";

/** Upstream: describe.LimitRangeDescriber */
export async function describeLimitRange({ object }: Described): Promise<string> {
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${object.metadata.name}`);
  writer.line(0, `Namespace:\t${object.metadata.namespace}`);
  writer.line(0, LIMIT_HEAD);
  writer.line(0, LIMIT_RULE);
  writeLimits(writer, (object as unknown as LimitRange).spec, "");
  return writer.render();
}

/** Upstream: DescribeLimitRanges */
export function writeLimitRanges(writer: DescribeWriter, ranges: readonly LimitRange[]): void {
  if (ranges.length === 0) return writer.line(0, "No LimitRange resource.");
  writer.line(0, "Resource Limits");
  writer.line(0, ` ${LIMIT_HEAD}`);
  writer.line(0, ` ${LIMIT_RULE}`);
  for (const { spec } of ranges) writeLimits(writer, spec, " ");
}

/** kubectl's own order of the resources of a limit changes from run to run; ours is by name. */
function writeLimits(writer: DescribeWriter, spec: LimitRangeSpec | undefined, lead: string): void {
  for (const limit of spec?.limits ?? []) {
    const columns = [limit.min, limit.max, limit.defaultRequest, limit.default, limit.maxLimitRequestRatio];
    const resources = new Set(columns.flatMap((column) => Object.keys(column ?? {})));
    for (const resource of [...resources].sort())
      writer.line(0, `${lead}${limit.type}\t${resource}\t${columns.map((column) => String(column?.[resource] ?? "-")).join("\t")}`);
  }
}

const SCOPES: Readonly<Record<string, string>> = {
  Terminating:
    "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.",
  NotTerminating:
    "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.",
  BestEffort: "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.",
  NotBestEffort:
    "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.",
};

/** Upstream: describe.ResourceQuotaDescriber */
export async function describeResourceQuota({ object }: Described): Promise<string> {
  const quota = object as unknown as ResourceQuota;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${object.metadata.name}`);
  writer.line(0, `Namespace:\t${object.metadata.namespace}`);
  writeScopes(writer, quota, 0, " * ");
  writer.line(0, "Resource\tUsed\tHard");
  writer.line(0, "--------\t----\t----");
  writeUsage(writer, quota, 0);
  return writer.render();
}

/** Upstream: DescribeResourceQuotas */
export function writeResourceQuotas(writer: DescribeWriter, quotas: readonly ResourceQuota[]): void {
  if (quotas.length === 0) return writer.line(0, "No resource quota.");
  writer.line(0, "Resource Quotas");
  for (const quota of quotas) {
    writer.line(1, `Name:\t${quota.metadata?.name}`);
    writeScopes(writer, quota, 1, "* ");
    writer.line(1, "Resource\tUsed\tHard");
    writer.line(1, "--------\t---\t---");
    writeUsage(writer, quota, 1);
  }
}

function writeScopes(writer: DescribeWriter, { spec }: ResourceQuota, level: number, bullet: string): void {
  const scopes = [...(spec?.scopes ?? [])].sort();
  if (scopes.length === 0) return;
  writer.line(level, `Scopes:\t${scopes.join(", ")}`);
  for (const scope of scopes) if (SCOPES[scope]) writer.line(level, `${bullet}${SCOPES[scope]}`);
}

function writeUsage(writer: DescribeWriter, { status }: ResourceQuota, level: number): void {
  for (const [resource, hard] of Object.entries(status?.hard ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
    writer.line(level, `${resource}\t${String(status?.used?.[resource] ?? "0")}\t${String(hard)}`);
}

/** Upstream: describe.PodDisruptionBudgetDescriber */
export async function describePodDisruptionBudget(described: Described): Promise<string> {
  const { metadata } = described.object;
  const { spec, status } = described.object as unknown as PodDisruptionBudget;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  if (spec?.minAvailable !== undefined) writer.line(0, `Min available:\t${spec.minAvailable}`);
  else if (spec?.maxUnavailable !== undefined) writer.line(0, `Max unavailable:\t${spec.maxUnavailable}`);
  writer.line(0, `Selector:\t${selectorText(spec?.selector)}`);
  writer.line(0, "Status:");
  writer.line(2, `Allowed disruptions:\t${status?.disruptionsAllowed ?? 0}`);
  writer.line(2, `Current:\t${status?.currentHealthy ?? 0}`);
  writer.line(2, `Desired:\t${status?.desiredHealthy ?? 0}`);
  writer.line(2, `Total:\t${status?.expectedPods ?? 0}`);
  await writeEventsOf(writer, described);
  return writer.render();
}

/** Upstream: describe.PriorityClassDescriber */
export async function describePriorityClass(described: Described): Promise<string> {
  const { metadata } = described.object;
  const { value, globalDefault, preemptionPolicy, description } = described.object as unknown as PriorityClass;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Value:\t${value}`);
  writer.line(0, `GlobalDefault:\t${globalDefault ?? false}`);
  writer.line(0, `PreemptionPolicy:\t${preemptionPolicy ?? ""}`);
  writer.line(0, `Description:\t${description ?? ""}`);
  writer.line(0, `Annotations:\t${labelsText(metadata.annotations)}`);
  await writeEventsOf(writer, described);
  return writer.render();
}
