import type { PolicyRule } from "../../api/generated/rbac-v1.ts";
import { sameJson } from "../../api/merge-patch.ts";
import { uncoveredRules } from "../../api/rbac-rules.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../api/status.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { dryRunOf } from "../dry-run.ts";
import type { FlagSpec } from "../flags.ts";
import { reporter } from "../report.ts";
import { checkFiles, hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import type { ApiObject, Target } from "../objects/resources.ts";

const GROUP = "rbac.authorization.k8s.io";
const ROLES = ["Role", "ClusterRole"];
const BINDINGS = ["RoleBinding", "ClusterRoleBinding"];
const PROTECTION = "rbac.authorization.kubernetes.io/autoupdate";
const TRIES = 3;

export const RECONCILE_FLAGS: readonly FlagSpec[] = [
  { name: "remove-extra-permissions", type: "bool", usage: "If true, rules that the file does not have are taken away" },
  { name: "remove-extra-subjects", type: "bool", usage: "If true, subjects that the file does not have are taken away" },
];

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

interface RbacObject extends ApiObject {
  rules?: PolicyRule[] | null;
  aggregationRule?: { clusterRoleSelectors?: Selector[] };
  subjects?: Subject[];
  roleRef?: unknown;
}

interface Subject {
  readonly kind?: string;
  readonly apiGroup?: string;
  readonly name?: string;
  readonly namespace?: string;
}

interface Outcome {
  readonly object: RbacObject;
  readonly operation: "none" | "create" | "update" | "recreate";
  readonly isProtected: boolean;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

/** Upstream: kubectl/pkg/cmd/auth/reconcile.go and component-helpers/auth/rbac/reconciliation */
export async function reconcile(context: CommandContext): Promise<void> {
  if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
  if (context.args.length > 0) throw new Error("no arguments are allowed");
  if (context.flags.text("dry-run") === "server") throw new Error("--dry-run=server for command reconcile is not supported yet");
  const dryRun = dryRunOf(context.flags, context.io);
  await context.lookForNamespace();
  checkFiles(context);
  await context.connection();
  const report = await reporter(context, dryRun);
  for (const target of await targetsOf(context, [], { typed: true })) {
    const { info } = target;
    if (info.group !== GROUP || ![...ROLES, ...BINDINGS].includes(info.kind)) continue;
    if (info.version !== "v1") throw new Error(`only rbac.authorization.k8s.io/v1 is supported: not *${info.version}.${info.kind}`);
    const outcome = await settle(context, target, dryRun !== "none");
    report(outcome.object, info, "reconciled");
    tell(context, outcome, ROLES.includes(info.kind) ? "rules" : "subjects");
  }
}

function tell({ io }: CommandContext, { operation, isProtected, missing, extra }: Outcome, what: "rules" | "subjects"): void {
  if (operation === "none") return;
  io.err(`\treconciliation required ${operation}${isProtected ? `, but object opted out (${PROTECTION}: false)` : ""}\n`);
  const list = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) io.err(`\t${title}:\n${lines.map((line) => `\t\t${line}\n`).join("")}`);
  };
  list(`missing ${what} added`, missing);
  list(`extra ${what} removed`, extra);
}

async function settle(context: CommandContext, target: Target, isDryRun: boolean): Promise<Outcome> {
  const { info, namespace, name = "" } = target;
  const client = await context.client();
  const wanted = target.manifest as unknown as RbacObject;
  const at = pathOf(info, namespace, name);
  for (let tries = 1; ; tries++) {
    const stored = await client.json<Json>("GET", at).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const existing = stored as unknown as RbacObject | undefined;
    const outcome = existing ? compared(context, existing, wanted) : created(wanted);
    if (isDryRun || outcome.isProtected || outcome.operation === "none") return outcome;
    try {
      if (outcome.operation === "update") return { ...outcome, object: await client.json("PUT", at, { body: outcome.object }) };
      if (existing) await client.json("DELETE", at, { body: { preconditions: { uid: existing.metadata.uid } } });
      else if (namespace !== undefined) await ensureNamespace(context, namespace);
      return { ...outcome, object: await client.json("POST", pathOf(info, namespace), { body: outcome.object }) };
    } catch (error) {
      if (!isConflict(error) || tries === TRIES) throw error;
    }
  }
}

