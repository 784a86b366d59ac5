import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from "../../api/generated/core-v1.ts";
import { parseQuantity, type Quantity } from "../../api/quantity.ts";
import { forbiddenRequest } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";

type Amounts = Readonly<Record<string, string>>;

const ANNOTATION = "kubernetes.io/limit-ranger";

/** Upstream: plugin/pkg/admission/limitranger/admission.go */
export const limitRanger: AdmissionPlugin = {
  name: "LimitRanger",
  mutate(request, cluster) {
    if (
      request.operation !== "CREATE" ||
      request.kind.kind !== "Pod" ||
      request.kind.group !== "" ||
      request.subresource !== undefined ||
      request.reinvocation
    )
      return;
    for (const range of rangesFor(request, cluster)) setDefaults(request.object as Pod, range);
  },
  validate(request, cluster) {
    const { kind, object, old, subresource } = request;
    if (kind.group !== "" || !object || (kind.kind !== "Pod" && kind.kind !== "PersistentVolumeClaim")) return;
    if (request.operation === "DELETE" || object.metadata.deletionTimestamp !== undefined) return;
    // A pod's resources change by its own subresource only.
    if (
      kind.kind === "Pod"
        ? (request.operation !== "CREATE" && subresource !== "resize") || (subresource !== undefined && subresource !== "resize")
        : subresource !== undefined
    )
      return;
    const errors = rangesFor(request, cluster).map((range) =>
      kind.kind === "Pod"
        ? podProblems(object as Pod, range)
        : claimProblems(object as PersistentVolumeClaim, old as PersistentVolumeClaim | undefined, range),
    );
    const found = errors.find((problems) => problems.length > 0);
    if (found) throw forbiddenRequest(kind, request.name, found.length === 1 ? (found[0] as string) : `[${found.join(", ")}]`);
  },
};

function rangesFor({ namespace }: AdmissionRequest, cluster: AdmissionCluster): readonly LimitRange[] {
  return cluster.list("", "LimitRange", namespace ?? "") as readonly LimitRange[];
}

