import { type FieldError, forbidden, invalid, required } from "../../field-errors.ts";
import type { Container, Pod, PodSpec } from "../../generated/core-v1.ts";
import { sameJson } from "../../merge-patch.ts";
import { goDiff } from "./go-diff.ts";

// Upstream: pkg/apis/core/validation/validation.go ValidatePodUpdate

const MUTABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");
const INT32_MAX = 2147483647;

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ["containers", "initContainers"] as const) {
    const { problems, stop } = validateImages(pod.spec[list] ?? [], old.spec[list] ?? [], `spec.${list}`);
    errors.push(...problems);
    if (stop) return errors;
  }
  const deadline = validateDeadline(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds);
  errors.push(...deadline);
  if (deadline.length > 0 && pod.spec.activeDeadlineSeconds !== undefined) return errors;
  errors.push(
    ...validateTolerations(pod.spec, old.spec),
    ...validateGates(pod.spec, old.spec),
    ...validateGatedSelection(pod.spec, old.spec),
  );
  const munged = withMutableFieldsOf(pod.spec, old.spec);
  if (!sameJson(plain(munged), plain(old.spec)))
    errors.push(forbidden("spec", `pod updates may not change fields other than ${MUTABLE}\n${goDiff("core.PodSpec", old.spec, munged)}`));
  return errors;
}

function validateImages(next: readonly Container[], old: readonly Container[], path: string): { problems: FieldError[]; stop: boolean } {
  if (next.length !== old.length) return { problems: [forbidden(path, "pod updates may not add or remove containers")], stop: true };
  const problems: FieldError[] = [];
  next.forEach(({ image = "" }, index) => {
    if (image === "") problems.push(required(`${path}[${index}].image`));
    if (image.trim() !== image) problems.push(invalid(`${path}[${index}].image`, image, "must not have leading or trailing whitespace"));
  });
  return { problems, stop: false };
}

function validateDeadline(next: number | undefined, old: number | undefined): FieldError[] {
  const field = "spec.activeDeadlineSeconds";
  if (next === undefined) return old === undefined ? [] : [invalid(field, null, "must not update from a positive integer to nil value")];
  if (next < 0 || next > INT32_MAX) return [invalid(field, next, `must be between 0 and ${INT32_MAX}, inclusive`)];
  return old !== undefined && old < next ? [invalid(field, next, "must be less than or equal to previous value")] : [];
}

function validateTolerations(spec: PodSpec, old: PodSpec): FieldError[] {
  const kept = (old.tolerations ?? []).every((before) =>
    spec.tolerations?.some((now) => sameJson({ ...before, tolerationSeconds: 0 }, { ...now, tolerationSeconds: 0 })),
  );
  return kept ? [] : [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
}

function validateGates(spec: PodSpec, old: PodSpec): FieldError[] {
  return (spec.schedulingGates ?? []).flatMap((gate, index) =>
    old.schedulingGates?.some((before) => before.name === gate.name)
      ? []
      : [forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${gate.name}'`)],
  );
}

/** While gates hold the pod back, its node selection may still be narrowed. */
function validateGatedSelection(spec: PodSpec, old: PodSpec): FieldError[] {
  if (!old.schedulingGates?.length) return [];
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => spec.nodeSelector?.[key] === value);
  return kept
    ? []
    : [
        invalid(
          "spec.nodeSelector",
          spec.nodeSelector ?? null,
          "only additions are allowed to spec.nodeSelector (no mutations or deletions)",
        ),
      ];
}

/** The new spec as if nothing that may change had changed. */
function withMutableFieldsOf(spec: PodSpec, old: PodSpec): PodSpec {
  const images = (next: readonly Container[], olds: readonly Container[]) =>
    next.map((container, index) => ({ ...container, image: olds[index]?.image }));
  const unignored =
    old.terminationGracePeriodSeconds !== undefined && old.terminationGracePeriodSeconds < 0 && spec.terminationGracePeriodSeconds === 1;
  return {
    ...spec,
    containers: images(spec.containers, old.containers),
    initContainers: spec.initContainers && images(spec.initContainers, old.initContainers ?? []),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    ...(old.schedulingGates?.length ? { nodeSelector: old.nodeSelector, affinity: old.affinity } : {}),
    ...(unignored ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds } : {}),
  };
}

/** The ephemeralcontainers subresource writes nothing else. Upstream: pkg/registry/core/pod/strategy.go dropNonEphemeralContainerUpdates */
export function keepAllButEphemeralContainers(pod: Pod, old: Pod): void {
  const { ephemeralContainers } = pod.spec;
  keepAllOf(pod, old);
  if (ephemeralContainers) pod.spec.ephemeralContainers = ephemeralContainers;
  else delete pod.spec.ephemeralContainers;
}

/** The pod as it was, but for who owns its fields: subresources change little else. */
export function keepAllOf(pod: Pod, old: Pod): void {
  const { managedFields } = pod.metadata;
  pod.spec = cloneJson(old.spec);
  pod.metadata = { ...cloneJson(old.metadata), ...(managedFields ? { managedFields } : {}) };
}

const cloneJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What was added stays as it is, in whatever order. Upstream: ValidatePodEphemeralContainersUpdate */
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined)
    return [forbidden("", "static pods do not support ephemeral containers")];
  const field = "spec.ephemeralContainers";
  return (old.spec.ephemeralContainers ?? []).flatMap((before) => {
    const now = pod.spec.ephemeralContainers?.find(({ name }) => name === before.name);
    if (!now) return [forbidden(field, `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`)];
    return sameJson(plain(now), plain(before))
      ? []
      : [
          forbidden(
            field,
            `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed\n${goDiff("core.EphemeralContainer", before, now)}`,
          ),
        ];
  });
}

/** Without what is undefined or an empty list: both mean that the field is not set. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (Array.isArray(inner) && inner.length === 0 ? undefined : inner)));
}
