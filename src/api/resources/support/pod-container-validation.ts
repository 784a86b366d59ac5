import { duplicate, type FieldError, forbidden, invalid, notFoundValue, notSupported, required, tooMany } from "../../field-errors.ts";
import type { Container, ContainerPort, EphemeralContainer, PodSpec, Volume } from "../../generated/core-v1.ts";
import { isSidecar } from "../../pod-facts.ts";
import { isDns1123Label, isPortName, isPortNumber } from "../../validation/names.ts";
import { validateEnv, validateEnvFrom } from "./pod-env-validation.ts";
import { validateLifecycle, validateProbes } from "./pod-probe-validation.ts";
import { validateContainerResources } from "./pod-resource-validation.ts";
import { validateSecurityContext } from "./pod-security-validation.ts";
import { validateDevices, validateMounts } from "./pod-volume-validation.ts";

/** What the checks of a container need to know of its pod. */
export interface PodContext {
  readonly spec: PodSpec;
  /** Those volumes that are valid, by name: mounts of others are not found. */
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly isPod: boolean;
}

const RESTART_POLICIES = ["Always", "Never", "OnFailure"];

export function validateContainers(containers: readonly Container[], path: string, context: PodContext): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  containers.forEach((container, index) => {
    const at = `${path}[${index}]`;
    errors.push(...validateCommon(container, at, context));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    errors.push(
      ...validateLifecycle(container.lifecycle, `${at}.lifecycle`, context.spec),
      ...validateProbes(container, at),
      ...validateRestartPolicy(container, at),
    );
  });
  errors.push(...conflictingHostPorts(containers, path));
  return errors;
}

export function validateInitContainers(containers: readonly Container[], path: string, context: PodContext): FieldError[] {
  const names = new Set((context.spec.containers ?? []).map((container) => container.name));
  const errors: FieldError[] = [];
  containers.forEach((container, index) => {
    const at = `${path}[${index}]`;
    errors.push(...validateCommon(container, at, context), ...validateRestartPolicy(container, at));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    if (container.name) names.add(container.name);
    errors.push(...conflictingHostPorts([container], path));
    if (isSidecar(container)) {
      errors.push(...validateLifecycle(container.lifecycle, `${at}.lifecycle`, context.spec), ...validateProbes(container, at));
      return;
    }
    for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
      if (container[field]) errors.push(forbidden(`${at}.${field}`, "may not be set for init containers without restartPolicy=Always"));
    }
  });
  return errors;
}

// Upstream: allowedEphemeralContainerFields, turned round.
const NOT_FOR_EPHEMERAL = [
  "ports",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "resizePolicy",
  "restartPolicy",
] as const;

export function validateEphemeralContainers(containers: readonly EphemeralContainer[], path: string, context: PodContext): FieldError[] {
  const others = new Set([...(context.spec.containers ?? []), ...(context.spec.initContainers ?? [])].map((container) => container.name));
  const names = new Set(others);
  const errors: FieldError[] = [];
  containers.forEach((container, index) => {
    const at = `${path}[${index}]`;
    const why = "cannot be set for an Ephemeral Container";
    errors.push(...validateCommon(container, at, context));
    if (container.image !== undefined && container.image.trim() !== container.image)
      errors.push(invalid(`${at}.image`, container.image, "must not have leading or trailing whitespace"));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    if (container.targetContainerName && !others.has(container.targetContainerName))
      errors.push(notFoundValue(`${at}.targetContainerName`, container.targetContainerName));
    for (const field of NOT_FOR_EPHEMERAL) if (container[field] !== undefined) errors.push(forbidden(`${at}.${field}`, why));
    if (Object.keys(container.resources ?? {}).length > 0) errors.push(forbidden(`${at}.resources`, why));
    (container.volumeMounts ?? []).forEach((mount, mountIndex) => {
      for (const field of ["subPath", "subPathExpr"] as const)
        if (mount[field]) errors.push(forbidden(`${at}.volumeMounts[${mountIndex}].${field}`, why));
    });
  });
  return errors;
}

