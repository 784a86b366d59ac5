import { isNotFound } from "../../api/status.ts";
import { after, exitWhenInterrupted, nowMs, sleep } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { waitUntilGone } from "../objects/delete-objects.ts";
import { pathOf } from "../connection/discovery.ts";
import { FailedPrinting, throwAll } from "../errors.ts";
import { OUTPUT_FLAGS, reporter, type Report } from "../report.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import {
  ALL_NAMESPACES_FLAG,
  fetchObjects,
  FIELD_SELECTOR_FLAG,
  FILE_FLAGS,
  SELECTOR_FLAG,
  type ApiObject,
  type Found,
  type Target,
} from "../objects/resources.ts";
import { parseConditions, type Condition, type StateCondition } from "../wait-conditions.ts";

// Upstream: WaitOptions.RunWaitContext polls for creations
const POLL_MS = 500;
const WEEK_MS = 168 * 3_600_000;

const wait: CommandSpec = {
  usage:
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
  long: "Wait for a specific condition on one or many resources.",
  examples:
    "# Until the pod is ready\nkubectl wait --for=condition=Ready pod/busybox1\n\n# Until its phase is Running\nkubectl wait --for=jsonpath='{.status.phase}'=Running pod/busybox1\n\n# Until there is such a pod, and it is ready\nkubectl wait --for=create --for=condition=Ready pod/busybox1\n\n# Until it is gone, at most a minute\nkubectl wait --for=delete pod/busybox1 --timeout=60s",
  flags: [
    ...FILE_FLAGS.filter(({ name }) => name !== "kustomize").map((flag) => (flag.name === "recursive" ? { ...flag, default: true } : flag)),
    ...OUTPUT_FLAGS,
    ALL_NAMESPACES_FLAG,
    SELECTOR_FLAG,
    FIELD_SELECTOR_FLAG,
    { name: "all", type: "bool", usage: "Select all resources of the given types" },
    {
      name: "for",
      type: "stringArray",
      usage:
        "What to wait for: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]]. The value of a condition is true by default. Several are waited for one after the other, create first.",
    },
    { name: "local", type: "bool", usage: "If true, do not ask the server." },
    {
      name: "timeout",
      type: "duration",
      default: "30s",
      usage: "How long to wait. Zero looks once, a negative one waits a week.",
    },
  ],
  async run(context) {
    const { flags } = context;
    exitWhenInterrupted();
    const report = await reporter(context);
    await context.connection();
    const conditions = parseConditions(flags.list("for"));
    const timeoutMs = flags.number("timeout") < 0 ? WEEK_MS : flags.number("timeout");
    const wanted: Wanted = { conditions, report, once: timeoutMs === 0, deadline: nowMs() + timeoutMs };
    if (flags.bool("local")) {
      const { localObjects } = await import("../objects/local-objects.ts");
      return visit(context, wanted, [await localObjects(context, context.args, "unstructured")]);
    }
    const targets = await targetsOf(context, context.args, { needsNames: true });
    if (conditions.some(({ kind }) => kind === "create")) await untilCreated(context, targets, wanted);
    return visit(context, wanted, targets);
  },
};

export default wait;

interface Wanted {
  readonly conditions: readonly Condition[];
  readonly report: Report;
  /** Whether things are looked at once only. */
  readonly once: boolean;
  readonly deadline: number;
}

/** What is there already, or what a target stands for when its turn comes. */
type Visited = Target | readonly Found[];

async function visit(context: CommandContext, wanted: Wanted, all: readonly Visited[]): Promise<void> {
  const ignoreNotFound = wanted.conditions.some(({ kind }) => kind === "delete");
  const errors: unknown[] = [];
  let visited = 0;
  for (const each of all) {
    const found = "info" in each ? await objectsOf(context, each, { errors, ignoreNotFound }) : each;
    visited += found.length;
    for (const one of found) {
      try {
        for (const condition of wanted.conditions) tell(context, wanted, one, await untilMet(context, one, { ...wanted, condition }));
      } catch (error) {
        if (!(ignoreNotFound && isNotFound(error))) errors.push(error);
      }
    }
  }
  throwAll(errors);
  if (visited === 0 && !ignoreNotFound) throw new Error("no matching resources found");
}

/** What a printer fails at is not told, as kubectl does not look at it. */
function tell(context: CommandContext, { report }: Wanted, { info }: Found, object: ApiObject): void {
  try {
    report(object, info, "condition met");
  } catch (error) {
    if (error instanceof FailedPrinting) context.io.out(error.output);
  }
}

function objectsOf(
  context: CommandContext,
  target: Target,
  options: { readonly errors: unknown[]; readonly ignoreNotFound?: boolean },
): Promise<Found[]> {
  const { flags } = context;
  return fetchObjects(context, [target], { ...options, selector: flags.text("selector"), fieldSelector: flags.text("field-selector") });
}

/** Looks until one of the targets is there; what is missing is waited for when it is the only one. */
async function untilCreated(context: CommandContext, targets: readonly Target[], { deadline }: Wanted): Promise<void> {
  for (;;) {
    const errors: unknown[] = [];
    let found = 0;
    for (const target of targets) found += (await objectsOf(context, target, { errors })).length;
    if (errors.length === 0 && found > 0) return;
    if (errors.length > 1 || (errors.length === 1 && !isNotFound(errors[0]))) throwAll(errors);
    if (nowMs() >= deadline) throw new Error("timed out waiting for the condition");
    await sleep(Math.min(POLL_MS, deadline - nowMs()));
  }
}

/** The object as it was when the condition was met. */
async function untilMet(context: CommandContext, found: Found, wanted: Wanted & { readonly condition: Condition }): Promise<ApiObject> {
  const { condition, once, deadline } = wanted;
  if (condition.kind === "create") return found.object;
  const unmet = new Error(`condition not met for ${found.info.resource}/${found.name}`);
  const client = await context.client();
  if (condition.kind === "delete") {
    if (once) throw unmet;
    const { uid } = found.object.metadata;
    await waitUntilGone(client, found, uid, Math.max(1, deadline - nowMs()));
    return found.object;
  }
  // Once the time of all is over, nothing more is looked at.
  const late = !once && nowMs() >= deadline;
  if (!late && condition.isMet(found.object)) return found.object;
  if (once) throw unmet;
  return watched(context, found, condition, deadline);
}

async function watched(context: CommandContext, found: Found, condition: StateCondition, deadline: number): Promise<ApiObject> {
  const client = await context.client();
  const abort = new AbortController();
  const cancel = after(Math.max(1, deadline - nowMs()), () => abort.abort());
  const query = { fieldSelector: `metadata.name=${found.name}` };
  try {
    while (!abort.signal.aborted) {
      for await (const { type, object } of client.watch(pathOf(found.info, found.namespace), query, { signal: abort.signal })) {
        if (type === "ERROR") break;
        if (type !== "DELETED" && type !== "BOOKMARK" && condition.isMet(object as ApiObject)) return object as ApiObject;
      }
      if (!abort.signal.aborted) await sleep(100);
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    cancel();
    abort.abort();
  }
  throw new Error(`timed out waiting for the condition on ${found.info.resource}/${found.name}`);
}
