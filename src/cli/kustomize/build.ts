import { renderYaml } from "../../api/yaml.ts";
import { klogHead } from "../../host/cli-host.ts";
import { Loader } from "./loader.ts";
import { OpenApi } from "./open-api.ts";
import { ORIGIN, TRANSFORMATIONS } from "./origin.ts";
import { repeatsOf } from "./parse.ts";
import type { Resource } from "./resource.ts";
import { sortResources } from "./sort.ts";
import { KustomizationTarget } from "./target.ts";
import { isMap, textOf } from "./values.ts";
import { resolveVariables } from "./variables.ts";
import { fixReferences } from "./name-references.ts";
import { hashNames } from "./hash.ts";

const LOCAL_CONFIG = "config.kubernetes.io/local-config";
/** The version of kustomize that kubectl 1.36 has in it. */
const MANAGED_BY = "kustomize-v5.8.1";

export interface BuildOptions {
  warn(text: string): void;
  /** `--reorder`, when it was given. */
  readonly reorder?: "legacy" | "none" | undefined;
  /** Whether files outside the kustomization's folder may be read. */
  readonly anywhere?: boolean;
  readonly enableHelm?: boolean;
  /** Whether plugins that are not built in may be asked for. */
  readonly plugins?: boolean;
}

/** Builds the kustomization of a folder. Upstream: kustomize/api/krusty Kustomizer.Run */
export function buildKustomization(folder: string, options: BuildOptions): Resource[] {
  const loader = Loader.at(folder, options.anywhere ?? false);
  const openApi = new OpenApi();
  const { enableHelm = false, plugins = false, warn } = options;
  const log = (text: string) => warn(`${klogHead("I", "log.go:244")} ${text}\n`);
  const target = new KustomizationTarget(loader, { openApi, warn, enableHelm, plugins });
  target.setSchema();
  const { resources, config, variables } = target.accumulateAll();
  hashNames(resources);
  fixReferences(resources.all, config.nameReference ?? []);
  const unused = resolveVariables(resources.all, variables, { specs: config.varReference ?? [], warn: log });
  if (unused.length > 0) log(`well-defined vars that were never replaced: ${unused.join(",")}`);
  const kept = resources.all.filter(({ metadata }) => ["false", undefined].includes(metadata.annotations?.[LOCAL_CONFIG]));
  const sorted = inOrder(kept, target, options);
  const metadata = target.file.buildMetadata ?? [];
  for (const resource of sorted) finish(resource, metadata);
  return sorted;
}

function inOrder(all: readonly Resource[], { file }: KustomizationTarget, { reorder, warn }: BuildOptions): Resource[] {
  if (file.sortOptions) {
    if (reorder !== undefined)
      warn(
        `${klogHead("I", "log.go:244")} Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag ('--reorder'). Using the kustomization file over the CLI flag.\n`,
      );
    return sortResources(all, file.sortOptions);
  }
  return reorder === "none" ? [...all] : sortResources(all, { order: "legacy" });
}

function finish(resource: Resource, buildMetadata: readonly string[]): void {
  const { metadata } = resource;
  if (buildMetadata.includes("managedByLabel")) metadata.labels = { ...metadata.labels, "app.kubernetes.io/managed-by": MANAGED_BY };
  if (!buildMetadata.includes("originAnnotations")) resource.removeAnnotation(ORIGIN);
  if (!buildMetadata.includes("transformerAnnotations")) resource.removeAnnotation(TRANSFORMATIONS);
  const { annotations } = metadata;
  if (isMap(annotations) && Object.keys(annotations).length > 0)
    metadata.annotations = Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [key, value === null ? "null" : textOf(value)]),
    );
  else delete metadata.annotations;
}

export const renderResources = (all: readonly Resource[]): string => all.map(renderResource).join("---\n");

function renderResource({ object }: Resource): string {
  const repeated = repeatsOf(object);
  if (repeated.length > 0) throw new Error(`map[string]interface {}(nil): yaml: unmarshal errors:\n${repeated.join("\n")}`);
  return renderYaml(object);
}
