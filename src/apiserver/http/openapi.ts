import { createHash } from "node:crypto";
import type { Kind } from "../../api/kind.ts";
import { type Discovery, VERSION_INFO } from "./discovery.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { GroupVersion } from "./openapi/facts.ts";
import { encodeSwagger } from "./openapi/gnostic.ts";
import { encodeOpenApi } from "./openapi/gnostic-v3.ts";
import { addPaths } from "./openapi/paths.ts";
import { type Descriptions, SchemaBuilder } from "./openapi/schemas.ts";
import { addToSwagger, emptySwagger, type OpenApiDocument, type Swagger } from "./openapi/swagger.ts";

export type { Descriptions } from "./openapi/schemas.ts";

/** What is being made is waited for by all who ask. */
interface Made {
  readonly hash: string;
  readonly bytes: Promise<Buffer>;
}

interface Served extends GroupVersion {
  readonly kinds: readonly Kind[];
}

export interface OpenApiOptions {
  /** Read when a document is first asked for. */
  descriptions?(): Descriptions;
  /** Lets others run between the parts of long work. */
  pause(): Promise<void>;
}

// Goes up when other documents are made of the same kinds: clients keep them by their hash.
const SCHEMA_REVISION = 3;
const JSON_TYPE = "application/json";
type Version = "v2" | "v3";
const FOREVER = { "Cache-Control": "public, immutable", Expires: new Date(253_370_764_800_000).toUTCString() };

/** OpenAPI v3, one document a group version, and v2, one for all; derived from the kinds and the schema table, made when first asked for. */
export class OpenApi {
  readonly #discovery: Discovery;
  readonly #options: OpenApiOptions;
  readonly #hashes = new WeakMap<readonly Kind[], string>();
  /** By path and content type. */
  readonly #documents = new Map<string, Made>();

  constructor(discovery: Discovery, options: OpenApiOptions) {
    this.#discovery = discovery;
    this.#options = options;
  }

  /** True when the path was one of these. */
  async serve(exchange: HttpExchange): Promise<boolean> {
    const { path } = exchange;
    if (path === "/openapi/v2") await this.#serveV2(exchange);
    // Upstream leaves the type of the index to Go, which takes it for text.
    else if (path === "/openapi/v3") exchange.sendText(200, JSON.stringify({ paths: this.#index() }));
    else if (path.startsWith("/openapi/v3/")) await this.#serveV3(exchange, path.slice("/openapi/v3/".length));
    else return false;
    return true;
  }

  /** Upstream: kube-openapi/pkg/handler */
  async #serveV2(exchange: HttpExchange): Promise<void> {
    const type = acceptedType(exchange.accept, "v2");
    if (type === undefined) return sendNotAcceptable(exchange);
    const served = this.#discovery.groupVersions();
    const hash = digest(served.map((each) => this.#hashOf(each)));
    if (isCurrent(exchange, hash)) return sendNotModified(exchange, hash);
    const bytes = await this.#made(`v2 ${type}`, hash, () => this.#makeV2(served, type));
    await exchange.sendPacked(200, bytes, type, { headers: { ETag: `"${hash}"`, Vary: "Accept" }, minBytes: PACKED_MIN_BYTES });
  }

  #made(key: string, hash: string, make: () => Promise<Buffer>): Promise<Buffer> {
    let found = this.#documents.get(key);
    if (found?.hash !== hash) {
      found = { hash, bytes: make() };
      this.#documents.set(key, found);
      // What could not be made is tried again.
      found.bytes.catch(() => this.#documents.delete(key));
    }
    return found.bytes;
  }

  async #makeV2(served: readonly Served[], type: string): Promise<Buffer> {
    const { pause } = this.#options;
    const descriptions = this.#describe();
    const swagger = emptySwagger(VERSION_INFO.gitVersion);
    for (const each of served) {
      const document = this.#build(each, served, descriptions);
      await pause();
      addToSwagger(swagger, document);
      await pause();
    }
    const whole = { ...swagger, paths: sorted(swagger.paths), definitions: sorted(swagger.definitions) };
    return type === JSON_TYPE ? jsonOf(whole, pause) : encodeSwagger(whole, pause);
  }

  /** Upstream: kube-openapi/pkg/handler3, and what kube-aggregator's controllers/openapiv3 answers for groups that are not there. */
  async #serveV3(exchange: HttpExchange, wanted: string): Promise<void> {
    const served = this.#discovery.groupVersions();
    const found = served.find((each) => rootOf(each) === wanted);
    if (!found) return sendNothing(exchange, 404);
    const type = acceptedType(exchange.accept, "v3");
    if (type === undefined) return sendNotAcceptable(exchange);
    const hash = this.#hashOf(found);
    const asked = exchange.query.get("hash");
    if (asked !== null && asked !== "" && asked !== hash) {
      exchange.writeHead(301, type, {
        Location: `/openapi/v3/${wanted}?hash=${hash}`,
        ETag: `"${hash}"`,
        Vary: "Accept",
        "Content-Length": 0,
      });
      exchange.response.end();
      return;
    }
    if (isCurrent(exchange, hash)) return sendNotModified(exchange, hash);
    const bytes = await this.#made(`${wanted} ${type}`, hash, () => this.#makeV3(found, served, type));
    exchange.sendBytes(200, bytes, type, { ETag: `"${hash}"`, Vary: "Accept", ...(asked === hash ? FOREVER : {}) });
  }

  async #makeV3(found: Served, served: readonly Served[], type: string): Promise<Buffer> {
    const document = this.#build(found, served, this.#describe());
    return type === JSON_TYPE ? Buffer.from(JSON.stringify(document)) : encodeOpenApi(document, this.#options.pause);
  }

  #index(): Record<string, { serverRelativeURL: string }> {
    const addressOf = (each: Served) => ({ serverRelativeURL: `/openapi/v3/${rootOf(each)}?hash=${this.#hashOf(each)}` });
    return sorted(Object.fromEntries(this.#discovery.groupVersions().map((each) => [rootOf(each), addressOf(each)])));
  }

  /** Of what the document is made from: an index of all documents must not build them all. */
  #hashOf({ group, version, kinds }: Served): string {
    let hash = this.#hashes.get(kinds);
    if (hash === undefined) {
      const facts = kinds.map((kind) => [kind.kind, kind.plural, kind.namespaced, kind.verbs, kind.subresources, kind.openApiSchema]);
      this.#hashes.set(kinds, (hash = digest([SCHEMA_REVISION, VERSION_INFO.gitVersion, group, version, facts])));
    }
    return hash;
  }

  #describe(): Descriptions {
    return this.#options.descriptions?.() ?? {};
  }

  #build(
    { kinds }: Served,
    served: readonly Served[],
    descriptions: Descriptions,
  ): OpenApiDocument & { readonly openapi: string; readonly info: object } {
    const builtIn = served.filter((each) => !each.kinds.some((kind) => kind.openApiSchema));
    const builder = new SchemaBuilder(descriptions, builtIn);
    const paths: Record<string, object> = {};
    for (const kind of kinds) addPaths(paths, kind, builder);
    const { schemas } = builder;
    const securitySchemes = {
      BearerToken: { type: "apiKey", description: "Bearer Token authentication", name: "authorization", in: "header" },
    };
    return {
      openapi: "3.0.0",
      info: { title: "Kubernetes", version: VERSION_INFO.gitVersion },
      paths: sorted(paths),
      components: { schemas: sorted(schemas), securitySchemes },
    };
  }
}

