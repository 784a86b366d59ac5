import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Node, Pod } from "../api/generated/core-v1.ts";
import { deployments } from "../api/resources/deployment.ts";
import { leases } from "../api/resources/lease.ts";
import { nodes } from "../api/resources/node.ts";
import { serverSideApply } from "../api/server-side-apply.ts";
import { badRequest, notFound } from "../api/status.ts";
import { ApiServices } from "../apiserver/api-services.ts";
import { CustomResources } from "../apiserver/custom-resources/custom-resources.ts";
import { ADMISSION_PLUGINS } from "../apiserver/admission/index.ts";
import { rbacEscalation } from "../apiserver/authorization/escalation.ts";
import { RbacAuthorizer } from "../apiserver/authorization/rbac.ts";
import { startEventExpiry } from "../apiserver/event-expiry.ts";
import { guardEviction } from "../apiserver/eviction-guard.ts";
import { createEventRecorder } from "../apiserver/events.ts";
import { createClient } from "../apiserver/in-process-client.ts";
import type { StreamOptions, StreamSession } from "../apiserver/node-gateway.ts";
import { podUsage } from "../apiserver/pod-usage.ts";
import { Registry } from "../apiserver/registry.ts";
import { getScale, withReplicas } from "../apiserver/subresources/scale.ts";
import type { Descriptions } from "../apiserver/http/openapi.ts";
import { JWKS_PATH } from "../apiserver/http/openid-metadata.ts";
import { type ApiHandler, createHandler } from "../apiserver/server.ts";
import type { Client } from "../client/client.ts";
import type { ComponentContext } from "../client/component.ts";
import { InformerFactory } from "../client/informer.ts";
import { KINDS } from "../api/resources/index.ts";
import { createImageCatalogue } from "../containers/catalogue.ts";
import { parseImage } from "../containers/images.ts";
import { createNodeMachine } from "../containers/node-machine.ts";
import { startControllers } from "../controllers/index.ts";
import type { VolumeStorage } from "../kubelet/options.ts";
import { createNodeGateway } from "../kubelet/gateway.ts";
import { ClusterDns } from "../network/cluster-dns.ts";
import { type BindOnHost, HostPorts, type ListenOnHost } from "../network/host-ports.ts";
import type { Secure } from "../network/network.ts";
import { NetworkPolicies } from "../network/network-policies.ts";
import { ServiceProxy } from "../network/service-proxy.ts";
import { createNetwork } from "../network/virtual-network.ts";
import { startScheduler } from "../scheduler/scheduler.ts";
import { MvccStore } from "../store/memory-store.ts";
import type { WriteAheadLog } from "../store/write-ahead-log.ts";
import type { SteerableClock } from "../util/clock.ts";
import { Journal } from "../util/journal.ts";
import { type Rng, SeededRng } from "../util/rng.ts";
import { TaskGroup } from "../util/task-group.ts";
import { Authenticator } from "./authentication.ts";
import { createAddons, createFoundations, publishApiServer } from "./bootstrap.ts";
import { type ClusterCertificates, signRequest } from "./certificates.ts";
import { API_PORT, defaultNodes, DNS_SERVICE_IP, node as nodeSpec, type NodeSpec, staticPods } from "./default-cluster.ts";
import { createDial } from "./dial.ts";
import { type NodeChange, serveKubesimRoute } from "./kubesim-routes.ts";
import { Machines } from "./machines.ts";
import { processMetrics, type ProcessUsage } from "./process-metrics.ts";
import { API_AUDIENCE, ServiceAccountTokens } from "./service-account-tokens.ts";
import { createWebhookCaller, type PostReview } from "./webhooks.ts";

export interface ClusterOptions {
  readonly log: WriteAheadLog;
  readonly clock: SteerableClock;
  readonly seed: number;
  readonly certificates: ClusterCertificates;
  /** Machines of a new cluster, the control plane included. */
  readonly nodeCount: number;
  readonly version: string;
  /** The user's own images, as parsed YAML. */
  readonly images: readonly unknown[];
  readonly listenOnHost: ListenOnHost;
  readonly bindOnHost: BindOnHost;
  readonly volumeStorage: VolumeStorage;
  /** Ms since 1970 on the host: what TLS goes by. */
  hostNow(): number;
  readonly secure: Secure;
  /** POSTs a review to a webhook, over verified TLS. */
  postReview: PostReview;
  descriptions(): Descriptions;
  processUsage(): ProcessUsage;
  stats(start: boolean): object;
  report(component: string, message: string, error?: unknown): void;
}

