import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { withOverrides } from "../objects/overrides.ts";
import { labelsOf } from "../pods/run-pod.ts";
import { DRY_RUN_FLAG, type DryRun, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { notInScheme } from "../objects/go-scheme.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, typedReporter } from "../report.ts";
import { hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import { fetchObjects, FILE_FLAGS, SELECTOR_FLAG, type ApiObject, type Found, type Target } from "../objects/resources.ts";

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
    const dryRun = dryRunOf(context.flags, context.io);
    const report = await typedReporter(context, dryRun);
    await context.checkConfig();
    const errors: unknown[] = [];
    const settled: Settled = settledBy(context);
    // --selector is the new service's, it chooses nothing.
    const asked = context.withFlags({ selector: "" });
    for (const target of await targetsOf(asked, context.args, { errors, needsNames: true })) {
      try {
        const found = await exposed(asked, target);
        report(await exposeOne(context, serviceFor(context, found, settled), dryRun), { group: "", kind: "Service" }, "exposed");
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

export default expose;

async function exposeOne(context: CommandContext, plain: ApiObject, dryRun: DryRun): Promise<Json> {
  const { flags } = context;
  const service = withOverrides(plain, flags.text("overrides"), flags.text("override-type"));
  if (dryRun === "client") return service;
  const query = { fieldManager: flags.text("field-manager"), ...dryRunQuery(dryRun) };
  const client = await context.client();
  return client.json<Json>("POST", `/api/v1/namespaces/${await context.namespace()}/services`, { query, body: service });
}

/** Files are taken as they are. */
async function exposed(context: CommandContext, target: Target): Promise<Found> {
  const { info, namespace, name = "", manifest } = target;
  if (hasFiles(context)) return { info, namespace, name, object: manifest as ApiObject };
  const [found] = await fetchObjects(context, [target]);
  if (!found) throw new Error("no objects passed to expose");
  return found;
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

/** What flags leave open is settled by the first object that says it, for those after it, too. */
interface Settled {
  selector: string;
  labels: string;
  port: string;
  /** Several, which count before the one. */
  ports: string;
}

const settledBy = ({ flags }: CommandContext): Settled => ({
  selector: flags.text("selector"),
  labels: flags.text("labels"),
  port: flags.text("port"),
  ports: "",
});

const pairsOf = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map((pair) => pair.join("="))
    .join(",");

/** Upstream: k8s.io/kubectl/pkg/cmd/expose */
function serviceFor(context: CommandContext, { info, object, name, namespace }: Found, settled: Settled): ApiObject {
  const { flags } = context;
  const exposable = ["services", "replicationcontrollers", "pods", "deployments", "replicasets"];
  const unknown = notInScheme(info);
  if (unknown !== "") throw new Error(unknown);
  if (!exposable.includes(info.resource)) throw new Error(`cannot expose a ${info.kind}${info.group ? `.${info.group}` : ""}`);
  const spec = (object["spec"] ?? {}) as SpecJson;
  const affinity = flags.text("session-affinity");
  settled.selector ||= pairsOf(introspected(info.resource, object, spec));
  const exposed = settlePorts(flags, spec, settled);
  settled.labels ||= pairsOf(object.metadata.labels ?? {});
  const selector = labelsOf(settled.selector);
  const labels = labelsOf(settled.labels);
  const ports = portsFor(flags, exposed, settled);
  if (!["", "None", "ClientIP"].includes(affinity)) throw new Error(`unknown session affinity: ${affinity}`);
  const headless = flags.text("cluster-ip");
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      ...(settled.labels === "" ? {} : { labels }),
      name: flags.text("name") || name,
      ...(context.flags.has("namespace") && namespace ? { namespace } : {}),
    },
    spec: {
      ...(headless ? { clusterIP: headless } : {}),
      ...(flags.text("external-ip") ? { externalIPs: [flags.text("external-ip")] } : {}),
      ...(flags.text("load-balancer-ip") && flags.text("type") === "LoadBalancer"
        ? { loadBalancerIP: flags.text("load-balancer-ip") }
        : {}),
      ports,
      selector,
      ...(affinity ? { sessionAffinity: affinity } : {}),
      ...(flags.text("type") ? { type: flags.text("type") } : {}),
    },
    status: { loadBalancer: {} },
  };
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

interface ExposedPort {
  readonly port: number;
  readonly protocol?: string | undefined;
}

/** The ports that the object has; without --port they are those of the service. */
function settlePorts(flags: CommandContext["flags"], spec: SpecJson, settled: Settled): ExposedPort[] {
  const found =
    spec.ports?.map(({ port, protocol }) => ({ port: port ?? 0, protocol })) ??
    [...(spec.containers ?? []), ...(spec.template?.spec?.containers ?? [])].flatMap(({ ports }) =>
      (ports ?? []).map(({ containerPort, protocol }) => ({ port: containerPort, protocol })),
    );
  if (settled.port === "") {
    if (found.length === 0 && flags.text("cluster-ip") !== "None") throw new Error("couldn't find port via --port flag or introspection");
    const ports = new Set(found.map(({ port }) => port));
    settled[ports.size > 1 ? "ports" : "port"] = [...ports].join(",");
  }
  return found;
}

function portsFor(flags: CommandContext["flags"], exposed: readonly ExposedPort[], settled: Settled): Json[] {
  const given = settled.ports || settled.port;
  if (given === "") return [];
  const wrong = given.split(",").find((text) => !/^[+-]?\d+$/.test(text));
  if (wrong !== undefined) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(wrong)}: invalid syntax`);
  const target = flags.text("target-port");
  return given.split(",").flatMap((text, index, all) => {
    const port = Number(text);
    const protocols = exposed.filter((each) => each.port === port).map(({ protocol = "TCP" }) => protocol);
    const targetPort = target === "" ? port : /^\d+$/.test(target) ? Number(target) : target;
    const name = `port-${index + 1}`;
    if (flags.text("protocol") === "" && protocols.length > 1)
      return protocols.map((protocol) => ({ name: `${name}-${protocol.toLowerCase()}`, port, protocol, targetPort }));
    return { ...(all.length > 1 ? { name } : {}), port, protocol: flags.text("protocol") || (protocols[0] ?? "TCP"), targetPort };
  });
}
