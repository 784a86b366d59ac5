import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { isTrue } from "../http/query.ts";
import type { RequestContext } from "../request-context.ts";
import type { AdmissionRequest } from "./admission.ts";

const OPTIONS_KINDS: Readonly<Record<string, string>> = {
  exec: "PodExecOptions",
  attach: "PodAttachOptions",
  portforward: "PodPortForwardOptions",
};

/** What is known of a request that becomes a stream. */
export interface Connection {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
}

/** How admission sees exec, attach and port-forward: the options are the object. Upstream: endpoints/handlers/rest.go ConnectResource */
export function connectRequest(pods: Kind, connection: Connection, context: RequestContext): AdmissionRequest | undefined {
  const { namespace, name, subresource, query } = connection;
  const kindName = OPTIONS_KINDS[subresource];
  if (kindName === undefined) return undefined;
  const object = { apiVersion: "v1", kind: kindName, ...optionsOf(subresource, query) } as unknown as KubernetesObject;
  return { operation: "CONNECT", kind: { ...pods, kind: kindName }, namespace, name, subresource, object, old: undefined, context };
}

function optionsOf(subresource: string, query: URLSearchParams): Record<string, unknown> {
  if (subresource === "portforward")
    return {
      ports: query
        .getAll("ports")
        .flatMap((text) => text.split(","))
        .filter(Boolean)
        .map(Number),
    };
  const options: Record<string, unknown> = {};
  for (const stream of ["stdin", "stdout", "stderr", "tty"]) if (isTrue(query.get(stream))) options[stream] = true;
  const container = query.get("container");
  if (container) options["container"] = container;
  if (subresource === "exec") options["command"] = query.getAll("command");
  return options;
}
