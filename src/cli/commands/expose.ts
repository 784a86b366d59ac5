import type { Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, typedReporter } from "../report.ts";
import { fetchObjects, FILE_FLAGS, hasFiles, SELECTOR_FLAG, targetsOf, type ApiObject, type Found } from "../resources.ts";

const expose: CommandSpec = {
  usage:
    "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]",
  long: "Expose a resource as a new Kubernetes service.\n\n Looks up a deployment, service, replica set, replication controller or pod by name and uses its selector for a new service on the specified port.",
  examples:
    "# A service for a replica set, on port 80\nkubectl expose rs nginx --port=80 --target-port=8000\n\n# For a pod, with a name\nkubectl expose pod valid-pod --port=444 --name=frontend",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    FIELD_MANAGER_FLAG("kubectl-expose"),
    { ...SELECTOR_FLAG, shorthand: "" as never },
    {
      name: "cluster-ip",
      type: "string",
      usage: "ClusterIP to be assigned to the service. 'None' creates a headless service.",
    },
    {
      name: "external-ip",
      type: "string",
      usage: "Additional external IP address for the service.",
    },
    {
      name: "labels",
      shorthand: "l",
      type: "string",
      usage: "Labels to apply to the service created by this call.",
    },
    { name: "load-balancer-ip", type: "string", usage: "IP to assign to the LoadBalancer." },
    { name: "name", type: "string", usage: "The name for the newly created object." },
    { name: "override-type", type: "string", default: "merge", usage: "How to apply --overrides" },
    {
      name: "overrides",
      type: "string",
      usage: "Inline JSON that changes the service before it is created.",
    },
    {
      name: "port",
      type: "string",
      usage: "The port that the service should serve on. Copied from the resource being exposed, if unspecified",
    },
    {
      name: "protocol",
      type: "string",
      usage: "The network protocol for the service to be created. Default is 'TCP'.",
    },
    {
      name: "save-config",
      type: "bool",
      usage: "Keep the configuration in the annotation, for apply.",
    },
    {
      name: "session-affinity",
      type: "string",
      usage: "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'",
    },
    {
      name: "target-port",
      type: "string",
      usage: "Name or number for the port on the container that the service should direct traffic to. Optional.",
    },
    {
      name: "type",
      type: "string",
      usage: "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'.",
    },
  ],
  async run(context) {
    if (context.args.length === 0 && !hasFiles(context))
      throw new Error(
        "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
      );
    const dryRun = dryRunOf(context.flags, context.io);
    const report = await typedReporter(context, dryRun);
    for (const found of await fetchObjects(context, await targetsOf(context, context.args, { needsNames: true, ignoresSelector: true }))) {
      const service = serviceFor(context, found);
      const query = { fieldManager: context.flags.text("field-manager"), ...dryRunQuery(dryRun) };
      const result =
        dryRun === "client"
          ? service
          : await (
              await context.client()
            ).json<Json>("POST", `/api/v1/namespaces/${found.namespace}/services`, {
              query,
              body: service,
            });
      report(result, { group: "", kind: "Service" }, "exposed");
    }
  },
};

export default expose;

interface SpecJson {
  selector?: Record<string, string> & {
    matchLabels?: Record<string, string>;
    matchExpressions?: unknown[];
  };
  template?: { spec?: { containers?: PortHolder[] } };
  containers?: PortHolder[];
  ports?: { port?: number; protocol?: string }[];
}
interface PortHolder {
  ports?: { containerPort: number; protocol?: string }[];
}

/** Upstream: k8s.io/kubectl/pkg/cmd/expose */
function serviceFor(context: CommandContext, { info, object, name, namespace }: Found): ApiObject {
  const { flags } = context;
  const exposable = ["services", "replicationcontrollers", "pods", "deployments", "replicasets"];
  if (!exposable.includes(info.resource)) throw new Error(`cannot expose a ${info.kind}${info.group ? `.${info.group}` : ""}`);
  const spec = (object["spec"] ?? {}) as SpecJson;
  const selector = flags.text("selector") !== "" ? labelsOf(flags.text("selector")) : selectorFor(info.resource, object, spec);
  if (Object.keys(selector).length === 0)
    throw new Error(
      info.resource === "pods"
        ? "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed"
        : "couldn't retrieve selectors via --selector flag or introspection: invalid service: no selector",
    );
  const ports = portsFor(flags, spec);
  const headless = flags.text("cluster-ip");
  const service: ApiObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      ...labelsFor(flags.text("labels"), object),
      name: flags.text("name") || name,
      ...(context.flags.has("namespace") && namespace ? { namespace } : {}),
    },
    spec: {
      ...(headless ? { clusterIP: headless } : {}),
      ...(flags.text("external-ip") ? { externalIPs: [flags.text("external-ip")] } : {}),
      ...(flags.text("load-balancer-ip") ? { loadBalancerIP: flags.text("load-balancer-ip") } : {}),
      ports,
      selector,
      ...(flags.text("session-affinity") ? { sessionAffinity: flags.text("session-affinity") } : {}),
      ...(flags.text("type") ? { type: flags.text("type") } : {}),
    },
    status: { loadBalancer: {} },
  };
  return flags.text("overrides") === "" ? service : ({ ...service, ...(JSON.parse(flags.text("overrides")) as object) } as ApiObject);
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(",")
      .filter(Boolean)
      .map((pair) => pair.split("=") as [string, string]),
  );

function labelsFor(flag: string, object: ApiObject): { labels?: Record<string, string> } {
  if (flag !== "") return { labels: labelsOf(flag) };
  return object.metadata.labels ? { labels: object.metadata.labels } : {};
}

function selectorFor(resource: string, object: ApiObject, spec: SpecJson): Record<string, string> {
  if (resource === "pods") return object.metadata.labels ?? {};
  if (resource === "services" || resource === "replicationcontrollers") return spec.selector ?? {};
  if (spec.selector?.matchExpressions?.length) throw new Error('couldn\'t convert expressions - "[]" to map-based selector format');
  return spec.selector?.matchLabels ?? {};
}

function portsFor(flags: CommandContext["flags"], spec: SpecJson): Json[] {
  const container =
    spec.ports?.map(({ port, protocol }) => ({ port: port ?? 0, protocol })) ??
    [...(spec.containers ?? []), ...(spec.template?.spec?.containers ?? [])].flatMap(({ ports }) =>
      (ports ?? []).map(({ containerPort, protocol }) => ({ port: containerPort, protocol })),
    );
  const given = flags.text("port");
  const wanted =
    given !== ""
      ? given.split(",").map((text) => ({
          port: Number(text),
          protocol: container.find(({ port }) => port === Number(text))?.protocol,
        }))
      : container;
  if (wanted.length === 0) {
    if (flags.text("cluster-ip") === "None") return [];
    throw new Error("couldn't find port via --port flag or introspection");
  }
  const target = flags.text("target-port");
  return wanted.map(({ port, protocol }, index) => ({
    ...(wanted.length > 1 ? { name: `port-${index + 1}` } : {}),
    port,
    protocol: flags.text("protocol") || protocol || "TCP",
    targetPort: target === "" ? port : /^\d+$/.test(target) ? Number(target) : target,
  }));
}
