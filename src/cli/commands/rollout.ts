import { nowMs } from "../../host/cli-host.ts";
import { changeObjects } from "../objects/change.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import { groupResourceOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG } from "../dry-run.ts";
import type { FlagSpec } from "../flags.ts";
import { OUTPUT_FLAGS } from "../report.ts";
import { hasFiles } from "../objects/resource-arguments.ts";
import { FILE_FLAGS, SELECTOR_FLAG, type ApiObject } from "../objects/resources.ts";

const MANAGER: FlagSpec = {
  name: "field-manager",
  type: "string",
  default: "kubectl-rollout",
  usage: "Name that the changes are recorded under.",
};
const COMMON: readonly FlagSpec[] = [...FILE_FLAGS, SELECTOR_FLAG];
const WRITING: readonly FlagSpec[] = [...COMMON, ...OUTPUT_FLAGS, MANAGER];

const entry = (
  name: string,
  short: string,
  flags: readonly FlagSpec[],
  run: (context: CommandContext) => Promise<number | void>,
): CommandEntry => ({
  name,
  short,
  load: async () => ({
    usage: `(TYPE NAME | TYPE/NAME) [flags]`,
    flags,
    async run(context) {
      await context.lookForNamespace();
      if (name === "status") await context.connection();
      check(context);
      return run(context);
    },
  }),
});

const rollout: CommandSpec = {
  long: "Manage the rollout of one or many resources.\n\n Valid resource types include:\n\n  *  deployments\n  *  daemonsets\n  *  statefulsets",
  examples:
    "# Back to the previous revision\nkubectl rollout undo deployment/abc\n\n# Watch it\nkubectl rollout status daemonset/foo\n\n# New pods\nkubectl rollout restart deployment/abc",
  subcommands: [
    entry(
      "history",
      "View rollout history",
      [
        ...COMMON,
        ...OUTPUT_FLAGS,
        {
          name: "revision",
          type: "int64",
          default: 0,
          usage: "See the details, including podTemplate of the revision specified",
        },
      ],
      async (context) => (await import("../rollout/rollout-history.ts")).history(context),
    ),
    entry("pause", "Mark the provided resource as paused", WRITING, pause),
    entry("restart", "Restart a resource", WRITING, restart),
    entry("resume", "Resume a paused resource", WRITING, resume),
    entry(
      "status",
      "Show the status of the rollout",
      [
        ...COMMON,
        {
          name: "revision",
          type: "int64",
          default: 0,
          usage: "Pin to a specific revision for showing its status.",
        },
        {
          name: "timeout",
          type: "duration",
          default: "0s",
          usage: "How long to wait, zero means never end.",
        },
        {
          name: "watch",
          shorthand: "w",
          type: "bool",
          default: true,
          usage: "Watch the status of the rollout until it's done.",
        },
      ],
      async (context) => (await import("../rollout/rollout-status.ts")).status(context),
    ),
    entry(
      "undo",
      "Undo a previous rollout",
      [
        ...COMMON,
        ...OUTPUT_FLAGS,
        DRY_RUN_FLAG,
        {
          name: "to-revision",
          type: "int64",
          default: 0,
          usage: "The revision to rollback to. Default to 0 (last revision).",
        },
      ],
      async (context) => (await import("../rollout/rollout-undo.ts")).undo(context),
    ),
  ],
};

export default rollout;

function check(context: CommandContext): void {
  if (context.args.length === 0 && !hasFiles(context)) throw new Error("required resource not specified");
}

/** How `restart`, `pause` and `resume` change objects. */
const WRITES = { dryRun: "none", looksAtOutput: "after", flow: "gather" } as const;

const specOf = (object: ApiObject) =>
  (object["spec"] ?? {}) as {
    paused?: boolean;
    template?: { metadata?: { annotations?: Record<string, string> } };
  };

async function restart(context: CommandContext): Promise<void> {
  await changeObjects(context, {
    ...WRITES,
    manager: context.flags.text("field-manager"),
    operation: "restarted",
    change({ object, info, name }) {
      if (!["deployments", "daemonsets", "statefulsets"].includes(info.resource))
        throw new Error(`error: ${groupResourceOf(info)} ${JSON.stringify(name)} restarting is not supported`);
      const spec = specOf(object);
      if (spec.paused)
        throw new Error(
          `error: ${groupResourceOf(info)} ${JSON.stringify(name)} can't restart paused ${info.singular} (run rollout resume first)`,
        );
      const annotations = {
        ...spec.template?.metadata?.annotations,
        "kubectl.kubernetes.io/restartedAt": new Date(nowMs()).toISOString().replace(/\.\d+Z$/, "Z"),
      };
      return {
        ...object,
        spec: {
          ...spec,
          template: { ...spec.template, metadata: { ...spec.template?.metadata, annotations } },
        },
      };
    },
  });
}

async function pause(context: CommandContext): Promise<void> {
  await changeObjects(context, {
    ...WRITES,
    manager: context.flags.text("field-manager"),
    operation: "paused",
    change({ object, info, name }) {
      if (info.resource !== "deployments")
        throw new Error(`error: ${groupResourceOf(info)} ${JSON.stringify(name)} pausing is not supported`);
      if (specOf(object).paused) throw new Error(`error: ${groupResourceOf(info)} ${JSON.stringify(name)} is already paused`);
      return { ...object, spec: { ...specOf(object), paused: true } };
    },
  });
}

async function resume(context: CommandContext): Promise<void> {
  await changeObjects(context, {
    ...WRITES,
    manager: context.flags.text("field-manager"),
    operation: "resumed",
    change({ object, info, name }) {
      if (info.resource !== "deployments")
        throw new Error(`error: ${groupResourceOf(info)} ${JSON.stringify(name)} resuming is not supported`);
      const { paused, ...rest } = specOf(object);
      if (!paused) throw new Error(`error: ${groupResourceOf(info)} ${JSON.stringify(name)} is not paused`);
      return { ...object, spec: rest };
    },
  });
}
