import type { Json, Query } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { messageOf, throwAll, throwGathered } from "../errors.ts";
import { reporter, type Report } from "../report.ts";
import { targetsOf } from "./resource-arguments.ts";
import { fetchObjects, type ApiObject, type Found, type Target } from "./resources.ts";
import { areNamed, visitObjects } from "./visit-objects.ts";
import { schemaOf } from "./strategic.ts";

/** What a command has found out before it reads objects. */
export interface Begun {
  readonly dryRun: DryRun;
  /** Undefined: -o is looked at when there is something to print. */
  readonly report?: Report;
}

/** --dry-run, -o, the namespace: what the `set` commands look at first, in this order. Upstream: Complete of kubectl/pkg/cmd/set */
export async function begin(context: CommandContext): Promise<Begun> {
  const dryRun = dryRunOf(context.flags, context.io);
  const report = await reporter(context, dryRun, "typed");
  await context.lookForNamespace();
  return { dryRun, report };
}

export interface ChangeOptions extends Begun {
  readonly manager?: string | undefined;
  readonly operation: string | ((found: Found) => string);
  readonly args?: readonly string[] | undefined;
  /** Instead of what arguments and files mean. */
  targets?(errors: unknown[]): Promise<Target[]>;
  /** Whether a type without names is refused, unless there is a selector or --all. */
  readonly needsNames?: boolean;
  /** "atomic": nothing is changed when one of the objects cannot be read. "gather": all are read first. "visit": each is changed when it is read. */
  readonly flow: "atomic" | "gather" | "visit";
  /** Sent and reported even when nothing differs. */
  readonly always?: boolean;
  /** Looks at flags and arguments, after the objects were read as kubectl does. */
  check?(): void | Promise<void>;
  /** How kubectl holds the objects: "typed" is usual. */
  readonly held?: "unstructured" | "typed";
  /** The form of -o is looked at before something is sent, or when the answer is there. */
  readonly looksAtOutput?: "after";
  /** What is said when the server does not take the change. */
  readonly refusal?: string;
  /** Makes the new object; undefined leaves it as it is. What is wrong with a part of it can be put with the errors. */
  change(found: Found, errors: unknown[]): ApiObject | undefined;
}

/** Reads objects, changes them, and sends the strategic difference: `set`, `rollout restart`, `taint`. */
export async function changeObjects(context: CommandContext, options: ChangeOptions): Promise<void> {
  const { args = context.args, needsNames, flow } = options;
  const selector = context.flags.text("selector");
  const errors: unknown[] = [];
  const change = (found: Found) => changeOne(context, { found, options, errors });
  if (context.flags.bool("local")) {
    const { localObjects } = await import("./local-objects.ts");
    return changeAll(await localObjects(context, args, "typed"), options, { change, errors });
  }
  const unread: unknown[] = [];
  const targets = await (options.targets?.(unread) ?? targetsOf(context, args, { needsNames, errors: unread, typed: true }));
  if (flow === "visit") return void (await visitObjects(context, { targets, unread, selector, typed: true }, change));
  const found = await fetchObjects(context, targets, { selector, errors: unread, typed: true });
  if (flow === "atomic") throwAll(unread);
  else if (found.length === 0 && unread.length === 0) return tellNothingFound(context);
  else if (areNamed(context, targets)) errors.push(...unread.splice(0));
  await changeAll(found, options, { change, errors, unread });
}

interface Changing {
  readonly errors: unknown[];
  readonly unread?: readonly unknown[];
  change(found: Found): Promise<void>;
}

async function changeAll(found: readonly Found[], options: ChangeOptions, { change, errors, unread = [] }: Changing): Promise<void> {
  await options.check?.();
  for (const each of found) await change(each).catch((error: unknown) => errors.push(error));
  throwGathered(unread, errors);
}

async function changeOne(
  context: CommandContext,
  { found, options, errors }: { readonly found: Found; readonly options: ChangeOptions; readonly errors: unknown[] },
): Promise<void> {
  const { dryRun } = options;
  const isLocal = context.flags.bool("local");
  const makeReport = async () => options.report ?? reporter(context, "none", options.held ?? "typed");
  const changed = options.change(found, errors);
  const patch = changed ? await difference(found, changed) : {};
  if (Object.keys(patch).length === 0 && !(changed && options.always)) return;
  if (options.looksAtOutput !== "after") await makeReport();
  const operation = typeof options.operation === "string" ? options.operation : options.operation(found);
  const query = { fieldManager: options.manager, ...dryRunQuery(dryRun) };
  const result = isLocal || dryRun === "client" ? (changed as ApiObject) : await send(context, found, { patch, query, options });
  (await makeReport())(result, found.info, operation);
}

/** Upstream: kubectl/pkg/cmd/rollout */
export const tellNothingFound = async (context: CommandContext): Promise<void> =>
  context.io.err(`No resources found in ${await context.namespace()} namespace.\n`);

interface Sending {
  readonly patch: Json;
  readonly query: Query;
  readonly options: ChangeOptions;
}

async function send(context: CommandContext, found: Found, { patch, query, options }: Sending): Promise<Json> {
  const client = await context.client();
  try {
    const body = { query, body: patch, contentType: contentTypeFor(found) };
    return await client.json<Json>("PATCH", pathOf(found.info, found.namespace, found.name), body);
  } catch (error) {
    if (options.refusal === undefined) throw error;
    throw new Error(`${options.refusal} ${messageOf(error)}`, { cause: error });
  }
}

export const contentTypeFor = ({ info }: Pick<Found, "info">): string =>
  schemaOf(info) ? "application/strategic-merge-patch+json" : "application/merge-patch+json";

/** The patch that makes one object of the other. */
export async function difference({ info, object }: Pick<Found, "info" | "object">, changed: ApiObject): Promise<Json> {
  const schema = schemaOf(info);
  if (!schema) return (await import("../../api/merge-patch.ts")).createMergePatch(object, changed);
  return (await import("../../api/strategic-merge-patch.ts")).createTwoWayStrategicPatch(schema, object, changed);
}

interface PodSpecHolder {
  template?: { metadata?: { annotations?: Record<string, string> }; spec?: PodSpecJson };
  jobTemplate?: { spec?: { template?: { spec?: PodSpecJson } } };
}

export interface PodSpecJson extends Json {
  containers?: ContainerJson[];
  initContainers?: ContainerJson[];
}

export interface ContainerJson extends Json {
  name: string;
  image?: string;
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
}

/** The object with its pod spec changed in place of a deep copy. Throws for kinds without one, and tells which object failed. Upstream: UpdatePodSpecForObject */
export function withPodSpec(found: Found, change: (spec: PodSpecJson) => void): ApiObject {
  try {
    return changedPodSpec(found, change);
  } catch (error) {
    throw new Error(`error: ${found.info.resource}/${found.name} ${messageOf(error)}`, { cause: error });
  }
}

function changedPodSpec(found: Found, change: (spec: PodSpecJson) => void): ApiObject {
  const object = structuredClone(found.object);
  const holder = (object["spec"] ?? {}) as PodSpecHolder & PodSpecJson;
  const spec = found.info.kind === "Pod" ? (holder as PodSpecJson) : (holder.template?.spec ?? holder.jobTemplate?.spec?.template?.spec);
  if (!spec) throw new Error(`the object is not a pod or does not have a pod template: *v1.${found.info.kind}`);
  change(spec);
  return object;
}

export const hasPodSpec = ({ info }: Pick<Found, "info">): boolean =>
  ["Pod", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob"].includes(info.kind);
