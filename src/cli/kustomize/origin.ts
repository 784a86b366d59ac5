import { joinPath } from "../../host/cli-host.ts";
import type { Resource } from "./resource.ts";
import type { ResourceList } from "./resource-list.ts";
import { textOf } from "./values.ts";

export const ORIGIN = "config.kubernetes.io/origin";
export const TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations";

/** Where a resource comes from, or what has made or changed it. Upstream: kustomize/api/resource Origin */
export interface Origin {
  readonly path?: string;
  readonly configuredIn?: string;
  readonly configuredBy?: { readonly apiVersion: string; readonly kind: string; readonly name?: string; readonly namespace?: string };
}

export const originBelow = ({ path = "" }: Origin, more: string): Origin => ({
  path: path === "" && more === "." ? "." : joinPath(path, more),
});

const originText = (origin: Origin): string => `${lines(origin).join("\n")}\n`;

/** The file that a resource was read from. */
export const setOrigin = (resource: Resource, origin: Origin): void => resource.setAnnotation(ORIGIN, originText(origin));

/** Upstream: ResMap.AddOriginAnnotation */
export function markOrigin(resource: Resource, origin: Origin): void {
  if (resource.metadata.annotations?.[ORIGIN] === undefined) setOrigin(resource, origin);
}

/** Upstream: ResMap.AddTransformerAnnotation */
export function markTransformer({ all }: ResourceList, origin: Origin): void {
  for (const resource of all) {
    const { annotations = {} } = resource.metadata;
    if (annotations[ORIGIN] === undefined) markOrigin(resource, origin);
    else resource.setAnnotation(TRANSFORMATIONS, `${annotations[TRANSFORMATIONS] ?? ""}- ${lines(origin).join("\n  ")}\n`);
  }
}

/** What a plugin's own configuration says of where it comes from. */
export function originOfPlugin(resource: Resource): Origin | undefined {
  const text = resource.metadata.annotations?.[ORIGIN];
  if (text === undefined) return undefined;
  const configuredIn = /^path: (.*)$/m.exec(text)?.[1] ?? "";
  const { name, namespace } = resource.id;
  return {
    configuredIn,
    configuredBy: {
      apiVersion: textOf(resource.object.apiVersion),
      kind: textOf(resource.object.kind),
      ...(name === "" ? {} : { name }),
      ...(namespace === "" ? {} : { namespace }),
    },
  };
}

function lines({ path = "", configuredIn = "", configuredBy }: Origin): string[] {
  return [
    ...(path === "" ? [] : [`path: ${path}`]),
    ...(configuredIn === "" ? [] : [`configuredIn: ${configuredIn}`]),
    ...(configuredBy ? ["configuredBy:", ...Object.entries(configuredBy).map(([key, value]) => `  ${key}: ${value}`)] : []),
  ];
}
