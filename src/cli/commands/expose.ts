import type { Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { withOverrides } from "../overrides.ts";
import { notInScheme } from "../go-scheme.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, typedReporter } from "../report.ts";
import { hasFiles, targetsOf } from "../resource-arguments.ts";
import { fetchObjects, FILE_FLAGS, SELECTOR_FLAG, type ApiObject, type Found } from "../resources.ts";

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
    for (const found of await exposed(context)) {
      const plain = serviceFor(context, found);
      const service = withOverrides(plain, context.flags.text("overrides"), context.flags.text("override-type"));
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

/** --selector is the new service's, it chooses nothing; files are taken as they are. */
async function exposed(context: CommandContext): Promise<Found[]> {
  const asked = context.withFlags({ selector: "" });
  const targets = await targetsOf(asked, context.args, { needsNames: true });
  if (!hasFiles(context)) return fetchObjects(asked, targets);
  return targets.map(({ info, namespace, name, manifest }) => ({ info, namespace, name: name ?? "", object: manifest as ApiObject }));
}

interface SpecJson {
  selector?: Record<string, string> & {
    matchLabels?: Record<string, string>;
    matchExpressions?: Expression[];
  };
  template?: { spec?: { containers?: PortHolder[] } };
  containers?: PortHolder[];
  ports?: { port?: number; protocol?: string }[];
}
interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}
interface PortHolder {
  ports?: { containerPort: number; protocol?: string }[];
}

/** Upstream: k8s.io/kubectl/pkg/cmd/expose */
function serviceFor(context: CommandContext, { info, object, name, namespace }: Found): ApiObject {
  const { flags } = context;
  const exposable = ["services", "replicationcontrollers", "pods", "deployments", "replicasets"];
  const unknown = notInScheme(info);
  if (unknown !== "") throw new Error(unknown);
  if (!exposable.includes(info.resource)) throw new Error(`cannot expose a ${info.kind}${info.group ? `.${info.group}` : ""}`);
  const spec = (object["spec"] ?? {}) as SpecJson;
  const affinity = flags.text("session-affinity");
  const selector = flags.text("selector") !== "" ? labelsOf(flags.text("selector")) : introspected(info.resource, object, spec);
  const ports = portsFor(flags, spec);
  if (!["", "None", "ClientIP"].includes(affinity)) throw new Error(`unknown session affinity: ${affinity}`);
  const headless = flags.text("cluster-ip");
  return {
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
      ...(affinity ? { sessionAffinity: affinity } : {}),
      ...(flags.text("type") ? { type: flags.text("type") } : {}),
    },
    status: { loadBalancer: {} },
  };
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(",").filter(Boolean);
  const wrong = pairs.find((pair) => pair.split("=").length !== 2);
  if (wrong !== undefined) throw new Error(`unexpected label spec: ${wrong}`);
  return Object.fromEntries(pairs.map((pair) => pair.split("=") as [string, string]));
}

function labelsFor(flag: string, object: ApiObject): { labels?: Record<string, string> } {
  if (flag !== "") return { labels: labelsOf(flag) };
  return object.metadata.labels ? { labels: object.metadata.labels } : {};
}

/** Upstream: polymorphichelpers/mapbasedselectorforobject.go */
function introspected(resource: string, object: ApiObject, spec: SpecJson): Record<string, string> {
  const fail = (why: string) => new Error(`couldn't retrieve selectors via --selector flag or introspection: ${why}`);
  if (resource === "pods") {
    if (Object.keys(object.metadata.labels ?? {}).length === 0) throw fail("the pod has no labels and cannot be exposed");
    return object.metadata.labels ?? {};
  }
  if (resource === "replicationcontrollers") return spec.selector ?? {};
  if (resource === "services") {
    if (!spec.selector) throw fail("the service has no pod selector set");
    return spec.selector;
  }
  const { matchLabels = {}, matchExpressions = [] } = spec.selector ?? {};
  if (Object.keys(matchLabels).length === 0) throw fail(`invalid ${resource.slice(0, -1)}: no selectors, therefore cannot be exposed`);
  if (matchExpressions.length > 0)
    throw fail(`couldn't convert expressions - "[${matchExpressions.map(expressionText).join(" ")}]" to map-based selector format`);
  return matchLabels;
}

const expressionText = ({ key, operator, values = [] }: Expression) => `{Key:${key} Operator:${operator} Values:[${values.join(" ")}]}`;

function portsFor(flags: CommandContext["flags"], spec: SpecJson): Json[] {
  const container =
    spec.ports?.map(({ port, protocol }) => ({ port: port ?? 0, protocol })) ??
    [...(spec.containers ?? []), ...(spec.template?.spec?.containers ?? [])].flatMap(({ ports }) =>
      (ports ?? []).map(({ containerPort, protocol }) => ({ port: containerPort, protocol })),
    );
  const given = flags.text("port");
  const wrong = given.split(",").find((text) => given !== "" && !/^[+-]?\d+$/.test(text));
  if (wrong !== undefined) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(wrong)}: invalid syntax`);
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
