import { StatusError } from "../../api/status.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { ConnectionError } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";
import { FIELD_MANAGER_FLAG, fieldValidation, OUTPUT_FLAGS, typedReporter, VALIDATE_FLAG } from "../report.ts";
import type { ApiObject } from "../objects/resources.ts";
import * as basics from "./basics.ts";
import * as rbac from "./rbac.ts";
import * as workloads from "./workloads.ts";

/** A `create` sub-command: its flags, and the object that they describe. */
export interface Generator {
  readonly usage: string;
  readonly examples?: string;
  readonly flags?: readonly FlagSpec[];
  readonly resource: string;
  readonly namespaced: boolean;
  /** Whether kubectl itself refuses an empty name; the server does of the others. */
  readonly needsName?: boolean;
  build(context: CommandContext, name: string): ApiObject | Promise<ApiObject>;
}

const GENERATORS: Readonly<Record<string, Generator>> = {
  ...basics.generators,
  ...rbac.generators,
  ...workloads.generators,
};

export function generatorCommand(name: string): CommandSpec {
  const generator = GENERATORS[name] as Generator;
  return {
    usage: generator.usage,
    ...(generator.examples ? { examples: generator.examples } : {}),
    flags: [
      ...OUTPUT_FLAGS,
      DRY_RUN_FLAG,
      VALIDATE_FLAG,
      FIELD_MANAGER_FLAG("kubectl-create"),
      {
        name: "save-config",
        type: "bool",
        usage: "If true, keep the configuration in the annotation, for apply.",
      },
      ...(generator.flags ?? []),
    ],
    run: (context) => run(context, generator),
  };
}

const group = (names: readonly [string, string, string][]): CommandEntry[] =>
  names.map(([name, key, short]) => ({ name, short, load: async () => generatorCommand(key) }));

export const secretCommand: CommandSpec = {
  long: "Create a secret with specified type.\n\n A docker-registry type secret is for accessing a container registry.\n\n A generic type secret indicate an Opaque secret type.\n\n A tls type secret holds TLS certificate and its associated key.",
  usage: "(docker-registry | generic | tls)",
  subcommands: group([
    ["docker-registry", "secret docker-registry", "Create a secret for use with a Docker registry"],
    ["generic", "secret generic", "Create a secret from a local file, directory, or literal value"],
    ["tls", "secret tls", "Create a TLS secret"],
  ]),
};

export const serviceCommand: CommandSpec = {
  long: "Create a service using a specified subcommand.",
  subcommands: group([
    ["clusterip", "service clusterip", "Create a ClusterIP service"],
    ["externalname", "service externalname", "Create an ExternalName service"],
    ["loadbalancer", "service loadbalancer", "Create a LoadBalancer service"],
    ["nodeport", "service nodeport", "Create a NodePort service"],
  ]),
};

async function run(context: CommandContext, generator: Generator): Promise<void> {
  const names = context.dashIndex >= 0 ? context.args.slice(0, context.dashIndex) : context.args;
  if (names.length !== 1) throw context.usage(`exactly one NAME is required, got ${names.length}`);
  await context.checkConfig();
  const dryRun = dryRunOf(context.flags, context.io);
  const report = await typedReporter(context, dryRun);
  const validation = fieldValidation(context);
  const [name = ""] = names;
  if (generator.needsName && name === "") throw new Error("name must be specified");
  const built = await generator.build(context, name);
  const placed =
    generator.namespaced && (context.flags.has("namespace") || dryRun !== "client")
      ? { ...built, metadata: { ...built.metadata, namespace: await context.namespace() } }
      : built;
  // Upstream: create_service.go has the flag, and does not look at it.
  const savesConfig = context.flags.bool("save-config") && generator.resource !== "services";
  const object = savesConfig ? (await import("../objects/go-field-order.ts")).withTypedConfig(placed) : placed;
  const info = { group: groupOf(object), kind: object.kind ?? "" };
  if (dryRun === "client") return report(object, info, "created");
  const root = info.group === "" ? `/api/${object.apiVersion}` : `/apis/${object.apiVersion}`;
  const path = `${root}${generator.namespaced ? `/namespaces/${await context.namespace()}` : ""}/${generator.resource}`;
  const query = {
    fieldManager: context.flags.text("field-manager"),
    fieldValidation: validation,
    ...dryRunQuery(dryRun),
  };
  try {
    report(await (await context.client()).json<Json>("POST", path, { query, body: object }), info, "created");
  } catch (error) {
    throw failedTo(error, generator, (object["spec"] as { type?: string } | undefined)?.type);
  }
}

/** Most failures are told as "failed to create KIND: …", whatever the server's reason. */
function failedTo(error: unknown, generator: Generator, type: unknown): unknown {
  if (!(error instanceof StatusError || error instanceof ConnectionError)) return error;
  const wrapped: Readonly<Record<string, string>> = {
    configmaps: "configmap:",
    secrets: "secret",
    serviceaccounts: "serviceaccount:",
    resourcequotas: "quota:",
    deployments: "deployment:",
    jobs: "job:",
    cronjobs: "cronjob:",
    services: `${String(type)} service:`,
    poddisruptionbudgets: "poddisruptionbudgets:",
    priorityclasses: "priorityclass:",
    ingresses: "ingress:",
    rolebindings: "rolebinding:",
    clusterrolebindings: "clusterrolebinding:",
  };
  const noun = wrapped[generator.resource];
  if (noun === undefined) return error;
  return new Error(`failed to create ${noun} ${error.message}`, { cause: error });
}

function groupOf(object: ApiObject): string {
  const [groupName, version] = (object.apiVersion ?? "").split("/");
  return version === undefined ? "" : (groupName ?? "");
}
