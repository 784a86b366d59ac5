import * as host from "../../host/cli-host.ts";
import { ensureDaemon, findRunningDaemon, stopDaemon } from "../../host/cli-daemon.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import { clusterFolder, kubesimHome, parseConfig } from "../kubeconfig/kubeconfig.ts";

const NAME: FlagSpec = {
  name: "name",
  type: "string",
  default: "default",
  usage: "Which cluster.",
};
const entry = (
  name: string,
  short: string,
  flags: readonly FlagSpec[],
  run: (context: CommandContext) => Promise<number | void>,
  examples: string,
): CommandEntry => ({ name, short, load: async () => ({ flags, run, examples }) });

const cluster: CommandSpec = {
  long: "Start, stop and look at the simulated clusters. Each is one process; its objects outlive it.",
  subcommands: [
    entry(
      "up",
      "Start a cluster, or say that it runs",
      [
        NAME,
        {
          name: "nodes",
          type: "int",
          default: 3,
          usage: "Machines of a new cluster, the control plane included.",
        },
        {
          name: "wait",
          type: "duration",
          default: "1m0s",
          usage: "How long to wait for the nodes to be ready; 0 to not wait.",
        },
      ],
      up,
      "# The cluster that is meant without a name: a control plane and two workers\nkubesim cluster up\n\n# Another one, beside it\nkubesim cluster up --name two --nodes 5",
    ),
    entry(
      "down",
      "Stop a cluster; its objects stay",
      [NAME, { name: "all", type: "bool", usage: "All clusters." }],
      down,
      "kubesim cluster down\n\n# All of them\nkubesim cluster down --all",
    ),
    entry("status", "Say how a cluster is", [NAME], status, "# The exit code is 1 when it does not run\nkubesim cluster status"),
    entry(
      "reset",
      "Throw a cluster away and start a new one",
      [
        NAME,
        { name: "nodes", type: "int", default: 3, usage: "Machines of the new cluster." },
        { name: "yes", shorthand: "y", type: "bool", usage: "Do not ask." },
      ],
      reset,
      "# Asks first\nkubesim cluster reset\n\n# With more machines, without asking\nkubesim cluster reset --nodes 5 --yes",
    ),
    entry("list", "List the clusters", [], list, "kubesim cluster list"),
    entry(
      "kubeconfig",
      "Print a cluster's kubeconfig, or merge it into yours",
      [
        NAME,
        {
          name: "merge",
          type: "bool",
          usage: "Merge it into $KUBECONFIG or ~/.kube/config and use its context.",
        },
      ],
      kubeconfig,
      "# For this terminal's kubectl\nkubesim cluster kubeconfig > kubesim.yaml && export KUBECONFIG=$PWD/kubesim.yaml\n\n# For every kubectl\nkubesim cluster kubeconfig --merge && kubectl get nodes",
    ),
  ],
};

export default cluster;

async function up(context: CommandContext): Promise<void> {
  const name = checkedName(context);
  if (context.flags.number("nodes") < 1) throw context.usage("--nodes must be 1 or more: the control plane is one of them");
  const running = findRunningDaemon(kubesimHome(), name);
  const isNew = host.pathKind(clusterFolder(name)) === undefined;
  const daemon =
    running ??
    (await ensureDaemon(
      kubesimHome(),
      name,
      isNew || context.flags.has("nodes") ? ["--nodes", String(context.flags.number("nodes"))] : [],
    ));
  const at = `at ${daemon.url}`;
  if (running) {
    context.print(`The cluster ${JSON.stringify(name)} runs ${at} (process ${daemon.pid}).`);
    if (context.flags.has("nodes")) context.io.err("--nodes is for new clusters. To add a machine: kubesim sim node add\n");
    return;
  }
  if (context.flags.number("wait") > 0) await waitForNodes(context, name, context.flags.number("wait"));
  context.print(`The cluster ${JSON.stringify(name)} is up ${at}.`);
}

/** The CLI's own client for a cluster by its name. */
const clientOf = (context: CommandContext, name: string) =>
  context.withFlags({ context: name === "default" ? "kubesim" : `kubesim-${name}` }).client();

interface NodeItem {
  metadata: { name: string };
  status?: { conditions?: { type: string; status: string }[] };
}

async function waitForNodes(context: CommandContext, name: string, timeoutMs: number): Promise<void> {
  const client = await clientOf(context, name);
  const deadline = host.nowMs() + timeoutMs;
  for (;;) {
    const nodes = (await client.get<{ items?: NodeItem[] }>("/api/v1/nodes")).items ?? [];
    if (nodes.length > 0 && nodes.every(isReady)) return;
    if (host.nowMs() > deadline)
      throw new Error(
        `the nodes are not ready after ${timeoutMs / 1000}s: ${
          nodes
            .filter((node) => !isReady(node))
            .map(({ metadata }) => metadata.name)
            .join(", ") || "there are none"
        }`,
      );
    await host.sleep(25);
  }
}

