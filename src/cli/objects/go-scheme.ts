import { apiVersionOf, type ResourceInfo } from "../connection/discovery.ts";
import { schemaOf } from "./strategic.ts";

/** Groups with Go types that are not kubectl's own. */
const ELSEWHERE = new Set(["apiextensions.k8s.io", "apiregistration.k8s.io", "metrics.k8s.io"]);

/** What a command that decodes into Go types says of a kind it has none for; "" when it has. Upstream: k8s.io/kubectl/pkg/scheme */
export function notInScheme(info: Pick<ResourceInfo, "group" | "version" | "kind">, suffix: "" | "List" = ""): string {
  if (!ELSEWHERE.has(info.group) && schemaOf(info)) return "";
  return notRegistered(apiVersionOf(info), info.kind + suffix);
}

export const notRegistered = (apiVersion: string, kind: string): string =>
  `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/scheme/scheme.go:28"`;
