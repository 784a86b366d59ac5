import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from "../../field-errors.ts";
import type { PodSpec } from "../../generated/core-v1.ts";
import { isDns1123Label, isDns1123Subdomain, isIp, isQualifiedName, regexMessage } from "../../validation/names.ts";
import { validateLabels } from "../../validation/object-meta.ts";
import { type PodContext, validateContainers, validateEphemeralContainers, validateInitContainers } from "./pod-container-validation.ts";
import { validateContainerResources } from "./pod-resource-validation.ts";
import { validateAffinity, validateSpreadConstraints, validateTolerations } from "./pod-scheduling-validation.ts";
import { validatePodSecurityContext } from "./pod-security-validation.ts";
import { validateVolumes } from "./pod-volume-validation.ts";

// Upstream: pkg/apis/core/validation/validation.go

export interface PodSpecRules {
  /** The spec is a pod's own, not a template's: a few more rules hold. */
  readonly isPod?: boolean;
}

const INT32_MAX = 2147483647;

/** Upstream: ValidatePodSpec, in its order. */
export function validatePodSpec(spec: PodSpec, path: string, rules: PodSpecRules = {}): FieldError[] {
  const { volumes, errors } = validateVolumes(spec.volumes ?? [], `${path}.volumes`);
  const context: PodContext = { spec, volumes, isPod: rules.isPod ?? false };
  if (spec.terminationGracePeriodSeconds === undefined) errors.unshift(required(`${path}.terminationGracePeriodSeconds`));
  errors.push(
    ...validateContainers(spec.containers ?? [], `${path}.containers`, context),
    ...validateInitContainers(spec.initContainers ?? [], `${path}.initContainers`, context),
    ...validateEphemeralContainers(spec.ephemeralContainers ?? [], `${path}.ephemeralContainers`, context),
    ...(spec.resources ? validateContainerResources(spec.resources, `${path}.resources`) : []),
    ...validateHostPorts(spec, path, context.isPod),
    ...oneOf(spec.restartPolicy, `${path}.restartPolicy`, ["Always", "OnFailure", "Never"]),
    ...oneOf(spec.dnsPolicy, `${path}.dnsPolicy`, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ...validateLabels(spec.nodeSelector ?? {}, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec, path),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateDnsConfig(spec, `${path}.dnsConfig`),
    ...validateGates(spec, path),
    ...validateSpreadConstraints(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateHostUsers(spec, path),
    ...validateNames(spec, path),
  );
  if (context.isPod) errors.push(...validateOnlyForPods(spec, path));
  return errors;
}

function oneOf(value: string | undefined, field: string, supported: readonly string[]): FieldError[] {
  if (value === undefined || value === "") return [required(field)];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** Service account, node, host name and all that comes after them upstream. */
function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const named = (field: keyof PodSpec & string, check: (text: string) => string[]) => {
    const value = spec[field];
    if (typeof value === "string" && value !== "")
      for (const message of check(value)) errors.push(invalid(`${path}.${field}`, value, message));
  };
  named("serviceAccountName", isDns1123Subdomain);
  named("nodeName", isDns1123Subdomain);
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline !== undefined && (deadline < 1 || deadline > INT32_MAX))
    errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, `must be between 1 and ${INT32_MAX}, inclusive`));
  named("hostname", isDns1123Label);
  named("subdomain", isDns1123Label);
  errors.push(...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`), ...validateHostAliases(spec, `${path}.hostAliases`));
  named("priorityClassName", isDns1123Subdomain);
  if (spec.runtimeClassName !== undefined)
    for (const message of isDns1123Subdomain(spec.runtimeClassName))
      errors.push(invalid(`${path}.runtimeClassName`, spec.runtimeClassName, message));
  if (spec.preemptionPolicy !== undefined)
    errors.push(...oneOf(spec.preemptionPolicy, `${path}.preemptionPolicy`, ["PreemptLowerPriority", "Never"]));
  if (spec.overhead) errors.push(...validateContainerResources({ limits: spec.overhead }, `${path}.overhead`));
  if (spec.os) errors.push(...oneOf(spec.os.name, `${path}.os.name`, ["linux", "windows"]));
  return errors;
}

/** Upstream: validatePodHostNetworkDeps */
function validateHostPorts(spec: PodSpec, path: string, isPod: boolean): FieldError[] {
  if (!spec.hostNetwork) return [];
  return (spec.containers ?? []).flatMap((container, index) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, containerPort }, at) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [invalid(`${path}.containers[${index}].ports[${at}].hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true")]
        : [],
    ),
  );
}