const isReady = (node: NodeItem) =>
  node.status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;

async function down(context: CommandContext): Promise<void> {
  const names = context.flags.bool("all") ? clusterNames() : [checkedName(context)];
  for (const name of names) {
    const stopped = await stopDaemon(kubesimHome(), name);
    context.print(stopped ? `The cluster ${JSON.stringify(name)} is down.` : `The cluster ${JSON.stringify(name)} does not run.`);
  }
}

async function status(context: CommandContext): Promise<number> {
  const name = checkedName(context);
  const daemon = findRunningDaemon(kubesimHome(), name);
  if (!daemon) {
    context.print(
      `The cluster ${JSON.stringify(name)} does not run. Start it with: kubesim cluster up${name === "default" ? "" : ` --name ${name}`}`,
    );
    return 1;
  }
  const client = await clientOf(context, name);
  const [nodes, pods] = await Promise.all([
    client.get<{ items?: NodeItem[] }>("/api/v1/nodes"),
    client.get<{ items?: { status?: { phase?: string } }[] }>("/api/v1/pods"),
  ]);
  const ready = (nodes.items ?? []).filter(isReady).length;
  const running = (pods.items ?? []).filter((pod) => pod.status?.phase === "Running").length;
  context.print(
    `cluster    ${name}\nserver     ${daemon.url}\nprocess    ${daemon.pid}, since ${daemon.startedAt}\nversion    ${daemon.version}\nnodes      ${ready} of ${nodes.items?.length ?? 0} ready\npods       ${running} of ${pods.items?.length ?? 0} running\nstate      ${clusterFolder(name)}`,
  );
  return 0;
}

async function reset(context: CommandContext): Promise<void> {
  const name = checkedName(context);
  if (!context.flags.bool("yes")) {
    if (!context.io.isTerminal("in"))
      throw new Error(`this throws away everything in the cluster ${JSON.stringify(name)}: confirm it with --yes`);
    context.io.out(`Throw away everything in the cluster ${JSON.stringify(name)}? (y/N): `);
    const { readAnswer } = await import("../../host/cli-prompt.ts");
    if (!/^y(es)?$/i.test(await readAnswer())) return context.print("Nothing was changed.");
  }
  await stopDaemon(kubesimHome(), name);
  host.removeFile(clusterFolder(name));
  await up(context);
}

async function list(context: CommandContext): Promise<void> {
  if (context.args.length > 0) throw context.usage(`unexpected arguments: [${context.args.join(" ")}]`);
  const { renderList } = await import("../kubesim/own-tables.ts");
  const rows = clusterNames().map((name) => {
    const daemon = findRunningDaemon(kubesimHome(), name);
    return [name, daemon ? "running" : "stopped", daemon?.url ?? "", daemon ? String(daemon.pid) : ""];
  });
  if (rows.length === 0) return context.print("There are no clusters yet. Make one with: kubesim cluster up");
  context.io.out(await renderList(context.io, ["NAME", "STATE", "SERVER", "PROCESS"], rows));
}

async function kubeconfig(context: CommandContext): Promise<void> {
  const name = checkedName(context);
  if (!findRunningDaemon(kubesimHome(), name)) await ensureDaemon(kubesimHome(), name);
  const text = host.readText(host.joinPath(clusterFolder(name), "kubeconfig"));
  if (!context.flags.bool("merge")) return context.io.out(text);
  const file = host.environment("KUBECONFIG")?.split(":")[0] || host.joinPath(host.homeFolder(), ".kube", "config");
  const fresh = await parseConfig(text);
  const { mergeIntoText } = await import("../kubeconfig/merge-kubeconfig.ts");
  let merged: string;
  try {
    merged = mergeIntoText(host.findText(file) ?? "", fresh);
  } catch (error) {
    throw new Error(`${file} stays as it is: ${(error as Error).message}`, { cause: error });
  }
  // What leads to the file (a link from ~/.kube to elsewhere) goes on leading to it.
  host.writeText(host.realPath(file), merged);
  context.print(`Merged the context ${JSON.stringify(fresh["current-context"])} into ${file} and made it the current one.`);
}

function checkedName(context: CommandContext): string {
  if (context.args.length > 0) throw context.usage(`unexpected arguments: [${context.args.join(" ")}]`);
  const name = context.flags.text("name");
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name))
    throw new Error(`the name of a cluster has letters, digits and '-' only, not ${JSON.stringify(name)}`);
  return name;
}

function clusterNames(): string[] {
  const folder = host.joinPath(kubesimHome(), "clusters");
  return host.pathKind(folder) === "folder" ? host.listFolder(folder) : [];
}
