import type { SortOptions } from "./kustomization.ts";
import { type Gvk, type Resource, showGvk } from "./resource.ts";

const FIRST =
  "Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole RoleBinding ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim Deployment StatefulSet CronJob PodDisruptionBudget".split(
    " ",
  );
const LAST = "MutatingWebhookConfiguration ValidatingWebhookConfiguration".split(" ");

/** The order in which dependencies come before what needs them, more or less. Upstream: SortOrderTransformer */
export function sortResources(all: readonly Resource[], { order = "", legacySortOptions }: SortOptions): Resource[] {
  if (order !== "fifo" && order !== "legacy") throw new Error("the field 'sortOptions.order' must be one of [fifo, legacy]");
  if (order === "fifo") {
    if (legacySortOptions)
      throw new Error("the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'");
    return [...all];
  }
  const { orderFirst = [], orderLast = [] } = legacySortOptions ?? { orderFirst: FIRST, orderLast: LAST };
  const place = ({ id }: Resource) => `${showGvk(id)}|${id.namespace || "~X"}|${id.name || "~N"}`;
  return [...all].sort(
    (a, b) =>
      rank(a.id.kind, orderFirst, orderLast) - rank(b.id.kind, orderFirst, orderLast) ||
      compareText(sortText(a.id), sortText(b.id)) ||
      compareText(place(a), place(b)),
  );
}

/** The order of field specs. Upstream: kyaml/resid Gvk.IsLessThan */
export const compareGvk = (a: Partial<Gvk>, b: Partial<Gvk>): number =>
  rank(a.kind ?? "", FIRST, LAST) - rank(b.kind ?? "", FIRST, LAST) || compareText(sortText(a), sortText(b));

const rank = (kind: string, first: readonly string[], last: readonly string[]) =>
  last.includes(kind) ? last.indexOf(kind) + 1 : first.includes(kind) ? first.indexOf(kind) - first.length : 0;

const sortText = ({ group, version, kind }: Partial<Gvk>) => `${group || "~G"}_${version || "~V"}_${kind || "~K"}`;

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
