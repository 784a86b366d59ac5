import { StatusError } from "../../api/status.ts";
import { sleep } from "../../host/cli-host.ts";
import { readLines } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../discovery.ts";
import { throwAll } from "../errors.ts";
import { chooseContainer, describeContainers, logsNotFound, firstPodsOf, type LivePod } from "../pods.ts";
import type { ApiObject } from "../resources.ts";

const logs: CommandSpec = {
  usage: "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
  long: "Print the logs for a container in a pod or specified resource. If the pod has only one container, the container name is optional.",
  examples:
    "# What the only container of a pod wrote\nkubectl logs nginx\n\n# Of all pods with a label\nkubectl logs -l app=nginx --all-containers=true\n\n# Of the container that ran before\nkubectl logs -p -c ruby web-1\n\n# And what comes\nkubectl logs -f -c ruby web-1\n\n# The last 20 lines\nkubectl logs --tail=20 nginx\n\n# Of the last hour\nkubectl logs --since=1h nginx",
  flags: [
    { name: "all-containers", type: "bool", usage: "Logs of all containers of the pod(s)." },
    { name: "all-pods", type: "bool", usage: "Logs of all pods. Sets prefix to true." },
    {
      name: "container",
      shorthand: "c",
      type: "string",
      usage: "The container whose logs to print",
    },
    { name: "follow", shorthand: "f", type: "bool", usage: "Go on with what is written." },
    { name: "ignore-errors", type: "bool", usage: "With -f: go on with the others when one fails" },
    {
      name: "insecure-skip-tls-verify-backend",
      type: "bool",
      usage: "Do not check who the kubelet is.",
    },
    { name: "limit-bytes", type: "int64", usage: "At most so many bytes. 0 is without limit." },
    {
      name: "max-log-requests",
      type: "int",
      default: 5,
      usage: "How many logs may be followed at once with a selector.",
    },
    {
      name: "pod-running-timeout",
      type: "duration",
      default: "20s",
      usage: "How long to wait for a pod to run",
    },
    { name: "prefix", type: "bool", usage: "Put the pod and the container in front of each line" },
    {
      name: "previous",
      shorthand: "p",
      type: "bool",
      usage: "The logs of the container that ran before, if there was one.",
    },
    {
      name: "selector",
      shorthand: "l",
      type: "string",
      usage: "Selector (label query) for the pods.",
    },
    {
      name: "since",
      type: "duration",
      default: "0s",
      usage: "Only logs newer than this (5s, 2m, 3h). Only one of since-time / since may be used.",
    },
    {
      name: "since-time",
      type: "string",
      usage: "Only logs after this date (RFC3339). Only one of since-time / since may be used.",
    },
    {
      name: "tail",
      type: "int64",
      default: -1,
      usage: "How many of the last lines. All by default, ten with a selector.",
    },
    { name: "timestamps", type: "bool", usage: "The time of each line in front of it" },
  ],
  async run(context) {
    check(context);
    const pods = await podsToRead(context);
    const sources = pods.flatMap((pod) => containersToRead(context, pod).map((container) => ({ pod, container })));
    const { flags } = context;
    if (flags.bool("follow") && sources.length > flags.number("max-log-requests") && sources.length > 1) {
      throw new Error(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${flags.number("max-log-requests")}, use --max-log-requests to increase the limit`,
      );
    }
    const prefix = flags.bool("prefix") || flags.bool("all-pods");
    const one = (source: Source) => printLog(context, source, prefix);
    if (!flags.bool("follow") || sources.length === 1) for (const source of sources) await one(source);
    else {
      const errors: unknown[] = [];
      await Promise.all(
        sources.map((source) =>
          one(source).catch((error: unknown) =>
            flags.bool("ignore-errors") ? context.io.err(`error: ${(error as Error).message}\n`) : errors.push(error),
          ),
        ),
      );
      throwAll(errors);
    }
    if (sources.length === 0) context.io.err(`No resources found in ${await context.namespace()} namespace.\n`);
  },
};

export default logs;

const ANYTHING = "application/json, */*";

interface Source {
  readonly pod: LivePod;
  readonly container: string;
}

function check(context: CommandContext): void {
  const { flags, args } = context;
  const selector = flags.text("selector");
  const usage = "logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]";
  if (args.length === 0 && selector === "")
    throw context.usage(`expected '${usage}'.\nPOD or TYPE/NAME is a required argument for the logs command`);
  if (args.length > 2 || (args.length === 2 && flags.has("container")))
    throw context.usage(
      args.length === 2
        ? "only one of -c or an inline [CONTAINER] arg is allowed"
        : `expected '${usage}'.\nPOD or TYPE/NAME is a required argument for the logs command`,
    );
  if (args.length === 1 && selector !== "") throw context.usage("only a selector (-l) or a POD name is allowed");
  if (flags.bool("all-containers") && flags.has("container"))
    throw new Error("--all-containers=true should not be specified with container name " + flags.text("container"));
  const since = flags.text("since-time");
  if (since !== "" && Number.isNaN(Date.parse(since)))
    throw new Error(
      `parsing time ${JSON.stringify(since)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(since)} as "2006"`,
    );
  if (flags.has("since") && flags.has("since-time")) throw new Error("at most one of `sinceTime` or `sinceSeconds` may be specified");
  if (flags.has("tail") && flags.number("tail") < -1) throw new Error("--tail must be greater than or equal to -1");
  if (flags.number("limit-bytes") < 0) throw new Error("--limit-bytes must be greater than 0");
}

async function podsToRead(context: CommandContext): Promise<LivePod[]> {
  const { flags } = context;
  const client = await context.client();
  const { namespace } = await context.connection();
  if (flags.text("selector") !== "") {
    return (
      (
        await client.get<{ items?: LivePod[] }>(`/api/v1/namespaces/${namespace}/pods`, {
          labelSelector: flags.text("selector"),
        })
      ).items ?? []
    );
  }
  const argument = context.args[0] ?? "";
  const discovery = await context.discovery();
  try {
    if (!argument.includes("/"))
      return [
        await discovery.vouchFor(
          client.get<LivePod>(
            `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(argument)}`,
            undefined,
            ANYTHING,
          ),
        ),
      ];
    const [type = "", name = ""] = argument.split("/");
    const info = await discovery.get(type);
    const object = await client.get<ApiObject>(pathOf(info, namespace, name));
    if (info.resource === "pods") return [object as unknown as LivePod];
    const pods = (await firstPodsOf(context, object, info.resource)).sort(
      (a, b) => Date.parse(a.metadata.creationTimestamp ?? "") - Date.parse(b.metadata.creationTimestamp ?? ""),
    );
    const [first] = pods;
    if (!first) throw new Error("timed out waiting for the condition");
    if (flags.bool("all-pods")) return pods;
    if (pods.length > 1) context.io.err(`Found ${pods.length} pods, using pod/${first.metadata.name}\n`);
    return [first];
  } catch (error) {
    throw logsNotFound(error, namespace);
  }
}

function containersToRead(context: CommandContext, pod: LivePod): string[] {
  const { flags } = context;
  if (flags.bool("all-containers"))
    return [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? []), ...(pod.spec.ephemeralContainers ?? [])].map(
      ({ name }) => name,
    );
  const wanted = flags.text("container") || (context.args[1] ?? "");
  const names = [...(pod.spec.containers ?? []), ...(pod.spec.ephemeralContainers ?? []), ...(pod.spec.initContainers ?? [])].map(
    ({ name }) => name,
  );
  if (wanted !== "" && !names.includes(wanted))
    throw new Error(`container ${wanted} is not valid for pod ${pod.metadata.name} out of: ${describeContainers(pod)}`);
  return [chooseContainer(context, pod, wanted)];
}

// kubectl 1.36 keeps asking while a container that is followed is not there yet.
const RETRY_MS = 1000;

async function printLog(context: CommandContext, { pod, container }: Source, prefix: boolean): Promise<void> {
  const { flags } = context;
  const client = await context.client();
  const tail = flags.number("tail") >= 0 ? flags.number("tail") : flags.text("selector") !== "" && !flags.has("tail") ? 10 : undefined;
  const query = {
    container,
    follow: flags.bool("follow") || undefined,
    previous: flags.bool("previous") || undefined,
    tailLines: tail,
    sinceSeconds: flags.number("since") > 0 ? Math.ceil(flags.number("since") / 1000) : undefined,
    sinceTime: flags.text("since-time") || undefined,
    timestamps: flags.bool("timestamps") || undefined,
    limitBytes: flags.number("limit-bytes") || undefined,
  };
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/log`;
  for (;;) {
    try {
      const response = await client.request("GET", path, {
        query,
        accept: ANYTHING,
      });
      if (prefix) for await (const line of readLines(response.body)) context.io.out(`[pod/${pod.metadata.name}/${container}] ${line}\n`);
      else for await (const chunk of response.body) context.io.out(chunk);
      return;
    } catch (error) {
      const waiting = error instanceof StatusError && error.reason === "BadRequest" && error.message.includes("is waiting to start");
      if (!waiting || !flags.bool("follow")) throw error;
      await sleep(RETRY_MS);
    }
  }
}
