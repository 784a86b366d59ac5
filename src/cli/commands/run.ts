import { isNotFound } from "../../api/status.ts";
import { DETACH_KEYS_FLAG } from "../pods/attach-session.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { propagationPolicy as propagationPolicyOf } from "../objects/delete-objects.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { checkRunningTimeout } from "../pods/pods.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, typedReporter } from "../report.ts";
import { FILE_FLAGS, type ApiObject } from "../objects/resources.ts";
import { podFor, restartPolicyOf, serviceFor, settingsOf } from "../pods/run-pod.ts";

const POD = { group: "", kind: "Pod", resource: "pods" };
const SERVICE = { group: "", kind: "Service", resource: "services" };

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
      usage: "Must be background, orphan or foreground: what --rm does with what depends on the pod.",
    },
    { name: "env", type: "stringArray", usage: "Environment variables of the container." },
    {
      name: "expose",
      type: "bool",
      usage: "If true, create a ClusterIP service for the pod.  Requires `--port`.",
    },
    FIELD_MANAGER_FLAG("kubectl-run"),
    // kubectl has them from its flags for deleting, and does not look at them here.
    ...FILE_FLAGS.map((flag) => ({ ...flag, usage: "Accepted for compatibility" })),
    DETACH_KEYS_FLAG,
    { name: "force", type: "bool", usage: "Accepted for compatibility" },
    { name: "grace-period", type: "int", default: -1, usage: "Accepted for compatibility" },
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
    { name: "timeout", type: "duration", default: "0s", usage: "Accepted for compatibility" },
    { name: "tty", shorthand: "t", type: "bool", usage: "A terminal for the container." },
    { name: "wait", type: "bool", usage: "Accepted for compatibility" },
  ],
  async run(context) {
    const { flags } = context;
    const dryRun = dryRunOf(flags, context.io);
    await context.checkConfig();
    const report = await typedReporter(context, dryRun);
    const propagationPolicy = propagationPolicyOf(flags, context.io);
    const attach = checked(context, dryRun);
    const settings = settingsOf(context);
    const { withOverrides } = await import("../objects/overrides.ts");
    const pod = await create(context, POD, {
      object: withOverrides(podFor(context, settings), flags.text("overrides"), flags.text("override-type")),
      dryRun,
    });
    const made: Made[] = [{ object: pod, info: POD }];
    if (flags.bool("expose")) {
      const service = await create(context, SERVICE, { object: serviceFor(context, settings), dryRun });
      report(service, SERVICE, "created");
      // kubectl separates the two itself, and its printer does once more.
      if (flags.text("output") === "yaml") context.io.out("---\n");
      made.push({ object: service, info: SERVICE });
    }
    if (!attach) return report(pod, POD, "created");
    const { attachToRun } = await import("../pods/attach-to-run.ts");
    try {
      return await attachToRun(context, { name: pod.metadata.name ?? "", restart: settings.restartPolicy });
    } finally {
      if (flags.bool("rm")) for (const each of made) await remove(context, each, propagationPolicy);
    }
  },
};

export default run;

interface Made {
  readonly object: ApiObject;
  readonly info: typeof POD;
}

// Upstream: pkg/cmd/run createGeneratedObject
async function create(
  context: CommandContext,
  { kind, resource }: Made["info"],
  { object, dryRun }: { readonly object: ApiObject; readonly dryRun: DryRun },
): Promise<ApiObject> {
  const { namespace, explicitNamespace } = await context.connection();
  const client = await context.client();
  // Upstream looks the kind up, even when nothing is sent.
  await (await context.discovery()).ofKind("v1", kind);
  if (dryRun === "client") return explicitNamespace ? { ...object, metadata: { ...object.metadata, namespace } } : object;
  const saved = context.flags.bool("save-config") ? (await import("../objects/go-field-order.ts")).withTypedConfig(object) : object;
  const query = { fieldManager: context.flags.text("field-manager"), ...dryRunQuery(dryRun) };
  return client.json<ApiObject>("POST", `/api/v1/namespaces/${encodeURIComponent(namespace)}/${resource}`, { query, body: saved });
}

async function remove(context: CommandContext, { object, info }: Made, propagationPolicy: string): Promise<void> {
  const client = await context.client();
  const { name, namespace } = object.metadata;
  try {
    await client.json("DELETE", `/api/v1/namespaces/${namespace}/${info.resource}/${name}`, { body: { propagationPolicy } });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  if (!context.flags.bool("quiet")) context.print(`${info.kind.toLowerCase()} ${JSON.stringify(name)} deleted from ${namespace} namespace`);
}

/** Whether to attach, once the flags are in order. */
function checked(context: CommandContext, dryRun: DryRun): boolean {
  const { flags, args } = context;
  const image = flags.text("image");
  if (args.length === 0) throw context.usage("NAME is required for run");
  checkRunningTimeout(context);
  if (image === "") throw new Error("--image is required");
  if (!/^[\w][\w.:/@-]*$/.test(image) || /[A-Z]/.test(image.replace(/:[^/]*$|@.*$/, "")))
    throw new Error(`Invalid image name ${JSON.stringify(image)}: invalid reference format`);
  if (flags.bool("tty") && !flags.bool("stdin")) throw context.usage("-i/--stdin is required for containers with -t/--tty=true");
  if (flags.bool("expose") && flags.text("port") === "") throw context.usage("--port must be set when exposing a service");
  restartPolicyOf(context);
  const attach = flags.has("attach") ? flags.bool("attach") : flags.bool("stdin");
  if (flags.bool("rm") && !attach) throw context.usage("--rm should only be used for attached containers");
  if (attach && dryRun !== "none")
    throw context.usage("--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)");
  const policy = flags.text("image-pull-policy");
  if (!["", "Always", "IfNotPresent", "Never"].includes(policy)) throw context.usage(`invalid image pull policy: ${policy}`);
  return attach;
}
