import type { HttpExchange } from "./http-exchange.ts";
import { requireGet } from "./web-service.ts";

/** What somebody outside needs to check service account tokens. */
export interface OpenIdMetadata {
  readonly issuer: string;
  /** Where `keys` are served. */
  readonly jwksUri: string;
  readonly keys: readonly JsonWebKey[];
}

/** A public key, its fields in the order in which they are written. */
interface JsonWebKey {
  readonly use: "sig";
  readonly kty: string;
  readonly kid: string;
  readonly crv: string;
  readonly alg: string;
  readonly x: string;
  readonly y: string;
}

export const OPENID_CONFIGURATION_PATH = "/.well-known/openid-configuration";
export const JWKS_PATH = "/openid/v1/jwks";

const HEADERS = { "Cache-Control": "public, max-age=3600" };
const JWKS_TYPE = "application/jwk-set+json";

/** True when the path was one of these. Upstream: pkg/routes/openidmetadata.go, pkg/serviceaccount/openidmetadata.go */
export function serveOpenIdMetadata(exchange: HttpExchange, { issuer, jwksUri, keys }: OpenIdMetadata): boolean {
  const path = exchange.path.replace(/\/$/, "");
  if (path === OPENID_CONFIGURATION_PATH) {
    requireGet(exchange, "application/json");
    const configuration = {
      issuer,
      jwks_uri: jwksUri,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))].sort(),
    };
    exchange.sendBytes(200, Buffer.from(JSON.stringify(configuration)), "application/json", HEADERS);
    return true;
  }
  if (path !== JWKS_PATH) return false;
  requireGet(exchange, JWKS_TYPE);
  exchange.sendBytes(200, Buffer.from(JSON.stringify({ keys })), JWKS_TYPE, HEADERS);
  return true;
}
