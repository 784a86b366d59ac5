import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import type { RequestContext } from "../request-context.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";

/** All admission plugins, in order. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #cluster: AdmissionCluster;

  constructor(plugins: readonly AdmissionPlugin[], cluster: AdmissionCluster) {
    this.#plugins = plugins;
    this.#cluster = cluster;
  }

  /** Plugins that a webhook's change may concern are asked a second time, and no more. Upstream: admission/reinvocation.go */
  mutate(request: AdmissionRequest): void {
    let reinvoke = false;
    for (const plugin of this.#plugins) if (plugin.mutate?.(request, this.#cluster) === "reinvoke") reinvoke = true;
    if (!reinvoke) return;
    const again: AdmissionRequest = { ...request, reinvocation: true };
    for (const plugin of this.#plugins) plugin.mutate?.(again, this.#cluster);
  }

  validate(request: AdmissionRequest): void {
    for (const plugin of this.#plugins) plugin.validate?.(request, this.#cluster);
  }

  /** What is not stored: exec, attach, port-forward. */
  connect(request: AdmissionRequest): void {
    const plugins = this.#plugins.filter((plugin) => plugin.connects);
    for (const plugin of plugins) plugin.mutate?.(request, this.#cluster);
    for (const plugin of plugins) plugin.validate?.(request, this.#cluster);
  }
}

/** Upstream: admission.Attributes of a create; without a name it goes by the prefix. */
export function creation(kind: Kind, object: KubernetesObject, context: RequestContext): AdmissionRequest {
  const { name, generateName, namespace } = object.metadata;
  return {
    operation: "CREATE",
    kind,
    namespace,
    name: name || generateName || "",
    subresource: undefined,
    object,
    old: undefined,
    context,
  };
}