export interface Cluster {
  readonly handler: ApiHandler;
  /** Whether this start made the cluster. */
  readonly isNew: boolean;
  /** Resolves when every node is ready and every add-on runs, or `limitMs` of simulated time are over. */
  settled(limitMs: number): Promise<void>;
  /** Connections from inside the cluster to the API server are handed to `serve`. */
  onApiConnection(serve: (connection: Duplex) => void): void;
  stop(): Promise<void>;
}

/** Wires a whole cluster and starts it: store, API server, then everything that talks to it. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { clock, certificates, report } = options;
  const store = new MvccStore({ log: options.log, clock });
  const isNew = store.count("/registry/") === 0;
  const rng: Rng = new SeededRng(options.seed);
  const journal = new Journal(clock);
  const registry: Registry = new Registry({
    kinds: KINDS,
    store,
    clock,
    rng,
    journal,
    admission: [...ADMISSION_PLUGINS, rbacEscalation(() => rbac)],
  });
  const rbac: RbacAuthorizer = new RbacAuthorizer(registry);
  const customResources = new CustomResources(registry, (error) => report("kube-apiserver", "custom resource definitions", error));
  const client = createClient(registry, "kubesim");
  const tasks = new TaskGroup((name, error) => report(name, "failed", error));
  const context: ComponentContext = {
    client,
    informers: new InformerFactory(client),
    events: createEventRecorder(registry, "kubesim"),
    clock,
    rng,
    tasks,
    journal,
    log: report,
  };

  await createFoundations(client);
  const tokens = new ServiceAccountTokens(certificates.serviceAccountKey, clock, rng);
  const { network, proxy, hostPorts } = startNetwork(context, options);

  const images = createImageCatalogue();
  for (const image of options.images) images.add(parseImage(image));
  const machines = new Machines({
    context,
    network,
    images,
    tokens,
    caPem: certificates.ca.cert,
    volumeStorage: options.volumeStorage,
    natRules: (node) => proxy.natRules(node),
    staticPodsOf: (spec) => staticPodsOf(spec),
  });
  const gateway = createNodeGateway(machines.kubelets);
  const scheduler = startScheduler(context);
  startControlLoops({ options, context, registry, rbac, tokens, gateway });
  const stopExpiry = startEventExpiry(registry);
  const apiServices = new ApiServices(registry);

  const specs = isNew ? defaultNodes(options.nodeCount - 1) : await storedNodes(client);
  for (const spec of specs) machines.add(spec);
  await context.informers.start();
  const advertisedIp = specs[0]?.ip ?? "172.18.0.2";
  await publishApiServer(client, advertisedIp);
  if (isNew) await createAddons(client);

  const dial = createDial(network, specs[0]?.name ?? "", (connection) => options.secure(connection, {}));
  registry.callWebhook = createWebhookCaller(registry, dial, options.postReview);
  const handler = createApiHandler({
    options,
    context,
    registry,
    rbac,
    tokens,
    scheduler,
    images,
    machines,
    gateway,
    network,
    proxy,
    dial,
    advertisedIp,
  });
  return {
    handler,
    isNew,
    settled: (limitMs) => settled(client, clock, limitMs),
    onApiConnection: (serve) => {
      const controlPlane = specs[0];
      if (controlPlane) network.nodeNamespace(controlPlane.name).listen(API_PORT, serve);
    },
    stop: async () => {
      stopExpiry();
      apiServices.stop();
      customResources.stop();
      await hostPorts.stop();
      await machines.stopAll();
      context.informers.stop();
      await tasks.stop();
      await store.close();
    },
  };
}

/** What the network is made of: services, names, policies, ports of the host. */
function startNetwork(context: ComponentContext, options: ClusterOptions) {
  const { clock, rng } = context;
  const network = createNetwork({ clock, rng, dnsServiceIp: DNS_SERVICE_IP, secure: options.secure });
  const proxy = new ServiceProxy(clock, rng);
  const dns = new ClusterDns(proxy);
  network.router = proxy;
  network.nameServer = dns;
  proxy.start(context);
  dns.start(context);
  const policies = new NetworkPolicies();
  network.filter = policies;
  policies.start(context);
  const hostPorts = new HostPorts(network, {
    clock,
    listen: options.listenOnHost,
    bind: options.bindOnHost,
    report: (message) => options.report("kube-proxy", message),
  });
  hostPorts.start(proxy);
  return { network, proxy, hostPorts };
}

