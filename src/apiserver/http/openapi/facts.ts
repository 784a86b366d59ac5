import schemaTable from "../../../api/generated/schema.json" with { type: "json" };
import markerTable from "../../../api/generated/type-markers.json" with { type: "json" };

export interface FieldFacts {
  readonly type: string;
  readonly required?: boolean;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly structType?: string;
  readonly patch?: string;
  readonly mergeKey?: string;
  readonly default?: unknown;
}

export interface TypeFacts {
  readonly fields?: Readonly<Record<string, FieldFacts>>;
  readonly inline?: readonly { readonly type: string }[];
  readonly alias?: string;
  readonly enum?: readonly string[];
  readonly object?: boolean;
}

export type Schema = Record<string, unknown>;

const TABLE = schemaTable as unknown as Readonly<Record<string, { readonly types: Readonly<Record<string, TypeFacts>> }>>;

const TYPE_META = [{ type: "meta/v1.TypeMeta" }];
const OBJECT_META: FieldFacts = { type: "meta/v1.ObjectMeta" };
const MEASURED: Readonly<Record<string, FieldFacts>> = {
  metadata: OBJECT_META,
  timestamp: { type: "meta/v1.Time", required: true },
  window: { type: "meta/v1.Duration", required: true },
};

// What is served without being stored is in no schema table. Upstream: k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go
const METRICS: Readonly<Record<string, TypeFacts>> = {
  NodeMetrics: { fields: { ...MEASURED, usage: { type: "core/v1.ResourceList", required: true } }, inline: TYPE_META },
  PodMetrics: { fields: { ...MEASURED, containers: { type: "[]ContainerMetrics", required: true } }, inline: TYPE_META },
  ContainerMetrics: { fields: { name: { type: "string", required: true }, usage: { type: "core/v1.ResourceList", required: true } } },
  NodeMetricsList: {
    fields: { items: { type: "[]NodeMetrics", required: true }, metadata: { type: "meta/v1.ListMeta" } },
    inline: TYPE_META,
  },
  PodMetricsList: {
    fields: { items: { type: "[]PodMetrics", required: true }, metadata: { type: "meta/v1.ListMeta" } },
    inline: TYPE_META,
  },
};
const METRICS_PACKAGE = "metrics/v1beta1";

export function factsOf(packageName: string, type: string): TypeFacts | undefined {
  return packageName === METRICS_PACKAGE ? METRICS[type] : TABLE[packageName]?.types[type];
}

interface Markers {
  /** Upstream: +structType=atomic at the type itself. */
  readonly atomic?: boolean;
  /** What stands in fields that are written even when they are empty. */
  readonly written?: Readonly<Record<string, unknown>>;
}

const MARKERS = markerTable as unknown as Readonly<Record<string, Markers>>;

export function markersOf(packageName: string, type: string): Markers | undefined {
  return MARKERS[`${packageName}.${type}`];
}

/** `core/v1` of version v1 in the group "", `rbac/v1` of rbac.authorization.k8s.io. */
export function packageOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return `${group === "" ? "core" : group.split(".")[0]}/${version}`;
}

/** `Container` in core/v1, `meta/v1.ObjectMeta` anywhere. */
export function resolveType(packageName: string, type: string): [string, string] {
  const dot = type.indexOf(".");
  return dot < 0 ? [packageName, type] : [type.slice(0, dot), type.slice(dot + 1)];
}

const PREFIXES: Readonly<Record<string, string>> = {
  meta: "io.k8s.apimachinery.pkg.apis",
  apiextensions: "io.k8s.apiextensions-apiserver.pkg.apis",
  apiregistration: "io.k8s.kube-aggregator.pkg.apis",
  metrics: "io.k8s.metrics.pkg.apis",
};

/** Upstream: the component names of k8s.io/kube-openapi/pkg/util/util.go ToRESTFriendlyName */
export function componentName(packageName: string, type: string): string {
  return `${PREFIXES[packageName.split("/")[0] ?? ""] ?? "io.k8s.api"}.${packageName.replace("/", ".")}.${type}`;
}

export function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}
