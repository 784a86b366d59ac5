import { type FieldError, invalid } from "../field-errors.ts";
import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from "../generated/apiextensions-v1.ts";
import type { Kind } from "../kind.ts";
import { someSchema } from "../structural-schema/json-schema.ts";
import { supportedFormat } from "../structural-schema/formats.ts";
import { createdAt } from "./support/columns.ts";
import { schemaOf, validateCrd, validateNames } from "./support/crd-validation.ts";

export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

/** Upstream: apiextensions-apiserver/pkg/registry/customresourcedefinition */
export const customResourceDefinitions: Kind<CustomResourceDefinition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  hasGeneration: true,
  schema: { package: "apiextensions/v1", type: "CustomResourceDefinition" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    const { names } = spec;
    if (names) {
      names.singular ||= (names.kind ?? "").toLowerCase();
      if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
    }
    spec.conversion ??= { strategy: "None" };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service) service.port ??= 443;
  },
  prepareForCreate(crd) {
    // Go writes lists that nobody made as null.
    crd.status = {
      conditions: null as unknown as CustomResourceDefinitionCondition[],
      acceptedNames: { plural: "", kind: "" },
      storedVersions: [],
    };
    addStorageVersion(crd);
  },
  prepareForUpdate(crd, _old, { subresource }) {
    if (subresource === undefined) addStorageVersion(crd);
  },
  validate: validateCrd,
  validateUpdate: (crd, old) => {
    const isEstablished = conditionOf(old, "Established")?.status === "True";
    return [
      ...(isEstablished
        ? [
            ...immutable(crd.spec.scope, old.spec.scope, "spec.scope"),
            ...immutable(crd.spec.names.kind, old.spec.names.kind, "spec.names.kind"),
          ]
        : []),
      ...immutable(crd.spec.group, old.spec.group, "spec.group"),
      ...immutable(crd.spec.names.plural, old.spec.names.plural, "spec.names.plural"),
    ];
  },
  validateStatusUpdate: (crd) => validateNames(crd.status.acceptedNames, "status.acceptedNames"),
  beginDeletion: (crd, deletionTimestamp) => ({
    ...crd,
    metadata: {
      ...crd.metadata,
      deletionTimestamp,
      finalizers: [...(crd.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER), CLEANUP_FINALIZER],
    },
    status: withCondition(
      crd.status,
      {
        type: "Terminating",
        status: "True",
        reason: "InstanceDeletionPending",
        message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
      },
      deletionTimestamp,
    ),
  }),
  warnings: (crd, old) => {
    const known = new Set(old ? unknownFormats(old) : []);
    return [
      ...unknownFormats(crd)
        .filter((format) => !known.has(format))
        .map((format) => `unrecognized format ${JSON.stringify(format)}`),
    ];
  },
  columns: [createdAt()],
};

/** The condition added or changed, with the time of its change. Upstream: apihelpers.SetCRDCondition */
export function withCondition(
  status: CustomResourceDefinition["status"],
  condition: CustomResourceDefinitionCondition,
  now: string,
): CustomResourceDefinition["status"] {
  const conditions = status.conditions ?? [];
  const old = conditions.find((other) => other.type === condition.type);
  if (!old) return { ...status, conditions: [...conditions, { ...condition, lastTransitionTime: now }] };
  const lastTransitionTime = old.status === condition.status && old.lastTransitionTime ? old.lastTransitionTime : now;
  return { ...status, conditions: conditions.map((other) => (other === old ? { ...old, ...condition, lastTransitionTime } : other)) };
}

export function conditionOf(crd: CustomResourceDefinition, type: string): CustomResourceDefinitionCondition | undefined {
  return crd.status?.conditions?.find((condition) => condition.type === type);
}

function addStorageVersion(crd: CustomResourceDefinition): void {
  const storage = crd.spec.versions?.find((version) => version.storage)?.name;
  const stored = crd.status.storedVersions ?? [];
  if (storage !== undefined && !stored.includes(storage)) crd.status.storedVersions = [...stored, storage];
}

function immutable(value: unknown, old: unknown, path: string): FieldError[] {
  return value === old ? [] : [invalid(path, value, "field is immutable")];
}

function unknownFormats(crd: CustomResourceDefinition): string[] {
  const found: string[] = [];
  const schemas = new Set((crd.spec.versions ?? []).map((version) => JSON.stringify(version.schema ?? {})));
  for (const text of schemas) {
    someSchema(schemaOf(JSON.parse(text) as object), (schema) => {
      if (schema.format && supportedFormat({ ...schema, "x-kubernetes-int-or-string": false }) === undefined) found.push(schema.format);
      return false;
    });
  }
  return found;
}