/** All controllers, with what they need of other components. */
function startControlLoops({
  options,
  context,
  registry,
  rbac,
  tokens,
  gateway,
}: Pick<ApiParts, "options" | "context" | "registry" | "rbac" | "tokens" | "gateway">): void {
  const { clock } = context;
  const { ca } = options.certificates;
  startControllers({
    ...context,
    caPem: ca.cert,
    signCertificate: (signing) => signRequest(ca, { ...signing, nowMs: clock.now(), hostNowMs: options.hostNow() }),
    issueSecretToken: (token) => tokens.issueForSecret(token),
    authorize: (attributes) => rbac.authorize(attributes).allowed,
    podMetrics: (pod) => podUsage(gateway, pod, clock.now()),
    getScale: (kind, name) => getScale(registry, kind, name),
    withReplicas,
  });
}

/** What the API server reaches beyond its registry. */
interface ApiParts {
  readonly options: ClusterOptions;
  readonly context: ComponentContext;
  readonly registry: Registry;
  readonly rbac: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
  readonly scheduler: ReturnType<typeof startScheduler>;
  readonly images: ReturnType<typeof createImageCatalogue>;
  readonly machines: Machines;
  readonly gateway: ReturnType<typeof createNodeGateway>;
  readonly network: ReturnType<typeof createNetwork>;
  readonly proxy: ServiceProxy;
  readonly dial: ReturnType<typeof createDial>;
  readonly advertisedIp: string;
}

function createApiHandler(parts: ApiParts) {
  const { options, context, registry, rbac, tokens, scheduler, images, machines, network, proxy } = parts;
  const authenticator = new Authenticator({
    tokens,
    adminCertificate: options.certificates.admin.cert,
    find: (kind, name) => registry.find(registry.kinds.core(kind), name),
  });
  return createHandler({
    registry,
    authenticate: (request: IncomingMessage) => authenticator.authenticate(request),
    authorize: (attributes) => rbac.authorize(attributes),
    rulesOf: (user, namespace) => rbac.rulesOf(user, namespace),
    gateway: parts.gateway,
    dial: parts.dial,
    serverSideApply,
    evictionGuard: guardEviction,
    descriptions: options.descriptions,
    metrics: () => [...scheduler.metrics, ...processMetrics(options.processUsage)],
    tokens,
    tokenReviewer: (token) => authenticator.userOf(token),
    openIdMetadata: {
      issuer: API_AUDIENCE,
      jwksUri: `https://${parts.advertisedIp}:${API_PORT}${JWKS_PATH}`,
      keys: [tokens.publicKey],
    },
    extraRoutes: [
      (exchange) =>
        serveKubesimRoute(exchange, {
          clock: options.clock,
          journal: context.journal,
          client: context.client,
          scheduler,
          network,
          version: options.version,
          images: () =>
            images.list().map((image) => ({
              name: image.repository,
              tags: image.tags ?? ["any"],
              description: image.entrypoint.join(" ") || image.cmd.join(" "),
            })),
          findPodNetwork: (pod) => machines.findPodNetwork(pod),
          changeNode: (change) => changeNode(change, machines),
          stats: options.stats,
        }),
    ],
    extraStreams: (path, query, streamOptions) =>
      path === "/kubesim/ssh" ? sshInto(machines, network, proxy, query, streamOptions) : undefined,
    onError: (error) => options.report("kube-apiserver", "internal error", error),
  });
}

function staticPodsOf(spec: NodeSpec): readonly Pod[] {
  return "node-role.kubernetes.io/control-plane" in spec.labels ? (staticPods(spec.ip) as unknown as Pod[]) : [];
}

