import type { Container, EphemeralContainer, Pod } from "../../api/generated/core-v1.ts";
import { applyStrategicMergePatch } from "../../api/strategic-merge-patch.ts";
import { structType } from "../../api/schema.ts";
import { randomSuffix } from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";
import { type DebugStyle, type Kept, PROFILES } from "./debug-profiles.ts";
import type { LivePod } from "./pods.ts";

export interface DebugOptions {
  readonly targets: readonly string[];
  readonly args: readonly string[];
  readonly argsOnly: boolean;
  readonly attach: boolean;
  readonly container: string;
  readonly copyTo: string;
  readonly image: string;
  readonly pullPolicy: string;
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly quiet: boolean;
  readonly replace: boolean;
  readonly sameNode: boolean;
  /** Undefined: not asked for. */
  readonly shareProcesses: boolean | undefined;
  readonly target: string;
  readonly profile: string;
  readonly custom: Partial<Container> | undefined;
  readonly env: readonly { name: string; value: string }[];
  readonly setImages: ReadonlyMap<string, string>;
  readonly kept: Kept;
}

type Draft = Pod;

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function commonFields(options: DebugOptions): Partial<Container> {
  const { args, argsOnly, env, image, pullPolicy, stdin, tty } = options;
  return {
    ...(args.length > 0 ? (argsOnly ? { args: [...args] } : { command: [...args] }) : {}),
    ...(env.length > 0 ? { env: [...env] } : {}),
    image,
    ...(pullPolicy ? { imagePullPolicy: pullPolicy } : {}),
    ...(stdin ? { stdin } : {}),
    terminationMessagePolicy: "File",
    ...(tty ? { tty } : {}),
  };
}

/** The pod with one more ephemeral container. Upstream: debug.go generateDebugContainer */
export function withDebugContainer(
  context: CommandContext,
  options: DebugOptions,
  pod: LivePod,
): { pod: Draft; container: EphemeralContainer } {
  const name = debugContainerName(context, options, pod);
  const copy = clone(pod) as Draft;
  const added: EphemeralContainer = { name, ...commonFields(options), ...(options.target ? { targetContainerName: options.target } : {}) };
  copy.spec.ephemeralContainers = [...(copy.spec.ephemeralContainers ?? []), added];
  applyProfile(options, copy, name, "ephemeral");
  const container = copy.spec.ephemeralContainers.at(-1) ?? added;
  return { pod: copy, container };
}

/** Upstream: debug.go generatePodCopyWithDebugContainer. The container is empty where only images are changed. */
export function copiedPod(context: CommandContext, options: DebugOptions, pod: LivePod): { pod: Draft; container: string } {
  const { namespace, annotations, labels } = pod.metadata;
  const metadata = { name: options.copyTo, namespace, ...(annotations ? { annotations } : {}), ...(labels ? { labels } : {}) };
  const copy = clone({ apiVersion: "v1", kind: "Pod", metadata, spec: pod.spec }) as unknown as Draft;
  delete copy.spec.ephemeralContainers;
  if (options.shareProcesses !== undefined) copy.spec.shareProcessNamespace = options.shareProcesses;
  if (!options.sameNode) delete copy.spec.nodeName;
  for (const container of copy.spec.containers)
    container.image = options.setImages.get(container.name) ?? options.setImages.get("*") ?? container.image ?? "";
  const existing = [...copy.spec.containers, ...(copy.spec.initContainers ?? [])].find(({ name }) => name === options.container);
  if (!existing && options.image === "") {
    if (options.setImages.size > 0) return { pod: copy, container: "" };
    throw new Error("you must specify image when creating new container");
  }
  const container = existing ?? newContainer(context, options, copy);
  changeContainer(container, options);
  applyProfile(options, copy, container.name, "copy");
  return { pod: copy, container: container.name };
}

function newContainer(context: CommandContext, options: DebugOptions, pod: Draft): Container {
  const container = { name: debugContainerName(context, options, pod as unknown as LivePod), terminationMessagePolicy: "File" };
  pod.spec.containers = [...pod.spec.containers, container];
  return container;
}

function changeContainer(container: Container, { args, argsOnly, env, image, pullPolicy, stdin, tty }: DebugOptions): void {
  if (args.length > 0 && argsOnly) container.args = [...args];
  else if (args.length > 0) {
    container.command = [...args];
    delete container.args;
  }
  if (env.length > 0) container.env = [...env];
  if (image) container.image = image;
  if (pullPolicy) container.imagePullPolicy = pullPolicy;
  container.stdin = stdin;
  container.tty = tty;
}

/** Upstream: debug.go generateNodeDebugPod */
export function nodePod(context: CommandContext, options: DebugOptions, node: string): { pod: Draft; container: string } {
  const container = options.container || "debugger";
  const name = `node-debugger-${node}-${randomSuffix(5)}`;
  if (!options.quiet) context.print(`Creating debugging pod ${name} with container ${container} on node ${node}.`);
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { "app.kubernetes.io/managed-by": "kubectl-debug" } },
    spec: {
      containers: [{ name: container, ...commonFields(options) }],
      nodeName: node,
      restartPolicy: "Never",
      tolerations: [{ operator: "Exists" }],
    },
  } as unknown as Draft;
  applyProfile(options, pod, container, "node");
  return { pod, container };
}

function applyProfile(options: DebugOptions, pod: Draft, name: string, style: DebugStyle): void {
  PROFILES[options.profile]?.(pod, name, style, options.kept);
  if (!options.custom) return;
  const list = style === "ephemeral" ? (pod.spec.ephemeralContainers ?? []) : pod.spec.containers;
  const index = list.findIndex((container) => container.name === name);
  if (index < 0) throw new Error(`unable to find the ${name} container in the pod ${pod.metadata.name}`);
  const merged = applyStrategicMergePatch(structType("core/v1", "Container"), list[index], { ...options.custom, name }) as Container;
  if (style === "ephemeral") pod.spec.ephemeralContainers = list.map((container, at) => (at === index ? merged : container));
  else pod.spec.containers = list.map((container, at) => (at === index ? merged : container));
}

function debugContainerName(context: CommandContext, options: DebugOptions, { spec }: LivePod): string {
  if (options.container) return options.container;
  const taken = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(({ name }) => name),
  );
  let name: string;
  do name = `debugger-${randomSuffix(5)}`;
  while (taken.has(name));
  if (!options.quiet) context.print(`Defaulting debug container name to ${name}.`);
  return name;
}

/** Capabilities do nothing for a process that is not root. Upstream: debug.go displayWarning */
export function warnOfNonRoot(context: CommandContext, pod: Draft, container: Container | EphemeralContainer | undefined): void {
  const user = pod.spec.securityContext?.runAsUser;
  const own = container?.securityContext;
  if (!user || !own || own.runAsUser === 0 || (!own.privileged && !own.capabilities?.add?.length)) return;
  context.io.err(
    'Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work. Please consider using "--custom" with a custom profile that specifies "securityContext.runAsUser: 0".\n',
  );
}
