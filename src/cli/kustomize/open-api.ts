import { schemaOf, structType, type SchemaType } from "../../api/schema.ts";
import { type Json, isMap } from "./values.ts";

/** What strategic merges have to know of a field. */
export interface MergeSchema {
  field(name: string): MergeSchema | undefined;
  item(): MergeSchema | undefined;
  /** The fields that tell items of a list apart; none for lists of texts. Undefined: a patch replaces the list. */
  readonly mergeKeys: readonly string[] | undefined;
}

/** The lists that are merged in the schema which kustomize has built in, that of Kubernetes 1.21. Later ones are replaced. Upstream: kyaml/openapi/kubernetesapi */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  "MutatingWebhookConfiguration.webhooks": ["name"],
  "ValidatingWebhookConfiguration.webhooks": ["name"],
  "Container.env": ["name"],
  "Container.ports": ["containerPort", "protocol"],
  "Container.volumeDevices": ["devicePath"],
  "Container.volumeMounts": ["mountPath"],
  "EphemeralContainer.env": ["name"],
  "EphemeralContainer.volumeDevices": ["devicePath"],
  "EphemeralContainer.volumeMounts": ["mountPath"],
  "PodSpec.containers": ["name"],
  "PodSpec.ephemeralContainers": ["name"],
  "PodSpec.hostAliases": ["ip"],
  "PodSpec.imagePullSecrets": ["name"],
  "PodSpec.initContainers": ["name"],
  "PodSpec.topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"],
  "PodSpec.volumes": ["name"],
  "PodStatus.podIPs": ["ip"],
  "NodeSpec.podCIDRs": [],
  "NodeStatus.addresses": ["type"],
  "ServiceAccount.secrets": ["name"],
  "ServiceSpec.ports": ["port", "protocol"],
  "CSINodeSpec.drivers": ["name"],
  "ObjectMeta.finalizers": [],
  "ObjectMeta.ownerReferences": ["uid"],
  ...Object.fromEntries(
    "DaemonSet Deployment ReplicaSet StatefulSet Job Namespace Node PersistentVolumeClaim Pod ReplicationController Service PodDisruptionBudget APIService"
      .split(" ")
      .map((kind) => [`${kind}Status.conditions`, ["type"]]),
  ),
};

/** Kinds outside of namespaces, as that schema has them: all others are taken to be in one. */
const CLUSTER_SCOPED = new Set(
  [
    ["admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration"],
    ["apiextensions.k8s.io/v1 apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"],
    ["apiregistration.k8s.io/v1 apiregistration.k8s.io/v1beta1", "APIService"],
    ["certificates.k8s.io/v1 certificates.k8s.io/v1beta1", "CertificateSigningRequest"],
    ["flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema PriorityLevelConfiguration"],
    ["networking.k8s.io/v1 networking.k8s.io/v1beta1", "IngressClass"],
    ["node.k8s.io/v1 node.k8s.io/v1beta1", "RuntimeClass"],
    ["policy/v1beta1", "PodSecurityPolicy"],
    ["rbac.authorization.k8s.io/v1 rbac.authorization.k8s.io/v1beta1", "ClusterRole ClusterRoleBinding"],
    ["scheduling.k8s.io/v1 scheduling.k8s.io/v1beta1", "PriorityClass"],
    ["storage.k8s.io/v1 storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment"],
    ["v1", "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume"],
  ].flatMap(([versions = "", kinds = ""]) =>
    versions.split(" ").flatMap((version) => kinds.split(" ").map((kind) => `${version} ${kind}`)),
  ),
);

/** The schema that a build goes by: the one built in, or the one that the first kustomization with an `openapi` field names. */
export class OpenApi {
  #custom: Json | undefined;
  #versionGiven = false;
  readonly #clusterScoped = new Map<string, boolean>();

