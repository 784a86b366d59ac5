import { StatusError } from "../../api/status.ts";
import { folderOf, joinPath, makeFolder, writeText } from "../../host/cli-host.ts";
import type { ApiClient, Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { messageOf } from "../errors.ts";
import { findPrinter, OUTPUT_FLAGS, outputFormat, unknownFormat } from "../printers/output.ts";

interface PodItem {
  metadata: { name: string; namespace: string };
  spec: { initContainers?: { name: string }[]; containers: { name: string }[] };
}

/** What is dumped of every namespace: the file's name and the path of the list. */
const LISTS: readonly [string, string, string, string][] = [
  ["events", "/api/v1", "events", "EventList"],
  ["replication-controllers", "/api/v1", "replicationcontrollers", "ReplicationControllerList"],
  ["services", "/api/v1", "services", "ServiceList"],
  ["daemonsets", "/apis/apps/v1", "daemonsets", "DaemonSetList"],
  ["deployments", "/apis/apps/v1", "deployments", "DeploymentList"],
  ["replicasets", "/apis/apps/v1", "replicasets", "ReplicaSetList"],
  ["pods", "/api/v1", "pods", "PodList"],
];

const dump: CommandSpec = {
  long: "Dump what helps to find what is wrong with a cluster: nodes, and of the current namespace and kube-system the events, services, workloads, pods and their logs.",
  examples:
    "# To stdout\nkubectl cluster-info dump\n\n# Into a folder\nkubectl cluster-info dump --output-directory=/path/to/cluster-state",
  flags: [
    ...OUTPUT_FLAGS.map((flag) => (flag.name === "output" ? { ...flag, default: "json" } : flag)),
    { name: "all-namespaces", shorthand: "A", type: "bool", usage: "If true, dump all namespaces, whatever --namespaces says." },
    { name: "namespaces", type: "stringSlice", usage: "Namespaces to dump, separated by commas." },
    { name: "output-directory", type: "string", usage: "Folder for the files. Empty or '-' is stdout." },
    { name: "pod-running-timeout", type: "duration", default: "20s", usage: "How long to wait for a pod to run" },
  ],
  async run(context) {
    const printer = await findPrinter(context.flags, "typed");
    if (!printer) throw unknownFormat(context.flags.text("output"));
    const { format } = outputFormat(context.flags);
    const extension = format === "json" || format === "yaml" ? `.${format}` : ".txt";
    if (format === "name") throw new Error("list types are not supported by name printing: *v1.NodeList");
    const client = await context.client();
    const write = (file: string, text: string) => writeTo(context, file, text);
    write(`nodes${extension}`, printer(await listOf(client, "/api/v1", "/nodes", "NodeList")));
    for (const namespace of await namespacesOf(context, client)) {
      let pods: readonly PodItem[] = [];
      for (const [file, root, resource, kind] of LISTS) {
        const list = await listOf(client, root, `/namespaces/${namespace}/${resource}`, kind);
        if (resource === "pods") pods = list["items"] as PodItem[];
        write(joinPath(namespace, `${file}${extension}`), printer(list));
      }
      for (const pod of pods) write(joinPath(namespace, pod.metadata.name, "logs.txt"), await logsOf(client, pod));
    }
    const folder = context.flags.text("output-directory");
    if (folder !== "" && folder !== "-") context.print(`Cluster info dumped to ${folder}`);
  },
};

export default dump;

async function listOf(client: ApiClient, root: string, path: string, kind: string): Promise<Json> {
  const list = await client.get<Json & { items?: Json[] | null }>(`${root}${path}`);
  return { ...list, kind, apiVersion: root.replace(/^\/apis?\//, ""), items: list.items ?? [] };
}

async function namespacesOf(context: CommandContext, client: ApiClient): Promise<string[]> {
  if (context.flags.bool("all-namespaces")) {
    const { items } = await client.get<{ items?: { metadata: { name: string } }[] }>("/api/v1/namespaces");
    return (items ?? []).map(({ metadata }) => metadata.name);
  }
  const named = context.flags.list("namespaces");
  return named.length > 0 ? named : ["kube-system", await context.namespace()];
}

async function logsOf(client: ApiClient, { metadata, spec }: PodItem): Promise<string> {
  let text = "";
  for (const { name } of [...(spec.initContainers ?? []), ...spec.containers]) {
    text += `==== START logs for container ${name} of pod ${metadata.namespace}/${metadata.name} ====\n`;
    try {
      text += await client.text(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/log`, { container: name });
    } catch (error) {
      // Upstream's client does not look into the answer to a request for a stream.
      const refused = error instanceof StatusError && error.code === 400;
      const message = refused ? `the server rejected our request for an unknown reason (get pods ${metadata.name})` : messageOf(error);
      text += `Request log error: ${message}\n`;
    }
    text += `==== END logs for container ${name} of pod ${metadata.namespace}/${metadata.name} ====\n`;
  }
  return text;
}

function writeTo(context: CommandContext, file: string, text: string): void {
  const folder = context.flags.text("output-directory");
  if (folder === "" || folder === "-") return context.io.out(text);
  const path = joinPath(folder, file);
  makeFolder(folderOf(path));
  writeText(path, text);
}
