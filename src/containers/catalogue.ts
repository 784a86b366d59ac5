import { IMAGE_SOURCES } from "./catalogue.generated.ts";
import { ImageCatalogue, parseImage } from "./images.ts";

/** The images that ship with kubesim. */
export function createImageCatalogue(): ImageCatalogue {
  return new ImageCatalogue(IMAGE_SOURCES.map(parseImage));
}
