import type { Container, Pod, PodSpec } from "../../../src/api/generated/core-v1.ts";
import { errorText } from "../../../src/api/field-errors.ts";
import type { Kind } from "../../../src/api/kind.ts";
import type { KubernetesObject } from "../../../src/api/meta.ts";
import { pods } from "../../../src/api/resources/pod.ts";

export const container = (fields: Partial<Container> = {}): Container => ({ name: "main", image: "luksa/kubia", ...fields });

/** A pod as it comes from a client, before defaulting. */
export function draft(spec: Partial<PodSpec> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "u-1", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
    spec: { containers: [container()], ...structuredClone(spec) },
    status: {},
  };
}

export function defaulted(spec: Partial<PodSpec> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  const pod = draft(spec, metadata);
  pods.setDefaults?.(pod);
  return pod;
}

/** All that is wrong, as the API would say it. */
export function problems<T extends KubernetesObject>(kind: Kind<T>, object: T): string[] {
  kind.setDefaults?.(object);
  return (kind.validate?.(object) ?? []).map(errorText);
}

export const podProblems = (spec: Partial<PodSpec>) => problems(pods, draft(spec));

export function updateProblems<T extends KubernetesObject>(kind: Kind<T>, object: T, old: T): string[] {
  return (kind.validateUpdate?.(object, old) ?? []).map(errorText);
}

export function row<T extends KubernetesObject>(kind: Kind<T>, object: T, nowMs: number): Record<string, unknown> {
  return Object.fromEntries((kind.columns ?? []).map((column) => [column.name, column.cell(object, nowMs)]));
}
