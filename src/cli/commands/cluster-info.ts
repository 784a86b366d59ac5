import type { CommandSpec } from "../command.ts";

interface ServiceItem {
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
  spec: { ports?: { name?: string; port: number }[] };
}

const clusterInfo: CommandSpec = {
  long: "Display addresses of the control plane and services with label kubernetes.io/cluster-service=true.",
  subcommands: [
    {
      name: "dump",
      short: "Dump relevant information for debugging and diagnosis",
      load: async () => (await import("./cluster-info-dump.ts")).default,
    },
  ],
  async run(context) {
    const client = await context.client();
    const url = client.connection.target.url;
    const green = await painter(context.io.isTerminal("out"));
    const asked = client.get<{ items?: ServiceItem[] }>("/api/v1/namespaces/kube-system/services", {
      labelSelector: "kubernetes.io/cluster-service=true",
    });
    const discovery = await context.discovery();
    const list = await discovery.vouchFor(asked, 5).catch((error: unknown) => {
      context.print(FURTHER);
      throw error;
    });
    context.print(`${green("Kubernetes control plane")} is running at ${green(url)}`);
    for (const { metadata, spec } of list.items ?? []) {
      const name = metadata.labels?.["kubernetes.io/name"] ?? metadata.name;
      const port = spec.ports?.[0];
      context.print(
        `${green(name)} is running at ${green(`${url}/api/v1/namespaces/${metadata.namespace}/services/${metadata.name}${port?.name ? `:${port.name}` : ""}/proxy`)}`,
      );
    }
    context.print(FURTHER);
  },
};

export default clusterInfo;

const FURTHER = "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.";

async function painter(terminal: boolean): Promise<(text: string) => string> {
  if (!terminal) return (text) => text;
  const { default: chalk } = await import("chalk");
  return (text) => chalk.green(text);
}
