import { isNotFound, type StatusError } from "../api/status.ts";
import { after } from "../host/cli-host.ts";
import type { Pod } from "../api/generated/core-v1.ts";
import type { CommandContext } from "./command.ts";
import { pathOf } from "./discovery.ts";
import type { Logger } from "./klog.ts";
import type { ApiObject } from "./resources.ts";

const CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container";

export type LivePod = Pod & { metadata: ApiObject["metadata"] & { name: string } };

/** The pod that an argument means: `web`, `pod/web`, or the first pod behind `deploy/web`, `svc/web`. */
export async function attachablePod(context: CommandContext, argument: string): Promise<LivePod> {
  const client = await context.client();
  const { namespace } = await context.connection();
  const discovery = await context.discovery();
  if (!argument.includes("/"))
    return discovery.vouchFor(
      client.get<LivePod>(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(argument)}`),
    );
  const [type = "", name = ""] = argument.split("/");
  const info = await discovery.get(type);
  const object = await client.get<ApiObject>(pathOf(info, namespace, name));
  if (info.resource === "pods") return object as unknown as LivePod;
  const [first] = sortActive(await firstPodsOf(context, object, info.resource));
  if (!first) throw new Error(`timed out waiting for the condition`);
  return first;
}

/** The pods that an object selects, or the first that comes while there is none. Upstream: polymorphichelpers GetFirstPod */
export async function firstPodsOf(context: CommandContext, object: ApiObject, resource: string): Promise<LivePod[]> {
  const pods = await podsOf(context, object, resource);
  if (pods.length > 0) return pods;
  const client = await context.client();
  const { namespace } = await context.connection();
  const abort = new AbortController();
  const cancel = after(context.flags.number("pod-running-timeout"), () => abort.abort());
  try {
    const query = { labelSelector: podSelector(object, resource) };
    for await (const { type, object: pod } of client.watch(`/api/v1/namespaces/${namespace}/pods`, query, { signal: abort.signal }))
      if (type === "ADDED" || type === "MODIFIED") return [pod as unknown as LivePod];
  } finally {
    cancel();
    abort.abort();
  }
  throw new Error("timed out waiting for the condition");
}

/** The pods that an object selects. Upstream: k8s.io/kubectl/pkg/polymorphichelpers SelectorsForObject */
export async function podsOf(context: CommandContext, object: ApiObject, resource: string): Promise<LivePod[]> {
  const client = await context.client();
  const { namespace } = await context.connection();
  const list = await client.get<{ items?: LivePod[] }>(`/api/v1/namespaces/${namespace}/pods`, {
    labelSelector: podSelector(object, resource),
  });
  return list.items ?? [];
}

function podSelector(object: ApiObject, resource: string): string {
  const spec = (object["spec"] ?? {}) as {
    selector?: Record<string, unknown> & {
      matchLabels?: Record<string, string>;
      matchExpressions?: { key: string; operator: string; values?: string[] }[];
    };
  };
  const plain = resource === "services" || resource === "replicationcontrollers";
  if (plain && Object.keys(spec.selector ?? {}).length === 0)
    throw new Error(
      `cannot get the logs from *v1.Service: invalid service '${object.metadata.name}': Service is defined without a selector`,
    );
  if (!plain && !spec.selector)
    throw new Error(`cannot get the logs from *v1.${object.kind}: selector for *v1.${object.kind} not implemented`);
  return plain ? renderLabels(spec.selector as Record<string, string>) : renderSelector(spec.selector ?? {});
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

/** The pods one would rather talk to come first. Upstream: podutils.ActivePods reversed */
function sortActive(pods: readonly LivePod[]): LivePod[] {
  const rank = (pod: LivePod) =>
    (pod.spec.nodeName ? 0 : 8) +
    ({ Running: 0, Pending: 2 }[pod.status?.phase ?? ""] ?? 4) +
    (pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ? 0 : 1);
  return [...pods].sort((a, b) => rank(a) - rank(b));
}

interface ContainerChoice {
  /** Whether ephemeral containers count. */
  readonly quiet?: boolean;
  readonly logger?: Logger | undefined;
}

/** The container that -c names, or the default one, saying so when there are several. Upstream: podcmd.FindOrDefaultContainerByName */
export function chooseContainer(context: CommandContext, pod: LivePod, wanted: string, choice: ContainerChoice = {}): string {
  return execContainer(pod, wanted, { tell: choice.quiet ? () => undefined : (text) => context.io.err(text), logger: choice.logger });
}

/** Who hears how a default was found. */
export interface ContainerListener {
  tell(text: string): void;
  readonly logger?: Logger | undefined;
}

function defaultContainer(pod: LivePod, { tell, logger }: ContainerListener): string {
  const annotated = pod.metadata.annotations?.[CONTAINER_ANNOTATION];
  if (annotated) {
    if (containersOf(pod).includes(annotated)) return annotated;
    tell(`Default container name ${JSON.stringify(annotated)} not found in pod ${pod.metadata.name}\n`);
  }
  const first = pod.spec.containers?.[0]?.name ?? "";
  if (containersOf(pod).length === 1) logger?.text(4, "podcmd.go:84", `Using the first container in a pod: ${first}`);
  else tell(`Defaulted container ${JSON.stringify(first)} out of: ${describeContainers(pod)}\n`);
  return first;
}

/** The container to run something in. Upstream: k8s.io/kubectl/pkg/cmd/exec */
export function execContainer(pod: LivePod, wanted: string, listener: ContainerListener): string {
  if (wanted === "") return defaultContainer(pod, listener);
  if (containersOf(pod).includes(wanted)) return wanted;
  throw new Error(`container ${wanted} is not valid for pod ${pod.metadata.name} out of: ${describeContainers(pod)}`);
}

const containersOf = ({ spec }: LivePod): string[] =>
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

/** `logs` tells of a missing pod in its own way. */
export function logsNotFound(error: unknown, namespace: string): unknown {
  if (!isNotFound(error)) return error;
  return new Error(`error from server (${(error as StatusError).reason}): ${error.message} in namespace ${JSON.stringify(namespace)}`);
}
