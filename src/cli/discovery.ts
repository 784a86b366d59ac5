import * as host from "../host/cli-host.ts";
import { readText, type ApiClient, type Json } from "./client.ts";
import { kubesimHome } from "./kubeconfig.ts";

/** A resource as discovery tells of it. */
export interface ResourceInfo {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly string[];
}

const AGGREGATED =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
const CACHE_MS = 6 * 3_600_000;

export const apiVersionOf = (info: { readonly group: string; readonly version: string }): string =>
  info.group === "" ? info.version : `${info.group}/${info.version}`;
/** pods, deployments.apps */
export const groupResourceOf = (info: ResourceInfo): string => (info.group === "" ? info.resource : `${info.resource}.${info.group}`);
/** pod, deployment.apps: what stands in front of a name in messages. */
export const singularName = (info: { readonly group: string; readonly kind: string }): string =>
  info.kind.toLowerCase() + (info.group === "" ? "" : `.${info.group}`);

/** What the server offers; kept on disk for six hours, and asked anew when a name is unknown. */
export class Discovery {
  readonly #client: ApiClient;
  readonly #warn: (text: string) => void;
  readonly #cacheFile: string;
  #resources: ResourceInfo[] | undefined;
  #fresh = false;

  constructor(client: ApiClient, warn: (text: string) => void, cacheFolder = "") {
    this.#client = client;
    this.#warn = warn;
    const folder = cacheFolder || host.joinPath(kubesimHome(), "cache");
    this.#cacheFile = host.joinPath(folder, "discovery", client.connection.address.replace(/[^\w.-]/g, "_"), "resources.json");
  }

  async resources(): Promise<readonly ResourceInfo[]> {
    this.#resources ??= this.#fromDisk() ?? (await this.#fetch());
    return this.#resources;
  }

