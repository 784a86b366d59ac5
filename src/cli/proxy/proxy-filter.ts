/** Which requests the proxy lets through. Upstream: k8s.io/kubectl/pkg/proxy/proxy_server.go FilterServer */
export interface ProxyFilter {
  readonly acceptPaths: readonly RegExp[];
  readonly rejectPaths: readonly RegExp[];
  readonly acceptHosts: readonly RegExp[];
  readonly rejectMethods: readonly RegExp[];
}

/** Comma-separated patterns. Throws what cannot be understood. */
export const parsePatterns = (text: string): RegExp[] => (text === "" ? [] : text.split(",").map((part) => new RegExp(part)));

/** What Go's regexp says of a pattern that it cannot understand. */
export function goRegexpProblem(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const part = text.split(",").find((each) => message.includes(`/${each}/`)) ?? text;
  if (message.includes("Unterminated character class"))
    return `error parsing regexp: missing closing ]: \`${part.slice(part.lastIndexOf("["))}\``;
  if (message.includes("Unterminated group")) return `error parsing regexp: missing closing ): \`${part}\``;
  if (message.includes("Unmatched ')'")) return `error parsing regexp: unexpected ): \`${part}\``;
  if (message.includes("Nothing to repeat"))
    return `error parsing regexp: missing argument to repetition operator: \`${/[*+?]/.exec(part)?.[0] ?? ""}\``;
  return `error parsing regexp: ${message}`;
}

const matches = (text: string, patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(text));

export function accepts(
  filter: ProxyFilter,
  { method, path, host }: { readonly method: string; readonly path: string; readonly host: string },
): boolean {
  if (matches(path, filter.rejectPaths) || matches(method, filter.rejectMethods)) return false;
  return matches(path, filter.acceptPaths) && matches(hostOf(host), filter.acceptHosts);
}

/** Without its port. Upstream: net.SplitHostPort, whose answer has no brackets; a header without a port stays as it is. */
function hostOf(header: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):[^:]*$/.exec(header);
  return match ? (match[1] ?? match[2] ?? "") : header;
}

/** What is left of a path below the prefix, with a slash in front; undefined when it is not below. Upstream: stripLeaveSlash */
export function stripPrefix(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  return rest === "" || rest.startsWith("/") ? rest : `/${rest}`;
}
