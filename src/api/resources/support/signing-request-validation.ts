import { readCertificateRequest } from "../../certificate-request.ts";
import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooLong } from "../../field-errors.ts";
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "../../generated/certificates-v1.ts";
import { sameJson } from "../../merge-patch.ts";
import { messageOf } from "../../status.ts";
import { isDns1123Label, isDns1123Subdomain } from "../../validation/names.ts";

const USAGES = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
const DECISIONS = ["Approved", "Denied"];
const FINAL = [...DECISIONS, "Failed"];
const MAX_DOMAIN = 253;
const MAX_PATH = 317;
const MIN_EXPIRATION_SECONDS = 600;

/** Upstream: pkg/apis/certificates/validation/validation.go validateCertificateSigningRequest */
export function validateSigningRequest({ spec, status }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const problem = requestProblem(spec.request ?? "");
  if (problem !== undefined) errors.push(invalid("spec.request", spec.request ?? "", problem));
  const usages: readonly string[] = spec.usages ?? [];
  if (usages.length === 0) errors.push(required("spec.usages"));
  for (const [index, usage] of usages.entries())
    if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, USAGES));
  for (const [index, usage] of usages.entries()) if (usages.indexOf(usage) < index) errors.push(duplicate(`spec.usages[${index}]`, usage));
  if (spec.signerName === LEGACY_SIGNER)
    errors.push(invalid("spec.signerName", spec.signerName, "the legacy signerName is not allowed via this API version"));
  else errors.push(...validateSignerName("spec.signerName", spec.signerName ?? ""));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_EXPIRATION_SECONDS)
    errors.push(invalid("spec.expirationSeconds", spec.expirationSeconds, "may not specify a duration less than 600 seconds (10 minutes)"));
  return [...errors, ...validateConditions(status?.conditions ?? [])];
}

function requestProblem(base64: string): string | undefined {
  try {
    return readCertificateRequest(base64).signatureProblem();
  } catch (error) {
    return messageOf(error);
  }
}

/** A domain and a path: example.com/signer. Upstream: pkg/api/validation ValidateSignerName */
export function validateSignerName(field: string, name: string): FieldError[] {
  if (name === "") return [required(field)];
  const [domain = "", path = "", ...more] = name.split("/");
  if (more.length > 0 || !name.includes("/"))
    return [invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const errors: FieldError[] = [];
  if (domain.length > MAX_DOMAIN) errors.push(tooLong(field, MAX_DOMAIN));
  const labels = domain.split(".");
  for (const label of labels)
    for (const text of isDns1123Label(label)) errors.push(invalid(field, domain, `validating label ${JSON.stringify(label)}: ${text}`));
  if (labels.length < 2) errors.push(invalid(field, domain, "should be a domain with at least two segments separated by dots"));
  for (const label of path.split("."))
    for (const text of isDns1123Subdomain(label)) errors.push(invalid(field, path, `validating label ${JSON.stringify(label)}: ${text}`));
  if (path.length > MAX_PATH) errors.push(tooLong(field, MAX_PATH));
  return errors;
}

function validateConditions(conditions: readonly CertificateSigningRequestCondition[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { type, status }] of conditions.entries()) {
    const field = `status.conditions[${index}]`;
    const allowed = FINAL.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    if (!type) errors.push(required(`${field}.type`));
    if (!status) errors.push(required(`${field}.status`));
    else if (!allowed.includes(status)) errors.push(notSupported(`${field}.status`, status, allowed));
    const other = type === "Approved" ? "Denied" : type === "Denied" ? "Approved" : undefined;
    if (other !== undefined && seen.has(other))
      errors.push(invalid("status.conditions", type, "Approved and Denied conditions are mutually exclusive"));
    if (seen.has(type)) errors.push(duplicate(`${field}.type`, type));
    seen.add(type);
  }
  return errors;
}

/** What an update through one of its doors may change. Upstream: validateCertificateSigningRequestUpdate */
export function validateSigningRequestUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  subresource: string | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const of = ({ status }: CertificateSigningRequest, type: string) => (status.conditions ?? []).filter((each) => each.type === type);
  for (const type of FINAL)
    if (of(request, type).length < of(old, type).length)
      errors.push(forbidden("status.conditions", `updates may not remove a condition of type "${type}"`));
  for (const type of subresource === "approval" ? [] : DECISIONS) {
    const [now, before] = [of(request, type), of(old, type)];
    if (now.length > before.length) errors.push(forbidden("status.conditions", `updates may not add a condition of type "${type}"`));
    else if (now.length === before.length && !sameJson(now, before))
      errors.push(forbidden("status.conditions", `updates may not modify a condition of type "${type}"`));
  }
  const [certificate, before] = [request.status.certificate ?? "", old.status.certificate ?? ""];
  if (certificate !== before) {
    if (subresource !== "status") errors.push(forbidden("status.certificate", "updates may not set certificate content"));
    else if (before !== "") errors.push(forbidden("status.certificate", "updates may not modify existing certificate content"));
    const problem = certificateProblem(certificate);
    if (problem !== undefined) errors.push(invalid("status.certificate", "<certificate data>", problem));
  }
  return errors;
}

/** Upstream: validateCertificate */
function certificateProblem(base64: string): string | undefined {
  const blocks = [
    ...Buffer.from(base64, "base64")
      .toString("utf8")
      .matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\n([\s\S]*?)-----END \1-----/g),
  ];
  for (const [, type = "", body = ""] of blocks) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (/^[\w-]+: /m.test(body)) return "no PEM block headers are permitted";
  }
  return base64 === "" || blocks.length > 0 ? undefined : "must contain at least one CERTIFICATE PEM block";
}
