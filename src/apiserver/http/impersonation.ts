import type { IncomingMessage } from "node:http";
import { forbiddenRequest, StatusError } from "../../api/status.ts";
import type { AccessCheck, UserInfo } from "../../api/user.ts";
import type { AccessDecision } from "./server-parts.ts";

type Authorize = (attributes: AccessCheck) => AccessDecision;

const EXTRA = "impersonate-extra-";
const AUTHENTICATION = "authentication.k8s.io";

/** The user that a request acts as. Throws 403 where its own user may not. Upstream: apiserver/pkg/endpoints/filters/impersonation.go */
export function actingUser(request: IncomingMessage, user: UserInfo, authorize: Authorize | undefined): UserInfo {
  const name = header(request, "impersonate-user");
  const groups = headers(request, "impersonate-group");
  const uid = header(request, "impersonate-uid");
  const extra = extraOf(request);
  if (name === undefined) {
    if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return user;
    const requested = [...groups.map((group) => `{Group  ${group}}`), ...Object.keys(extra)].join(" ");
    throw new StatusError({
      code: 500,
      reason: "InternalError",
      message: `Internal error occurred: requested [${requested}] without impersonating a user`,
      details: { causes: [{ message: `requested [${requested}] without impersonating a user` }] },
    });
  }
  const check = (group: string, resource: string, subresource: string, target: string, namespace = "") => {
    const decision = authorize?.({
      user,
      verb: "impersonate",
      group,
      version: "",
      resource,
      subresource,
      namespace,
      name: target,
      path: "",
    }) ?? { allowed: true };
    if (decision.allowed) return;
    const whole = subresource === "" ? resource : `${resource}/${subresource}`;
    const where = namespace === "" ? " at the cluster scope" : ` in the namespace ${JSON.stringify(namespace)}`;
    throw forbiddenRequest(
      { group, plural: resource },
      target,
      `User ${JSON.stringify(user.name)} cannot impersonate resource ${JSON.stringify(whole)} in API group ${JSON.stringify(group)}${where}${decision.reason ? `: ${decision.reason}` : ""}`,
    );
  };
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  if (account) check("", "serviceaccounts", "", account[2] ?? "", account[1]);
  else check("", "users", "", name);
  for (const group of groups) check("", "groups", "", group);
  if (uid !== undefined) check(AUTHENTICATION, "uids", "", uid);
  for (const [key, values] of Object.entries(extra)) for (const value of values) check(AUTHENTICATION, "userextras", key, value);
  const own = groups.length > 0 || !account ? groups : ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`];
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: withEverybody(name, own),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function withEverybody(name: string, groups: readonly string[]): readonly string[] {
  const everybody = name === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  return groups.includes(everybody) || groups.includes("system:unauthenticated") ? groups : [...groups, everybody];
}

const header = (request: IncomingMessage, name: string): string | undefined => headers(request, name)[0] || undefined;

/** Each of the headers of one name: Node would join them with commas. */
function headers(request: IncomingMessage, name: string): string[] {
  const { rawHeaders } = request;
  return rawHeaders.flatMap((text, index) => (index % 2 === 0 && text.toLowerCase() === name ? [rawHeaders[index + 1] ?? ""] : []));
}

function extraOf(request: IncomingMessage): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  request.rawHeaders.forEach((text, index) => {
    if (index % 2 !== 0 || !text.toLowerCase().startsWith(EXTRA)) return;
    const key = decodeURIComponent(text.slice(EXTRA.length).toLowerCase());
    (extra[key] ??= []).push(request.rawHeaders[index + 1] ?? "");
  });
  return extra;
}
