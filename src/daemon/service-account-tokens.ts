import { createHash, createPrivateKey, createPublicKey, createSign, createVerify, type KeyObject } from "node:crypto";
import type { SecretToken } from "../controllers/controller.ts";
import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** What the token dies with. */
  readonly boundTo: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  readonly node?: { readonly name: string; readonly uid: string } | undefined;
}

export interface IssuedToken {
  readonly token: string;
  readonly expirationTimeMs: number;
}

interface ObjectId {
  readonly name: string;
  readonly uid: string;
}

export interface TokenClaims {
  readonly namespace: string;
  readonly serviceAccount: ObjectId;
  readonly audiences: readonly string[];
  /** Undefined for the token in a secret. */
  readonly id?: string | undefined;
  /** What the token dies with. */
  readonly pod?: ObjectId | undefined;
  readonly secret?: { readonly name: string; readonly uid: string | undefined } | undefined;
  readonly node?: ObjectId | undefined;
}

export const API_AUDIENCE = "https://kubernetes.default.svc.cluster.local";

/** Issues and checks service account tokens: ES256 JWTs with upstream's claims. Upstream: pkg/serviceaccount/claims.go */
export class ServiceAccountTokens {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** Upstream: keyIDFromPublicKey in pkg/serviceaccount/jwt.go */
  readonly #keyId: string;
  readonly #clock: Clock;
  readonly #rng: Rng;

  constructor(privateKeyPem: string, clock: Clock, rng: Rng) {
    this.#privateKey = createPrivateKey(privateKeyPem);
    this.#publicKey = createPublicKey(this.#privateKey);
    this.#keyId = createHash("sha256")
      .update(this.#publicKey.export({ type: "spki", format: "der" }))
      .digest("base64url");
    this.#clock = clock;
    this.#rng = rng;
  }

  /** What others check our tokens with. */
  get publicKey() {
    const { kty = "", crv = "", x = "", y = "" } = this.#publicKey.export({ format: "jwk" });
    return { use: "sig", kty, kid: this.#keyId, crv, alg: "ES256", x, y } as const;
  }

  issue(request: TokenRequest): IssuedToken {
    const nowSeconds = Math.floor(this.#clock.now() / 1000);
    const expires = nowSeconds + request.expirationSeconds;
    const bound = request.boundTo ? { [request.boundTo.kind.toLowerCase()]: { name: request.boundTo.name, uid: request.boundTo.uid } } : {};
    const claims = {
      aud: request.audiences.length > 0 ? request.audiences : [API_AUDIENCE],
      exp: expires,
      iat: nowSeconds,
      iss: API_AUDIENCE,
      jti: this.#rng.uuid(),
      "kubernetes.io": {
        namespace: request.namespace,
        ...(request.node ? { node: request.node } : {}),
        ...bound,
        serviceaccount: request.serviceAccount,
        ...(request.boundTo ? { warnafter: nowSeconds + Math.min(3607, request.expirationSeconds) } : {}),
      },
      nbf: nowSeconds,
      sub: `system:serviceaccount:${request.namespace}:${request.serviceAccount.name}`,
    };
    return { token: this.#sign(claims), expirationTimeMs: expires * 1000 };
  }

  /** One that does not expire: it is good while its secret is there. Upstream: LegacyClaims */
  issueForSecret({ namespace, secret, serviceAccount }: SecretToken): string {
    return this.#sign({
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": namespace,
      "kubernetes.io/serviceaccount/secret.name": secret,
      "kubernetes.io/serviceaccount/service-account.name": serviceAccount.name,
      "kubernetes.io/serviceaccount/service-account.uid": serviceAccount.uid,
      sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    });
  }

  #sign(claims: object): string {
    const text = `${encode({ alg: "ES256", kid: this.#keyId })}.${encode(claims)}`;
    const signature = createSign("SHA256").update(text).sign({ key: this.#privateKey, dsaEncoding: "ieee-p1363" });
    return `${text}.${signature.toString("base64url")}`;
  }

  /** Undefined when the token is not one of ours, or has run out. */
  verify(token: string): TokenClaims | undefined {
    const [head, body, signature] = token.split(".");
    if (!head || !body || !signature) return undefined;
    let good = false;
    try {
      good = createVerify("SHA256")
        .update(`${head}.${body}`)
        .verify({ key: this.#publicKey, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
    } catch {
      // A signature of the wrong shape is a wrong signature.
      return undefined;
    }
    if (!good) return undefined;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
    return claims["iss"] === "kubernetes/serviceaccount" ? secretClaims(claims) : this.#boundClaims(claims);
  }

  #boundClaims(claims: Record<string, unknown>): TokenClaims | undefined {
    const expirationTimeMs = Number(claims["exp"]) * 1000;
    if (expirationTimeMs < this.#clock.now()) return undefined;
    const { namespace, serviceaccount, pod, secret, node } = claims["kubernetes.io"] as {
      namespace: string;
      serviceaccount: ObjectId;
      pod?: ObjectId;
      secret?: ObjectId;
      node?: ObjectId;
    };
    return {
      namespace,
      serviceAccount: serviceaccount,
      audiences: claims["aud"] as string[],
      id: String(claims["jti"]),
      pod,
      secret,
      node,
    };
  }
}

function secretClaims(claims: Record<string, unknown>): TokenClaims {
  const claim = (name: string) => String(claims[`kubernetes.io/serviceaccount/${name}`]);
  return {
    namespace: claim("namespace"),
    serviceAccount: { name: claim("service-account.name"), uid: claim("service-account.uid") },
    audiences: [API_AUDIENCE],
    secret: { name: claim("secret.name"), uid: undefined },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
