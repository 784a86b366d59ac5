import type { Container, Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { messageOf } from "../api/status.ts";
import { goDuration } from "../api/duration.ts";
import type { ContainerRuntime, ImageInfo } from "../containers/runtime.ts";
import type { Clock } from "../util/clock.ts";
import type { Journal } from "../util/journal.ts";
import { BackOff } from "./back-off.ts";
import { StartError } from "./start-error.ts";

type Emit = (type: "Normal" | "Warning", reason: string, message: string) => void;

export interface ImageManagerOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly journal: Journal;
  /** The node's list of images has changed. */
  onPulled(): void;
}

/** Makes sure a container's image is on the node. Upstream: pkg/kubelet/images/image_manager.go */
export class ImageManager {
  readonly #options: ImageManagerOptions;
  readonly #backOff: BackOff;
  readonly #lastErrors = new Map<string, string>();
  /** Pulls go one after the other, as with serializeImagePulls. */
  #pulls: Promise<unknown> = Promise.resolve();

  constructor(options: ImageManagerOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.clock, 10_000, 300_000);
  }

  /** Rejects with a StartError. */
  async ensureImage(
    pod: Pod,
    container: Pick<Container, "image" | "imagePullPolicy">,
    emit: Emit,
    signal: AbortSignal,
  ): Promise<ImageInfo> {
    const { runtime, clock, journal } = this.#options;
    const image = container.image ?? "";
    if (!isImageName(image)) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format${/[A-Z]/.test(image.split(":")[0] ?? "") ? ": repository name (" + (image.split(":")[0] ?? "") + ") must be lowercase" : ""}`;
      emit("Warning", "InspectFailed", message);
      throw new StartError("InvalidImageName", message);
    }
    const found = runtime.findImage(image);
    const policy = container.imagePullPolicy ?? "IfNotPresent";
    if (policy === "Never" || (policy === "IfNotPresent" && found)) {
      if (found) {
        emit("Normal", "Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`);
        return found;
      }
      const message = `Container image "${image}" is not present with pull policy of Never`;
      emit("Warning", "ErrImageNeverPull", message);
      throw new StartError("ErrImageNeverPull", message);
    }
    const key = `${pod.metadata.uid}_${image}`;
    const dueMs = this.#backOff.dueSinceUpdate(key);
    if (dueMs !== undefined) {
      emit("Normal", "BackOff", `Back-off pulling image "${image}"`);
      throw new StartError(
        "ImagePullBackOff",
        `Back-off pulling image "${image}": ErrImagePull: ${this.#lastErrors.get(key) ?? ""}`,
        dueMs,
      );
    }
    emit("Normal", "Pulling", `Pulling image "${image}"`);
    const startMs = clock.now();
    try {
      const { info, pullMs } = await this.#pull(image, signal);
      emit(
        "Normal",
        "Pulled",
        `Successfully pulled image "${image}" in ${rounded(pullMs)} (${rounded(clock.now() - startMs)} including waiting). Image size: ${info.sizeBytes} bytes.`,
      );
      journal.record("containerd", `pods/${keyOf(pod)}`, `pulls the image ${image}`);
      this.#backOff.forget(key);
      this.#lastErrors.delete(key);
      this.#options.onPulled();
      return info;
    } catch (error) {
      if (signal.aborted) throw error;
      const message = messageOf(error);
      emit("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
      this.#backOff.next(key, clock.now());
      this.#lastErrors.set(key, message);
      // The pod is looked at again before the back-off is over: that is when it shows ImagePullBackOff.
      throw new StartError("ErrImagePull", message, clock.now() + Math.min(this.#backOff.get(key) / 2, 12_000));
    }
  }

  async #pull(image: string, signal: AbortSignal): Promise<{ info: ImageInfo; pullMs: number }> {
    const { runtime, clock } = this.#options;
    const pull = async () => {
      signal.throwIfAborted();
      const startMs = clock.now();
      const info = await runtime.pullImage(image, signal);
      return { info, pullMs: clock.now() - startMs };
    };
    if (!runtime.findImage(image)) {
      const turn = this.#pulls.then(() => (runtime.findImage(image) ? undefined : pull()));
      this.#pulls = turn.catch(() => undefined);
      const pulled = await turn;
      if (pulled) return pulled;
    }
    // An image that is there only has its digest looked up: a thousand pods of `latest` need not queue for that.
    return await pull();
  }
}

/** Milliseconds, as kubelet truncates its pull times: `1.02s`, `853ms`. */
const rounded = (ms: number) => goDuration(Math.round(ms));

// Upstream: github.com/distribution/reference grammar: domain, lower-case path, tag, digest.
const IMAGE_NAME =
  /^(?:(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:\d))(?::\d+)?\/|[\w-]+\/(?=.))?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?$/;

export function isImageName(image: string): boolean {
  return IMAGE_NAME.test(image);
}