function rootOf({ group, version }: GroupVersion): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function digest(value: unknown): string {
  return createHash("sha512").update(JSON.stringify(value)).digest("hex").toUpperCase();
}

function sorted<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isCurrent(exchange: HttpExchange, hash: string): boolean {
  const wanted = exchange.request.headers["if-none-match"];
  return wanted !== undefined && wanted.split(",").some((tag) => tag.trim().replace(/^W\//, "") === `"${hash}"`);
}

function sendNotModified(exchange: HttpExchange, hash: string): void {
  exchange.response.writeHead(304, { ETag: `"${hash}"`, Vary: "Accept" });
  exchange.response.end();
}

function sendNotAcceptable(exchange: HttpExchange): void {
  sendNothing(exchange, 406, { Vary: "Accept" });
}

/** A code and no word more. */
function sendNothing(exchange: HttpExchange, code: number, headers: Record<string, string> = {}): void {
  exchange.response.writeHead(code, { "Cache-Control": "no-cache, private", "Content-Length": 0, ...headers });
  exchange.response.end();
}

/** The first type that we have, in the order in which the client likes them. */
function acceptedType(accept: string, version: Version): string | undefined {
  const protobuf = `application/com.github.proto-openapi.spec.${version}.v1.0+protobuf`;
  // What clients ask for; the second is how it was written before.
  const accepted = [
    [JSON_TYPE, JSON_TYPE],
    [`application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`, protobuf],
    [protobuf, protobuf],
  ] as const;
  const clauses = (accept.trim() === "" ? "*/*" : accept).split(",").map((clause) => {
    const [type = "", ...parameters] = clause.split(";").map((part) => part.trim());
    const quality = Number(parameters.find((each) => each.startsWith("q="))?.slice(2) ?? 1);
    return { type, quality: Number.isNaN(quality) ? 1 : quality };
  });
  for (const { type } of clauses.sort((a, b) => b.quality - a.quality)) {
    const [, found] = accepted.find(([ours]) => type === "*/*" || type === "application/*" || type === ours) ?? [];
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As JSON.stringify, in parts. */
async function jsonOf({ paths, definitions, ...others }: Swagger, pause: () => Promise<void>): Promise<Buffer> {
  const parts: string[] = [];
  for (const [key, entries] of Object.entries({ paths, definitions })) {
    parts.push(`,"${key}":{`);
    let separator = "";
    let size = 0;
    for (const [name, value] of Object.entries(entries)) {
      const text = JSON.stringify(value);
      parts.push(`${separator}${JSON.stringify(name)}:${text}`);
      separator = ",";
      size += text.length;
      if (size < SLICE_CHARACTERS) continue;
      size = 0;
      await pause();
    }
    parts.push("}");
  }
  return Buffer.from(`${JSON.stringify(others).slice(0, -1)}${parts.join("")}}`);
}

const SLICE_CHARACTERS = 300_000;
// Upstream: github.com/NYTimes/gziphandler DefaultMinSize
const PACKED_MIN_BYTES = 1400;
