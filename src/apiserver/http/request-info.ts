/** What a URL asks for. Upstream: apiserver/pkg/endpoints/request/requestinfo.go */
export type RequestTarget = ResourceTarget | { readonly type: "path"; readonly path: string };

export interface ResourceTarget {
  readonly type: "resource";
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  /** The plural name. */
  readonly resource: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** What follows the subresource: `/pods/x/proxy/a/b` → `a/b`. */
  readonly rest: string;
}

/** Below a namespace, these belong to the namespace itself. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

export function parseTarget(path: string): RequestTarget {
  const segments = path.split("/").slice(1);
  const other = { type: "path", path } as const;
  let rest: string[];
  let group = "";
  let version: string | undefined;
  if (segments[0] === "api") {
    version = segments[1];
    rest = segments.slice(2);
  } else if (segments[0] === "apis") {
    group = segments[1] ?? "";
    version = segments[2];
    rest = segments.slice(3);
  } else return other;
  if (!version || rest.length === 0 || rest[0] === "") return other;
  try {
    return { type: "resource", group, version, ...parseResource(rest.map((segment) => decodeURIComponent(segment))) };
  } catch {
    return other;
  }
}

function parseResource(segments: readonly string[]): Omit<ResourceTarget, "type" | "group" | "version"> {
  const [first, second, third] = segments;
  if (first === "namespaces" && second && third && !NAMESPACE_SUBRESOURCES.has(third)) {
    return { namespace: second, ...named(segments.slice(2)) };
  }
  return { namespace: undefined, ...named(segments) };
}

function named(segments: readonly string[]) {
  const [resource = "", name, subresource, ...rest] = segments;
  return { resource, name: name || undefined, subresource: subresource || undefined, rest: rest.join("/") };
}
