import { after } from "../../host/cli-host.ts";
import type { Pod } from "../../api/generated/core-v1.ts";
import type { CommandContext } from "../command.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import type { Logger } from "../connection/klog.ts";
import { mostActiveFirst } from "./pod-order.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { fetchObjects, type ApiObject, type Found, type Target } from "../objects/resources.ts";

/** On what the API server shows of a static pod: how its kubelet knows it. */
export const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";
export const CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container";

export type LivePod = Pod & { metadata: ApiObject["metadata"] & { name: string } };

/** The object that an argument means (`web` is a pod, `deploy/web` is not), or the file given with -f. Upstream: Builder.ResourceNames */
export async function namedObject(
  context: CommandContext,
  argument: string | undefined,
  { type = "pods", accept }: { readonly type?: string | undefined; readonly accept?: string } = {},
): Promise<Found> {
  const args = argument === undefined ? [] : [argument.includes("/") ? argument : `${type}/${argument}`];
  const targets = await targetsOf(context, args);
  const [found, ...more] = targets.some(({ manifest }) => manifest)
    ? targets.flatMap(asWritten)
    : await fetchObjects(context, targets, { accept });
  if (!found || more.length > 0) throw new Error(`cannot ${context.path.split(" ").at(-1)} into multiple objects at a time`);
  return found;
}

/** What a file says is not asked for again. */
function asWritten({ info, namespace, name, manifest }: Target): Found[] {
  return manifest ? [{ info, namespace, name: name ?? "", object: manifest as ApiObject }] : [];
}

export const isPod = ({ info }: Pick<Found, "info">): boolean => info.group === "" && info.resource === "pods";

/** The pod that an object is, or the one of its pods that one would rather talk to. Upstream: polymorphichelpers attachablePodForObject */
export async function attachablePod(context: CommandContext, found: Found): Promise<LivePod> {
  if (isPod(found)) return found.object as unknown as LivePod;
  const [first] = mostActiveFirst(await podsBehind(context, found, "cannot attach to"));
  if (!first) throw new Error("timed out waiting for the condition");
  return first;
}

/** Upstream: cmdutil.GetPodRunningTimeoutFlag */
export function checkRunningTimeout(context: CommandContext, fail = (message: string): Error => context.usage(message)): void {
  if (context.flags.number("pod-running-timeout") <= 0) throw fail("--pod-running-timeout must be higher than zero");
}

/** The pods that an object selects, or the first that comes while there is none. Upstream: polymorphichelpers GetPodList */
export async function podsBehind(context: CommandContext, { info, object }: Found, refusal: string): Promise<LivePod[]> {
  const labelSelector = podSelector(object, info, refusal);
  const client = await context.client();
  const path = `/api/v1/namespaces/${object.metadata.namespace ?? (await context.namespace())}/pods`;
  const list = await client.get<{ metadata?: { resourceVersion?: string }; items?: LivePod[] }>(path, { labelSelector });
  if (list.items?.length) return list.items;
  const abort = new AbortController();
  const cancel = after(context.flags.number("pod-running-timeout"), () => abort.abort());
  const query = { labelSelector, resourceVersion: list.metadata?.resourceVersion };
  try {
    for await (const { type, object: pod } of client.watch(path, query, { signal: abort.signal }))
      if (type === "ADDED" || type === "MODIFIED") return [pod as unknown as LivePod];
  } finally {
    cancel();
    abort.abort();
  }
  throw new Error("timed out waiting for the condition");
}

// Upstream: polymorphichelpers SelectorsForObject
const WITH_SELECTOR = ["replicasets", "replicationcontrollers", "statefulsets", "daemonsets", "deployments", "jobs", "services"];

function podSelector(object: ApiObject, { kind, resource, version }: ResourceInfo, refusal: string): string {
  if (!WITH_SELECTOR.includes(resource))
    throw new Error(`${refusal} *${version}.${kind}: selector for *${version}.${kind} not implemented`);
  const { selector = {} } = (object["spec"] ?? {}) as { selector?: Record<string, string> & Parameters<typeof renderSelector>[0] };
  if (resource === "services" && Object.keys(selector).length === 0)
    throw new Error(`${refusal} *v1.Service: invalid service '${object.metadata.name}': Service is defined without a selector`);
  return resource === "services" || resource === "replicationcontrollers" ? renderLabels(selector) : renderSelector(selector);
}

const renderLabels = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .sort()
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

export function renderSelector(selector: {
  matchLabels?: Record<string, string> | undefined;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] | undefined }[] | undefined;
}): string {
  const parts = Object.entries(selector.matchLabels ?? {})
    .sort()
    .map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const list = `(${[...(values ?? [])].sort().join(",")})`;
    parts.push(
      operator === "Exists" ? key : operator === "DoesNotExist" ? `!${key}` : `${key} ${operator === "In" ? "in" : "notin"} ${list}`,
    );
  }
  return parts.join(",");
}

/** Who hears of a choice among several containers. */
export interface ContainerListener {
  tell(text: string): void;
  readonly logger?: Logger | undefined;
}

/** The container to run something in. Upstream: podcmd.FindOrDefaultContainerByName */
export function chooseContainer(pod: LivePod, wanted: string, { tell, logger }: ContainerListener): string {
  const name = wanted || pod.metadata.annotations?.[CONTAINER_ANNOTATION];
  const names = containersOf(pod);
  if (name) {
    if (names.includes(name)) return name;
    throw new Error(`container ${name} is not valid for pod ${pod.metadata.name} out of: ${describeContainers(pod)}`);
  }
  const first = pod.spec.containers?.[0]?.name ?? "";
  if (names.length > 1) tell(`Defaulted container ${JSON.stringify(first)} out of: ${describeContainers(pod)}\n`);
  else logger?.text(4, "podcmd.go:84", `Using the first container in a pod: ${first}`);
  return first;
}

/** For messages of one's choice, unless --quiet. */
export function unlessQuiet({ flags, io, logger }: CommandContext): ContainerListener {
  return { tell: flags.bool("quiet") ? () => undefined : (text) => io.err(text), logger };
}

export const containersOf = ({ spec }: LivePod): string[] =>
  [...(spec.containers ?? []), ...(spec.ephemeralContainers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name);

/** web, shell, wait (init). Upstream: podcmd.AllContainerNames */
export function describeContainers(pod: LivePod): string {
  const { containers, ephemeralContainers, initContainers } = pod.spec;
  return [
    ...(containers ?? []).map(({ name }) => name),
    ...(ephemeralContainers ?? []).map(({ name }) => `${name} (ephem)`),
    ...(initContainers ?? []).map(({ name }) => `${name} (init)`),
  ].join(", ");
}