/** Upstream: validateContainerCommon */
function validateCommon(container: Container, path: string, context: PodContext): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push(required(`${path}.name`));
  else for (const message of isDns1123Label(container.name)) errors.push(invalid(`${path}.name`, container.name, message));
  if (!container.image) errors.push(required(`${path}.image`));
  errors.push(
    ...oneOf(container.terminationMessagePolicy, `${path}.terminationMessagePolicy`, ["File", "FallbackToLogsOnError"]),
    ...validatePorts(container.ports ?? [], `${path}.ports`),
    ...validateEnv(container.env ?? [], `${path}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`),
    ...validateMounts(container, `${path}.volumeMounts`, context.volumes),
    ...validateDevices(container, `${path}.volumeDevices`, context.volumes),
    ...oneOf(container.imagePullPolicy, `${path}.imagePullPolicy`, ["Always", "IfNotPresent", "Never"]),
    ...validateContainerResources(container.resources ?? {}, `${path}.resources`),
    ...validateResizePolicy(container, `${path}.resizePolicy`, context.spec),
    ...validateSecurityContext(container.securityContext, `${path}.securityContext`),
  );
  return errors;
}

function oneOf(value: string | undefined, field: string, supported: readonly string[]): FieldError[] {
  if (!value) return [required(field)];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

const RESTART_RULES_MAX = 20;
const EXIT_CODES_MAX = 255;

/** Upstream: validateContainerRestartPolicy */
function validateRestartPolicy(container: Container, path: string): FieldError[] {
  const { restartPolicy, restartPolicyRules: rules = [] } = container;
  const field = `${path}.restartPolicyRules`;
  const errors: FieldError[] = [];
  if (restartPolicy === undefined) {
    if (rules.length > 0) errors.push(required(`${path}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  } else if (!RESTART_POLICIES.includes(restartPolicy)) errors.push(notSupported(`${path}.restartPolicy`, restartPolicy, RESTART_POLICIES));
  if (rules.length > RESTART_RULES_MAX) errors.push(tooMany(field, rules.length, RESTART_RULES_MAX));
  rules.forEach(({ action, exitCodes }, index) => {
    const at = `${field}[${index}]`;
    if (action !== "Restart") errors.push(notSupported(`${at}.action`, action ?? "", ["Restart"]));
    if (!exitCodes) {
      errors.push(required(`${at}.exitCodes`, "must be specified"));
      return;
    }
    const { operator = "", values = [] } = exitCodes;
    if (operator !== "In" && operator !== "NotIn") errors.push(notSupported(`${at}.exitCodes.operator`, operator, ["In", "NotIn"]));
    if (values.length > EXIT_CODES_MAX) errors.push(tooMany(`${at}.exitCodes.values`, values.length, EXIT_CODES_MAX));
  });
  return errors;
}

function validateResizePolicy(container: Container, path: string, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  (container.resizePolicy ?? []).forEach((policy, index) => {
    if (seen.has(policy.resourceName)) errors.push(duplicate(`${path}[${index}]`, policy.resourceName));
    seen.add(policy.resourceName);
    errors.push(
      ...oneOf(policy.resourceName, path, ["cpu", "memory"]),
      ...oneOf(policy.restartPolicy, path, ["NotRequired", "RestartContainer"]),
    );
    if (spec.restartPolicy === "Never" && policy.restartPolicy !== "NotRequired")
      errors.push(invalid(path, policy.restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
  });
  return errors;
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `${path}[${index}]`;
    if (port.name) {
      const messages = isPortName(port.name);
      for (const message of messages) errors.push(invalid(`${at}.name`, port.name, message));
      if (messages.length === 0 && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      if (messages.length === 0) names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else for (const message of isPortNumber(port.containerPort)) errors.push(invalid(`${at}.containerPort`, port.containerPort, message));
    if (port.hostPort) for (const message of isPortNumber(port.hostPort)) errors.push(invalid(`${at}.hostPort`, port.hostPort, message));
    errors.push(...oneOf(port.protocol, `${at}.protocol`, ["SCTP", "TCP", "UDP"]));
  });
  return errors;
}

function conflictingHostPorts(containers: readonly Container[], path: string): FieldError[] {
  const taken = new Set<string>();
  const errors: FieldError[] = [];
  containers.forEach((container, index) =>
    (container.ports ?? []).forEach((port, at) => {
      if (!port.hostPort) return;
      const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${path}[${index}].ports[${at}].hostPort`, key));
      taken.add(key);
    }),
  );
  return errors;
}