function validateHostAliases(spec: PodSpec, path: string): FieldError[] {
  return (spec.hostAliases ?? []).flatMap((alias, index) => [
    ...isIp(alias.ip ?? "").map((message) => invalid(`${path}[${index}].ip`, alias.ip ?? "", message)),
    ...(alias.hostnames ?? []).flatMap((name, at) =>
      isDns1123Subdomain(name).map((message) => invalid(`${path}[${index}].hostnames[${at}]`, name, message)),
    ),
  ]);
}

function validateHostUsers(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const why = "when `pod.Spec.HostUsers` is false";
  // The capitals are upstream's.
  return [
    ...(spec.hostNetwork ? [forbidden(`${path}.hostNetwork`, why)] : []),
    ...(spec.hostPID ? [forbidden(`${path}.HostPID`, why)] : []),
    ...(spec.hostIPC ? [forbidden(`${path}.HostIPC`, why)] : []),
  ];
}

const SEARCH_LABEL = "[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?";
const SEARCH_DOMAIN = `${SEARCH_LABEL}(\\.${SEARCH_LABEL})*`;

/** Upstream: validatePodDNSConfig */
function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, path: string): FieldError[] {
  if (dnsPolicy === "None" && !dnsConfig) return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
  if (dnsPolicy === "None" && !dnsConfig?.nameservers?.length)
    return [required(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  const errors: FieldError[] = [];
  if (nameservers.length > 3) errors.push(invalid(`${path}.nameservers`, nameservers, "must not have more than 3 nameservers"));
  nameservers.forEach((server, index) =>
    errors.push(...isIp(server).map((message) => invalid(`${path}.nameservers[${index}]`, server, message))),
  );
  if (searches.length > 32) errors.push(invalid(`${path}.searches`, searches, "must not have more than 32 search paths"));
  if (searches.join(" ").length > 2048)
    errors.push(invalid(`${path}.searches`, searches, "must not have more than 2048 characters (including spaces) in the search list"));
  searches.forEach((search, index) => {
    const bare = search.replace(/\.$/, "");
    if (search === "." || new RegExp(`^${SEARCH_DOMAIN}$`).test(bare)) return;
    const what =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character or an underscore";
    errors.push(invalid(`${path}.searches[${index}]`, bare, regexMessage(what, SEARCH_DOMAIN, "example.com")));
  });
  options.forEach((option, index) => {
    if (!option.name) errors.push(required(`${path}.options[${index}]`, "must not be empty"));
  });
  return errors;
}

function validateGates(spec: PodSpec, path: string): FieldError[] {
  const errors = (spec.readinessGates ?? []).flatMap((gate, index) =>
    isQualifiedName(gate.conditionType).map((message) =>
      invalid(`${path}.readinessGates[${index}].conditionType`, gate.conditionType, message),
    ),
  );
  const seen = new Set<string>();
  (spec.schedulingGates ?? []).forEach((gate, index) => {
    const at = `${path}.schedulingGates[${index}]`;
    for (const message of isQualifiedName(gate.name)) errors.push(invalid(at, gate.name, message));
    if (seen.has(gate.name)) errors.push(duplicate(at, gate.name));
    seen.add(gate.name);
  });
  return errors;
}

/** Upstream: the end of validatePodMetadataAndSpec */
function validateOnlyForPods(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.serviceAccountName) {
    (spec.volumes ?? []).forEach((volume, index) =>
      (volume.projected?.sources ?? []).forEach((source, at) => {
        if (source.serviceAccountToken)
          errors.push(
            forbidden(
              `${path}.volumes[${index}].projected.sources[${at}].serviceAccountToken`,
              "must not be specified when serviceAccountName is not set",
            ),
          );
      }),
    );
  }
  for (const list of ["containers", "initContainers"] as const) {
    (spec[list] ?? []).forEach((container, index) => {
      if (container.image !== undefined && container.image.trim() !== container.image)
        errors.push(invalid(`${path}.${list}[${index}].image`, container.image, "must not have leading or trailing whitespace"));
    });
  }
  return errors;
}
