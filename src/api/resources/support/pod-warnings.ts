import type { Container, ContainerPort, NodeSelectorTerm, PodSpec } from "../../generated/core-v1.ts";
import type { ObjectMeta } from "../../generated/meta-v1.ts";
import { isQuantity, parseQuantity } from "../../quantity.ts";

// Upstream: pkg/api/pod/warnings.go, pkg/api/node/util.go

const DEPRECATED_LABELS: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const DEPRECATED_ANNOTATIONS: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};
const DEPRECATED_VOLUMES = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
} as const;

/** @param prefix "" for a pod, "spec.template." for a template. */
export function podSpecWarnings(spec: PodSpec, metadata: Partial<ObjectMeta>, prefix: string): string[] {
  const at = `${prefix}spec`;
  return [
    ...selectionWarnings(spec, at),
    ...Object.entries(DEPRECATED_ANNOTATIONS).flatMap(([key, message]) =>
      metadata.annotations?.[key] === undefined ? [] : [`${prefix}metadata.annotations[${key}]: ${message}`],
    ),
    ...(spec.volumes ?? []).flatMap((volume, index) =>
      (Object.keys(DEPRECATED_VOLUMES) as (keyof typeof DEPRECATED_VOLUMES)[]).flatMap((source) =>
        volume[source] === undefined ? [] : [`${at}.volumes[${index}].${source}: ${DEPRECATED_VOLUMES[source]}`],
      ),
    ),
    ...repeated(
      (spec.hostAliases ?? []).map((alias) => alias.ip ?? ""),
      (index, ip) => `${at}.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`,
    ),
    ...repeated(
      (spec.imagePullSecrets ?? []).map((secret) => secret.name ?? ""),
      (index, name) => `${at}.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`,
    ),
    ...(spec.imagePullSecrets ?? []).flatMap((secret, index) =>
      secret.name ? [] : [`${at}.imagePullSecrets[${index}].name: invalid empty name ""`],
    ),
    ...fractions(spec.overhead, `${at}.overhead`),
    ...containersOf(spec, at).flatMap(([container, path]) => [
      ...fractions(container.resources?.limits, `${path}.resources.limits`),
      ...fractions(container.resources?.requests, `${path}.resources.requests`),
      ...hiddenVariables(container, path),
    ]),
    ...overlappingPorts(spec, at),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
  ];
}

function selectionWarnings(spec: PodSpec, at: string): string[] {
  const warnings = Object.keys(spec.nodeSelector ?? {}).flatMap((key) =>
    DEPRECATED_LABELS[key] ? [`${at}.nodeSelector[${key}]: ${DEPRECATED_LABELS[key]}`] : [],
  );
  const ofTerm = (term: NodeSelectorTerm | undefined, path: string) =>
    (term?.matchExpressions ?? []).flatMap(({ key }, index) =>
      DEPRECATED_LABELS[key] ? [`${path}.matchExpressions[${index}].key: ${key} is ${DEPRECATED_LABELS[key]}`] : [],
    );
  const affinity = spec.affinity?.nodeAffinity;
  const path = `${at}.affinity.nodeAffinity`;
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((term, index) =>
    warnings.push(...ofTerm(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`)),
  );
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) =>
    warnings.push(...ofTerm(term.preference, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`)),
  );
  (spec.topologySpreadConstraints ?? []).forEach((constraint, index) => {
    const where = `${at}.topologySpreadConstraints[${index}]`;
    const message = DEPRECATED_LABELS[constraint.topologyKey];
    if (message) warnings.push(`${where}.topologyKey: ${constraint.topologyKey} is ${message}`);
    if (!constraint.labelSelector) warnings.push(`${where}.labelSelector: a null labelSelector results in matching no pod`);
  });
  return warnings;
}

function repeated(values: readonly string[], render: (index: number, value: string) => string): string[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [render(index, value)] : []));
}

function containersOf(spec: PodSpec, at: string): [Container, string][] {
  return (["initContainers", "containers", "ephemeralContainers"] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index): [Container, string] => [container, `${at}.${list}[${index}]`]),
  );
}

function fractions(amounts: Readonly<Record<string, string>> | undefined, path: string): string[] {
  return ["memory", "ephemeral-storage"].flatMap((name) => {
    const amount = amounts?.[name];
    if (amount === undefined || !isQuantity(amount) || parseQuantity(amount).milliValue() % 1000 === 0) return [];
    return [`${path}[${name}]: fractional byte value ${JSON.stringify(parseQuantity(amount).toString())} is invalid, must be an integer`];
  });
}

/** A later variable of the same name that does not build on the earlier one. */
function hiddenVariables(container: Container, path: string): string[] {
  const seen = new Set<string>();
  return (container.env ?? []).flatMap((variable, index) => {
    const again = seen.has(variable.name);
    seen.add(variable.name);
    const reference = `$(${variable.name})`;
    const builds = variable.valueFrom === undefined && variable.value !== reference && (variable.value ?? "").includes(reference);
    return again && !builds
      ? [`${path}.env[${index}]: hides previous definition of ${JSON.stringify(variable.name)}, which may be dropped when using apply`]
      : [];
  });
}

function overlappingPorts(spec: PodSpec, at: string): string[] {
  const known = new Map<string, { port: ContainerPort; path: string }[]>();
  const warnings: string[] = [];
  for (const [container, containerPath] of containersOf(spec, at)) {
    (container.ports ?? []).forEach((port, index) => {
      const path = `${containerPath}.ports[${index}]`;
      const key = `${port.containerPort}/${port.protocol}`;
      const others = known.get(key) ?? [];
      for (const other of others) {
        const sameIp = (port.hostIP ?? "") === (other.port.hostIP ?? "");
        const sameHostPort = (port.hostPort ?? 0) === (other.port.hostPort ?? 0);
        if (sameIp && sameHostPort) warnings.push(`${path}: duplicate port definition with ${other.path}`);
        else if (!port.hostPort || !other.port.hostPort) warnings.push(`${path}: overlapping port definition with ${other.path}`);
        else if (sameHostPort && (!port.hostIP || !other.port.hostIP))
          warnings.push(`${path}: overlapping port definition with ${other.path}`);
      }
      known.set(key, [...others, { port, path }]);
    });
  }
  return warnings;
}
