import type { Pod } from "../api/generated/core-v1.ts";
import { badRequest, notFound, StatusError } from "../api/status.ts";
import { pods } from "../api/resources/pod.ts";
import type { HttpExchange } from "../apiserver/http/http-exchange.ts";
import type { Client } from "../client/client.ts";
import type { NetworkNamespace } from "../network/network.ts";
import { traceRequest } from "../network/request-trace.ts";
import type { VirtualNetwork } from "../network/virtual-network.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { SteerableClock } from "../util/clock.ts";
import type { Journal } from "../util/journal.ts";

/** What the `kubesim sim` commands ask the daemon besides the Kubernetes API: paths under /kubesim/. */
export interface KubesimRoutesOptions {
  readonly clock: SteerableClock;
  readonly journal: Journal;
  readonly client: Client;
  readonly scheduler: Scheduler;
  readonly network: VirtualNetwork;
  readonly version: string;
  images(): readonly { readonly name: string; readonly tags: readonly string[]; readonly description: string }[];
  /** The network namespace that a running pod's containers share. */
  findPodNetwork(pod: Pod): NetworkNamespace | undefined;
  changeNode(change: NodeChange): Promise<string>;
  stats(start: boolean): object;
}

export interface NodeChange {
  readonly action: "add" | "stop" | "start" | "cut" | "mend";
  readonly name: string | undefined;
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
}

const TRACE_TIMEOUT_MS = 15_000;

/** True when the path was one of ours and has been answered. */
export async function serveKubesimRoute(exchange: HttpExchange, options: KubesimRoutesOptions): Promise<boolean> {
  if (!exchange.path.startsWith("/kubesim/")) return false;
  exchange.sendJson(200, await answer(exchange, options));
  return true;
}

async function answer(exchange: HttpExchange, options: KubesimRoutesOptions): Promise<object> {
  const { path, query, method } = exchange;
  switch (path) {
    case "/kubesim/clock":
      if (method === "POST") await steer(options.clock, await readBody(exchange));
      return {
        now: new Date(options.clock.now()).toISOString(),
        nowMs: options.clock.now(),
        speed: options.clock.speed,
        paused: options.clock.speed === 0,
      };
    case "/kubesim/trace":
      return {
        steps: options.journal
          .of(query.get("object") ?? "")
          .map(({ timeMs, component, action, revision }) => ({ timeMs, component, text: action, revision })),
      };
    case "/kubesim/trace/request":
      return { steps: await requestSteps(options, query.get("pod") ?? "", query.get("url") ?? "") };
    case "/kubesim/why":
      return { lines: await explain(options, query.get("object") ?? "") };
    case "/kubesim/images":
      return { images: options.images() };
    case "/kubesim/stats":
      return options.stats(query.get("start") === "true");
    case "/kubesim/nodes": {
      const body = await readBody(exchange);
      const text = (field: string) => (typeof body[field] === "string" ? body[field] : undefined);
      return {
        message: await options.changeNode({
          action: text("action") as NodeChange["action"],
          name: text("name"),
          cpu: text("cpu"),
          memory: text("memory"),
        }),
      };
    }
    case "/kubesim/version":
      return { version: options.version };
    default:
      throw new StatusError({ code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: {} });
  }
}

async function steer(clock: SteerableClock, change: Record<string, unknown>): Promise<void> {
  const { speed, pause, resume, stepMs } = change;
  if (typeof speed === "number") {
    if (!(speed > 0 && speed <= 1000)) throw badRequest("speed must be greater than 0 and at most 1000");
    clock.setSpeed(speed);
  }
  if (pause === true) clock.pause();
  if (resume === true) clock.resume();
  if (typeof stepMs === "number") await clock.step(stepMs);
}

async function requestSteps(
  { client, network, clock, findPodNetwork }: KubesimRoutesOptions,
  podKey: string,
  url: string,
): Promise<object[]> {
  const slash = podKey.indexOf("/");
  const pod = await client.get(pods, { namespace: slash < 0 ? "default" : podKey.slice(0, slash), name: podKey.slice(slash + 1) });
  const namespace = findPodNetwork(pod);
  if (!namespace) throw badRequest(`pod ${pod.metadata.name} does not run`);
  const abort = new AbortController();
  const timer = clock.after(TRACE_TIMEOUT_MS, () => abort.abort(new Error("timed out")));
  const steps = await traceRequest(network, namespace, url, abort.signal);
  timer.cancel();
  return steps.map(({ where, what }) => ({ component: where, text: what }));
}

/** Why an object is as it is: for pods what the scheduler found and what containers wait for, for all what the journal knows. */
async function explain({ client, scheduler, journal }: KubesimRoutesOptions, object: string): Promise<string[]> {
  const [plural, namespace = "", name = ""] = object.split("/");
  if (plural !== "pods") {
    const last = journal.of(object).slice(-5);
    if (last.length === 0) throw new StatusError({ code: 404, reason: "NotFound", message: `nothing is known of ${object}` });
    return last.map((entry) => `${entry.component} ${entry.action}`);
  }
  const pod = await client.find(pods, { namespace, name });
  if (!pod) throw notFound({ group: "", plural: "pods" }, name);
  const lines = [`The pod is ${pod.status.phase ?? "unknown"}${pod.spec.nodeName ? ` on ${pod.spec.nodeName}` : ""}.`];
  const explanation = scheduler.explain(`${namespace}/${name}`);
  if (explanation && !pod.spec.nodeName) {
    lines.push(`The scheduler tried ${explanation.attempts} time${explanation.attempts === 1 ? "" : "s"}: ${explanation.message}`);
    for (const node of explanation.nodes) lines.push(`  ${node.name}: ${node.plugin} says ${node.reasons.join(", ")}`);
  } else if (explanation?.node) {
    lines.push(`The scheduler picked ${explanation.node}:`);
    for (const node of explanation.nodes) lines.push(`  ${node.name}: score ${node.score ?? 0}`);
  }
  for (const container of [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]) {
    const { waiting, terminated } = container.state ?? {};
    if (waiting) lines.push(`Container ${container.name} waits: ${waiting.reason ?? ""}${waiting.message ? `: ${waiting.message}` : ""}`);
    if (terminated) lines.push(`Container ${container.name} ended: ${terminated.reason ?? ""} (exit code ${terminated.exitCode})`);
    const last = container.lastState?.terminated;
    if (last)
      lines.push(
        `Container ${container.name} ended before: ${last.reason ?? ""} (exit code ${last.exitCode}), ${container.restartCount} restart${container.restartCount === 1 ? "" : "s"}`,
      );
  }
  for (const condition of pod.status.conditions ?? [])
    if (condition.status !== "True" && condition.message) lines.push(`${condition.type}: ${condition.message}`);
  return lines;
}

async function readBody({ request }: HttpExchange): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString() || "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch (cause) {
    throw Object.assign(badRequest("the body is no JSON"), { cause });
  }
}
