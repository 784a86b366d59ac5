import type { Namespace, Pod, PodSpec, PodTemplateSpec } from "../../api/generated/core-v1.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { sameJson } from "../../api/merge-patch.ts";
import { forbiddenRequest, invalidObject } from "../../api/status.ts";
import { type FieldError, invalid } from "../../api/field-errors.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { type Violation, violations } from "./pod-security-checks.ts";

type Mode = "enforce" | "audit" | "warn";

interface Policy {
  readonly level: string;
  /** "latest" or "v1.x". */
  readonly version: string;
}

const PREFIX = "pod-security.kubernetes.io/";
const LEVELS = ["privileged", "baseline", "restricted"];
const PRIVILEGED: Policy = { level: "privileged", version: "latest" };
const LATEST_MINOR = 36;
/** Pods of a namespace that are looked at when its labels change. Upstream: defaultNamespaceMaxPodsToCheck */
const MAX_PODS = 3000;

/** Upstream: k8s.io/pod-security-admission/admission/admission.go */
export const podSecurity: AdmissionPlugin = {
  name: "PodSecurity",
  validate(request, cluster) {
    const { kind, operation, subresource, object } = request;
    if (!object || (operation !== "CREATE" && operation !== "UPDATE")) return;
    if (kind.group === "" && kind.kind === "Namespace") {
      if (subresource === undefined) validateNamespace(request, cluster);
      return;
    }
    if (!kind.namespaced) return;
    const isPod = kind.group === "" && kind.kind === "Pod";
    if (isPod ? subresource !== undefined && subresource !== "ephemeralcontainers" : subresource !== undefined) return;
    const spec = isPod ? { metadata: object.metadata, spec: (object as Pod).spec } : templateOf(kind.group, kind.kind, object);
    if (!spec) return;
    const namespace = cluster.find("", "Namespace", { name: request.namespace ?? "" }) as Namespace | undefined;
    const labels = namespace?.metadata.labels;
    if (!labels || !Object.keys(labels).some((key) => key.startsWith(PREFIX))) return;
    if (isPod) evaluatePod(request, spec, labels);
    else warn(request, spec, labels);
  },
};

/** A pod is refused, or is let in with a warning. */
function evaluatePod(
  request: AdmissionRequest,
  pod: { metadata: Pod["metadata"]; spec: PodSpec },
  labels: Readonly<Record<string, string>>,
): void {
  if (
    request.operation === "UPDATE" &&
    request.old &&
    request.subresource === undefined &&
    !isSignificant(request.old as Pod, request.object as Pod)
  )
    return;
  const enforce = policyOf(labels, "enforce");
  const found = violations(pod, enforce.level, minorOf(enforce.version));
  if (found.length > 0)
    throw forbiddenRequest(request.kind, request.name, `violates PodSecurity "${enforce.level}:${enforce.version}": ${render(found)}`);
  warn(request, pod, labels);
}

function warn(
  request: AdmissionRequest,
  pod: { metadata: Pod["metadata"]; spec: PodSpec },
  labels: Readonly<Record<string, string>>,
): void {
  const policy = policyOf(labels, "warn");
  const found = violations(pod, policy.level, minorOf(policy.version));
  if (found.length > 0) request.context.warnings.push(`would violate PodSecurity "${policy.level}:${policy.version}": ${render(found)}`);
}

/** Of a running pod only images, and with them little else, may change. Upstream: isSignificantPodUpdate */
function isSignificant(old: Pod, now: Pod): boolean {
  const images = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers].map(({ image }) => image);
  const annotations = ({ metadata }: Pod) =>
    Object.entries(metadata.annotations ?? {})
      .filter(([key]) => key.startsWith("container.apparmor.") || key.startsWith("seccomp."))
      .sort();
  const rest = ({ spec }: Pod) => ({
    ...spec,
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
    containers: spec.containers.length,
    initContainers: spec.initContainers?.length ?? 0,
  });
  return !sameJson(images(old), images(now)) || !sameJson(annotations(old), annotations(now)) || !sameJson(rest(old), rest(now));
}

const TEMPLATED = new Set([
  "/PodTemplate",
  "/ReplicationController",
  "apps/ReplicaSet",
  "apps/Deployment",
  "apps/StatefulSet",
  "apps/DaemonSet",
  "batch/Job",
]);

