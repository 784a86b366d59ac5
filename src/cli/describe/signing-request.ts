import type { CertificateSigningRequest } from "../../api/generated/certificates-v1.ts";
import { humanDuration } from "../../api/duration.ts";
import { type CertificateRequest, readCertificateRequest } from "../../api/certificate-request.ts";
import { messageOf } from "../../api/status.ts";
import type { Described } from "./describe-object.ts";
import { writeEventsOf } from "./events.ts";
import { DescribeWriter, goTime, labelsText } from "./writer.ts";

/** Upstream: describe.CertificateSigningRequestDescriber */
export async function describeSigningRequest(described: Described): Promise<string> {
  const { metadata } = described.object;
  const { spec, status } = described.object as unknown as CertificateSigningRequest;
  const request = parsed(String(spec.request ?? ""));
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Labels:\t${labelsText(metadata.labels)}`);
  writer.line(0, `Annotations:\t${labelsText(metadata.annotations)}`);
  writer.line(0, `CreationTimestamp:\t${goTime(metadata.creationTimestamp)}`);
  writer.line(0, `Requesting User:\t${spec.username ?? ""}`);
  if (spec.signerName) writer.line(0, `Signer:\t${spec.signerName}`);
  if (spec.expirationSeconds !== undefined) writer.line(0, `Requested Duration:\t${humanDuration(spec.expirationSeconds * 1000)}`);
  const conditions = new Set((status?.conditions ?? []).map(({ type }) => type));
  const decided = conditions.has("Denied") ? "Denied" : conditions.has("Approved") ? "Approved" : "Pending";
  writer.line(0, `Status:\t${decided}${conditions.has("Failed") ? ",Failed" : ""}${status?.certificate ? ",Issued" : ""}`);
  const list = (title: string, values: readonly string[]) =>
    values.forEach((value, index) => writer.line(0, `\t${index === 0 ? `${title}:` : ""}\t${value}`));
  const { subject, names } = request;
  writer.line(0, "Subject:");
  writer.line(0, `\tCommon Name:\t${subject("CN").at(-1) ?? ""}`);
  writer.line(0, `\tSerial Number:\t${subject("SERIALNUMBER").at(-1) ?? ""}`);
  list("Organization", subject("O"));
  list("Organizational Unit", subject("OU"));
  list("Country", subject("C"));
  list("Locality", subject("L"));
  list("Province", subject("ST"));
  list("StreetAddress", subject("STREET"));
  list("PostalCode", subject("POSTALCODE"));
  if (Object.values(names).some((each) => each.length > 0)) {
    writer.line(0, "Subject Alternative Names:");
    list("DNS Names", names.dns);
    list("Email Addresses", names.emails);
    list("URIs", names.uris);
    list("IP Addresses", names.ips);
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

function parsed(base64: string): CertificateRequest {
  try {
    return readCertificateRequest(base64);
  } catch (error) {
    throw new Error(`Error parsing CSR: ${messageOf(error)}`, { cause: error });
  }
}
