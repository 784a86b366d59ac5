import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import { type ImageCatalogue, parseImageName, type TaggedImage } from "./images.ts";
import type { ImageInfo } from "./runtime.ts";

const MEBIBYTE = 1024 * 1024;

/** The images that one node has pulled. */
export class NodeImages {
  readonly #catalogue: ImageCatalogue;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #pulled = new Map<string, TaggedImage>();

  constructor({ images, clock, rng }: { readonly images: ImageCatalogue; readonly clock: Clock; readonly rng: Rng }) {
    this.#catalogue = images;
    this.#clock = clock;
    this.#rng = rng;
  }

  async pull(image: string, signal: AbortSignal): Promise<TaggedImage> {
    let found: TaggedImage;
    try {
      found = this.#catalogue.find(image);
    } catch (error) {
      await this.#clock.sleep(this.#rng.int(300, 900), signal);
      throw error;
    }
    const sizeMiB = found.info.sizeBytes / MEBIBYTE;
    await this.#clock.sleep(Math.round(Math.min(1500, 300 + sizeMiB * 3) * (0.85 + 0.3 * this.#rng.next())), signal);
    this.#pulled.set(found.reference.name, found);
    return found;
  }

  /** By name, digest or id; what every node has from the start counts as pulled. */
  find(image: string): TaggedImage | undefined {
    const byId = image.startsWith("sha256:") ? [...this.#pulled.values()].find((known) => known.info.id === image) : undefined;
    if (byId) return byId;
    const { name, repository } = parseImageName(image);
    const known = this.#pulled.get(name) ?? [...this.#pulled.values()].find((pulled) => pulled.info.repoDigest === name);
    if (known) return known;
    if (!this.#catalogue.list().some((entry) => entry.preloaded && entry.repository === repository)) return undefined;
    const found = this.#catalogue.find(image);
    this.#pulled.set(found.reference.name, found);
    return found;
  }

  list(): readonly ImageInfo[] {
    return [...this.#pulled.values()].map((image) => image.info);
  }
}
