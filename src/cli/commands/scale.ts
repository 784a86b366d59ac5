import { StatusError } from "../../api/status.ts";
import { sleep } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { reporter, OUTPUT_FLAGS } from "../report.ts";
import { hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import { fetchObjects, FILE_FLAGS, SELECTOR_FLAG, type ApiObject, type Found } from "../objects/resources.ts";

const scale: CommandSpec = {
  usage: "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
  long: "Set a new size for a deployment, replica set, replication controller, or stateful set.",
  examples:
    "# Three replicas\nkubectl scale --replicas=3 rs/foo\n\n# Only if there are two now\nkubectl scale --current-replicas=2 --replicas=3 deployment/mysql",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    SELECTOR_FLAG,
    { name: "all", type: "bool", usage: "Select all resources of the given types" },
    {
      name: "current-replicas",
      type: "int",
      default: -1,
      usage: "Only scale when this is the current size. -1 (default) for no condition.",
    },
    {
      name: "replicas",
      type: "int",
      default: 0,
      required: true,
      usage: "The new desired number of replicas. Required.",
    },
    {
      name: "resource-version",
      type: "string",
      usage: "Only scale when this is the current version.",
    },
    {
      name: "timeout",
      type: "duration",
      default: "0s",
      usage: "How long to wait for the scale, zero means don't wait.",
    },
  ],
  async run(context) {
    const { flags } = context;
    const dryRun = dryRunOf(flags, context.io);
    const report = await reporter(context, dryRun);
    await context.connection();
    if (flags.number("replicas") < 0)
      throw new Error("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    if (flags.number("current-replicas") < -1) throw new Error("The --current-replicas must specify an integer of -1 or greater");
    const errors: unknown[] = [];
    const found = await scaled(context, errors);
    if (flags.text("resource-version") !== "" && found.length > 1) throw new Error("cannot use --resource-version with multiple resources");
    if (found.length === 0 && errors.length === 0) throw new Error("no objects passed to scale");
    for (const each of found) {
      const replicas = dryRun === "client" ? flags.number("replicas") : await scaleOne(context, each, dryRun);
      report(withReplicas(each, replicas), each.info, "scaled");
    }
    throwAll(errors);
  },
};

export default scale;

/** Objects of files are scaled as they stand there: nobody looks whether they exist. */
async function scaled(context: CommandContext, errors: unknown[]): Promise<Found[]> {
  const targets = await targetsOf(context, context.args, { errors, needsNames: true, asWritten: true });
  if (!hasFiles(context)) return fetchObjects(context, targets, { selector: context.flags.text("selector"), errors });
  return targets.map(({ info, namespace, name = "", manifest }) => ({ info, namespace, name, object: manifest as ApiObject }));
}

interface Scale {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

const RETRY_MS = 1000;
const RETRY_TIMEOUT_MS = 300_000;

/** Upstream: k8s.io/kubectl/pkg/scale/scale.go genericScaler.Scale */
async function scaleOne(context: CommandContext, found: Found, dryRun: DryRun): Promise<number> {
  const timeoutMs = dryRun === "none" ? context.flags.number("timeout") : 0;
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      const { spec } = await send(context, found, dryRun);
      if (timeoutMs !== 0) await waitForReplicas(context, found, timeoutMs);
      return spec.replicas ?? 0;
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === "Conflict") || waitedMs >= RETRY_TIMEOUT_MS) throw error;
      await sleep(RETRY_MS);
    }
  }
}

async function send(context: CommandContext, { info, namespace, name }: Found, dryRun: DryRun): Promise<Scale> {
  const { flags } = context;
  const client = await context.client();
  const path = pathOf(info, namespace, name, "scale");
  const [replicas, expected, version] = [flags.number("replicas"), flags.number("current-replicas"), flags.text("resource-version")];
  const query = dryRunQuery(dryRun);
  if (expected === -1 && version === "")
    return client.json<Scale>("PATCH", path, { query, body: { spec: { replicas } }, contentType: "application/merge-patch+json" });
  const scale = await client.get<Scale>(path);
  const current = scale.spec.replicas ?? 0;
  if (expected !== -1 && current !== expected) throw new Error(`Expected replicas to be ${expected}, was ${current}`);
  if (version !== "" && scale.metadata.resourceVersion !== version)
    throw new Error(`Expected resource version to be ${version}, was ${scale.metadata.resourceVersion ?? ""}`);
  return client.json<Scale>("PUT", path, { query, body: { ...scale, spec: { ...scale.spec, replicas } } });
}

/** Until there are as many as wanted, or somebody wants another number. */
async function waitForReplicas(context: CommandContext, { info, namespace, name }: Found, timeoutMs: number): Promise<void> {
  const client = await context.client();
  const wanted = context.flags.number("replicas");
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const { spec, status } = await client.get<Scale>(pathOf(info, namespace, name, "scale"));
    if ((spec.replicas ?? 0) !== wanted || (status?.replicas ?? 0) === wanted) return;
    await sleep(Math.min(RETRY_MS, timeoutMs - waitedMs));
    if (waitedMs + RETRY_MS > timeoutMs) throw new Error(`timed out waiting for ${JSON.stringify(name)} to be synced`);
  }
}

/** Other groups may keep the number elsewhere. */
function withReplicas({ info, object }: Found, replicas: number): ApiObject {
  return info.group === "" || info.group === "apps" ? { ...object, spec: { ...(object["spec"] as object | undefined), replicas } } : object;
}
