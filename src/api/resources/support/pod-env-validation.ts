import { type FieldError, invalid, notSupported, required } from "../../field-errors.ts";
import type { EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from "../../generated/core-v1.ts";
import { isQuantity, parseQuantity } from "../../quantity.ts";
import { isConfigMapKey, isDns1123Subdomain, isEnvVarName, isQualifiedName } from "../../validation/names.ts";

// Upstream: validEnvDownwardAPIFieldPathExpressions, validVolumeDownwardAPIFieldPathExpressions
export const ENV_FIELDS: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
export const VOLUME_FIELDS: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
// Upstream: pkg/apis/core/pods/helpers.go ConvertDownwardAPIFieldLabel
const CONVERTIBLE_FIELDS = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
  "spec.host",
]);
const RESOURCES = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const HUGE_PAGES = /^(limits|requests)\.hugepages-/;
const BYTE_DIVISORS = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

export function validateEnv(variables: readonly EnvVar[], path: string): FieldError[] {
  return variables.flatMap((variable, index) => {
    const at = `${path}[${index}]`;
    const name = variable.name
      ? isEnvVarName(variable.name).map((message) => invalid(`${at}.name`, variable.name, message))
      : [required(`${at}.name`)];
    return [...name, ...validateValueFrom(variable, `${at}.valueFrom`)];
  });
}

function validateValueFrom({ value, valueFrom: from }: EnvVar, path: string): FieldError[] {
  if (!from) return [];
  const errors: FieldError[] = [];
  const sources = [from.fieldRef, from.resourceFieldRef, from.configMapKeyRef, from.secretKeyRef, from.fileKeyRef].filter(
    (source) => source !== undefined,
  ).length;
  if (from.fieldRef) errors.push(...validateFieldRef(from.fieldRef, `${path}.fieldRef`, ENV_FIELDS));
  if (from.resourceFieldRef) errors.push(...validateResourceFieldRef(from.resourceFieldRef, `${path}.resourceFieldRef`, false));
  for (const kind of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = from[kind];
    if (!ref) continue;
    for (const message of isDns1123Subdomain(ref.name ?? "")) errors.push(invalid(`${path}.${kind}.name`, ref.name ?? "", message));
    if (!ref.key) errors.push(required(`${path}.${kind}.key`));
    else for (const message of isConfigMapKey(ref.key)) errors.push(invalid(`${path}.${kind}.key`, ref.key, message));
  }
  if (sources === 0)
    errors.push(
      invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"),
    );
  else if (value) errors.push(invalid(path, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalid(path, "", "may not have more than one field specified at a time"));
  return errors;
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap((source, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (source.prefix) for (const message of isEnvVarName(source.prefix)) errors.push(invalid(`${at}.prefix`, source.prefix, message));
    for (const kind of ["configMapRef", "secretRef"] as const) {
      const ref = source[kind];
      if (!ref) continue;
      if (!ref.name) errors.push(required(`${at}.${kind}.name`));
      else for (const message of isDns1123Subdomain(ref.name)) errors.push(invalid(`${at}.${kind}.name`, ref.name, message));
    }
    // Upstream names the list here, not the entry.
    if (!source.configMapRef && !source.secretRef) errors.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (source.configMapRef && source.secretRef)
      errors.push(invalid(path, "", "may not have more than one field specified at a time"));
    return errors;
  });
}

/** Upstream: validateObjectFieldSelector */
export function validateFieldRef(ref: ObjectFieldSelector, path: string, allowed: readonly string[]): FieldError[] {
  if (!ref.apiVersion) return [required(`${path}.apiVersion`)];
  if (!ref.fieldPath) return [required(`${path}.fieldPath`)];
  const refuse = (why: string) => [invalid(`${path}.fieldPath`, ref.fieldPath, `error converting fieldPath: ${why}`)];
  if (ref.apiVersion !== "v1") return refuse(`unsupported pod version: ${ref.apiVersion}`);
  const [, field = "", key = ""] = /^(.+)\['(.*)'\]$/.exec(ref.fieldPath) ?? [];
  if (field === "metadata.annotations" || field === "metadata.labels") {
    const name = field === "metadata.annotations" ? key.toLowerCase() : key;
    return isQualifiedName(name).map((message) => invalid(path, name, message));
  }
  if (field !== "") return refuse(`field label does not support subscript: ${ref.fieldPath}`);
  if (!CONVERTIBLE_FIELDS.has(ref.fieldPath)) return refuse(`field label not supported: ${ref.fieldPath}`);
  const internal = ref.fieldPath === "spec.host" ? "spec.nodeName" : ref.fieldPath;
  return allowed.includes(internal) ? [] : [notSupported(`${path}.fieldPath`, internal, allowed)];
}

/** Upstream: validateContainerResourceFieldSelector */
export function validateResourceFieldRef(ref: ResourceFieldSelector, path: string, inVolume: boolean): FieldError[] {
  const { resource = "" } = ref;
  const errors: FieldError[] = [];
  if (inVolume && !ref.containerName) errors.push(required(`${path}.containerName`));
  else if (resource === "") errors.push(required(`${path}.resource`));
  else if (!RESOURCES.includes(resource) && !HUGE_PAGES.test(resource)) errors.push(notSupported(`${path}.resource`, resource, RESOURCES));
  return [...errors, ...validateDivisor(resource, ref.divisor, `${path}.divisor`)];
}

function validateDivisor(resource: string, divisor: string | undefined, path: string): FieldError[] {
  if (divisor === undefined || !isQuantity(divisor)) return [];
  const text = parseQuantity(divisor).toString();
  if (text === "0") return [];
  // The value that upstream calls invalid is the resource, not the divisor.
  if (resource.endsWith(".cpu"))
    return ["1m", "1"].includes(text)
      ? []
      : [invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource")];
  const what = resource.endsWith(".memory")
    ? "memory"
    : resource.endsWith(".ephemeral-storage")
      ? "local ephemeral storage"
      : HUGE_PAGES.test(resource)
        ? "hugepages"
        : undefined;
  if (what === undefined || BYTE_DIVISORS.includes(text)) return [];
  return [invalid(path, resource, `only divisor's values ${BYTE_DIVISORS.join(", ")} are supported with the ${what} resource`)];
}
