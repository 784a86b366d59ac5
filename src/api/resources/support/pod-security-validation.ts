import { type FieldError, invalid, notSupported, required } from "../../field-errors.ts";
import type { PodSpec, SeccompProfile, SecurityContext } from "../../generated/core-v1.ts";
import { validateLocalPath } from "./pod-volume-validation.ts";

// Upstream: ValidateSecurityContext, validatePodSpecSecurityContext

const ID_RANGE = "must be between 0 and 2147483647, inclusive";
const SYSCTL = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";

function validateId(value: number | undefined, path: string): FieldError[] {
  return value !== undefined && (value < 0 || value > 2147483647) ? [invalid(path, value, ID_RANGE)] : [];
}

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const errors: FieldError[] = [];
  if (!profile.type) errors.push(required(`${path}.type`, "type is required when seccompProfile is set"));
  else if (!["Localhost", "RuntimeDefault", "Unconfined"].includes(profile.type))
    errors.push(notSupported(`${path}.type`, profile.type, ["Localhost", "RuntimeDefault", "Unconfined"]));
  if (profile.type === "Localhost") {
    if (profile.localhostProfile === undefined)
      errors.push(required(`${path}.localhostProfile`, "must be set when seccomp type is Localhost"));
    else errors.push(...validateLocalPath(profile.localhostProfile, `${path}.localhostProfile`));
  } else if (profile.localhostProfile !== undefined)
    errors.push(invalid(`${path}.localhostProfile`, profile, "can only be set when seccomp type is Localhost"));
  return errors;
}

export function validateSecurityContext(context: SecurityContext | undefined, path: string): FieldError[] {
  if (!context) return [];
  const errors = [
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
  ];
  if (context.procMount !== undefined && !["Default", "Unmasked"].includes(context.procMount))
    errors.push(notSupported(`${path}.procMount`, context.procMount, ["Default", "Unmasked"]));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) errors.push(invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN"))
      errors.push(invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"));
  }
  return errors;
}

export function validatePodSecurityContext(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext;
  if (!context) return [];
  const at = `${path}.securityContext`;
  const errors = [
    ...validateId(context.fsGroup, `${at}.fsGroup`),
    ...validateId(context.runAsUser, `${at}.runAsUser`),
    ...validateId(context.runAsGroup, `${at}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((group, index) => validateId(group, `${at}.supplementalGroups[${index}]`)),
  ];
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(invalid(`${at}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled"));
  const names = new Set<string>();
  (context.sysctls ?? []).forEach(({ name }, index) => {
    const where = `${at}.sysctls[${index}].name`;
    if (!name) errors.push(required(where));
    else if (name.length > 253 || !new RegExp(`^${SYSCTL}$`).test(name))
      errors.push(invalid(where, name, `must have at most 253 characters and match regex ^${SYSCTL}$`));
    else if (names.has(name)) errors.push({ type: "FieldValueDuplicate", field: where, badValue: name, detail: "" });
    names.add(name);
  });
  const { fsGroupChangePolicy, supplementalGroupsPolicy } = context;
  if (fsGroupChangePolicy !== undefined && !["Always", "OnRootMismatch"].includes(fsGroupChangePolicy))
    errors.push(notSupported(`${at}.fsGroupChangePolicy`, fsGroupChangePolicy, ["Always", "OnRootMismatch"]));
  errors.push(...validateSeccomp(context.seccompProfile, `${at}.seccompProfile`));
  if (supplementalGroupsPolicy !== undefined && !["Merge", "Strict"].includes(supplementalGroupsPolicy))
    errors.push(notSupported(`${at}.supplementalGroupsPolicy`, supplementalGroupsPolicy, ["Merge", "Strict"]));
  return errors;
}