/** The machines of a cluster that was there before: their Node objects say what they are. One without a machine's id was only written to the API. */
async function storedNodes(client: Client): Promise<NodeSpec[]> {
  const { items } = await client.list(nodes);
  return items
    .filter((node: Node) => node.status.nodeInfo?.machineID)
    .map((node: Node) => ({
      name: node.metadata.name,
      ip: node.status.addresses?.find((address) => address.type === "InternalIP")?.address ?? "",
      podCIDR: node.spec.podCIDR ?? "",
      labels: node.metadata.labels ?? {},
      taints: (node.spec.taints ?? []).filter((taint) => !taint.key.startsWith("node.kubernetes.io/")),
      capacity: {
        cpu: node.status.capacity?.["cpu"] ?? "4",
        memory: node.status.capacity?.["memory"] ?? "8Gi",
        pods: node.status.capacity?.["pods"] ?? "110",
      },
    }))
    .sort((a, b) => indexOf(a) - indexOf(b));
}

/** The machine's place in the order they were added: its address. */
function indexOf(spec: { readonly ip: string }): number {
  return spec.ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) - (((172 * 256 + 18) * 256 + 0) * 256 + 2);
}

/** The newest heartbeat that is stored: simulated time must never go back, also over a restart. */
export async function newestHeartbeatMs(log: WriteAheadLog): Promise<number> {
  let newest = 0;
  for (const record of log.peekRecovered()) {
    if (!record.key.includes(`/${leases.plural}/`) || record.type !== "put") continue;
    const lease = JSON.parse(record.bytes.toString()) as { spec?: { renewTime?: string } };
    newest = Math.max(newest, Date.parse(lease.spec?.renewTime ?? "") || 0);
  }
  return newest;
}

async function settled(client: Client, clock: SteerableClock, limitMs: number): Promise<void> {
  const endMs = clock.now() + limitMs;
  const abort = new AbortController();
  while (clock.now() < endMs) {
    const { items } = await client.list(nodes);
    const ready = items.every((node) =>
      node.status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
    );
    if (ready && items.length > 0 && (await dnsRuns(client))) return;
    await clock.sleep(50, abort.signal);
  }
}

async function dnsRuns(client: Client): Promise<boolean> {
  const coredns = await client.find(deployments, { namespace: "kube-system", name: "coredns" });
  return coredns === undefined || (coredns.status.availableReplicas ?? 0) >= (coredns.spec.replicas ?? 0);
}

async function changeNode({ action, name, cpu, memory }: NodeChange, machines: Machines): Promise<string> {
  if (action === "add") {
    let index = machines.size;
    let chosen = name ?? `worker${index}`;
    while (name === undefined && machines.has(chosen)) chosen = `worker${++index}`;
    if (machines.has(chosen)) throw badRequest(`the node ${chosen} is there already`);
    const spec = nodeSpec(chosen, machines.size);
    machines.add({ ...spec, capacity: { ...spec.capacity, ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) } });
    return `node/${chosen} added`;
  }
  if (name === undefined || !machines.has(name)) throw notFound({ group: "", plural: "nodes" }, name ?? "");
  switch (action) {
    case "stop":
      await machines.stop(name);
      return `node/${name} stopped`;
    case "start":
      machines.start(name);
      return `node/${name} started`;
    case "cut":
      if (machines.isControlPlane(name)) throw badRequest(`${name} has the API server: cut off, nobody could ask for it to be mended`);
      machines.cut(name);
      return `node/${name} cut off`;
    case "mend":
      machines.mend(name);
      return `node/${name} mended`;
    default:
      throw badRequest(`unknown action ${String(action)}`);
  }
}

function sshInto(
  machines: Machines,
  network: ReturnType<typeof createNetwork>,
  proxy: ServiceProxy,
  query: URLSearchParams,
  options: StreamOptions,
): () => Promise<StreamSession> {
  const name = query.get("node") ?? "";
  const machine = machines.find(name);
  if (!machine) throw notFound({ group: "", plural: "nodes" }, name);
  const command = query.getAll("command");
  const node = createNodeMachine(machine.runtime, { nodeNamespace: network.nodeNamespace(name), natRules: () => proxy.natRules(name) });
  return () => Promise.resolve(node.exec(command.length > 0 ? command : ["bash"], { stdin: options.stdin, tty: options.tty }));
}
