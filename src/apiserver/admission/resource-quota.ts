import type { Pod, ResourceQuota } from "../../api/generated/core-v1.ts";
import { parseQuantity, type Quantity } from "../../api/quantity.ts";
import { forbiddenRequest } from "../../api/status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { quotaMatches, unspecified, type Usage, usageOf } from "../../api/quota-usage.ts";

const UPDATES_COUNT = new Set(["Pod", "Service", "PersistentVolumeClaim"]);

/**
 * The last of the plugins: nothing may refuse the write once the quotas have been charged.
 * Upstream: k8s.io/apiserver/pkg/admission/plugin/resourcequota
 */
export const resourceQuota: AdmissionPlugin = {
  name: "ResourceQuota",
  validate(request, cluster) {
    const { operation, kind, namespace, object, subresource } = request;
    if (!kind.namespaced || namespace === undefined || !object || (subresource !== undefined && subresource !== "resize")) return;
    if (operation !== "CREATE" && !(operation === "UPDATE" && kind.group === "" && UPDATES_COUNT.has(kind.kind))) return;
    const quotas = cluster.list("", "ResourceQuota", namespace) as readonly ResourceQuota[];
    if (quotas.length === 0) return;
    const nowMs = cluster.clock.now();
    const now = usageOf(kind, object, nowMs);
    const charges = [...quotas]
      .filter((quota) => quota.metadata.deletionTimestamp === undefined && quotaMatches(quota, kind, object, now))
      .map((quota) => ({ quota, used: check(quota, request, now, nowMs) }));
    if (request.context.dryRun) return;
    for (const { quota, used } of charges) if (used) cluster.chargeQuota?.(quota, used);
  },
};

/** What the quota has used with this object counted; undefined where nothing changes. Throws where it is too much. Upstream: CheckRequest */
function check(quota: ResourceQuota, request: AdmissionRequest, now: Usage, nowMs: number): Record<string, string> | undefined {
  const { kind, name, object, old, operation } = request;
  const { metadata } = quota;
  const hard = quota.status?.hard ?? {};
  const used = quota.status?.used ?? {};
  if (operation === "CREATE" && kind.group === "" && kind.kind === "Pod") {
    const missing = unspecified(quota, object as Pod);
    if (missing !== "") throw forbiddenRequest(kind, name, `failed quota: ${metadata.name}: must specify ${missing}`);
  }
  const hardOf = (resource: string) => hard[resource];
  const counted = Object.keys(quota.spec.hard ?? {}).filter((resource) => now.has(resource));
  const unknown = counted.filter((resource) => used[resource] === undefined || hardOf(resource) === undefined);
  if (unknown.length > 0)
    throw forbiddenRequest(kind, name, `status unknown for quota: ${metadata.name}, resources: ${unknown.sort().join(",")}`);
  const before: Usage = operation === "UPDATE" && old ? usageOf(kind, old, nowMs) : new Map();
  const requested = new Map<string, Quantity>();
  for (const resource of new Set([...now.keys(), ...before.keys()])) {
    if (hardOf(resource) === undefined) continue;
    const zero = parseQuantity("0");
    const delta = (now.get(resource) ?? zero).subtract(before.get(resource) ?? zero);
    if (delta.nanos !== 0n) requested.set(resource, delta);
  }
  if (requested.size === 0) return undefined;
  const next = new Map([...requested].map(([resource, delta]) => [resource, parseQuantity(used[resource] ?? "0").add(delta)] as const));
  // What is given back is never too much.
  const exceeded = [...next.keys()]
    .filter(
      (resource) =>
        (requested.get(resource) as Quantity).nanos > 0n &&
        (next.get(resource) as Quantity).compare(parseQuantity(hardOf(resource) ?? "0")) > 0,
    )
    .sort();
  if (exceeded.length > 0) {
    const print = (amount: (resource: string) => string) => exceeded.map((resource) => `${resource}=${amount(resource)}`).join(",");
    throw forbiddenRequest(
      kind,
      name,
      `exceeded quota: ${metadata.name}, requested: ${print((resource) => (requested.get(resource) as Quantity).toString())}, used: ${print((resource) => parseQuantity(used[resource] ?? "0").toString())}, limited: ${print((resource) => parseQuantity(hardOf(resource) ?? "0").toString())}`,
    );
  }
  return { ...used, ...Object.fromEntries([...next].map(([resource, amount]) => [resource, amount.toString()])) };
}
