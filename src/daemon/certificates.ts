import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { SigningOptions } from "../controllers/controller.ts";

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface ClusterCertificates {
  readonly ca: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
  /** Signs service account tokens: PKCS#8 PEM, ES256. */
  readonly serviceAccountKey: string;
}

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 24 * 3600 * 1000;

x509.cryptoProvider.set(webcrypto as never);

type CryptoKeyPair = webcrypto.CryptoKeyPair;

/**
 * Everything a cluster's trust needs, made at its first start.
 * @param hostNowMs host time: TLS clients check validity against the host's clock.
 */
export async function createCertificates(hostNowMs: number): Promise<ClusterCertificates> {
  const authority = await createAuthority(hostNowMs);
  const server = await issue(authority, hostNowMs, {
    subject: "CN=kube-apiserver",
    names: [
      { type: "dns", value: "localhost" },
      { type: "dns", value: "kubernetes" },
      { type: "dns", value: "kubernetes.default" },
      { type: "dns", value: "kubernetes.default.svc" },
      { type: "dns", value: "kubernetes.default.svc.cluster.local" },
      { type: "ip", value: "127.0.0.1" },
      { type: "ip", value: "::1" },
      { type: "ip", value: "10.96.0.1" },
    ],
    usage: x509.ExtendedKeyUsage.serverAuth,
  });
  const admin = await issue(authority, hostNowMs, {
    subject: "O=system:masters,CN=kubernetes-admin",
    names: [],
    usage: x509.ExtendedKeyUsage.clientAuth,
  });
  const tokenKeys = await generateKeys();
  return {
    ca: { cert: authority.cert.toString("pem"), key: await exportKey(authority.keys) },
    server,
    admin,
    serviceAccountKey: await exportKey(tokenKeys),
  };
}

/** SHA-256 of a certificate's DER, lower-case hex: how client certificates are told apart. */
export function fingerprint(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
  signing: x509.KeyUsageFlags.digitalSignature,
  "digital signature": x509.KeyUsageFlags.digitalSignature,
  "content commitment": x509.KeyUsageFlags.nonRepudiation,
  "key encipherment": x509.KeyUsageFlags.keyEncipherment,
  "key agreement": x509.KeyUsageFlags.keyAgreement,
  "data encipherment": x509.KeyUsageFlags.dataEncipherment,
  "cert sign": x509.KeyUsageFlags.keyCertSign,
  "crl sign": x509.KeyUsageFlags.cRLSign,
  "encipher only": x509.KeyUsageFlags.encipherOnly,
  "decipher only": x509.KeyUsageFlags.decipherOnly,
};
const EXTENDED_KEY_USAGES: Readonly<Record<string, string>> = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "s/mime": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
};
const BACKDATE_MS = 5 * 60 * 1000;
/** What a certificate is dated back counts as a part of its life, but not of one shorter than this. */
const SHORT_MS = 8 * 3600 * 1000;

/**
 * Signs a PKCS #10 request; gives PEM. Upstream: pkg/controller/certificates/authority PermissiveSigningPolicy
 * @param options.hostNowMs a certificate begins no later than this: TLS clients and servers go by the host's clock.
 */
export async function signRequest(
  ca: KeyPair,
  options: SigningOptions & { readonly nowMs: number; readonly hostNowMs: number },
): Promise<string> {
  const authority = new x509.X509Certificate(ca.cert);
  const request = new x509.Pkcs10CertificateRequest(options.request);
  const flags = options.usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  const purposes = [...new Set(options.usages.flatMap((usage) => EXTENDED_KEY_USAGES[usage] ?? []))];
  const names = request.getExtension("2.5.29.17");
  const lifetimeMs = options.lifetimeMs < SHORT_MS ? options.lifetimeMs : options.lifetimeMs - BACKDATE_MS;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(16),
    subject: request.subjectName,
    issuer: authority.subjectName,
    notBefore: new Date(Math.min(options.nowMs, options.hostNowMs) - BACKDATE_MS),
    notAfter: new Date(Math.min(options.nowMs + lifetimeMs, authority.notAfter.getTime())),
    signingAlgorithm: EC,
    publicKey: request.publicKey,
    signingKey: await importKey(ca.key),
    extensions: [
      ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
      ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(purposes)]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ...(names ? [names] : []),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

function randomSerial(bytes: number): string {
  const serial = Buffer.from(webcrypto.getRandomValues(new Uint8Array(bytes)));
  serial[0] = (serial[0] as number) & 0x7f;
  return serial.toString("hex");
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
  return webcrypto.subtle.importKey("pkcs8", der, EC, false, ["sign"]);
}

interface Authority {
  readonly keys: CryptoKeyPair;
  readonly cert: x509.X509Certificate;
}

async function createAuthority(nowMs: number): Promise<Authority> {
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=kubernetes",
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + 3650 * DAY_MS),
    signingAlgorithm: EC,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keys, cert };
}

interface LeafOptions {
  readonly subject: string;
  readonly names: readonly { readonly type: "dns" | "ip"; readonly value: string }[];
  readonly usage: x509.ExtendedKeyUsage;
}

async function issue(authority: Authority, nowMs: number, options: LeafOptions): Promise<KeyPair> {
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(8),
    subject: options.subject,
    issuer: authority.cert.subject,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + 3650 * DAY_MS),
    signingAlgorithm: EC,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([options.usage]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      ...(options.names.length > 0 ? [new x509.SubjectAlternativeNameExtension(options.names.map((name) => ({ ...name })))] : []),
    ],
  });
  return { cert: cert.toString("pem"), key: await exportKey(keys) };
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"])) as CryptoKeyPair;
}

async function exportKey(keys: CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${(der.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END PRIVATE KEY-----\n`;
}