function setDefaults(pod: Pod, range: LimitRange): void {
  const limits: Record<string, string> = {};
  const requests: Record<string, string> = {};
  for (const item of range.spec.limits ?? []) {
    if (item.type !== "Container") continue;
    Object.assign(limits, item.default);
    Object.assign(requests, item.defaultRequest);
  }
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap((container) => fillContainer(container, limits, requests, "container")),
    ...(pod.spec?.initContainers ?? []).flatMap((container) => fillContainer(container, limits, requests, "init container")),
  ];
  if (notes.length > 0)
    pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join("; ")}` };
}

function fillContainer(container: Container, limits: Amounts, requests: Amounts, what: string): string[] {
  const notes: string[] = [];
  const fill = (own: Amounts | undefined, defaults: Amounts, side: "request" | "limit") => {
    const missing = Object.keys(defaults)
      .filter((name) => own?.[name] === undefined)
      .sort();
    if (missing.length > 0) notes.push(`${missing.join(", ")} ${side} for ${what} ${container.name}`);
    return missing.length > 0 ? { ...own, ...Object.fromEntries(missing.map((name) => [name, defaults[name] as string])) } : own;
  };
  const { resources = {} } = container;
  const filledRequests = fill(resources.requests, requests, "request");
  const filledLimits = fill(resources.limits, limits, "limit");
  if (notes.length > 0)
    container.resources = {
      ...resources,
      ...(filledLimits ? { limits: filledLimits } : {}),
      ...(filledRequests ? { requests: filledRequests } : {}),
    };
  return notes;
}

function podProblems({ spec }: Pod, range: LimitRange): string[] {
  const problems: string[] = [];
  for (const item of range.spec.limits ?? []) {
    if (item.type === "Container") {
      for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])])
        problems.push(...constraintProblems(item, resources?.requests ?? {}, resources?.limits ?? {}));
    } else if (item.type === "Pod") {
      problems.push(...constraintProblems(item, podAmounts(spec, "requests"), podAmounts(spec, "limits")));
    }
  }
  return [...new Set(problems)];
}

/** Named only where every container names it; the greatest init container counts where it is more. Upstream: podRequests, podLimits */
function podAmounts(spec: Pod["spec"], side: "requests" | "limits"): Amounts {
  const sums = new Map<string, Quantity>();
  const lists = spec.containers.map((container) => container.resources?.[side] ?? {});
  for (const name of new Set(lists.flatMap((list) => Object.keys(list)))) {
    if (!lists.every((list) => list[name] !== undefined)) continue;
    sums.set(
      name,
      lists.map((list) => parseQuantity(list[name] ?? "0")).reduce((sum, amount) => sum.add(amount)),
    );
  }
  for (const container of spec.initContainers ?? []) {
    for (const [name, text] of Object.entries(container.resources?.[side] ?? {})) {
      const known = sums.get(name);
      if (!known || parseQuantity(text).compare(known) > 0) sums.set(name, parseQuantity(text));
    }
  }
  for (const [name, text] of Object.entries(spec.resources?.[side] ?? {})) sums.set(name, parseQuantity(text));
  return Object.fromEntries([...sums].map(([name, amount]) => [name, amount.toString()]));
}

function constraintProblems(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  return [
    ...sorted(item.min).flatMap(([name, bound]) => minProblem(item.type, name, bound, requests[name], limits[name]) ?? []),
    ...sorted(item.max).flatMap(([name, bound]) => maxProblem(item.type, name, bound, requests[name], limits[name]) ?? []),
    ...sorted(item.maxLimitRequestRatio).flatMap(
      ([name, bound]) => ratioProblem(item.type, name, bound, requests[name], limits[name]) ?? [],
    ),
  ];
}

const sorted = (amounts: Amounts | undefined) => Object.entries(amounts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
const compare = (a: string, b: string) => parseQuantity(a).compare(parseQuantity(b));
const show = (text: string) => parseQuantity(text).toString();

function minProblem(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string | undefined {
  const head = `minimum ${name} usage per ${type} is ${show(bound)}`;
  if (request === undefined) return `${head}.  No request is specified`;
  if (compare(request, bound) < 0) return `${head}, but request is ${show(request)}`;
  return limit !== undefined && compare(limit, bound) < 0 ? `${head}, but limit is ${show(limit)}` : undefined;
}

function maxProblem(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string | undefined {
  const head = `maximum ${name} usage per ${type} is ${show(bound)}`;
  if (limit === undefined) return `${head}.  No limit is specified`;
  if (compare(limit, bound) > 0) return `${head}, but limit is ${show(limit)}`;
  return request !== undefined && compare(request, bound) > 0 ? `${head}, but request is ${show(request)}` : undefined;
}

function ratioProblem(
  type: string,
  name: string,
  bound: string,
  request: string | undefined,
  limit: string | undefined,
): string | undefined {
  const head = `${name} max limit to request ratio per ${type} is ${show(bound)}`;
  if (request === undefined || compare(request, "0") === 0) return `${head}, but no request is specified or request is 0`;
  if (limit === undefined || compare(limit, "0") === 0) return `${head}, but no limit is specified or limit is 0`;
  const ratio = Number(parseQuantity(limit).nanos) / Number(parseQuantity(request).nanos);
  return ratio > Number(parseQuantity(bound).nanos) / 1e9 ? `${head}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}

/** Upstream: PersistentVolumeClaimLimitFunc */
function claimProblems(claim: PersistentVolumeClaim, old: PersistentVolumeClaim | undefined, range: LimitRange): string[] {
  const requests = claim.spec.resources?.requests ?? {};
  if (old && (requests["storage"] ?? "") === (old.spec.resources?.requests?.["storage"] ?? "")) return [];
  return (range.spec.limits ?? []).flatMap((item) => {
    if (item.type !== "PersistentVolumeClaim") return [];
    return [
      ...sorted(item.min).flatMap(([name, bound]) => minProblem(item.type, name, bound, requests[name], undefined) ?? []),
      // A claim has a request only.
      ...sorted(item.max).flatMap(([name, bound]) => {
        const request = requests[name];
        const head = `maximum ${name} usage per ${item.type} is ${show(bound)}`;
        if (request === undefined) return [`${head}.  No request is specified`];
        return compare(request, bound) > 0 ? [`${head}, but request is ${show(request)}`] : [];
      }),
    ];
  });
}
