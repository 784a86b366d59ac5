import { isNotFound } from "../../api/status.ts";
import { after, nowMs, sleep } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { waitUntilGone } from "../delete-objects.ts";
import { pathOf, singularName } from "../discovery.ts";
import { throwAll } from "../errors.ts";
import { findValues, relaxedPath } from "../../api/json-path.ts";
import {
  ALL_NAMESPACES_FLAG,
  fetchObjects,
  FIELD_SELECTOR_FLAG,
  FILE_FLAGS,
  hasFiles,
  SELECTOR_FLAG,
  targetsOf,
  type ApiObject,
  type Found,
} from "../resources.ts";

const wait: CommandSpec = {
  usage:
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
  long: "Wait for a specific condition on one or many resources.",
  examples:
    "# Until the pod is ready\nkubectl wait --for=condition=Ready pod/busybox1\n\n# Until its phase is Running\nkubectl wait --for=jsonpath='{.status.phase}'=Running pod/busybox1\n\n# Until it is gone, at most a minute\nkubectl wait --for=delete pod/busybox1 --timeout=60s",
  flags: [
    ...FILE_FLAGS,
    ALL_NAMESPACES_FLAG,
    SELECTOR_FLAG,
    FIELD_SELECTOR_FLAG,
    { name: "all", type: "bool", usage: "Select all resources of the given types" },
    {
      name: "allow-missing-template-keys",
      type: "bool",
      default: true,
      usage: "Accepted for compatibility",
    },
    {
      name: "for",
      type: "stringArray",
      usage:
        "What to wait for: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]]. The value of a condition is true by default.",
    },
    { name: "local", type: "bool", usage: "If true, do not ask the server." },
    {
      name: "output",
      shorthand: "o",
      type: "string",
      usage: "Output format. One of: (json, yaml, name).",
    },
    {
      name: "timeout",
      type: "duration",
      default: "30s",
      usage: "How long to wait. Zero looks once, a negative one waits a week.",
    },
  ],
  async run(context) {
    const { flags } = context;
    const condition = parseFor(flags.text("for"), flags.has("for"));
    if (context.args.length === 0 && !hasFiles(context)) throw new Error(NOTHING_NAMED);
    const raw = flags.number("timeout");
    const deadline = nowMs() + (raw < 0 ? 7 * 24 * 3_600_000 : raw);
    const targets = await targetsOf(context);
    const bare = targets.find(({ name, manifest }) => name === undefined && !manifest);
    if (bare && !flags.bool("all") && !flags.has("selector") && !flags.has("field-selector"))
      throw new Error("resource(s) were provided, but no name was specified");
    if (condition.kind === "create") return waitForCreation(context, targets, deadline);
    const errors: unknown[] = [];
    const found = await fetchObjects(context, targets, {
      selector: flags.text("selector"),
      fieldSelector: flags.text("field-selector"),
      errors,
      ignoreNotFound: condition.kind === "delete",
    });
    if (found.length === 0 && errors.length === 0 && condition.kind !== "delete") throw new Error("no matching resources found");
    for (const each of found) {
      try {
        await waitForOne(context, each, condition, deadline);
        if (flags.text("output") === "name") context.print(`${singularName(each.info)}/${each.name}`);
        else if (condition.kind !== "delete") context.print(`${singularName(each.info)}/${each.name} condition met`);
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

export default wait;

/** Upstream: cli-runtime/pkg/resource missingResourceError */
const NOTHING_NAMED =
  "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

type Condition =
  | { readonly kind: "delete" | "create" }
  | { readonly kind: "condition"; readonly name: string; readonly value: string }
  | { readonly kind: "jsonpath"; readonly path: string; readonly value: string | undefined };

function parseFor(text: string, given: boolean): Condition {
  const lower = text.toLowerCase();
  if (lower === "delete" || lower === "create") return { kind: lower };
  if (text.startsWith("condition=")) {
    const [name = "", value] = split(text.slice("condition=".length), "=");
    return { kind: "condition", name, value: value ?? "true" };
  }
  if (text.startsWith("jsonpath=")) {
    const match = /^'?(\{.*\}|[^={}]+)'?(?:=(.*))?$/s.exec(text.slice("jsonpath=".length));
    const value = match?.[2];
    if (!match && /^\{[^}]*$/.test(text.slice("jsonpath=".length)))
      throw new Error("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'");
    if (!match)
      throw new Error(
        "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
      );
    if (value === "")
      throw new Error("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
    return {
      kind: "jsonpath",
      path: relaxedPath(match[1] ?? ""),
      value: value?.replace(/^(['"])(.*)\1$/, "$2"),
    };
  }
  throw new Error(given ? `unrecognized condition: ${JSON.stringify(text)}` : "unrecognized condition: []");
}

function split(text: string, by: string): [string, string | undefined] {
  const at = text.indexOf(by);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + by.length)];
}

async function waitForOne(context: CommandContext, found: Found, condition: Condition, deadline: number): Promise<void> {
  const client = await context.client();
  const left = Math.max(1, deadline - nowMs());
  if (condition.kind === "delete") {
    await waitUntilGone(client, found, found.object.metadata.uid, left).catch((error: unknown) => {
      throw (error as Error).message.includes("timed out") ? late(found) : error;
    });
    context.print(`${singularName(found.info)}/${found.name} condition met`);
    return;
  }
  if (isMet(found.object, condition)) return;
  if (context.flags.number("timeout") === 0) throw new Error(`condition not met for ${found.info.resource}/${found.name}`);
  const abort = new AbortController();
  const cancel = after(left, () => abort.abort());
  try {
    while (!abort.signal.aborted) {
      const query = { fieldSelector: `metadata.name=${found.name}` };
      for await (const event of client.watch(pathOf(found.info, found.namespace), query, {
        signal: abort.signal,
      })) {
        if (event.type === "ERROR") break;
        if (event.type === "DELETED") continue;
        if (event.type !== "BOOKMARK" && isMet(event.object as ApiObject, condition)) return;
      }
      if (!abort.signal.aborted) await sleep(100);
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    cancel();
    abort.abort();
  }
  throw late(found);
}

const late = (found: Found) => new Error(`timed out waiting for the condition on ${found.info.resource}/${found.name}`);

function isMet(object: ApiObject, condition: Condition): boolean {
  if (condition.kind === "condition") {
    const status = (object["status"] ?? {}) as {
      conditions?: { type: string; status: string; observedGeneration?: number }[];
      observedGeneration?: number;
    };
    const entry = status.conditions?.find(({ type }) => type.toLowerCase() === condition.name.toLowerCase());
    if (!entry) return false;
    const observed = entry.observedGeneration ?? status.observedGeneration;
    if (observed !== undefined && observed < (object.metadata.generation ?? 0)) return false;
    return entry.status.toLowerCase() === condition.value.toLowerCase();
  }
  if (condition.kind !== "jsonpath") return false;
  const values = findValues(condition.path, object, true);
  if (values.length === 0) return false;
  if (condition.value === undefined) return true;
  if (values.length > 1) throw new Error("given jsonpath expression matches more than one value");
  if (typeof values[0] === "object")
    throw new Error("jsonpath leads to a nested object or list. Please make sure that jsonpath expression leads to a value");
  return String(values[0]).trim() === condition.value.trim();
}

async function waitForCreation(
  context: CommandContext,
  targets: readonly {
    info: Found["info"];
    namespace: string | undefined;
    name: string | undefined;
  }[],
  deadline: number,
): Promise<void> {
  const client = await context.client();
  for (const { info, namespace, name } of targets) {
    for (;;) {
      try {
        const answer = await client.get<{ items?: unknown[] }>(
          pathOf(info, namespace, name),
          name === undefined ? { labelSelector: context.flags.text("selector") } : {},
        );
        if (name !== undefined || (answer.items?.length ?? 0) > 0) break;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      if (nowMs() > deadline) throw new Error("timed out waiting for the condition");
      await sleep(200);
    }
    context.print(`${singularName(info)}/${name ?? ""} condition met`);
  }
}
