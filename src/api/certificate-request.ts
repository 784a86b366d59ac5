import { createPublicKey, verify } from "node:crypto";

/** What a PKCS #10 request asks for. */
export interface CertificateRequest {
  /** The values of an attribute of the subject: CN, O, OU… */
  subject(attribute: string): readonly string[];
  readonly names: { readonly dns: string[]; readonly emails: string[]; readonly uris: string[]; readonly ips: string[] };
  /** What is wrong with the signature, which must be made by the key that a certificate is asked for. */
  signatureProblem(): string | undefined;
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.17": "POSTALCODE",
};
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SUBJECT_ALT_NAME = "2.5.29.17";

/** The DER of a PEM block, as base64. Throws with upstream's words. */
export function certificateRequestBytes(base64: string): Buffer {
  const pem = Buffer.from(base64, "base64").toString("utf8");
  const body = /-----BEGIN CERTIFICATE REQUEST-----\s([\s\S]*?)-----END CERTIFICATE REQUEST-----/.exec(pem)?.[1];
  if (body === undefined) throw new Error("PEM block type must be CERTIFICATE REQUEST");
  return Buffer.from(body, "base64");
}

/** Reads the base64 of a PEM block. Upstream: pkg/apis/certificates/helpers.go ParseCSR */
export function readCertificateRequest(base64: string): CertificateRequest {
  const bytes = certificateRequestBytes(base64);
  let parts: Element[] = [];
  let fields: Element[] = [];
  try {
    parts = childrenOf(readElement(bytes, 0));
    fields = parts[0] ? childrenOf(parts[0]) : [];
  } catch {
    // Told below.
  }
  const [info, algorithm, signature] = parts;
  const [, subject, publicKey, attributes] = fields;
  if (!info || !algorithm || !signature || !subject || !publicKey) throw new Error("asn1: structure error: tags don't match");
  const pairs = childrenOf(subject).flatMap(childrenOf).map(attributeOf);
  return {
    subject: (wanted) => pairs.filter(([name]) => name === wanted).map(([, value]) => value),
    names: attributes ? alternativeNames(attributes) : { dns: [], emails: [], uris: [], ips: [] },
    signatureProblem: () => signatureProblem(info, publicKey, algorithm, signature),
  };
}

// By signature algorithm. null: the key says it all.
const HASHES: Readonly<Record<string, string | null>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": null,
};
const FAILURES: Readonly<Record<string, string>> = {
  rsa: "crypto/rsa: verification error",
  ec: "x509: ECDSA verification failure",
  ed25519: "x509: Ed25519 verification failure",
};

/** Upstream: crypto/x509 CheckSignature */
function signatureProblem(info: Element, publicKey: Element, algorithm: Element, signature: Element): string | undefined {
  const [id] = childrenOf(algorithm);
  const hash = id ? HASHES[objectId(id)] : undefined;
  if (hash === undefined) return "x509: cannot verify signature: algorithm unimplemented";
  try {
    const key = createPublicKey({ key: publicKey.raw, format: "der", type: "spki" });
    // The first byte of a bit string tells how many bits of the last are unused: none.
    if (verify(hash, info.raw, key, signature.content.subarray(1))) return undefined;
    return FAILURES[key.asymmetricKeyType ?? ""] ?? "x509: verification failure";
  } catch {
    return "x509: unsupported public key";
  }
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag and length too. */
  readonly raw: Buffer;
  readonly end: number;
}

/** One DER element. */
function readElement(bytes: Buffer, at: number): Element {
  const tag = bytes.readUInt8(at);
  let length = bytes.readUInt8(at + 1);
  let start = at + 2;
  if (length & 0x80) {
    const size = length & 0x7f;
    length = bytes.readUIntBE(start, size);
    start += size;
  }
  if (start + length > bytes.length) throw new Error("truncated");
  return { tag, content: bytes.subarray(start, start + length), raw: bytes.subarray(at, start + length), end: start + length };
}

function childrenOf({ content }: Element): Element[] {
  const children: Element[] = [];
  for (let at = 0; at < content.length;) {
    const child = readElement(content, at);
    children.push(child);
    at = child.end;
  }
  return children;
}

function objectId({ content }: Element): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (parts.length === 0) parts.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
    else parts.push(value);
    value = 0;
  }
  return parts.join(".");
}

function attributeOf(element: Element): [string, string] {
  const [type, value] = childrenOf(element);
  return [type ? (ATTRIBUTES[objectId(type)] ?? "") : "", value?.content.toString("utf8") ?? ""];
}

function alternativeNames(attributes: Element): CertificateRequest["names"] {
  const names: CertificateRequest["names"] = { dns: [], emails: [], uris: [], ips: [] };
  for (const attribute of childrenOf(attributes)) {
    const [type, values] = childrenOf(attribute);
    if (!type || !values || objectId(type) !== EXTENSION_REQUEST) continue;
    for (const extension of childrenOf(values).flatMap(childrenOf)) {
      const parts = childrenOf(extension);
      const [id, value] = [parts[0], parts.at(-1)];
      if (id && value && objectId(id) === SUBJECT_ALT_NAME)
        for (const name of childrenOf(readElement(value.content, 0))) addName(names, name);
    }
  }
  return names;
}

function addName(names: CertificateRequest["names"], { tag, content }: Element): void {
  const kind = tag & 0x1f;
  if (kind === 1) names.emails.push(content.toString("utf8"));
  else if (kind === 2) names.dns.push(content.toString("utf8"));
  else if (kind === 6) names.uris.push(content.toString("utf8"));
  else if (kind === 7)
    names.ips.push(
      content.length === 4
        ? content.join(".")
        : (content.toString("hex").match(/.{4}/g) ?? []).map((part) => Number.parseInt(part, 16).toString(16)).join(":"),
    );
}
