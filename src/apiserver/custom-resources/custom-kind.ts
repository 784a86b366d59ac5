import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "../../api/generated/apiextensions-v1.ts";
import { apiVersionOf, type Kind, type StoredForm, type Subresource, type Verb } from "../../api/kind.ts";
import { isObject, sameJson } from "../../api/merge-patch.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { conditionOf } from "../../api/resources/custom-resource-definition.ts";
import { forbiddenRequest } from "../../api/status.ts";
import { defaultObject, dropForbiddenNulls } from "../../api/structural-schema/defaulting.ts";
import type { JsonSchema } from "../../api/structural-schema/json-schema.ts";
import { pruneObject } from "../../api/structural-schema/pruning.ts";
import type { Rng } from "../../util/rng.ts";
import { compareVersions } from "../http/discovery.ts";
import { cloneJson } from "../objects.ts";
import { customColumns } from "./columns.ts";
import { ConversionWebhook } from "./conversion-webhook.ts";
import { CustomResourceRules } from "./rules.ts";
import { readPath } from "./simple-path.ts";

// In the order in which upstream lists them for custom resources.
const VERBS: readonly Verb[] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const STATUS: Subresource = { verbs: ["get", "patch", "update"] };
const SCALE: Subresource = { verbs: ["get", "patch", "update"], responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } };
const ANYTHING: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** The kinds of all served versions, the way the names were accepted. Upstream: apiextensions-apiserver/pkg/apiserver/customresource_handler.go */
export function kindsOf(crd: CustomResourceDefinition, rng: Rng): Kind[] {
  const webhook = crd.spec.conversion?.strategy === "Webhook" ? new ConversionWebhook(crd, rng) : undefined;
  return crd.spec.versions.filter((version) => version.served).map((version) => customKind(crd, version, webhook));
}

export function customKind(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion, webhook?: ConversionWebhook): Kind {
  const { spec } = crd;
  const names = crd.status.acceptedNames ?? spec.names;
  const schema = schemaOf(version);
  const hasStatus = version.subresources?.status !== undefined;
  const scale = version.subresources?.scale;
  const isTerminating = conditionOf(crd, "Terminating")?.status === "True";
  const refuseCreate = (name: string) =>
    forbiddenRequest(
      { group: spec.group, plural: names.plural },
      name,
      "create not allowed while custom resource definition is terminating",
    );
  const rules = new CustomResourceRules({ schema, hasStatus, scale, ...(isTerminating ? { refuseCreate } : {}) });
  const apiVersion = apiVersionOf({ group: spec.group, version: version.name });
  return {
    group: spec.group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    ...(names.shortNames?.length ? { shortNames: names.shortNames } : {}),
    ...(names.categories?.length ? { categories: names.categories } : {}),
    listKind: names.listKind ?? `${names.kind}List`,
    namespaced: spec.scope === "Namespaced",
    schema: { package: "", type: "" },
    verbs: VERBS,
    ...(hasStatus || scale ? { subresources: { ...(hasStatus ? { status: STATUS } : {}), ...(scale ? { scale: SCALE } : {}) } } : {}),
    hasGeneration: true,
    openApiSchema: schema as Readonly<Record<string, unknown>>,
    ...(scale ? { scalePaths: scale } : {}),
    ...(version.deprecated ? { deprecationWarning: deprecationWarning(crd, version) } : {}),
    storedForm: storedForm(crd, { apiVersion, schema }, webhook),
    prune: (object) => coerce(schema, object),
    setDefaults: (object) => void defaultObject(schema, object),
    prepareForCreate: (object) => rules.prepareForCreate(object),
    prepareForUpdate: (object, old, { subresource }) => rules.prepareForUpdate(object, old, subresource),
    validateCreate: (object) => rules.validateCreate(object),
    validateUpdate: (object, old) => rules.validateUpdate(object, old),
    validateStatusUpdate: (object, old) => rules.validateStatusUpdate(object, old),
    warnings: (object, old) => rules.warnings(object, old),
    ...(version.selectableFields?.length
      ? { selectableFields: selectableFields(version.selectableFields.map((field) => field.jsonPath)) }
      : {}),
    columns: customColumns(version.additionalPrinterColumns),
  };
}

export function storageVersion(crd: CustomResourceDefinition): CustomResourceDefinitionVersion {
  return crd.spec.versions.find((version) => version.storage) ?? (crd.spec.versions[0] as CustomResourceDefinitionVersion);
}

/** What is read here was decoded by the type of the CustomResourceDefinition and validated as a schema. */
function schemaOf(version: CustomResourceDefinitionVersion): JsonSchema {
  return (version.schema?.openAPIV3Schema as JsonSchema | undefined) ?? ANYTHING;
}

/** Drops what the schema does not know and nulls it does not allow. */
function coerce(schema: JsonSchema, object: Record<string, unknown>): string[] {
  const unknown = pruneObject(schema, object);
  dropForbiddenNulls(schema, object);
  return unknown;
}

function storedForm(
  crd: CustomResourceDefinition,
  as: { readonly apiVersion: string; readonly schema: JsonSchema },
  webhook: ConversionWebhook | undefined,
): StoredForm {
  const apiVersion = apiVersionOf({ group: crd.spec.group, version: storageVersion(crd).name });
  return {
    apiVersion,
    isAsked: webhook !== undefined,
    fromStored: (object) => fromStored(crd, object, { ...as, webhook }),
    toStored: (object) => webhook?.convert(object, apiVersion) ?? { ...object, apiVersion },
  };
}

/**
 * What is stored may be of another version, or older than the schema: it is pruned and defaulted as it is read.
 * The object itself when all that changes nothing.
 */
function fromStored(
  crd: CustomResourceDefinition,
  stored: KubernetesObject,
  as: { readonly apiVersion: string; readonly schema: JsonSchema; readonly webhook: ConversionWebhook | undefined },
): KubernetesObject {
  let object = cloneJson(stored);
  if (stored.apiVersion !== as.apiVersion) {
    const writtenAs = crd.spec.versions.find((version) => `${crd.spec.group}/${version.name}` === stored.apiVersion);
    if (writtenAs) {
      coerce(schemaOf(writtenAs), object as unknown as Record<string, unknown>);
      defaultObject(schemaOf(writtenAs), object as unknown as Record<string, unknown>);
    }
    if (as.webhook) object = as.webhook.convert(object, as.apiVersion);
    else object.apiVersion = as.apiVersion;
  }
  const fields = object as unknown as Record<string, unknown>;
  coerce(as.schema, fields);
  defaultObject(as.schema, fields);
  return sameJson(object, stored) ? stored : object;
}

/** Upstream: customresource_handler.go defaultDeprecationWarning */
function deprecationWarning({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string {
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const [successor] = spec.versions
    .filter((other) => other.served && !other.deprecated && compareVersions(other.name, version.name) > 0)
    .sort((a, b) => compareVersions(b.name, a.name));
  return `${spec.group}/${version.name} ${spec.names.kind} is deprecated${successor ? `; use ${spec.group}/${successor.name} ${spec.names.kind}` : ""}`;
}

function selectableFields(paths: readonly string[]): (object: KubernetesObject) => Record<string, string> {
  return (object) =>
    Object.fromEntries(
      paths.map((path) => {
        const value = readPath(object, path);
        return [
          path.replace(/^\./, ""),
          value === undefined || value === null || isObject(value) ? "" : String(value as string | number | boolean),
        ];
      }),
    );
}