function templateOf(group: string, kind: string, object: KubernetesObject): { metadata: Pod["metadata"]; spec: PodSpec } | undefined {
  const { spec, template } = object as {
    spec?: { template?: PodTemplateSpec; jobTemplate?: { spec?: { template?: PodTemplateSpec } } };
    template?: PodTemplateSpec;
  };
  const found = TEMPLATED.has(`${group}/${kind}`)
    ? (template ?? spec?.template)
    : group === "batch" && kind === "CronJob"
      ? spec?.jobTemplate?.spec?.template
      : undefined;
  return found?.spec ? { metadata: (found.metadata ?? {}) as Pod["metadata"], spec: found.spec } : undefined;
}

/** `host namespaces (hostNetwork=true), privileged (container "x" must not …)`. */
function render(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
}

function policyOf(labels: Readonly<Record<string, string>>, mode: Mode): Policy {
  const level = labels[PREFIX + mode];
  const version = labels[`${PREFIX}${mode}-version`];
  if (level === undefined) return mode === "warn" ? warnByEnforce(labels) : PRIVILEGED;
  // What cannot be read is taken for the strictest.
  return {
    level: LEVELS.includes(level) ? level : mode === "enforce" ? "restricted" : "privileged",
    version: version && isVersion(version) ? version : "latest",
  };
}

/** Whoever enforces something is also warned of it, for workloads are not refused. Upstream: PolicyToEvaluate */
function warnByEnforce(labels: Readonly<Record<string, string>>): Policy {
  return labels[`${PREFIX}enforce`] === undefined ? PRIVILEGED : policyOf(labels, "enforce");
}

const isVersion = (text: string) => text === "latest" || /^v1\.(0|[1-9]\d*)$/.test(text);
const minorOf = (version: string) => (version === "latest" ? LATEST_MINOR : Math.min(LATEST_MINOR, Number(version.slice(3))));

function validateNamespace(request: AdmissionRequest, cluster: AdmissionCluster): void {
  const labels = request.object?.metadata.labels ?? {};
  const oldLabels = request.old?.metadata.labels ?? {};
  const keys = Object.keys({ ...labels, ...oldLabels }).filter((key) => key.startsWith(PREFIX));
  if (keys.every((key) => labels[key] === oldLabels[key])) return;
  const errors = labelErrors(labels);
  if (errors.length > 0 && (request.operation === "CREATE" || labelErrors(oldLabels).length === 0))
    throw invalidObject(request.kind, request.name, errors);
  if (request.operation !== "UPDATE") return;
  const now = policyOf(labels, "enforce");
  const before = policyOf(oldLabels, "enforce");
  if (now.level === "privileged" || (now.level === before.level && now.version === before.version)) return;
  request.context.warnings.push(...existingViolations(request.name, now, cluster));
}

function labelErrors(labels: Readonly<Record<string, string>>): FieldError[] {
  const errors: FieldError[] = [];
  for (const mode of ["enforce", "audit", "warn"]) {
    const level = labels[PREFIX + mode];
    const version = labels[`${PREFIX}${mode}-version`];
    if (level !== undefined && !LEVELS.includes(level))
      errors.push(invalid(`metadata.labels[${PREFIX}${mode}]`, level, `must be one of ${LEVELS.join(", ")}`));
    if (version !== undefined && !isVersion(version))
      errors.push(invalid(`metadata.labels[${PREFIX}${mode}-version]`, version, 'must be "latest" or "v1.x"'));
  }
  return errors;
}

/** Upstream: EvaluatePodsInNamespace, decoratePodWarnings */
function existingViolations(namespace: string, policy: Policy, cluster: AdmissionCluster): string[] {
  const pods = cluster.list("", "Pod", namespace) as readonly Pod[];
  const byProblem = new Map<string, string[]>();
  const seenOwners = new Set<string>();
  for (const pod of pods.slice(0, MAX_PODS)) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    const found = violations(pod, policy.level, minorOf(policy.version));
    if (found.length === 0) continue;
    const problem = found.map(({ reason }) => reason).join(", ");
    const key = `${owner ?? ""}/${problem}`;
    const names = byProblem.get(problem) ?? [];
    // One pod of a controller stands for its siblings.
    if (owner !== undefined && seenOwners.has(key)) {
      byProblem.set(problem, [...names, ""]);
      continue;
    }
    seenOwners.add(key);
    byProblem.set(problem, [...names, pod.metadata.name]);
  }
  if (byProblem.size === 0) return [];
  const lines = [...byProblem].map(([problem, names]) => {
    const [first = ""] = [...names].filter(Boolean).sort();
    const others = names.length - 1;
    return `${first}${others === 0 ? "" : others === 1 ? " (and 1 other pod)" : ` (and ${others} other pods)`}: ${problem}`;
  });
  return [
    `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level "${policy.level}:${policy.version}"`,
    ...lines.sort(),
  ];
}
