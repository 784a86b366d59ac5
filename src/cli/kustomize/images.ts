import { type FieldSpec, fieldOf, visitField, type Field } from "./field-specs.ts";
import type { Image } from "./kustomization.ts";
import type { Resource } from "./resource.ts";
import { isMap, textOf, wrongKind } from "./values.ts";

/** Images in lists of containers anywhere, and in the fields given. Upstream: kustomize/api/filters/imagetag */
export function setImages(all: readonly Resource[], image: Image, specs: readonly FieldSpec[]): void {
  const kept = all.filter(({ object }) => object.kind !== "CustomResourceDefinition");
  for (const { object } of kept) walk(object, image);
  for (const resource of kept) for (const spec of specs) visitField(resource, spec, undefined, (field) => setImage(field, image));
}

function walk(node: unknown, image: Image): void {
  if (Array.isArray(node)) for (const item of node) walk(item, image);
  if (!isMap(node)) return;
  for (const [key, value] of Object.entries(node)) {
    walk(value, image);
    if ((key !== "containers" && key !== "initContainers") || !Array.isArray(value)) continue;
    for (const container of value) if (isMap(container) && "image" in container) setImage(fieldOf(container, "image"), image);
  }
}

function setImage(field: Field, image: Image): void {
  const { value } = field;
  if (value === null) return;
  if (typeof value === "object") throw wrongKind("ScalarNode", value);
  const text = textOf(value);
  if (matches(text, image.name ?? "")) field.set(renamed(text, image));
}

function matches(text: string, name: string): boolean {
  // The name may be a pattern: it is one upstream.
  return new RegExp(`^${name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`).test(text);
}

function renamed(text: string, { newName = "", newTag = "", digest: newDigest = "", tagSuffix = "" }: Image): string {
  let { name, tag, digest } = split(text);
  if (newName !== "") name = newName;
  if (newTag !== "" || newDigest !== "") [tag, digest] = [newTag, newDigest];
  else if (tagSuffix !== "") [tag, digest] = [tag + tagSuffix, ""];
  return `${name}${tag === "" ? "" : `:${tag}`}${digest === "" ? "" : `@${digest}`}`;
}

/** A colon before the first slash belongs to the registry. */
function split(text: string): { name: string; tag: string; digest: string } {
  const slash = Math.max(text.indexOf("/"), 0);
  const at = text.indexOf("@", slash);
  const colon = text.indexOf(":", slash);
  if (colon < 0 && at < 0) return { name: text, tag: "", digest: "" };
  if (at >= 0 && (at < colon || colon < 0)) return { name: text.slice(0, at), tag: "", digest: text.slice(at + 1) };
  if (at >= 0) return { name: text.slice(0, colon), tag: text.slice(colon + 1, at), digest: text.slice(at + 1) };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1), digest: "" };
}
