import type { Pod, ServiceAccountTokenProjection } from "../api/generated/core-v1.ts";
import type { Timer } from "../util/clock.ts";
import type { NodeParts } from "./node-parts.ts";
import { MountError } from "./start-error.ts";

interface Held {
  readonly token: string;
  readonly refreshAtMs: number;
}

/** The service account tokens that a pod's volumes show; renewed when most of their time is over. Upstream: pkg/kubelet/token/token_manager.go */
export class PodTokens {
  readonly #parts: NodeParts;
  readonly #expiring: () => void;
  readonly #held = new Map<string, Held>();
  #timer: Timer | undefined;

  constructor(parts: NodeParts, expiring: () => void) {
    this.#parts = parts;
    this.#expiring = expiring;
  }

  /** Throws MountError when there is no such service account. */
  get(pod: Pod, { audience, expirationSeconds = 3600, path }: ServiceAccountTokenProjection): string {
    const { clock, options, lookups } = this.#parts;
    const nowMs = clock.now();
    const key = `${audience ?? ""} ${expirationSeconds} ${path}`;
    const held = this.#held.get(key);
    if (held && held.refreshAtMs > nowMs) return held.token;
    const { namespace = "", name, uid } = pod.metadata;
    const accountName = pod.spec.serviceAccountName || "default";
    const account = lookups.serviceAccounts.find(`${namespace}/${accountName}`);
    if (!account) throw new MountError(path, `failed to fetch token: serviceaccounts "${accountName}" not found`);
    const nodeUid = this.#parts.nodeUid();
    const { token, expirationTimeMs } = options.tokens.issue({
      namespace,
      serviceAccount: { name: accountName, uid: account.metadata.uid },
      audiences: audience ? [audience] : [],
      expirationSeconds,
      boundTo: { kind: "Pod", name, uid },
      node: nodeUid ? { name: options.nodeName, uid: nodeUid } : undefined,
    });
    // Due at 80 % of its time, at the latest after a day.
    const refreshAtMs = nowMs + Math.min((expirationTimeMs - nowMs) * 0.8, 86_400_000);
    this.#held.set(key, { token, refreshAtMs });
    this.#timer?.cancel();
    this.#timer = clock.after(Math.min(...[...this.#held.values()].map((other) => other.refreshAtMs)) - nowMs, this.#expiring);
    return token;
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
