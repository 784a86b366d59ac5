import { duplicate, type FieldError, invalid, notSupported, required } from "../../field-errors.ts";
import type { MutatingWebhook, WebhookClientConfig } from "../../generated/admissionregistration-v1.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { isDns1123Subdomain } from "../../validation/names.ts";
import { validateMatchConditions, validateRule } from "./admission-registration-validation.ts";

// Upstream: pkg/apis/admissionregistration/validation/validation.go
const FAILURE_POLICIES = ["Fail", "Ignore"];
const MATCH_POLICIES = ["Equivalent", "Exact"];
const REINVOCATION_POLICIES = ["IfNeeded", "Never"];
const SIDE_EFFECTS = ["None", "NoneOnDryRun"];
const REVIEW_VERSIONS = ["v1", "v1beta1"];

/** Of both kinds of configuration: a validating webhook says nothing of reinvocation. */
export function validateWebhooks(webhooks: readonly MutatingWebhook[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, webhook] of (webhooks ?? []).entries()) {
    const path = `webhooks[${index}]`;
    errors.push(...validateWebhook(webhook, path));
    if (names.has(webhook.name)) errors.push(duplicate(`${path}.name`, webhook.name));
    names.add(webhook.name);
    errors.push(...validateReviewVersions(webhook.admissionReviewVersions, `${path}.admissionReviewVersions`));
  }
  return errors;
}

/** What both kinds default. Upstream: pkg/apis/admissionregistration/v1/defaults.go */
export function defaultWebhook(webhook: MutatingWebhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  for (const rule of webhook.rules ?? []) rule.scope ??= "*";
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
}

function validateWebhook(webhook: MutatingWebhook, path: string): FieldError[] {
  const { failurePolicy, matchPolicy, sideEffects, timeoutSeconds, reinvocationPolicy } = webhook;
  const errors = validateHookName(webhook.name ?? "", `${path}.name`);
  for (const [index, rule] of (webhook.rules ?? []).entries()) errors.push(...validateRule(rule, `${path}.rules[${index}]`));
  if (failurePolicy !== undefined && !FAILURE_POLICIES.includes(failurePolicy))
    errors.push(notSupported(`${path}.failurePolicy`, failurePolicy, FAILURE_POLICIES));
  if (matchPolicy !== undefined && !MATCH_POLICIES.includes(matchPolicy))
    errors.push(notSupported(`${path}.matchPolicy`, matchPolicy, MATCH_POLICIES));
  if (!sideEffects) errors.push(required(`${path}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(", ")}`));
  else if (!SIDE_EFFECTS.includes(sideEffects)) errors.push(notSupported(`${path}.sideEffects`, sideEffects, SIDE_EFFECTS));
  if (reinvocationPolicy !== undefined && !REINVOCATION_POLICIES.includes(reinvocationPolicy))
    errors.push(notSupported(`${path}.reinvocationPolicy`, reinvocationPolicy, REINVOCATION_POLICIES));
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1))
    errors.push(invalid(`${path}.timeoutSeconds`, timeoutSeconds, "the timeout value must be between 1 and 30 seconds"));
  errors.push(
    ...validateLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(webhook.objectSelector, `${path}.objectSelector`),
  );
  errors.push(...validateClientConfig(webhook.clientConfig ?? {}, `${path}.clientConfig`));
  return [...errors, ...validateMatchConditions(webhook.matchConditions, false, `${path}.matchConditions`)];
}

/** Upstream: utilvalidation.IsFullyQualifiedName */
function validateHookName(name: string, path: string): FieldError[] {
  if (name === "") return [required(path)];
  const errors = isDns1123Subdomain(name).map((message) => invalid(path, name, message));
  return errors.length === 0 && name.split(".").length < 3
    ? [invalid(path, name, "should be a domain with at least three segments separated by dots")]
    : errors;
}

/** Upstream: apiserver/pkg/util/webhook/validation.go */
function validateClientConfig({ url, service }: WebhookClientConfig, path: string): FieldError[] {
  if ((url === undefined) === (service === undefined)) return [required(path, "exactly one of url or service is required")];
  if (url !== undefined) return validateUrl(url, `${path}.url`);
  const errors: FieldError[] = [];
  if (!service?.name) errors.push(required(`${path}.service.name`));
  if (!service?.namespace) errors.push(required(`${path}.service.namespace`));
  const port = service?.port ?? 443;
  if (port < 1 || port > 65_535)
    errors.push(invalid(`${path}.service.port`, port, "port is not valid: must be between 1 and 65535, inclusive"));
  const servicePath = service?.path;
  if (servicePath && servicePath !== "/" && !servicePath.startsWith("/"))
    errors.push(invalid(`${path}.service.path`, servicePath, "must start with a '/'"));
  return errors;
}

function validateUrl(text: string, path: string): FieldError[] {
  const form = "; desired format: https://host[/path]";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return [required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI for request${form}`)];
  }
  const errors: FieldError[] = [];
  if (url.protocol !== "https:") errors.push(invalid(path, url.protocol.replace(":", ""), `'https' is the only allowed URL scheme${form}`));
  if (!url.host) errors.push(invalid(path, "", `host must be specified${form}`));
  if (url.username) errors.push(invalid(path, url.username, "user information is not permitted in the URL"));
  if (url.hash) errors.push(invalid(path, url.hash.slice(1), "fragments are not permitted in the URL"));
  if (url.search) errors.push(invalid(path, url.search.slice(1), "query parameters are not permitted in the URL"));
  return errors;
}

function validateReviewVersions(versions: readonly string[] | undefined, path: string): FieldError[] {
  if (!versions?.length) return [required(path, `must specify one of ${REVIEW_VERSIONS.join(", ")}`)];
  const errors = versions.flatMap((version, index) =>
    versions.indexOf(version) === index ? [] : [duplicate(`${path}[${index}]`, version)],
  );
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`));
  return errors;
}
