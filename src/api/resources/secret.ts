import { type FieldError, forbidden, invalid, required, tooLong } from "../field-errors.ts";
import type { Secret } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { isConfigMapKey } from "../validation/names.ts";
import { age, integer, text } from "./support/columns.ts";

/** A secret that the tokens controller fills in, and the annotation that says for whom. */
export const SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token";
export const SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name";
const MAX_BYTES = 1024 * 1024;
const REQUIRED_KEYS: Record<string, readonly string[]> = {
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

/** Upstream: pkg/registry/core/secret */
export const secrets: Kind<Secret> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  singular: "secret",
  namespaced: true,
  schema: { package: "core/v1", type: "Secret" },
  setDefaults(secret) {
    secret.type ||= "Opaque";
    if (!secret.stringData) return;
    secret.data ??= {};
    for (const [key, value] of Object.entries(secret.stringData)) secret.data[key] = Buffer.from(value).toString("base64");
    delete secret.stringData;
  },
  validate(secret) {
    const errors: FieldError[] = [];
    let bytes = 0;
    for (const [key, value] of Object.entries(secret.data ?? {})) {
      for (const message of isConfigMapKey(key)) errors.push(invalid(`data[${key}]`, key, message));
      bytes += Buffer.byteLength(value, "base64");
    }
    if (bytes > MAX_BYTES) errors.push(tooLong("data", MAX_BYTES));
    if (secret.type === SERVICE_ACCOUNT_TOKEN && !secret.metadata.annotations?.[SERVICE_ACCOUNT_NAME])
      errors.push(required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`));
    for (const key of REQUIRED_KEYS[secret.type ?? ""] ?? []) if (secret.data?.[key] === undefined) errors.push(required(`data[${key}]`));
    return errors;
  },
  validateUpdate(secret, old) {
    const errors: FieldError[] = [];
    if (secret.type !== old.type) errors.push(invalid("type", secret.type, "field is immutable"));
    if (old.immutable && !secret.immutable) errors.push(forbidden("immutable", "field is immutable when `immutable` is set"));
    if (old.immutable && !sameJson(secret.data ?? {}, old.data ?? {}))
      errors.push(forbidden("data", "field is immutable when `immutable` is set"));
    return errors;
  },
  selectableFields: (secret) => ({ type: secret.type ?? "" }),
  columns: [
    text("Type", "What its data is.", (secret) => secret.type ?? ""),
    integer("Data", "How many keys it has.", (secret) => Object.keys(secret.data ?? {}).length),
    age(),
  ],
};