async function ensureNamespace(context: CommandContext, name: string): Promise<void> {
  const client = await context.client();
  try {
    await client.json("GET", `/api/v1/namespaces/${name}`);
  } catch {
    // Whoever may not look may still be allowed to make one; whatever is wrong, the object's own creation tells.
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await client.json("POST", "/api/v1/namespaces", { body }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
}

function created(object: RbacObject): Outcome {
  const missing = object.roleRef === undefined ? (object.rules ?? []).map(ruleText) : (object.subjects ?? []).map(subjectText);
  return { object, operation: "create", isProtected: false, missing, extra: [] };
}

function compared({ flags }: CommandContext, existing: RbacObject, wanted: RbacObject): Outcome {
  const isProtected = existing.metadata.annotations?.[PROTECTION] === "false";
  const object = withMetadataOf(existing, wanted);
  if (wanted.roleRef !== undefined) {
    if (!sameJson(existing.roleRef, wanted.roleRef)) {
      const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
      return {
        object: { ...object, metadata, roleRef: wanted.roleRef, subjects: wanted.subjects ?? [] },
        operation: "recreate",
        isProtected,
        missing: [],
        extra: [],
      };
    }
    return withSubjects(object, existing, wanted, { removes: flags.bool("remove-extra-subjects"), isProtected });
  }
  const removes = flags.bool("remove-extra-permissions");
  const missing = uncoveredRules(existing.rules ?? [], wanted.rules ?? []);
  const extra = uncoveredRules(wanted.rules ?? [], existing.rules ?? []);
  if (removes && missing.length + extra.length > 0) object.rules = [...(wanted.rules ?? [])];
  else if (missing.length > 0) object.rules = [...(existing.rules ?? []), ...missing];
  const selectors = existing.aggregationRule?.clusterRoleSelectors ?? [];
  const asked = wanted.aggregationRule?.clusterRoleSelectors ?? [];
  const absent = asked.filter((selector) => !selectors.some((known) => sameJson(known, selector)));
  if (removes && (absent.length > 0 || selectors.length > asked.length)) object.aggregationRule = { clusterRoleSelectors: asked };
  else if (absent.length > 0) object.aggregationRule = { clusterRoleSelectors: [...selectors, ...absent] };
  const operation = sameJson(object, existing) ? "none" : "update";
  return { object, operation, isProtected, missing: missing.map(ruleText), extra: removes ? extra.map(ruleText) : [] };
}

function withSubjects(
  object: RbacObject,
  existing: RbacObject,
  wanted: RbacObject,
  { removes, isProtected }: { removes: boolean; isProtected: boolean },
): Outcome {
  const has = (list: readonly Subject[], subject: Subject) => list.some((each) => sameJson(each, subject));
  const [now, asked] = [existing.subjects ?? [], wanted.subjects ?? []];
  const missing = asked.filter((subject) => !has(now, subject));
  const extra = now.filter((subject) => !has(asked, subject));
  if (removes && missing.length + extra.length > 0) object.subjects = [...asked];
  else if (missing.length > 0) object.subjects = [...now, ...missing];
  const operation = sameJson(object, existing) ? "none" : "update";
  return { object, operation, isProtected, missing: missing.map(subjectText), extra: removes ? extra.map(subjectText) : [] };
}

/** Labels and annotations of the file are added; what is there wins. */
function withMetadataOf(existing: RbacObject, wanted: RbacObject): RbacObject {
  const metadata = { ...existing.metadata };
  for (const name of ["labels", "annotations"] as const) {
    const merged = { ...wanted.metadata[name], ...existing.metadata[name] };
    if (Object.keys(merged).length > 0) metadata[name] = merged;
  }
  return { ...existing, metadata };
}

/** As Go prints a struct with %+v. */
function ruleText({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  const list = (values: readonly string[] | undefined) => `[${(values ?? []).join(" ")}]`;
  return `{Verbs:${list(verbs)} APIGroups:${list(apiGroups)} Resources:${list(resources)} ResourceNames:${list(resourceNames)} NonResourceURLs:${list(nonResourceURLs)}}`;
}

const subjectText = ({ kind = "", apiGroup = "", name = "", namespace = "" }: Subject) =>
  `{Kind:${kind} APIGroup:${apiGroup} Name:${name} Namespace:${namespace}}`;
