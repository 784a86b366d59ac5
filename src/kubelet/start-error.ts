/** Why a container could not be started: what its waiting state shows. Upstream: pkg/kubelet/container/sync_result.go */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly reason: string;
  /** When to try again; undefined: with the worker's own back-off. */
  readonly retryAtMs: number | undefined;
  constructor(reason: string, message: string, retryAtMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAtMs = retryAtMs;
  }
}

/** The pod's volumes are not there yet; told by events, retried with back-off. */
export class MountError extends Error {
  override readonly name = "MountError";
  readonly volume: string;
  constructor(volume: string, message: string) {
    super(message);
    this.volume = volume;
  }
}
