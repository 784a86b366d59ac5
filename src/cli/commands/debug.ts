import type { Container, ContainerStatus } from "../../api/generated/core-v1.ts";
import { decodeAs } from "../../api/decode.ts";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import { structType } from "../../api/schema.ts";
import { isNotFound, type StatusError } from "../../api/status.ts";
import { createTwoWayStrategicPatch } from "../../api/strategic-merge-patch.ts";
import { findText } from "../../host/cli-host.ts";
import { attachSession } from "../pods/attach-session.ts";
import { printLog, waitForPod } from "../pods/attach-to-run.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { copiedPod, type DebugOptions, nodePod, warnOfNonRoot, withDebugContainer } from "../pods/debug-pods.ts";
import { PROFILES } from "../pods/debug-profiles.ts";
import { messageOf } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";
import type { LivePod } from "../pods/pods.ts";
import { fetchObjects, type Found } from "../objects/resources.ts";

const COPY_ONLY = "(This flag only works when used with '--copy-to')";
const flag = (name: string, type: FlagSpec["type"], usage: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  name,
  type,
  usage,
  ...more,
});

const debug: CommandSpec = {
  usage: "(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]",
  long: "Debug cluster resources with containers that are made for it.\n\n A pod gets an ephemeral container beside those that run, or is copied with changes; a node gets a pod that lives in the node's own namespaces and sees its files under /host.",
  examples:
    "# A shell beside the containers of mypod\nkubectl debug mypod -it --image=busybox\n\n# One that sees the processes of the container app\nkubectl debug mypod -it --image=busybox --target=app\n\n# A copy of mypod with one more container\nkubectl debug mypod -it --image=busybox --copy-to=my-debugger\n\n# A copy in which mycontainer runs another command\nkubectl debug mypod -it --copy-to=my-debugger --container=mycontainer -- sh\n\n# A copy with other images\nkubectl debug mypod --copy-to=my-debugger --set-image=*=busybox\n\n# A shell on a node\nkubectl debug node/mynode -it --image=busybox",
  flags: [
    flag("arguments-only", "bool", "If specified, everything after -- will be passed to the new container as Args instead of Command."),
    flag(
      "attach",
      "bool",
      "If true, wait for the container to start running, and then attach as if 'kubectl attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true.",
    ),
    flag("container", "string", "Container name to use for debug container.", { shorthand: "c" }),
    flag("copy-to", "string", "Create a copy of the target Pod with this name."),
    flag("custom", "string", "Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles."),
    flag("env", "stringToString", "Environment variables to set in the container."),
    flag("filename", "stringSlice", "identifying the resource to debug", { shorthand: "f" }),
    flag("image", "string", "Container image to use for debug container."),
    flag(
      "image-pull-policy",
      "string",
      "The image pull policy for the container. If left empty, this value will not be specified by the client and defaulted by the server.",
    ),
    flag("keep-annotations", "bool", `If true, keep the original pod annotations.${COPY_ONLY}`),
    flag("keep-init-containers", "bool", `Run the init containers for the pod. Defaults to true.${COPY_ONLY}`, { default: true }),
    flag("keep-labels", "bool", `If true, keep the original pod labels.${COPY_ONLY}`),
    flag("keep-liveness", "bool", `If true, keep the original pod liveness probes.${COPY_ONLY}`),
    flag("keep-readiness", "bool", `If true, keep the original pod readiness probes.${COPY_ONLY}`),
    flag("keep-startup", "bool", `If true, keep the original startup probes.${COPY_ONLY}`),
    flag("profile", "string", 'Options are "general", "baseline", "restricted", "netadmin" or "sysadmin". Defaults to "general"', {
      default: "general",
    }),
    flag("quiet", "bool", "If true, suppress informational messages.", { shorthand: "q" }),
    flag("replace", "bool", "When used with '--copy-to', delete the original Pod."),
    flag("same-node", "bool", "When used with '--copy-to', schedule the copy of target Pod on the same node."),
    flag(
      "set-image",
      "stringToString",
      "When used with '--copy-to', a list of name=image pairs for changing container images, similar to how 'kubectl set image' works.",
    ),
    flag("share-processes", "bool", "When used with '--copy-to', enable process namespace sharing in the copy.", { default: true }),
    flag("stdin", "bool", "Keep stdin open on the container(s) in the pod, even if nothing is attached.", { shorthand: "i" }),
    flag("target", "string", "When using an ephemeral container, target processes in this container name."),
    flag("tty", "bool", "Allocate a TTY for the debugging container.", { shorthand: "t" }),
  ],
  async run(context) {
    const options = complete(context);
    validate(context, options);
    for (const found of await objectsOf(context, options)) {
      const made = await visit(context, options, found);
      if (options.attach && made.container !== "") await attach(context, options, made);
    }
  },
};

