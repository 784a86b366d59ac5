import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

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
  const serial = Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)));
  serial[0] = (serial[0] as number) & 0x7f;
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString("hex"),
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
