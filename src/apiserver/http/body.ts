import type { IncomingMessage } from "node:http";
import { decode } from "../../api/decode.ts";
import { apiVersionOf, type Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { decodeProtobuf } from "../../api/protobuf.ts";
import { badRequest, messageOf, StatusError, unsupportedMediaType } from "../../api/status.ts";
import { parseYaml } from "../../api/yaml.ts";
import type { RequestContext } from "../request-context.ts";

// Upstream: apiserver MaxRequestBodyBytes
const BODY_MAX_BYTES = 3 * 1024 * 1024;
const ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAX_BYTES) {
      throw new StatusError({ code: 413, reason: "RequestEntityTooLarge", message: `Request entity too large: limit is ${BODY_MAX_BYTES}` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function mediaTypeOf(request: IncomingMessage): string {
  // A PUT of kubectl scale has no Content-Type: JSON.
  return (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "application/json";
}

/** The body as plain data, whatever it was written in. */
export function parseBody(kind: Kind, mediaType: string, bytes: Buffer): unknown {
  switch (mediaType) {
    case "":
    case "application/json":
    case "*/*":
      return parseJson(bytes);
    case "application/yaml":
    case "application/x-yaml":
      return parseYaml(bytes.toString());
    case "application/vnd.kubernetes.protobuf":
      return decodeProtobuf(kind, bytes);
    default:
      throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`);
  }
}

export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${messageOf(error)}`);
  }
}

/** The request's object as this kind; missing apiVersion and kind are the URL's. */
export async function readObject(kind: Kind, request: IncomingMessage, context: RequestContext): Promise<KubernetesObject> {
  const parsed = parseBody(kind, mediaTypeOf(request), await readBody(request));
  return decodeAs(kind, parsed, context);
}

export function decodeAs(kind: Kind, parsed: unknown, context: RequestContext): KubernetesObject {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error`);
  }
  const given = parsed as { apiVersion?: unknown; kind?: unknown };
  const apiVersion = apiVersionOf(kind);
  if (typeof given.apiVersion === "string" && given.apiVersion !== "" && given.apiVersion !== apiVersion) {
    throw badRequest(`the API version in the data (${given.apiVersion}) does not match the expected API version (${apiVersion})`);
  }
  if (typeof given.kind === "string" && given.kind !== "" && given.kind !== kind.kind) {
    throw badRequest(`${given.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: no kind ${JSON.stringify(given.kind)} is registered for ${apiVersion}`);
  }
  const { object, warnings } = decode(kind, { ...given, apiVersion, kind: kind.kind }, context.fieldValidation);
  context.warnings.push(...warnings);
  return object as KubernetesObject;
}
