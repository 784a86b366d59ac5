import { forbidden, type FieldError, invalid, required, tooLong } from "../field-errors.ts";
import type { ObjectMeta } from "../generated/meta-v1.ts";
import type { Kind } from "../kind.ts";
import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isLabelValue, isPathSegmentName, isQualifiedName } from "./names.ts";

// Upstream: k8s.io/apimachinery/pkg/api/validation/objectmeta.go
const ANNOTATIONS_MAX_BYTES = 256 * 1024;

const NAME_RULES: Record<NonNullable<Kind["nameRule"]>, (text: string) => string[]> = {
  "dns-1123-subdomain": isDns1123Subdomain,
  "dns-1123-label": isDns1123Label,
  "dns-1035-label": isDns1035Label,
  "path-segment": isPathSegmentName,
};

export interface MetadataRules {
  readonly namespaced: boolean;
  readonly nameRule: Kind["nameRule"];
}

/** What may be wrong with an object's metadata at creation. */
export function validateObjectMeta(metadata: Partial<ObjectMeta>, rules: MetadataRules, path = "metadata"): FieldError[] {
  const errors: FieldError[] = [];
  const checkName = NAME_RULES[rules.nameRule ?? "dns-1123-subdomain"];
  if (metadata.generateName) {
    // The suffix replaces what would be a trailing hyphen: it is masked for the check.
    for (const message of checkName(metadata.generateName.replace(/-$/, "a")))
      errors.push(invalid(`${path}.generateName`, metadata.generateName, message));
  }
  if (!metadata.name) errors.push(required(`${path}.name`, "name or generateName is required"));
  else for (const message of checkName(metadata.name)) errors.push(invalid(`${path}.name`, metadata.name, message));
  if (rules.namespaced) {
    if (!metadata.namespace) errors.push(required(`${path}.namespace`));
    else for (const message of isDns1123Label(metadata.namespace)) errors.push(invalid(`${path}.namespace`, metadata.namespace, message));
  } else if (metadata.namespace) errors.push(forbidden(`${path}.namespace`, "not allowed on this type"));
  return [...errors, ...validateMutableMeta(metadata, path)];
}

function validateMutableMeta(metadata: Partial<ObjectMeta>, path: string): FieldError[] {
  const errors = [
    ...validateLabels(metadata.labels ?? {}, `${path}.labels`),
    ...validateAnnotations(metadata.annotations ?? {}, `${path}.annotations`),
  ];
  const controllers = (metadata.ownerReferences ?? []).filter((owner) => owner.controller);
  (metadata.ownerReferences ?? []).forEach((owner, index) => {
    const at = `${path}.ownerReferences[${index}]`;
    if (!owner.apiVersion) errors.push(invalid(`${at}.apiVersion`, owner.apiVersion ?? "", "version must not be empty"));
    if (!owner.kind) errors.push(invalid(`${at}.kind`, owner.kind ?? "", "must not be empty"));
    if (!owner.name) errors.push(invalid(`${at}.name`, owner.name ?? "", "must not be empty"));
    if (!owner.uid) errors.push(invalid(`${at}.uid`, owner.uid ?? "", "must not be empty"));
  });
  if (controllers.length > 1) {
    const [first, second] = controllers;
    errors.push(
      invalid(
        `${path}.ownerReferences`,
        metadata.ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${first?.kind}/${first?.name} and ${second?.kind}/${second?.name}`,
      ),
    );
  }
  (metadata.finalizers ?? []).forEach((finalizer) => {
    for (const message of isQualifiedName(finalizer)) errors.push(invalid(`${path}.finalizers`, finalizer, message));
  });
  return errors;
}

export function validateLabels(labels: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    for (const message of isQualifiedName(key)) errors.push(invalid(path, key, message));
    for (const message of isLabelValue(value)) errors.push(invalid(path, value, message));
  }
  return errors;
}

export function validateAnnotations(annotations: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const message of isQualifiedName(key.toLowerCase())) errors.push(invalid(path, key, message));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > ANNOTATIONS_MAX_BYTES) errors.push(tooLong(path, ANNOTATIONS_MAX_BYTES));
  return errors;
}

/** What may be wrong with an object's metadata at an update. */
export function validateObjectMetaUpdate(metadata: ObjectMeta, old: ObjectMeta, path = "metadata"): FieldError[] {
  const errors: FieldError[] = [];
  const immutable = "field is immutable";
  if (metadata.name !== old.name) errors.push(invalid(`${path}.name`, metadata.name, immutable));
  if (metadata.namespace !== old.namespace) errors.push(invalid(`${path}.namespace`, metadata.namespace, immutable));
  if (metadata.uid !== old.uid) errors.push(invalid(`${path}.uid`, metadata.uid, immutable));
  if (metadata.creationTimestamp !== old.creationTimestamp)
    errors.push(invalid(`${path}.creationTimestamp`, metadata.creationTimestamp, immutable));
  if (old.deletionTimestamp) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
    if (added.length > 0)
      errors.push(
        forbidden(
          `${path}.finalizers`,
          `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`.replace(
            /,(?=")/g,
            ", ",
          ),
        ),
      );
  }
  return [...errors, ...validateMutableMeta(metadata, path)];
}
