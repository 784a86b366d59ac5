import type { APIService } from "../api/generated/apiregistration-v1.ts";
import type { Kind } from "../api/kind.ts";
import type { KubernetesObject } from "../api/meta.ts";
import { apiServices } from "../api/resources/api-service.ts";
import { StatusError } from "../api/status.ts";
import type { WatchHandle } from "../store/store.ts";
import { rfc3339 } from "../util/clock.ts";
import { compareVersions } from "./http/discovery.ts";
import type { Registry } from "./registry.ts";
import { componentContext } from "./request-context.ts";

const API_SERVICES = apiServices as unknown as Kind;
const AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged";

// Upstream: pkg/controlplane/apiserver/aggregator.go and pkg/controlplane/server.go DefaultAPIServicePriorities
const PRIORITIES: Readonly<Record<string, number>> = {
  "": 18_000,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  apps: 17_800,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,
  "apiextensions.k8s.io": 16_700,
  "admissionregistration.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
  "resource.k8s.io": 15_900,
};
const VERSION_PRIORITIES: Readonly<Record<string, number>> = { "v1.": 1, "v2.autoscaling": 30, "v1.flowcontrol.apiserver.k8s.io": 21 };
const DEFAULT_VERSION_PRIORITY = 15;
// Upstream: pkg/controlplane/controller/crdregistration
const CUSTOM_PRIORITY = { group: 1000, version: 100 };
// What the manifest of metrics-server asks for.
const METRICS_PRIORITY = { group: 100, version: 100 };

/**
 * Keeps an APIService for every group version that this server serves, and says of the others that it does not reach them.
 * Upstream: kube-aggregator/pkg/controllers/{autoregister,status}
 */
export class ApiServices {
  readonly #registry: Registry;
  readonly #handle: WatchHandle;
  #scheduled = false;
  #stopped = false;
  /** Generation of the kinds that was last looked at. */
  #generation = -1;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#register();
    for (const { object } of registry.list(API_SERVICES).views) this.#judge(object as APIService);
    registry.kinds.onChange(() => this.#schedule());
    this.#handle = registry.watch(API_SERVICES, {
      after: registry.store.revision,
      onEvents: (events) => {
        for (const { type, view } of events) {
          const service = view.object as APIService;
          if (type !== "DELETED") this.#judge(service);
          else if (isAutomanaged(service)) {
            // Deleted by somebody, it comes back as long as its group is served.
            this.#generation = -1;
            this.#schedule();
          }
        }
      },
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#handle.close();
  }

  /** Kinds come one by one; their group versions are looked at once they are all there. */
  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#stopped) this.#register();
    });
  }

  #register(): void {
    const { kinds } = this.#registry;
    if (this.#generation === kinds.generation) return;
    this.#generation = kinds.generation;
    const wanted = new Map<string, APIService>();
    for (const kind of kinds.all()) {
      // The aggregator does not register itself.
      if (kind.group === API_SERVICES.group) continue;
      const name = `${kind.version}.${kind.group}`;
      if (!wanted.has(name)) wanted.set(name, apiServiceOf(kind));
    }
    for (const [name, service] of wanted) {
      if (this.#registry.findView(API_SERVICES, { name })) continue;
      unlessRefused(() => this.#registry.create(API_SERVICES, undefined, service as unknown as KubernetesObject, this.#context()));
    }
    for (const { object } of this.#registry.list(API_SERVICES, { labelSelector: `${AUTOMANAGED}=true` }).views) {
      if (!wanted.has(object.metadata.name)) unlessRefused(() => this.#registry.delete(API_SERVICES, object.metadata, {}, this.#context()));
    }
  }

  #judge(service: APIService): void {
    const { namespace = "", name = "" } = service.spec.service ?? {};
    if (!service.spec.service) return;
    const exists = this.#registry.find(this.#registry.kinds.core("Service"), { namespace, name }) !== undefined;
    const condition = exists
      ? {
          type: "Available",
          status: "False",
          reason: "NotSupported",
          message: "kubesim does not forward requests to aggregated API servers",
        }
      : {
          type: "Available",
          status: "False",
          reason: "ServiceNotFound",
          message: `service/${name} in ${JSON.stringify(namespace)} is not present`,
        };
    const known = service.status?.conditions?.find((other) => other.type === "Available");
    if (known?.reason === condition.reason && known.message === condition.message) return;
    const lastTransitionTime =
      known?.status === condition.status && known.lastTransitionTime ? known.lastTransitionTime : rfc3339(this.#registry.clock.now());
    const others = service.status?.conditions?.filter((other) => other !== known) ?? [];
    const next = { ...service, status: { conditions: [...others, { ...condition, lastTransitionTime }] } };
    unlessRefused(() =>
      this.#registry.update(API_SERVICES, service.metadata, next as unknown as KubernetesObject, this.#context(), {
        subresource: "status",
      }),
    );
  }

  #context() {
    return { ...componentContext("kube-apiserver"), tracksFields: true };
  }
}

const isAutomanaged = ({ metadata }: APIService) => metadata.labels?.[AUTOMANAGED] !== undefined;

function apiServiceOf({ group, version, schema }: Kind): APIService {
  const isCustom = schema.package === "";
  const name = `${version}.${group}`;
  const fallback = group === "metrics.k8s.io" ? METRICS_PRIORITY : CUSTOM_PRIORITY;
  const groupPriorityMinimum = isCustom ? CUSTOM_PRIORITY.group : (PRIORITIES[group] ?? fallback.group);
  const known = VERSION_PRIORITIES[name] ?? (PRIORITIES[group] === undefined ? fallback.version : DEFAULT_VERSION_PRIORITY);
  const versionPriority = isCustom || compareVersions(version, "v1") >= 0 ? known : Math.min(known, 9);
  return {
    metadata: { name, labels: { [AUTOMANAGED]: isCustom ? "true" : "onstart" }, uid: "", resourceVersion: "", creationTimestamp: "" },
    spec: {
      ...(group ? { group } : {}),
      version,
      groupPriorityMinimum,
      versionPriority: isCustom ? CUSTOM_PRIORITY.version : versionPriority,
    },
    status: {},
  };
}

/** Whoever was faster, or keeps the server from it, has the last word until the kinds change again. */
function unlessRefused(write: () => unknown): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}
