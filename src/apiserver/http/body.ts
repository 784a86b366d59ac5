import type { IncomingMessage } from "node:http";
import { decode, parseJson } from "../../api/decode.ts";
import { apiVersionOf, type Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { badRequest, messageOf, StatusError, unsupportedMediaType } from "../../api/status.ts";
import { decodeProtobuf } from "../../api/protobuf.ts";
import { schemaOf } from "../../api/schema.ts";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import type { RequestContext } from "../request-context.ts";

// Upstream: apiserver MaxRequestBodyBytes
const BODY_MAX_BYTES = 3 * 1024 * 1024;
const ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/** A request that waited for webhooks is served from the start: its body has been read by then. */
const bodies = new WeakMap<IncomingMessage, Buffer>();

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const known = bodies.get(request);
  if (known) return known;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAX_BYTES) {
      throw new StatusError({
        code: 413,
        reason: "RequestEntityTooLarge",
        message: `Request entity too large: limit is ${BODY_MAX_BYTES}`,
      });
    }
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  bodies.set(request, body);
  return body;
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
      return parseJsonBody(bytes);
    case "application/yaml":
    case "application/x-yaml":
      return parseYamlBody(bytes);
    case "application/vnd.kubernetes.protobuf":
      if (kind.storedForm)
        throw unsupportedMediaType(
          "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml",
        );
      // DeleteOptions and other helper kinds come in envelopes of their own.
      return decodeProtobuf(
        (apiVersion, name) => (name === kind.kind && apiVersion === apiVersionOf(kind) ? kind.schema : schemaOf(apiVersion, name)),
        bytes,
      ).object;
    default:
      throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`);
  }
}

export function parseYamlBody(bytes: Buffer): unknown {
  const text = bytes.toString();
  if (text.startsWith("{")) {
    // What kubectl sends as YAML is JSON, and read much faster as such.
    try {
      return parseJson(text);
    } catch {
      // A flow mapping begins like that, too.
    }
  }
  try {
    return parseYamlDocuments(text)[0];
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${messageOf(error)}`);
  }
}

export function parseJsonBody(bytes: Buffer): unknown {
  try {
    return parseJson(bytes.toString());
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
  const { object, warnings } = decode(kind, parsed, context.fieldValidation);
  context.warnings.push(...warnings);
  return object;
}
