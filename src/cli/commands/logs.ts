import { isNotFound, StatusError } from "../../api/status.ts";
import { exitWhenInterrupted, nowMs, sleep } from "../../host/cli-host.ts";
import type { Query } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { messageOf } from "../errors.ts";
import { mostTellingFirst } from "../pods/pod-order.ts";
import {
  checkRunningTimeout,
  CONTAINER_ANNOTATION,
  chooseContainer,
  containersOf,
  isPod,
  namedObject,
  podsBehind,
  type LivePod,
} from "../pods/pods.ts";
import { fetchObjects, type Found } from "../objects/resources.ts";
import { checkRfc3339 } from "../rfc3339.ts";

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
    const { flags } = context;
    await checkArguments(context);
    const found = await objectsToRead(context);
    checkOptions(context);
    const sources = await sourcesOf(context, found);
    const limit = flags.number("max-log-requests");
    const atOnce = flags.bool("follow") && sources.length > 1;
    if (atOnce && sources.length > limit)
      throw new Error(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${limit}, use --max-log-requests to increase the limit`,
      );
    exitWhenInterrupted();
    if (atOnce) await Promise.all(sources.map((source) => printLog(context, source)));
    else for (const source of sources) await printLog(context, source);
  },
};

export default logs;

const ANYTHING = "application/json, */*";

interface Source {
  readonly pod: LivePod;
  readonly container: string;
}

const USAGE = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";

// Upstream: logs.go Complete, up to where it asks the server
async function checkArguments(context: CommandContext): Promise<void> {
  const { flags, args } = context;
  const selector = flags.text("selector");
  if (args.length > 2 || (args.length === 0 && selector === "")) throw context.usage(USAGE);
  if (args.length === 1 && selector !== "") throw context.usage("only a selector (-l) or a POD name is allowed");
  await context.checkConfig();
  checkRunningTimeout(context, (message) => new Error(message));
  if (flags.text("since-time") !== "") checkRfc3339(flags.text("since-time"));
}

// Upstream: logs.go Validate
function checkOptions(context: CommandContext): void {
  const { flags, args } = context;
  const container = containerOf(context);
  if (flags.text("since-time") !== "" && flags.number("since") !== 0)
    throw new Error("at most one of `sinceTime` or `sinceSeconds` may be specified");
  if (flags.bool("all-containers") && container !== "")
    throw new Error(`--all-containers=true should not be specified with container name ${container}`);
  if (flags.has("container") && args.length === 2) throw new Error("only one of -c or an inline [CONTAINER] arg is allowed");
  if (flags.number("limit-bytes") < 0) throw new Error("--limit-bytes must be greater than 0");
  if (sinceSeconds(context) < 0) throw new Error("--since must be greater than 0");
  if (flags.number("tail") < -1) throw new Error("--tail must be greater than or equal to -1");
}

const containerOf = ({ flags, args }: CommandContext): string => args[1] ?? flags.text("container");

/** Rounded as Go does: halves away from zero. */
function sinceSeconds({ flags }: CommandContext): number {
  const seconds = flags.number("since") / 1000;
  return Math.sign(seconds) * Math.round(Math.abs(seconds));
}

async function objectsToRead(context: CommandContext): Promise<Found[]> {
  const { flags, args } = context;
  const namespace = await context.namespace();
  try {
    if (flags.text("selector") === "" || args.length > 0) return [await namedObject(context, args[0], { accept: ANYTHING })];
    const info = await (await context.discovery()).get("pods");
    const found = await fetchObjects(context, [{ info, namespace, name: undefined }], { selector: flags.text("selector") });
    if (found.length === 0) context.io.err(`No resources found in ${namespace} namespace.\n`);
    return found;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new Error(`error from server (NotFound): ${messageOf(error)} in namespace ${JSON.stringify(namespace)}`, { cause: error });
  }
}

// Upstream: polymorphichelpers logsForObjectWithClient
async function sourcesOf(context: CommandContext, found: readonly Found[]): Promise<Source[]> {
  const [first] = found;
  if (!first || isPod(first)) return found.flatMap(({ object }) => sourcesIn(context, object as unknown as LivePod));
  const pods = mostTellingFirst(await podsBehind(context, first, "cannot get the logs from"));
  const [chosen] = pods;
  if (!chosen) throw new Error("timed out waiting for the condition");
  if (context.flags.bool("all-pods")) return pods.flatMap((pod) => sourcesIn(context, pod));
  if (pods.length > 1) context.io.err(`Found ${pods.length} pods, using pod/${chosen.metadata.name}\n`);
  return sourcesIn(context, chosen);
}

function sourcesIn(context: CommandContext, pod: LivePod): Source[] {
  const { initContainers, containers, ephemeralContainers } = pod.spec;
  if (context.flags.bool("all-containers"))
    return [...(initContainers ?? []), ...(containers ?? []), ...(ephemeralContainers ?? [])].map(({ name }) => ({ pod, container: name }));
  const { io } = context;
  const listener = { tell: (text: string) => void (context.flags.bool("all-pods") || io.err(text)) };
  const wanted = containerOf(context);
  const annotated = pod.metadata.annotations?.[CONTAINER_ANNOTATION];
  const astray = wanted === "" && annotated && !containersOf(pod).includes(annotated);
  if (!astray) return [{ pod, container: chooseContainer(pod, wanted, listener) }];
  io.err(`Default container name ${JSON.stringify(annotated)} not found in pod ${pod.metadata.name}\n`);
  return [{ pod, container: chooseContainer({ ...pod, metadata: { ...pod.metadata, annotations: {} } }, "", listener) }];
}

const RETRY_MS = 1000;

/** What is followed may not be there yet: it is asked for until the time for pods to run is over. Upstream: consumeWithRetry */
async function printLog(context: CommandContext, source: Source): Promise<void> {
  const { flags, io } = context;
  const deadline = nowMs() + flags.number("pod-running-timeout");
  for (;;) {
    try {
      return await printOnce(context, source);
    } catch (error) {
      if (flags.bool("ignore-errors")) return io.out(`error: ${messageOf(error)}\n`);
      if (!flags.bool("follow")) throw error;
      io.err(`${messageOf(error)}\n`);
      if (!(error instanceof StatusError)) throw error;
    }
    await sleep(Math.min(RETRY_MS, Math.max(0, deadline - nowMs())));
    if (nowMs() >= deadline) throw new Error("context deadline exceeded");
  }
}

async function printOnce(context: CommandContext, { pod, container }: Source): Promise<void> {
  const client = await context.client();
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/log`;
  const response = await client.request("GET", path, { query: logQuery(context, container), accept: ANYTHING });
  const prefixed = context.flags.bool("prefix") || context.flags.bool("all-pods");
  const prefix = Buffer.from(prefixed ? `[pod/${pod.metadata.name}/${container}] ` : "");
  for await (const line of wholeLines(response.body)) context.io.out(Buffer.concat([prefix, line]));
}

function logQuery(context: CommandContext, container: string): Query {
  const { flags } = context;
  const selecting = flags.text("selector") !== "" && !flags.has("tail");
  const tail = flags.number("tail");
  return {
    container,
    follow: flags.bool("follow") || undefined,
    insecureSkipTLSVerifyBackend: flags.bool("insecure-skip-tls-verify-backend") || undefined,
    limitBytes: flags.number("limit-bytes") || undefined,
    previous: flags.bool("previous") || undefined,
    sinceSeconds: flags.number("since") === 0 ? undefined : sinceSeconds(context),
    sinceTime: flags.text("since-time") || undefined,
    tailLines: tail !== -1 ? tail : selecting ? 10 : undefined,
    timestamps: flags.bool("timestamps") || undefined,
  };
}

/** Lines with their ends, so that several logs do not mix within one. */
async function* wholeLines(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = rest.lastIndexOf(10) + 1;
    for (let start = 0; start < end;) {
      const next = rest.indexOf(10, start) + 1;
      yield rest.subarray(start, next);
      start = next;
    }
    rest = rest.subarray(end);
  }
  if (rest.length > 0) yield rest;
}