export default debug;

function complete({ flags, args, dashIndex }: CommandContext): DebugOptions {
  const pairs = (name: string) =>
    flags.list(name).map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const);
  const profile = flags.text("profile");
  if (!Object.hasOwn(PROFILES, profile)) throw new Error(`unknown profile: ${profile}`);
  return {
    targets: dashIndex < 0 ? args : args.slice(0, dashIndex),
    args: dashIndex < 0 ? [] : args.slice(dashIndex),
    argsOnly: flags.bool("arguments-only"),
    attach: flags.has("attach") ? flags.bool("attach") : flags.bool("stdin"),
    container: flags.text("container"),
    copyTo: flags.text("copy-to"),
    image: flags.text("image"),
    pullPolicy: flags.text("image-pull-policy"),
    stdin: flags.bool("stdin"),
    tty: flags.bool("tty"),
    quiet: flags.bool("quiet"),
    replace: flags.bool("replace"),
    sameNode: flags.bool("same-node"),
    shareProcesses: flags.has("share-processes") ? flags.bool("share-processes") : undefined,
    target: flags.text("target"),
    profile,
    custom: customProfile(flags.text("custom")),
    env: pairs("env").map(([name, value]) => ({ name, value })),
    setImages: new Map(pairs("set-image")),
    kept: {
      labels: flags.bool("keep-labels"),
      annotations: flags.bool("keep-annotations"),
      liveness: flags.bool("keep-liveness"),
      readiness: flags.bool("keep-readiness"),
      startup: flags.bool("keep-startup"),
      initContainers: flags.bool("keep-init-containers"),
    },
  };
}

