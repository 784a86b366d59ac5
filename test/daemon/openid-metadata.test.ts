import assert from "node:assert/strict";
import { createPublicKey, createVerify, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createHandler } from "../../src/apiserver/server.ts";
import { API_AUDIENCE, ServiceAccountTokens } from "../../src/daemon/service-account-tokens.ts";
import { SeededRng } from "../../src/util/rng.ts";
import { startRegistry } from "../support/cluster.ts";

const decoded = (part: string | undefined) => JSON.parse(Buffer.from(part ?? "", "base64url").toString()) as Record<string, unknown>;

test("whoever reads the published keys can check a service account's token", async (context) => {
  const { registry } = startRegistry();
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const tokens = new ServiceAccountTokens(privateKey, registry.clock, new SeededRng(1));
  const jwksUri = "https://172.18.0.2:6443/openid/v1/jwks";
  const handler = createHandler({
    registry,
    authenticate: () => ({ name: "system:serviceaccount:default:default", groups: ["system:serviceaccounts"] }),
    openIdMetadata: { issuer: API_AUDIENCE, jwksUri, keys: [tokens.publicKey] },
  });
  const server = createServer(handler.handle);
  context.after(() => (server.close(), server.closeAllConnections()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const configuration = (await (await fetch(`${base}/.well-known/openid-configuration`)).json()) as Record<string, unknown>;
  const answer = await fetch(`${base}/openid/v1/jwks`);
  const [key] = ((await answer.json()) as { keys: { kid: string; alg: string }[] }).keys;
  assert.equal(answer.headers.get("content-type"), "application/jwk-set+json");

  const serviceAccount = { name: "default", uid: "1" };
  const { token } = tokens.issue({ namespace: "default", serviceAccount, audiences: [], expirationSeconds: 3600, boundTo: undefined });
  const [head, claims, signature] = token.split(".");
  const publicKey = createPublicKey({ key: key as unknown as JsonWebKey, format: "jwk" });
  const verified = createVerify("SHA256")
    .update(`${head}.${claims}`)
    .verify({ key: publicKey, dsaEncoding: "ieee-p1363" }, Buffer.from(signature ?? "", "base64url"));
  assert.ok(verified);
  assert.deepEqual(decoded(head), { alg: key?.alg, kid: key?.kid });
  assert.deepEqual(configuration, {
    issuer: decoded(claims)["iss"],
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  });
  assert.equal((await fetch(`${base}/openid/v1/jwks`, { headers: { Accept: "application/json" } })).status, 406);
});
