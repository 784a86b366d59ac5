import type { CommandSpec } from "../command.ts";

interface ServiceItem {
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
  spec: { ports?: { name?: string; port: number }[] };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
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
    const namespace = context.flags.text("namespace") || "kube-system";
    const asked = client.get<{ items?: ServiceItem[] }>(`/api/v1/namespaces/${encodeURIComponent(namespace)}/services`, {
      labelSelector: "kubernetes.io/cluster-service=true",
    });
    const discovery = await context.discovery();
    const list = await discovery.vouchFor(asked, 5).catch((error: unknown) => {
      context.print(FURTHER);
      throw error;
    });
    context.print(`${green("Kubernetes control plane")} is running at ${green(url)}`);
    for (const service of list.items ?? []) {
      const { labels, name } = service.metadata;
      context.print(`${green(labels?.["kubernetes.io/name"] || name)} is running at ${green(linkTo(service, url))}`);
    }
    context.print(FURTHER);
  },
};

export default clusterInfo;

const FURTHER = "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.";

/** Through its load balancer, or through the API server. */
function linkTo({ metadata, spec, status }: ServiceItem, url: string): string {
  const [ingress] = status?.loadBalancer?.ingress ?? [];
  if (ingress) return (spec.ports ?? []).map(({ port }) => `http://${ingress.ip || ingress.hostname || ""}:${port} `).join("");
  const [port] = spec.ports ?? [];
  const isSecure = port?.name === "https" || port?.port === 443;
  const name = isSecure ? `https:${metadata.name}:${port.name ?? ""}` : `${metadata.name}${port?.name ? `:${port.name}` : ""}`;
  return `${url}/api/v1/namespaces/${metadata.namespace}/services/${name}/proxy`;
}

async function painter(terminal: boolean): Promise<(text: string) => string> {
  if (!terminal) return (text) => text;
  const { default: chalk } = await import("chalk");
  return (text) => chalk.green(text);
}