  async refresh(): Promise<readonly ResourceInfo[]> {
    return (this.#resources = await this.#fetch());
  }

  /** The resource that a word means: pods, po, pod, deployments.apps, deployments.v1.apps. Undefined when there is none. */
  async find(word: string): Promise<ResourceInfo | undefined> {
    const known = match(await this.resources(), word);
    const found = known || this.#fresh ? known : match(await this.refresh(), word);
    for (const other of found ? otherMeanings(await this.resources(), word, found) : [])
      this.#warn(`short name ${JSON.stringify(word.split(".")[0])} could also match lower priority resource ${other}`);
    return found;
  }

  async get(word: string): Promise<ResourceInfo> {
    const found = word === "" ? undefined : await this.find(word);
    // RESOURCE.VERSION.GROUP: the message names the resource.
    if (!found) throw new Error(`the server doesn't have a resource type ${JSON.stringify(word.split(".")[0] ?? word)}`);
    return found;
  }

  async ofKind(apiVersion: string, kind: string): Promise<ResourceInfo | undefined> {
    const same = (info: ResourceInfo) => info.kind === kind && apiVersionOf(info) === apiVersion;
    return (await this.resources()).find(same) ?? (this.#fresh ? undefined : (await this.refresh()).find(same));
  }

  async inCategory(category: string): Promise<ResourceInfo[]> {
    return preferred(await this.resources()).filter((info) => info.categories.includes(category));
  }

  #fromDisk(): ResourceInfo[] | undefined {
    const modified = host.modifiedMs(this.#cacheFile);
    if (modified === undefined || host.nowMs() - modified > CACHE_MS) return undefined;
    try {
      return JSON.parse(host.readText(this.#cacheFile)) as ResourceInfo[];
    } catch {
      return undefined;
    }
  }

  async #fetch(): Promise<ResourceInfo[]> {
    const [core, groups] = await Promise.all([this.#document("/api"), this.#document("/apis")]);
    this.#fresh = true;
    const found = [...(await this.#read(core)), ...(await this.#read(groups))];
    try {
      host.writeText(this.#cacheFile, JSON.stringify(found));
    } catch {
      // A cache that cannot be written only costs time.
    }
    return found;
  }

  async #document(path: string): Promise<Json> {
    const response = await this.#client.request("GET", path, {
      query: { timeout: "32s" },
      accept: AGGREGATED,
    });
    return JSON.parse(await readText(response)) as Json;
  }

  async #read(document: Json): Promise<ResourceInfo[]> {
    if (document["kind"] === "APIGroupDiscoveryList") return fromAggregated(document);
    const groupVersions =
      document["kind"] === "APIVersions"
        ? (document["versions"] as string[]).map((version) => ["/api", version] as const)
        : ((document["groups"] ?? []) as { versions: { groupVersion: string }[] }[]).flatMap((group) =>
            group.versions.map((version) => ["/apis", version.groupVersion] as const),
          );
    const lists = await Promise.all(
      groupVersions.map(async ([root, groupVersion]) => fromLegacy(groupVersion, await this.#client.get(`${root}/${groupVersion}`))),
    );
    return lists.flat();
  }
}

interface AggregatedGroup {
  metadata?: { name?: string };
  versions?: { version: string; resources?: AggregatedResource[] }[];
}

interface AggregatedResource {
  resource: string;
  responseKind?: { group?: string; version?: string; kind: string };
  scope: string;
  singularResource?: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: { subresource: string }[];
}

function fromAggregated(document: Json): ResourceInfo[] {
  return ((document["items"] ?? []) as AggregatedGroup[]).flatMap((group) =>
    (group.versions ?? []).flatMap(({ version, resources }) =>
      (resources ?? []).map((each) => ({
        group: group.metadata?.name ?? "",
        version,
        resource: each.resource,
        kind: each.responseKind?.kind ?? "",
        singular: each.singularResource ?? "",
        namespaced: each.scope === "Namespaced",
        verbs: each.verbs ?? [],
        shortNames: each.shortNames ?? [],
        categories: each.categories ?? [],
        subresources: (each.subresources ?? []).map((sub) => sub.subresource),
      })),
    ),
  );
}

function fromLegacy(groupVersion: string, document: Json): ResourceInfo[] {
  const [version = "", group = ""] = groupVersion.split("/").reverse();
  const rows = (document["resources"] ?? []) as {
    name: string;
    singularName?: string;
    namespaced: boolean;
    kind: string;
    verbs?: string[];
    shortNames?: string[];
    categories?: string[];
  }[];
  return rows
    .filter((row) => !row.name.includes("/"))
    .map((row) => ({
      group,
      version,
      resource: row.name,
      kind: row.kind,
      singular: row.singularName ?? "",
      namespaced: row.namespaced,
      verbs: row.verbs ?? [],
      shortNames: row.shortNames ?? [],
      categories: row.categories ?? [],
      subresources: rows.filter((other) => other.name.startsWith(`${row.name}/`)).map((other) => other.name.slice(row.name.length + 1)),
    }));
}

/** Upstream: k8s.io/cli-runtime/pkg/resource/builder.go mappingFor, k8s.io/client-go/restmapper/shortcut.go */
function match(resources: readonly ResourceInfo[], word: string): ResourceInfo | undefined {
  const lower = word.toLowerCase();
  const [name = "", ...rest] = lower.split(".");
  const candidates = resources.filter((info) => info.resource === name || info.singular === name || info.kind.toLowerCase() === name);
  const isShort = candidates.length === 0;
  // Only short names mind capitals.
  const named = isShort ? resources.filter((info) => info.shortNames.includes(word.split(".")[0] ?? "")) : candidates;
  const suffix = rest.join(".");
  if (suffix === "") return named[0];
  // RESOURCE.VERSION.GROUP takes a group, though an empty one. A short name stands for the version that the server prefers.
  const [version = "", ...group] = rest;
  const inGroup = named.filter((info) => group.length > 0 && (info.group === group.join(".") || (isShort && group.join(".") === "")));
  return (
    inGroup.find((info) => isShort || info.version === version) ??
    named.find((info) => info.group === suffix) ??
    named.find((info) => info.group !== "" && info.group.startsWith(suffix))
  );
}

/** What else a short name could mean. */
function otherMeanings(resources: readonly ResourceInfo[], word: string, chosen: ResourceInfo): string[] {
  const [name = "", ...rest] = word.toLowerCase().split(".");
  if (rest.slice(-1).join("") !== "" || [chosen.resource, chosen.singular, chosen.kind.toLowerCase()].includes(name)) return [];
  const others = resources.filter((info) => info.shortNames.includes(name)).map(groupResourceOf);
  return [...new Set(others)].filter((other) => other !== groupResourceOf(chosen));
}

/** One version of each resource: the first, which the server prefers. */
export function preferred(resources: readonly ResourceInfo[]): ResourceInfo[] {
  const seen = new Set<string>();
  return resources.filter((info) => {
    const name = groupResourceOf(info);
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/** The path of a resource, with namespace, name and subresource where they are given. */
export function pathOf(info: ResourceInfo, namespace?: string, name?: string, subresource?: string): string {
  if (name === "") throw new Error("resource name may not be empty");
  const root = info.group === "" ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  const scope = info.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${info.resource}${name === undefined ? "" : `/${encodeURIComponent(name)}`}${subresource ? `/${subresource}` : ""}`;
}
