import { duplicate, type FieldError, forbidden, invalid, notFoundValue, notSupported, required } from "../../field-errors.ts";
import type { Container, ContainerPort, EnvVar, PodSpec, Probe, ResourceRequirements, Volume, VolumeMount } from "../../generated/core-v1.ts";
import { isSidecar } from "../../pod-facts.ts";
import { isQuantity, parseQuantity } from "../../quantity.ts";
import { isConfigMapKey, isDns1123Label, isDns1123Subdomain, isEnvVarName, isPortName, isPortNumber, isQualifiedName } from "../../validation/names.ts";
import { validateLabels } from "../../validation/object-meta.ts";

// Upstream: pkg/apis/core/validation/validation.go

export interface PodSpecRules {
  /** Pods of workloads must restart always; a bare pod or a job's may choose. */
  readonly restartPolicies?: readonly string[];
}

export function validatePodSpec(spec: PodSpec, path: string, rules: PodSpecRules = {}): FieldError[] {
  const errors: FieldError[] = [];
  const volumes = new Set<string>();
  (spec.volumes ?? []).forEach((volume, index) => {
    const at = `${path}.volumes[${index}]`;
    errors.push(...validateVolume(volume, at));
    if (volumes.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    volumes.add(volume.name);
  });
  if ((spec.containers ?? []).length === 0) errors.push(required(`${path}.containers`));
  const names = new Set<string>();
  const named = (container: Container, at: string) => {
    if (!container.name) errors.push(required(`${at}.name`));
    else for (const message of isDns1123Label(container.name)) errors.push(invalid(`${at}.name`, container.name, message));
    if (container.name && names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
  };
  const hostPorts = new Set<string>();
  (spec.containers ?? []).forEach((container, index) => {
    const at = `${path}.containers[${index}]`;
    named(container, at);
    errors.push(...validateContainer(container, at, volumes, hostPorts));
    if (container.restartPolicy !== undefined && container.restartPolicy === "") errors.push(required(`${at}.restartPolicy`));
  });
  (spec.initContainers ?? []).forEach((container, index) => {
    const at = `${path}.initContainers[${index}]`;
    named(container, at);
    errors.push(...validateContainer(container, at, volumes, hostPorts, "init"));
    if (isSidecar(container)) return;
    if (container.lifecycle) errors.push(forbidden(`${at}.lifecycle`, "may not be set for init containers without restartPolicy=Always"));
    for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
      if (container[probe]) errors.push(forbidden(`${at}.${probe}`, "may not be set for init containers without restartPolicy=Always"));
    }
  });
  errors.push(...validateScalars(spec, path, rules), ...validateScheduling(spec, path));
  return errors;
}

function validateScalars(spec: PodSpec, path: string, rules: PodSpecRules): FieldError[] {
  const errors: FieldError[] = [];
  const oneOf = (field: keyof PodSpec, supported: readonly string[]) => {
    const value = spec[field];
    if (value === undefined || value === "") errors.push(required(`${path}.${field}`));
    else if (!supported.includes(value as string)) errors.push(notSupported(`${path}.${field}`, value, supported));
  };
  oneOf("restartPolicy", rules.restartPolicies ?? ["Always", "OnFailure", "Never"]);
  oneOf("dnsPolicy", ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
  if (spec.dnsPolicy === "None" && !spec.dnsConfig?.nameservers?.length) errors.push(required(`${path}.dnsConfig.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
  if (spec.serviceAccountName) for (const message of isDns1123Subdomain(spec.serviceAccountName)) errors.push(invalid(`${path}.serviceAccountName`, spec.serviceAccountName, message));
  if (spec.nodeName) for (const message of isDns1123Subdomain(spec.nodeName)) errors.push(invalid(`${path}.nodeName`, spec.nodeName, message));
  if (spec.activeDeadlineSeconds !== undefined && (spec.activeDeadlineSeconds < 1 || spec.activeDeadlineSeconds > 2147483647)) {
    errors.push(invalid(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, "must be between 1 and 2147483647, inclusive"));
  }
  if (spec.hostname) for (const message of isDns1123Label(spec.hostname)) errors.push(invalid(`${path}.hostname`, spec.hostname, message));
  if (spec.subdomain) for (const message of isDns1123Label(spec.subdomain)) errors.push(invalid(`${path}.subdomain`, spec.subdomain, message));
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) {
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds, "must be greater than or equal to 0"));
  }
  (spec.imagePullSecrets ?? []).forEach((secret, index) => {
    if (!secret.name) errors.push(required(`${path}.imagePullSecrets[${index}].name`));
  });
  return errors;
}

function validateScheduling(spec: PodSpec, path: string): FieldError[] {
  const errors = validateLabels(spec.nodeSelector ?? {}, `${path}.nodeSelector`);
  (spec.tolerations ?? []).forEach((toleration, index) => {
    const at = `${path}.tolerations[${index}]`;
    if (toleration.key) for (const message of isQualifiedName(toleration.key)) errors.push(invalid(`${at}.key`, toleration.key, message));
    const operator = toleration.operator ?? "Equal";
    if (!toleration.key && operator !== "Exists") errors.push(invalid(`${at}.operator`, toleration.operator ?? "", "operator must be Exists when `key` is empty, which means \"match all values and all keys\""));
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== "NoExecute") errors.push(invalid(`${at}.effect`, toleration.effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (operator === "Exists" && toleration.value) errors.push(invalid(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
    else if (!["Equal", "Exists", ""].includes(operator)) errors.push(notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    if (toleration.effect && !["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(toleration.effect)) errors.push(notSupported(`${at}.effect`, toleration.effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]));
  });
  (spec.topologySpreadConstraints ?? []).forEach((constraint, index) => {
    const at = `${path}.topologySpreadConstraints[${index}]`;
    if (!(constraint.maxSkew > 0)) errors.push(invalid(`${at}.maxSkew`, constraint.maxSkew ?? 0, "must be greater than zero"));
    if (!constraint.topologyKey) errors.push(required(`${at}.topologyKey`, "can not be empty"));
    if (!["DoNotSchedule", "ScheduleAnyway"].includes(constraint.whenUnsatisfiable)) errors.push(notSupported(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable ?? "", ["DoNotSchedule", "ScheduleAnyway"]));
  });
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const affinityPath = `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
  if (spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution && !terms?.length) errors.push(required(`${affinityPath}.nodeSelectorTerms`, "must have at least one node selector term"));
  (terms ?? []).forEach((term, index) => {
    (term.matchExpressions ?? []).forEach((requirement, at) => {
      const where = `${affinityPath}.nodeSelectorTerms[${index}].matchExpressions[${at}]`;
      if (!["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"].includes(requirement.operator)) errors.push(invalid(`${where}.operator`, requirement.operator, "not a valid selector operator"));
      if (["In", "NotIn"].includes(requirement.operator) && !requirement.values?.length) errors.push(required(`${where}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      if (["Exists", "DoesNotExist"].includes(requirement.operator) && requirement.values?.length) errors.push(forbidden(`${where}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    });
  });
  return errors;
}

function validateContainer(container: Container, path: string, volumes: ReadonlySet<string>, hostPorts: Set<string>, role: "init" | "main" = "main"): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.image) errors.push(required(`${path}.image`));
  else if (container.image.trim() !== container.image) errors.push(invalid(`${path}.image`, container.image, "must not have leading or trailing whitespace"));
  errors.push(...validateProbes(container, path), ...validatePorts(container.ports ?? [], `${path}.ports`, hostPorts));
  for (const hook of ["postStart", "preStop"] as const) {
    const handler = container.lifecycle?.[hook];
    if (handler) errors.push(...validateHandler(handler as Probe, `${path}.lifecycle.${hook}`));
  }
  (container.env ?? []).forEach((variable, index) => errors.push(...validateEnv(variable, `${path}.env[${index}]`)));
  (container.envFrom ?? []).forEach((source, index) => {
    const at = `${path}.envFrom[${index}]`;
    if (!source.configMapRef && !source.secretRef) errors.push(invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (source.configMapRef && source.secretRef) errors.push(invalid(at, "", "may not have more than one field specified at a time"));
    if (source.configMapRef && !source.configMapRef.name) errors.push(required(`${at}.configMapRef.name`));
    if (source.secretRef && !source.secretRef.name) errors.push(required(`${at}.secretRef.name`));
  });
  errors.push(...validateMounts(container.volumeMounts ?? [], `${path}.volumeMounts`, volumes));
  const pull = container.imagePullPolicy;
  if (pull !== undefined && !["Always", "IfNotPresent", "Never"].includes(pull)) errors.push(notSupported(`${path}.imagePullPolicy`, pull, ["Always", "IfNotPresent", "Never"]));
  errors.push(...validateResources(container.resources ?? {}, `${path}.resources`));
  if (container.terminationMessagePolicy && !["File", "FallbackToLogsOnError"].includes(container.terminationMessagePolicy)) {
    errors.push(notSupported(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ["File", "FallbackToLogsOnError"]));
  }
  if (container.restartPolicy && role === "init" && container.restartPolicy !== "Always") errors.push(notSupported(`${path}.restartPolicy`, container.restartPolicy, ["Always"]));
  return errors;
}

function validatePorts(ports: readonly ContainerPort[], path: string, hostPorts: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `${path}[${index}]`;
    if (port.name) {
      const messages = isPortName(port.name);
      for (const message of messages) errors.push(invalid(`${at}.name`, port.name, message));
      if (messages.length === 0 && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else for (const message of isPortNumber(port.containerPort)) errors.push(invalid(`${at}.containerPort`, port.containerPort, message));
    if (port.hostPort) {
      for (const message of isPortNumber(port.hostPort)) errors.push(invalid(`${at}.hostPort`, port.hostPort, message));
      const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (hostPorts.has(key)) errors.push(duplicate(`${at}.hostPort`, `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`));
      hostPorts.add(key);
    }
    if (port.protocol && !["TCP", "UDP", "SCTP"].includes(port.protocol)) errors.push(notSupported(`${at}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]));
  });
  return errors;
}

// Upstream: validEnvDownwardAPIFieldPathExpressions and the conversion of field labels.
const ENV_FIELDS = ["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"];
const VOLUME_FIELDS = ["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"];
const CONVERTIBLE_FIELDS = [...ENV_FIELDS, ...VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase", "status.nominatedNodeName"];
const RESOURCES = ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

function validateEnv(variable: EnvVar, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!variable.name) errors.push(required(`${path}.name`));
  else for (const message of isEnvVarName(variable.name)) errors.push(invalid(`${path}.name`, variable.name, message));
  const from = variable.valueFrom;
  if (!from) return errors;
  const sources = Object.values(from).filter((source) => source !== undefined).length;
  if (sources === 0) errors.push(invalid(`${path}.valueFrom`, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"));
  else if (variable.value) errors.push(invalid(`${path}.valueFrom`, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalid(`${path}.valueFrom`, "", "may not have more than one field specified at a time"));
  if (from.fieldRef) errors.push(...validateFieldRef(from.fieldRef, `${path}.valueFrom.fieldRef`, ENV_FIELDS));
  if (from.resourceFieldRef) errors.push(...validateResourceFieldRef(from.resourceFieldRef, `${path}.valueFrom.resourceFieldRef`, false));
  for (const kind of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = from[kind];
    if (!ref) continue;
    if (!ref.name) errors.push(required(`${path}.valueFrom.${kind}.name`));
    if (!ref.key) errors.push(required(`${path}.valueFrom.${kind}.key`));
    else for (const message of isConfigMapKey(ref.key)) errors.push(invalid(`${path}.valueFrom.${kind}.key`, ref.key, message));
  }
  return errors;
}

function validateFieldRef(ref: { apiVersion?: string; fieldPath: string }, path: string, allowed: readonly string[]): FieldError[] {
  if (!ref.fieldPath) return [required(`${path}.fieldPath`)];
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(ref.fieldPath);
  if (subscript) {
    const [, , key = ""] = subscript;
    return isQualifiedName(key.toLowerCase()).map((message) => invalid(`${path}.fieldPath`, key, message));
  }
  if (!CONVERTIBLE_FIELDS.includes(ref.fieldPath)) return [invalid(`${path}.fieldPath`, ref.fieldPath, `error converting fieldPath: field label not supported: ${ref.fieldPath}`)];
  if (!allowed.includes(ref.fieldPath)) return [notSupported(`${path}.fieldPath`, ref.fieldPath, [...allowed].sort())];
  return [];
}

function validateResourceFieldRef(ref: { containerName?: string; resource: string; divisor?: string }, path: string, inVolume: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (inVolume && !ref.containerName) errors.push(required(`${path}.containerName`));
  else if (!ref.resource) errors.push(required(`${path}.resource`));
  else if (!RESOURCES.includes(ref.resource) && !/^(limits|requests)\.hugepages-/.test(ref.resource)) errors.push(notSupported(`${path}.resource`, ref.resource, RESOURCES));
  else if (ref.divisor && ref.divisor !== "0") {
    const allowed = ref.resource.endsWith(".cpu") ? ["1m", "1"] : ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    const what = ref.resource.endsWith(".cpu") ? "only divisor's values 1m and 1 are supported with the cpu resource" : `only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the ${ref.resource.endsWith(".memory") ? "memory" : "local ephemeral storage"} resource`;
    if (!allowed.includes(ref.divisor)) errors.push(invalid(`${path}.divisor`, ref.divisor, what));
  }
  return errors;
}

function validateMounts(mounts: readonly VolumeMount[], path: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const points = new Set<string>();
  mounts.forEach((mount, index) => {
    const at = `${path}[${index}]`;
    if (!mount.name) errors.push(required(`${at}.name`));
    else if (!volumes.has(mount.name)) errors.push(notFoundValue(`${at}.name`, mount.name));
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
    else if (points.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, "must be unique"));
    points.add(mount.mountPath);
    if (mount.subPath && mount.subPathExpr) errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"));
    if (mount.subPath?.startsWith("/")) errors.push(invalid(`${at}.subPath`, mount.subPath, "must be a relative path"));
    if (mount.subPath?.split("/").includes("..")) errors.push(invalid(`${at}.subPath`, mount.subPath, "must not contain '..'"));
  });
  return errors;
}

function validateProbes(container: Container, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = container[name];
    if (!probe) continue;
    const at = `${path}.${name}`;
    errors.push(...validateHandler(probe, at));
    for (const field of ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const) {
      const value = probe[field];
      if (value !== undefined && value < 0) errors.push(invalid(`${at}.${field}`, value, "must be greater than or equal to 0"));
    }
    if (name === "readinessProbe" && probe.terminationGracePeriodSeconds !== undefined) errors.push(invalid(`${at}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, "must not be set for readinessProbes"));
    if (name !== "readinessProbe" && (probe.successThreshold ?? 1) !== 1) errors.push(invalid(`${at}.successThreshold`, probe.successThreshold, "must be 1"));
  }
  return errors;
}

function validateHandler(handler: Probe & { sleep?: { seconds: number } }, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const kinds = (["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const).filter((kind) => handler[kind] !== undefined);
  if (kinds.length === 0) return [required(path, "must specify a handler type")];
  for (const kind of kinds.slice(1)) errors.push(forbidden(`${path}.${kind}`, "may not specify more than 1 handler type"));
  if (kinds[0] === "exec" && !handler.exec?.command?.length) errors.push(required(`${path}.exec.command`));
  const port = kinds[0] === "httpGet" ? handler.httpGet?.port : kinds[0] === "tcpSocket" ? handler.tcpSocket?.port : undefined;
  if (kinds[0] === "httpGet" || kinds[0] === "tcpSocket") {
    const at = `${path}.${kinds[0]}.port`;
    if (typeof port === "string") for (const message of isPortName(port)) errors.push(invalid(at, port, message));
    else for (const message of isPortNumber(port ?? 0)) errors.push(invalid(at, port ?? 0, message));
  }
  if (handler.httpGet?.scheme && !["HTTP", "HTTPS"].includes(handler.httpGet.scheme)) errors.push(notSupported(`${path}.httpGet.scheme`, handler.httpGet.scheme, ["HTTP", "HTTPS"]));
  return errors;
}

export function validateResources(resources: ResourceRequirements, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const side of ["limits", "requests"] as const) {
    for (const [name, text] of Object.entries(resources[side] ?? {})) {
      const at = `${path}.${side}`;
      const standard = ["cpu", "memory", "ephemeral-storage"].includes(name) || name.startsWith("hugepages-");
      if (!standard && !name.includes("/")) errors.push(invalid(at, name, "must be a standard resource for containers"));
      if (!standard) for (const message of isQualifiedName(name)) errors.push(invalid(at, name, message));
      if (isQuantity(text) && parseQuantity(text).nanos < 0n) errors.push(invalid(`${at}[${name}]`, text, "must be greater than or equal to 0"));
    }
  }
  for (const [name, request] of Object.entries(resources.requests ?? {})) {
    const limit = resources.limits?.[name];
    if (limit !== undefined && parseQuantity(request).compare(parseQuantity(limit)) > 0) errors.push(invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
  }
  return errors;
}

function validateVolume(volume: Volume, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!volume.name) errors.push(required(`${path}.name`));
  else for (const message of isDns1123Label(volume.name)) errors.push(invalid(`${path}.name`, volume.name, message));
  const sources = Object.keys(volume).filter((key) => key !== "name");
  if (sources.length === 0) errors.push(required(path, "must specify a volume type"));
  for (const source of sources.slice(1)) errors.push(forbidden(`${path}.${source}`, "may not specify more than 1 volume type"));
  if (volume.hostPath && !volume.hostPath.path) errors.push(required(`${path}.hostPath.path`));
  if (volume.secret && !volume.secret.secretName) errors.push(required(`${path}.secret.secretName`));
  if (volume.configMap && !volume.configMap.name) errors.push(required(`${path}.configMap.name`));
  if (volume.persistentVolumeClaim && !volume.persistentVolumeClaim.claimName) errors.push(required(`${path}.persistentVolumeClaim.claimName`));
  validateKeyPaths(volume.secret?.items, `${path}.secret.items`, errors);
  validateKeyPaths(volume.configMap?.items, `${path}.configMap.items`, errors);
  validateDownwardItems(volume.downwardAPI?.items, `${path}.downwardAPI`, errors);
  (volume.projected?.sources ?? []).forEach((source, index) => {
    const at = `${path}.projected.sources[${index}]`;
    if (source.configMap && !source.configMap.name) errors.push(required(`${at}.configMap.name`));
    if (source.secret && !source.secret.name) errors.push(required(`${at}.secret.name`));
    if (source.serviceAccountToken && !source.serviceAccountToken.path) errors.push(required(`${at}.serviceAccountToken.path`));
    validateDownwardItems(source.downwardAPI?.items, `${at}.downwardAPI`, errors);
  });
  return errors;
}

function validateKeyPaths(items: readonly { key: string; path: string; mode?: number }[] | undefined, path: string, errors: FieldError[]): void {
  (items ?? []).forEach((item, index) => {
    if (!item.key) errors.push(required(`${path}[${index}].key`));
    if (!item.path) errors.push(required(`${path}[${index}].path`));
    else validateRelativePath(item.path, `${path}[${index}].path`, errors);
    if (item.mode !== undefined && (item.mode < 0 || item.mode > 0o777)) errors.push(invalid(`${path}[${index}].mode`, item.mode, "must be a number between 0 and 0777 (octal), both inclusive"));
  });
}

function validateRelativePath(path: string, at: string, errors: FieldError[]): void {
  if (path.startsWith("/")) errors.push(invalid(at, path, "must be a relative path"));
  if (path.split("/").includes("..")) errors.push(invalid(at, path, "must not contain '..'"));
  else if (path.startsWith("..")) errors.push(invalid(at, path, "must not start with '..'"));
}

type DownwardItem = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

function validateDownwardItems(items: readonly DownwardItem[] | undefined, path: string, errors: FieldError[]): void {
  for (const item of items ?? []) {
    if (!item.path) errors.push(required(`${path}.path`));
    else validateRelativePath(item.path, `${path}.path`, errors);
    if (item.fieldRef) {
      errors.push(...validateFieldRef(item.fieldRef, `${path}.fieldRef`, VOLUME_FIELDS));
      if (item.resourceFieldRef) errors.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    } else if (item.resourceFieldRef) errors.push(...validateResourceFieldRef(item.resourceFieldRef, `${path}.resourceFieldRef`, true));
    else errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  }
}
