import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto, X509Certificate } from "node:crypto";
import { test } from "node:test";
import * as x509 from "@peculiar/x509";
import type { CertificateSigningRequest } from "../../src/api/generated/certificates-v1.ts";
import { certificateSigningRequests } from "../../src/api/resources/certificate-signing-request.ts";
import { createCertificates, signRequest } from "../../src/daemon/certificates.ts";
import { World } from "./support.ts";

const HOUR_MS = 3600 * 1000;
const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const ca = (await createCertificates(Date.now())).ca;

async function world(): Promise<World> {
  let clock: { now(): number } = { now: () => 0 };
  const started = await World.start(["worker1"], {
    signCertificate: (options) => signRequest(ca, { ...options, nowMs: clock.now(), hostNowMs: Date.now() }),
    authorize: ({ user, subresource }) => user.groups.includes("system:bootstrappers") && subresource === "nodeclient",
  });
  clock = started.parts.clock;
  return started;
}

async function pem(subject: string): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm: EC });
  return Buffer.from(`${request.toString("pem")}\n`).toString("base64");
}

const asks = async (name: string, subject: string, spec: Partial<CertificateSigningRequest["spec"]> = {}) => ({
  metadata: { name },
  spec: { request: await pem(subject), signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"], ...spec },
});

async function decide({ client }: World, name: string, type: "Approved" | "Denied"): Promise<void> {
  const change = (now: CertificateSigningRequest) => ({
    ...now,
    status: { ...now.status, conditions: [{ type, status: "True" as const }] },
  });
  await client.mutate(certificateSigningRequests, { name }, change, { subresource: "approval" });
}

const find = ({ client }: World, name: string) => client.find(certificateSigningRequests, { name });

/** Signing is real work, not simulated time: time stands still meanwhile. */
async function signed(cluster: World, name: string): Promise<CertificateSigningRequest> {
  for (let tries = 0; tries < 100_000; tries++) {
    const request = await find(cluster, name);
    if (request?.status.certificate) return request;
    await cluster.settle();
  }
  throw new Error(`${name} was not signed`);
}

const conditions = (request: CertificateSigningRequest | undefined) =>
  request?.status.conditions?.map(({ type, reason, message }) => [type, reason, message]);

test("an approved request gets a certificate of the cluster's CA with what it asked for", async () => {
  const cluster = await world();
  await cluster.client.create(certificateSigningRequests, (await asks("jane", "CN=jane, O=devs", { expirationSeconds: 3600 })) as never);
  await cluster.settle();
  assert.equal((await find(cluster, "jane"))?.status.certificate, undefined);
  const approvedMs = cluster.parts.clock.now();
  await decide(cluster, "jane", "Approved");
  const certificate = new X509Certificate(Buffer.from((await signed(cluster, "jane")).status.certificate ?? "", "base64"));
  assert.equal(certificate.subject, "CN=jane\nO=devs");
  assert.ok(certificate.verify(new X509Certificate(ca.cert).publicKey));
  assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  assert.equal(Date.parse(certificate.validTo), Math.floor(approvedMs / 1000) * 1000 + HOUR_MS);
});

test("a signer refuses what is not its business, and a foreign signer's requests are left alone", async () => {
  const cluster = await world();
  await cluster.client.create(certificateSigningRequests, (await asks("wrong", "CN=jane", { usages: ["server auth"] })) as never);
  await cluster.client.create(certificateSigningRequests, (await asks("foreign", "CN=jane", { signerName: "example.com/own" })) as never);
  for (const name of ["wrong", "foreign"]) await decide(cluster, name, "Approved");
  await cluster.settle();
  assert.deepEqual(conditions(await find(cluster, "wrong"))?.[1], [
    "Failed",
    "SignerValidationFailure",
    "invalid usage for client certificate: server auth",
  ]);
  assert.equal((await find(cluster, "foreign"))?.status.certificate, undefined);
});

test("a kubelet that RBAC lets ask is approved without a person", async () => {
  const cluster = await world();
  const draft = await asks("csr-1", "O=system:nodes, CN=system:node:worker9", {
    signerName: "kubernetes.io/kube-apiserver-client-kubelet",
    usages: ["digital signature", "client auth"],
  });
  cluster.parts.registry.create(certificateSigningRequests, undefined, draft as never, {
    user: { name: "system:bootstrap:abcdef", groups: ["system:bootstrappers"] },
    component: "kubelet",
    fieldManager: "kubelet",
    tracksFields: false,
    dryRun: false,
    fieldValidation: "Strict",
    warnings: [],
  });
  const request = await signed(cluster, "csr-1");
  assert.equal(request.spec.username, "system:bootstrap:abcdef");
  assert.deepEqual(conditions(request), [
    ["Approved", "AutoApproved", "Auto approving kubelet client certificate after SubjectAccessReview."],
  ]);
});

test("decided requests stay for an hour, others for a day", async () => {
  const cluster = await world();
  await cluster.client.create(certificateSigningRequests, (await asks("denied", "CN=a")) as never);
  await cluster.client.create(certificateSigningRequests, (await asks("pending", "CN=b")) as never);
  await decide(cluster, "denied", "Denied");
  await cluster.parts.clock.step(HOUR_MS - 2000);
  assert.ok(await find(cluster, "denied"));
  await cluster.parts.clock.step(4000);
  assert.equal(await find(cluster, "denied"), undefined);
  assert.ok(await find(cluster, "pending"));
  await cluster.parts.clock.step(23 * HOUR_MS);
  assert.equal(await find(cluster, "pending"), undefined);
});

test("a request's signature, usages and signer are validated, and only its doors write its status", async () => {
  const cluster = await world();
  const good = await asks("x", "CN=x");
  const bytes = Buffer.from(
    Buffer.from(good.spec.request, "base64")
      .toString()
      .replace(/-----[^-]+-----/g, ""),
    "base64",
  );
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  const forged = Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`);
  const bad = {
    ...good,
    spec: { ...good.spec, request: forged.toString("base64"), usages: ["fly"], signerName: "nobody", expirationSeconds: 5 },
  };
  await assert.rejects(
    cluster.client.create(certificateSigningRequests, bad as never),
    /spec\.request: Invalid value: "[^"]+": x509: ECDSA verification failure, spec\.usages\[0\]: Unsupported value: "fly"[^]*spec\.signerName: Invalid value: "nobody": must be a fully qualified domain and path of the form 'example\.com\/signer-name', spec\.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds/,
  );
  await cluster.client.create(certificateSigningRequests, good as never);
  const approved = { type: "Approved", status: "True" } as const;
  await assert.rejects(
    cluster.client.mutate(certificateSigningRequests, { name: "x" }, (now) => ({ ...now, status: { conditions: [approved] } }), {
      subresource: "status",
    }),
    /status\.conditions: Forbidden: updates may not add a condition of type "Approved"/,
  );
  await decide(cluster, "x", "Approved");
  await assert.rejects(decide(cluster, "x", "Denied"), /updates may not remove a condition of type "Approved"/);
});