  /** Upstream: kyaml/openapi SetSchema */
  set(version: string | undefined, schema: Json | undefined): void {
    if (this.#versionGiven || this.#custom !== undefined) return;
    if (schema !== undefined) {
      if (version !== undefined) throw new Error("builtin version and custom schema provided, cannot use both");
      this.#custom = schema;
      this.#findScopes(schema);
      return;
    }
    if (!version) return;
    if (version !== "v1.21.2") throw new Error("the specified OpenAPI version is not built in");
    this.#versionGiven = true;
  }

  isClusterScoped(apiVersion: string, kind: string): boolean {
    const key = `${apiVersion} ${kind}`;
    return CLUSTER_SCOPED.has(key) || (this.#clusterScoped.get(key) ?? false);
  }

  schemaOf(apiVersion: string, kind: string): MergeSchema | undefined {
    if (this.#custom === undefined) return builtinSchema(apiVersion, kind);
    const definitions = isMap(this.#custom["definitions"]) ? this.#custom["definitions"] : {};
    const own = Object.values(definitions).find((definition) => kindsOf(definition).includes(`${apiVersion} ${kind}`));
    return isMap(own) ? new CustomSchema(own, definitions) : undefined;
  }

  #findScopes({ paths }: Json): void {
    if (!isMap(paths)) return;
    for (const [path, info] of Object.entries(paths)) {
      const [key] = isMap(info) && isMap(info["get"]) ? kindsOf(info["get"]) : [];
      if (key === undefined) continue;
      if (path.includes("namespaces/{namespace}")) this.#clusterScoped.set(key, false);
      else if (!this.#clusterScoped.has(key)) this.#clusterScoped.set(key, true);
    }
  }
}

/** `apps/v1 Deployment` of what is marked with the kinds that it describes. */
function kindsOf(marked: unknown): string[] {
  const kinds = isMap(marked) ? marked["x-kubernetes-group-version-kind"] : undefined;
  return (Array.isArray(kinds) ? kinds : [kinds])
    .filter(isMap)
    .map(({ group, version, kind }) => `${typeof group === "string" && group !== "" ? `${group}/` : ""}${String(version)} ${String(kind)}`);
}

function builtinSchema(apiVersion: string, kind: string): MergeSchema | undefined {
  const found = schemaOf(apiVersion === "batch/v1beta1" ? "batch/v1" : apiVersion, kind);
  return found && new BuiltinSchema(structType(found.package, found.type), undefined);
}

class BuiltinSchema implements MergeSchema {
  readonly mergeKeys: readonly string[] | undefined;
  readonly #type: SchemaType;

  constructor(type: SchemaType, mergeKeys: readonly string[] | undefined) {
    this.#type = type;
    this.mergeKeys = mergeKeys;
  }

  field(name: string): MergeSchema | undefined {
    const type = this.#type;
    if (type.form === "map") return new BuiltinSchema(type.value, undefined);
    const field = type.form === "struct" ? type.fields.get(name) : undefined;
    return type.form === "struct" && field ? new BuiltinSchema(field.type, MERGE_KEYS[`${type.name}.${name}`]) : undefined;
  }

  item(): MergeSchema | undefined {
    return this.#type.form === "list" ? new BuiltinSchema(this.#type.item, undefined) : undefined;
  }
}

/** A definition of a file in the format of OpenAPI v2. */
class CustomSchema implements MergeSchema {
  readonly #schema: Json;
  readonly #definitions: Json;

  constructor(schema: Json, definitions: Json) {
    this.#schema = schema;
    this.#definitions = definitions;
  }

  get mergeKeys(): readonly string[] | undefined {
    const strategy = this.#schema["x-kubernetes-patch-strategy"];
    if (typeof strategy !== "string" || !strategy.split(",").includes("merge")) return undefined;
    const many = this.#schema["x-kubernetes-list-map-keys"];
    const one = this.#schema["x-kubernetes-patch-merge-key"];
    return Array.isArray(many) ? many.map(String) : typeof one === "string" ? [one] : [];
  }

  field(name: string): MergeSchema | undefined {
    const { properties, additionalProperties } = this.#schema;
    return this.#resolve(isMap(properties) && name in properties ? properties[name] : additionalProperties);
  }

  item(): MergeSchema | undefined {
    return this.#schema["type"] === "array" ? this.#resolve(this.#schema["items"]) : undefined;
  }

  #resolve(schema: unknown): MergeSchema | undefined {
    let found = schema;
    while (isMap(found) && typeof found["$ref"] === "string") found = this.#definitions[found["$ref"].replace(/^#\/definitions\//, "")];
    return isMap(found) ? new CustomSchema(found, this.#definitions) : undefined;
  }
}