function customProfile(file: string): Partial<Container> | undefined {
  if (file === "") return undefined;
  const text = findText(file);
  if (text === undefined)
    throw new Error(`must pass a container spec json file for custom profile: open ${file}: no such file or directory`);
  const refuse = (error: unknown, step: string) =>
    new Error(`${file} does not contain a valid container spec: ${step}: ${messageOf(error)}`, { cause: error });
  let given: Record<string, unknown>;
  try {
    given = (parseYamlDocuments(text)[0] ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw refuse(error, "error converting YAML to JSON");
  }
  try {
    const container = decodeAs(structType("core/v1", "Container"), given);
    // What Go would write for fields that nobody gave changes nothing.
    return Object.fromEntries(Object.entries(container).filter(([name]) => name in given)) as Partial<Container>;
  } catch (error) {
    throw refuse(error, "error unmarshaling JSON: while decoding JSON");
  }
}

const isImage = (image: string) => /^[\w][\w.:/@-]*$/.test(image) && !/[A-Z]/.test(image.replace(/:[^/]*$|@.*$/, ""));

/** Upstream: debug.go Validate; the order is what a user sees first. */
function validate(context: CommandContext, options: DebugOptions): void {
  const { image, container, args, copyTo, setImages, target, custom } = options;
  if (options.attach && context.flags.has("attach") && !image && !container)
    throw new Error("you must specify --container or create a new container using --image in order to attach.");
  if (copyTo) {
    if (!image && setImages.size === 0 && args.length === 0) throw new Error("you must specify --image, --set-image or command arguments.");
    if (args.length > 0 && !container && !image)
      throw new Error("you must specify an existing container or a new image when specifying args.");
  } else {
    for (const name of ["replace", "same-node"])
      if (context.flags.bool(name)) throw new Error(`--${name} may only be used with --copy-to.`);
    if (setImages.size > 0) throw new Error("--set-image may only be used with --copy-to.");
    if (!image) throw new Error("you must specify --image when not using --copy-to.");
  }
  if (image && !isImage(image)) throw new Error(`invalid image name ${JSON.stringify(image)}: invalid reference format`);
  if (options.targets.length === 0 && context.flags.list("filename").length === 0)
    throw new Error("NAME or filename is required for debug");
  if (!["", "Always", "IfNotPresent", "Never"].includes(options.pullPolicy))
    throw new Error(`invalid image pull policy: ${options.pullPolicy}`);
  for (const [name, wanted] of setImages)
    if (!isImage(wanted))
      throw new Error(`invalid image name ${JSON.stringify(wanted)} for container ${JSON.stringify(name)}: invalid reference format`);
  if (target) {
    if (copyTo) throw new Error("--target is incompatible with --copy-to. Use --share-processes instead.");
    if (!options.quiet)
      context.print(
        `Targeting container ${JSON.stringify(target)}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.`,
      );
  }
  if (options.tty && !options.stdin) throw new Error("-i/--stdin is required for containers with -t/--tty=true");
  if (custom && (custom.name || custom.command?.length || custom.image || custom.lifecycle || custom.volumeDevices?.length))
    throw new Error("name, command, image, lifecycle and volume devices are not modifiable via custom profile");
  if (options.profile === "legacy")
    context.io.err(
      '--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example "--profile=general".\n',
    );
}

async function objectsOf(context: CommandContext, { targets }: DebugOptions): Promise<Found[]> {
  const { namespace } = await context.connection();
  const discovery = await context.discovery();
  const named = await Promise.all(
    targets.map(async (target) => {
      const [type, name] = target.includes("/")
        ? [target.slice(0, target.indexOf("/")), target.slice(target.indexOf("/") + 1)]
        : ["pods", target];
      const info = await discovery.get(type);
      return { info, namespace: info.namespaced ? namespace : undefined, name };
    }),
  );
  const files = context.flags.list("filename").length > 0 ? await (await import("../objects/manifests.ts")).targetsOfFiles(context) : [];
  return (await fetchObjects(context, [...files, ...named])) as Found[];
}

interface Made {
  readonly pod: LivePod;
  readonly container: string;
}

async function visit(context: CommandContext, options: DebugOptions, { info, object, name }: Found): Promise<Made> {
  if (info.group === "" && info.resource === "nodes") {
    const { pod, container } = nodePod(context, options, name);
    return { pod: await create(context, await context.namespace(), pod), container };
  }
  if (info.group !== "" || info.resource !== "pods")
    throw new Error(`${JSON.stringify(`${info.group}/${info.version}, Kind=${info.kind}`)} not supported by debug`);
  const pod = object as unknown as LivePod;
  return options.copyTo ? debugByCopy(context, options, pod) : debugByEphemeralContainer(context, options, pod);
}

async function create(context: CommandContext, namespace: string, pod: object): Promise<LivePod> {
  return (await context.client()).json<LivePod>("POST", `/api/v1/namespaces/${namespace}/pods`, { body: pod });
}

async function debugByCopy(context: CommandContext, options: DebugOptions, pod: LivePod): Promise<Made> {
  const { pod: copy, container } = copiedPod(context, options, pod);
  warnOfNonRoot(
    context,
    copy,
    copy.spec.containers.find(({ name }) => name === container),
  );
  const namespace = pod.metadata.namespace ?? "";
  const made = await create(context, namespace, copy);
  if (options.replace)
    await (
      await context.client()
    ).json("DELETE", `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`, { body: { gracePeriodSeconds: 0 } });
  return { pod: made, container };
}

async function debugByEphemeralContainer(context: CommandContext, options: DebugOptions, pod: LivePod): Promise<Made> {
  const { pod: changed, container } = withDebugContainer(context, options, pod);
  warnOfNonRoot(context, changed, container);
  const patch = createTwoWayStrategicPatch(structType("core/v1", "Pod"), pod, changed);
  const client = await context.client();
  try {
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/ephemeralcontainers`;
    return {
      pod: await client.json<LivePod>("PATCH", path, { body: patch, contentType: "application/strategic-merge-patch+json" }),
      container: container.name,
    };
  } catch (error) {
    // A server without the subresource says so, without naming a pod.
    if (isNotFound(error) && !(error as StatusError).status.details?.name)
      throw new Error(`ephemeral containers are disabled for this cluster (error from server: ${JSON.stringify(messageOf(error))})`, {
        cause: error,
      });
    throw error;
  }
}

async function attach(context: CommandContext, options: DebugOptions, { pod, container }: Made): Promise<void> {
  const name = pod.metadata.name;
  const running = await waitForPod(
    context,
    name,
    (current) => {
      const state = statusOf(current, container)?.state;
      if (state?.running || state?.terminated) return true;
      if (!options.quiet && state?.waiting?.message) context.io.err(`Warning: container ${container}: ${state.waiting.message}\n`);
      return false;
    },
    0,
  );
  if (statusOf(running, container)?.state?.terminated) return printLog(context, running, { container });
  try {
    await attachSession(context, {
      pod: running,
      container,
      stdin: options.stdin,
      tty: options.tty,
      quiet: options.quiet,
      command: `${context.path.replace(/ [^ ]+$/, "")} attach`,
    });
  } catch (error) {
    context.io.err(`warning: couldn't attach to pod/${name}, falling back to streaming logs: ${messageOf(error)}\n`);
    await printLog(context, running, { container });
  }
}

function statusOf({ status }: LivePod, name: string): ContainerStatus | undefined {
  return [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find((each) => each.name === name);
}
