import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import { addSource } from "../objects/add-source.ts";
import { pathOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, type DryRun, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { withLastApplied } from "../apply/last-applied.ts";
import { FIELD_MANAGER_FLAG, fieldValidation, OUTPUT_FLAGS, type Report, reporter, VALIDATE_FLAG } from "../report.ts";
import { hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import { FILE_FLAGS, SELECTOR_FLAG, type ApiObject, type Target } from "../objects/resources.ts";

const generators = () => import("../generators/index.ts");
const generator = (name: string, short: string, aliases: string[] = []): CommandEntry => ({
  name,
  short,
  aliases,
  load: async () => (await generators()).generatorCommand(name),
});

const create: CommandSpec = {
  usage: "-f FILENAME",
  long: "Create a resource from a file or from stdin.\n\n JSON and YAML formats are accepted.",
  examples:
    "# Create a pod from a file\nkubectl create -f ./pod.yaml\n\n# Create a pod from what comes in on stdin\ncat pod.yaml | kubectl create -f -",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    SELECTOR_FLAG,
    VALIDATE_FLAG,
    FIELD_MANAGER_FLAG("kubectl-create"),
    { name: "edit", type: "bool", usage: "Edit the resource before it is created" },
    { name: "raw", type: "string", usage: "Path to POST to, as it is." },
    {
      name: "save-config",
      type: "bool",
      usage: "If true, the configuration is kept in the object's annotation, for later use of apply.",
    },
    {
      name: "windows-line-endings",
      type: "bool",
      usage: "Only with --edit=true: use the line endings of Windows.",
    },
  ],
  subcommands: [
    generator("clusterrole", "Create a cluster role"),
    generator("clusterrolebinding", "Create a cluster role binding for a particular cluster role"),
    generator("configmap", "Create a config map from a local file, directory or literal value", ["cm"]),
    generator("cronjob", "Create a cron job with the specified name", ["cj"]),
    generator("deployment", "Create a deployment with the specified name", ["deploy"]),
    generator("ingress", "Create an ingress with the specified name", ["ing"]),
    generator("job", "Create a job with the specified name"),
    generator("namespace", "Create a namespace with the specified name", ["ns"]),
    generator("poddisruptionbudget", "Create a pod disruption budget with the specified name", ["pdb"]),
    generator("priorityclass", "Create a priority class with the specified name", ["pc"]),
    generator("quota", "Create a quota with the specified name", ["resourcequota"]),
    generator("role", "Create a role with single rule"),
    generator("rolebinding", "Create a role binding for a particular role or cluster role"),
    {
      name: "secret",
      short: "Create a secret using a specified subcommand",
      load: async () => (await generators()).secretCommand,
    },
    {
      name: "service",
      aliases: ["svc"],
      short: "Create a service using a specified subcommand",
      load: async () => (await generators()).serviceCommand,
    },
    generator("serviceaccount", "Create a service account with the specified name", ["sa"]),
    {
      name: "token",
      short: "Request a service account token",
      load: async () => (await import("./create-token.ts")).default,
    },
  ],
  async run(context) {
    const { flags, args } = context;
    if (args.length > 0) throw context.usage(`Unexpected args: [${args.join(" ")}]`);
    const dryRun = dryRunOf(flags, context.io);
    const validation = fieldValidation(context);
    const report = await reporter(context, dryRun);
    if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
    if (flags.text("raw") !== "") return createRaw(context);
    await createFromFiles(context, { dryRun, validation, report });
  },
};

export default create;

/** What the flags say of how objects are created. */
interface Creation {
  readonly dryRun: DryRun;
  readonly validation: string;
  readonly report: Report;
}

async function createRaw(context: CommandContext): Promise<void> {
  if (context.flags.bool("edit")) throw new Error("--raw and --edit are mutually exclusive");
  const { sendRaw } = await import("../connection/raw-request.ts");
  await sendRaw(context, "POST");
}

/** Each object goes through an editor before it is created. */
async function createEdited(context: CommandContext, targets: readonly Target[], { validation, report }: Creation): Promise<void> {
  const { editObjects } = await import("../objects/editor.ts");
  const client = await context.client();
  const query = { fieldManager: context.flags.text("field-manager"), fieldValidation: validation };
  for (const { info, namespace, name = "", manifest } of targets)
    await editObjects(context, [{ info, namespace, name, object: manifest as ApiObject }], {
      async save(_original, object) {
        const body = context.flags.bool("save-config") ? withLastApplied(object) : object;
        report(await client.json("POST", pathOf(info, namespace), { query, body }), info, "created");
      },
    });
}

async function createFromFiles(context: CommandContext, creation: Creation): Promise<void> {
  const { dryRun, validation, report } = creation;
  const client = await context.client();
  const errors: unknown[] = [];
  const targets = await targetsOf(context, context.args, { errors, asWritten: true });
  if (targets.length === 0 && errors.length === 0) throw new Error("no objects passed to create");
  if (context.flags.bool("edit")) return createEdited(context, targets, creation);
  for (const target of targets) {
    try {
      const manifest = target.manifest as never;
      const object = context.flags.bool("save-config") ? withLastApplied(manifest) : manifest;
      const query = {
        fieldManager: context.flags.text("field-manager"),
        fieldValidation: validation,
        ...dryRunQuery(dryRun),
      };
      report(
        dryRun === "client"
          ? object
          : await client.json("POST", pathOf(target.info, target.namespace), {
              query,
              body: object,
            }),
        target.info,
        "created",
      );
    } catch (error) {
      errors.push(addSource("creating", target.source, error));
    }
  }
  throwAll(errors);
}
