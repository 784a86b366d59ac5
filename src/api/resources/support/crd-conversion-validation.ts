import { type FieldError, forbidden, invalid, notSupported, required } from "../../field-errors.ts";
import type { CustomResourceConversion, WebhookClientConfig } from "../../generated/apiextensions-v1.ts";
import { isDns1035Label, isPortNumber } from "../../validation/names.ts";

const PATH = "spec.conversion";
const KNOWN_REVIEWS = ["v1", "v1beta1"];

/** Upstream: validateCustomResourceConversion */
export function validateConversion(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (!conversion) return [];
  const errors: FieldError[] = [];
  const { strategy, webhook } = conversion;
  if (!strategy) errors.push(required(`${PATH}.strategy`));
  else if (strategy !== "None" && strategy !== "Webhook") errors.push(notSupported(`${PATH}.strategy`, strategy, ["None", "Webhook"]));
  if (strategy !== "Webhook") {
    if (webhook?.clientConfig)
      errors.push(forbidden(`${PATH}.webhookClientConfig`, "should not be set when strategy is not set to Webhook"));
    if (webhook?.conversionReviewVersions?.length)
      errors.push(forbidden(`${PATH}.conversionReviewVersions`, "should not be set when strategy is not set to Webhook"));
    return errors;
  }
  if (webhook?.clientConfig) errors.push(...validateClient(webhook.clientConfig));
  else errors.push(required(`${PATH}.webhookClientConfig`, "required when strategy is set to Webhook"));
  return [...errors, ...validateReviewVersions(webhook?.conversionReviewVersions ?? [])];
}

function validateClient({ url, service }: WebhookClientConfig): FieldError[] {
  const path = `${PATH}.webhookClientConfig`;
  if ((url === undefined) === (service === undefined)) return [required(path, "exactly one of url or service is required")];
  if (url !== undefined) {
    if (!URL.canParse(url)) return [required(`${path}.url`, `url must be a valid URL: ${url}`)];
    const parsed = new URL(url);
    return parsed.protocol === "https:"
      ? []
      : [
          invalid(
            `${path}.url`,
            parsed.protocol.slice(0, -1),
            "'https' is the only allowed URL scheme; desired format: https://host[/path]",
          ),
        ];
  }
  const errors: FieldError[] = [];
  if (!service?.name) errors.push(required(`${path}.service.name`, "service name is required"));
  if (!service?.namespace) errors.push(required(`${path}.service.namespace`, "service namespace is required"));
  for (const message of isPortNumber(service?.port ?? 443))
    errors.push(invalid(`${path}.service.port`, service?.port, `port is not valid: ${message}`));
  return errors;
}

function validateReviewVersions(versions: readonly string[]): FieldError[] {
  const path = `${PATH}.conversionReviewVersions`;
  if (versions.length === 0) return [required(path)];
  const errors: FieldError[] = [];
  versions.forEach((version, index) => {
    if (versions.indexOf(version) < index) errors.push(invalid(`${path}[${index}]`, version, "duplicate version"));
    else for (const message of isDns1035Label(version)) errors.push(invalid(`${path}[${index}]`, version, message));
  });
  return versions.some((version) => KNOWN_REVIEWS.includes(version))
    ? errors
    : [...errors, invalid(path, versions, `must include at least one of ${KNOWN_REVIEWS.join(", ")}`)];
}
