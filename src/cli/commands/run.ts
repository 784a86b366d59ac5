import { isNotFound } from "../../api/status.ts";
import type { Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { overridden } from "../overrides.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { withLastApplied } from "../last-applied.ts";
import { OUTPUT_FLAGS, typedReporter } from "../report.ts";
import type { ApiObject } from "../resources.ts";

const POD = {
  group: "",
  version: "v1",
  resource: "pods",
  kind: "Pod",
  singular: "pod",
  namespaced: true,
  verbs: [],
  shortNames: [],
  categories: [],
  subresources: [],
};
const SERVICE = { group: "", kind: "Service" };

const run: CommandSpec = {
  usage:
    'NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]',
  long: "Create and run a particular image in a pod.",
  examples:
    '# Start a pod\nkubectl run nginx --image=nginx\n\n# With an environment variable and labels\nkubectl run hazelcast --image=hazelcast/hazelcast --env="DNS_DOMAIN=cluster" --labels="app=hazelcast,env=prod"\n\n# A shell that goes with its terminal\nkubectl run -i -t busybox --image=busybox --restart=Never --rm',
  flags: [
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    { name: "annotations", type: "stringArray", usage: "Annotations of the pod." },
    { name: "attach", type: "bool", usage: "If true, wait for the pod to run, and attach to it." },
    {
      name: "command",
      type: "bool",
      usage: "If true, the arguments after -- are the command of the container, not its arguments.",
    },
    {
      name: "cascade",
      type: "string",
      default: "background",
      noValue: "background",
      usage: "Accepted for compatibility",
    },
    { name: "env", type: "stringArray", usage: "Environment variables of the container." },
    {
      name: "expose",
      type: "bool",
      usage: "If true, create a ClusterIP service for the pod.  Requires `--port`.",
    },
    {
      name: "field-manager",
      type: "string",
      default: "kubectl-run",
      usage: "Name that the changes are recorded under.",
    },
    { name: "filename", shorthand: "f", type: "stringSlice", usage: "Accepted for compatibility" },
    { name: "force", type: "bool", usage: "With --rm: forget the pod at once." },
    {
      name: "grace-period",
      type: "int",
      default: -1,
      usage: "With --rm: seconds that the pod gets to end.",
    },
    { name: "image", type: "string", required: true, usage: "The image for the container to run." },
    {
      name: "image-pull-policy",
      type: "string",
      usage: "The image pull policy: Always, IfNotPresent or Never.",
    },
    { name: "labels", shorthand: "l", type: "string", usage: "Comma separated labels of the pod." },
    { name: "leave-stdin-open", type: "bool", usage: "Accepted for compatibility." },
    {
      name: "override-type",
      type: "string",
      default: "merge",
      usage: "How to apply --overrides: json, merge, or strategic.",
    },
    {
      name: "overrides",
      type: "string",
      usage: "Inline JSON that changes the pod before it is created.",
    },
    {
      name: "pod-running-timeout",
      type: "duration",
      default: "1m0s",
      usage: "How long to wait for the pod to run",
    },
    { name: "port", type: "string", usage: "The port that the container exposes." },
    { name: "privileged", type: "bool", usage: "If true, run the container in privileged mode." },
    { name: "quiet", shorthand: "q", type: "bool", usage: "If true, suppress prompt messages." },
    {
      name: "restart",
      type: "string",
      default: "Always",
      usage: "The restart policy for this Pod.  Legal values [Always, OnFailure, Never].",
    },
    {
      name: "rm",
      type: "bool",
      usage: "If true, delete the pod after it exits.  Only with --attach or -i.",
    },
    {
      name: "save-config",
      type: "bool",
      usage: "If true, keep the configuration in the annotation, for apply.",
    },
    { name: "stdin", shorthand: "i", type: "bool", usage: "Keep stdin open on the container." },
    { name: "timeout", type: "duration", default: "0s", usage: "How long to wait for a delete" },
    { name: "tty", shorthand: "t", type: "bool", usage: "A terminal for the container." },
    { name: "wait", type: "bool", usage: "Wait for what is deleted to be gone." },
  ],
  async run(context) {
    const { flags } = context;
    const dryRun = dryRunOf(flags, context.io);
    const { pod: plain, attach } = checked(context);
    const pod = await overridden(plain, flags.text("overrides"), flags.text("override-type"));
    const report = await typedReporter(context, dryRun);
    const query = { fieldManager: flags.text("field-manager"), ...dryRunQuery(dryRun) };
    const namespace = await context.namespace();
    // Upstream looks the kind up, even when nothing is sent.
    await (await context.discovery()).ofKind("v1", "Pod");
    const create = async (path: string, object: ApiObject) =>
      dryRun === "client"
        ? object
        : (await context.client()).json("POST", `/api/v1/namespaces/${namespace}/${path}`, {
            query,
            body: object,
          });
    const wanted = flags.bool("save-config") && dryRun !== "client" ? withLastApplied(pod) : pod;
    if (flags.bool("expose")) {
      const service = serviceFor(context, pod);
      report(await create("services", service), SERVICE, "created");
      // kubectl separates the two itself, and its printer does once more.
      if (flags.text("output") === "yaml") context.io.out("---\n");
    }
    const created = await create("pods", wanted);
    if (!attach || dryRun !== "none") return report(created, POD, "created");
    const { attachToRun } = await import("../attach-to-run.ts");
    try {
      return await attachToRun(context, pod.metadata.name ?? "");
    } finally {
      if (flags.bool("rm")) await remove(context, namespace, pod.metadata.name ?? "");
    }
  },
};

export default run;

async function remove(context: CommandContext, namespace: string, name: string): Promise<void> {
  const client = await context.client();
  try {
    await client.json("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`, {
      body: { propagationPolicy: "Background" },
    });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  if (!context.flags.bool("quiet")) context.print(`pod ${JSON.stringify(name)} deleted from ${namespace} namespace`);
}

function checked(context: CommandContext): { pod: ApiObject; attach: boolean } {
  const { flags, args, dashIndex } = context;
  const image = flags.text("image");
  if (image === "") throw new Error("--image is required");
  if (args.length === 0 || dashIndex === 0) throw context.usage("NAME is required for run");
  if (!/^[\w][\w.:/@-]*$/.test(image) || /[A-Z]/.test(image.replace(/:[^/]*$|@.*$/, "")))
    throw new Error(`Invalid image name ${JSON.stringify(image)}: invalid reference format`);
  const interactive = flags.bool("stdin");
  if (flags.bool("tty") && !interactive) throw context.usage("-i/--stdin is required for containers with -t/--tty=true");
  if (flags.bool("expose") && flags.text("port") === "") throw context.usage("--port must be set when exposing a service");
  const attach = flags.has("attach") ? flags.bool("attach") : interactive || flags.bool("tty");
  if (flags.bool("rm") && !attach) throw context.usage("--rm should only be used for attached containers");
  if (attach && flags.text("dry-run") !== "none" && flags.has("dry-run"))
    throw context.usage("--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)");
  const policy = flags.text("image-pull-policy");
  if (policy !== "" && !["Always", "IfNotPresent", "Never"].includes(policy)) throw context.usage(`invalid image pull policy: ${policy}`);
  if (!["Always", "OnFailure", "Never"].includes(flags.text("restart")))
    throw context.usage(`invalid restart policy: ${flags.text("restart")}`);
  return { pod: buildPod(context), attach };
}

/** Upstream: k8s.io/kubectl/pkg/generate/versioned/run.go */
function buildPod(context: CommandContext): ApiObject {
  const { flags, args } = context;
  const [name = "", ...command] = args;
  const container: Json = { image: flags.text("image"), name, resources: {} };
  if (command.length > 0) container[flags.bool("command") ? "command" : "args"] = command;
  if (flags.list("env").length > 0) container["env"] = flags.list("env").map(envVar);
  if (flags.text("port") !== "") container["ports"] = [{ containerPort: portNumber(flags.text("port")) }];
  if (flags.text("image-pull-policy") !== "") container["imagePullPolicy"] = flags.text("image-pull-policy");
  if (flags.bool("stdin"))
    Object.assign(container, {
      stdin: true,
      ...(flags.text("restart") !== "Always" || !flags.bool("leave-stdin-open") ? { stdinOnce: true } : {}),
    });
  if (flags.bool("tty")) container["tty"] = true;
  if (flags.bool("privileged")) container["securityContext"] = { privileged: true };
  const unusable = flags.list("annotations").find((pair) => pair.indexOf("=") < 1);
  if (unusable !== undefined) throw new Error(`invalid annotations format: ${unusable}`);
  const annotations = Object.fromEntries(
    flags.list("annotations").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
  const labels =
    flags.text("labels") === ""
      ? { run: name }
      : Object.fromEntries(
          flags
            .text("labels")
            .split(",")
            .map((pair) => labelPair(pair)),
        );
  const pod: ApiObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...(flags.list("annotations").length > 0 ? { annotations } : {}), labels, name },
    spec: {
      containers: [container],
      dnsPolicy: "ClusterFirst",
      restartPolicy: flags.text("restart"),
    },
    status: {},
  };
  return pod;
}

function envVar(pair: string): Json {
  const equals = pair.indexOf("=");
  if (equals <= 0) throw new Error(`invalid env: ${pair}`);
  const value = pair.slice(equals + 1);
  return { name: pair.slice(0, equals), ...(value === "" ? {} : { value }) };
}

function labelPair(pair: string): [string, string] {
  const [key = "", value, ...more] = pair.split("=");
  if (value === undefined || more.length > 0) throw new Error(`unexpected label spec: ${pair}`);
  return [key, value];
}

function portNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function serviceFor(context: CommandContext, pod: ApiObject): ApiObject {
  const port = portNumber(context.flags.text("port"));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: pod.metadata.name ?? "" },
    spec: { ports: [{ port, protocol: "TCP", targetPort: port }], selector: pod.metadata.labels },
    status: { loadBalancer: {} },
  };
}
