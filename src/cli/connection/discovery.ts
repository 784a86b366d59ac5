import * as host from "../../host/cli-host.ts";
import { readText, statusErrorOf, type ApiClient, type Json } from "./client.ts";
import { StatusError } from "../../api/status.ts";
import { ConnectionError } from "../errors.ts";
import type { Io } from "../io.ts";

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
  readonly #io: Io;
  readonly #cacheFile: string;
  #resources: ResourceInfo[] | undefined;
  #failure: unknown;
  #fresh = false;

  constructor(client: ApiClient, io: Io, cacheFolder: string) {
    this.#client = client;
    this.#io = io;
    this.#cacheFile = host.joinPath(cacheFolder, "discovery", client.connection.address.replace(/[^\w.-]/g, "_"), "resources.json");
  }

  /** @param questions how often upstream asks to find out the same: it logs each time that it got no answer */
  async resources(questions = 1): Promise<readonly ResourceInfo[]> {
    this.#resources ??= this.#fromDisk() ?? (await this.#ask(questions));
    return this.#resources;
  }

  async refresh(questions = 1): Promise<readonly ResourceInfo[]> {
    return (this.#resources = await this.#ask(questions));
  }

  /** The resource that a word means: pods, po, pod, deployments.apps, deployments.v1.apps. Undefined when there is none. */
  async find(word: string, questions = 2): Promise<ResourceInfo | undefined> {
    const known = match(await this.resources(questions), word);
    const found = known || this.#fresh ? known : match(await this.refresh(questions), word);
    for (const other of found ? otherMeanings(await this.resources(), word, found) : [])
      this.#io.err(`Warning: short name ${JSON.stringify(word.split(".")[0])} could also match lower priority resource ${other}\n`);
    return found;
  }

  async get(word: string, questions = 4): Promise<ResourceInfo> {
    const found = word === "" ? undefined : await this.find(word, questions);
    // RESOURCE.VERSION.GROUP: the message names the resource.
    if (!found) throw new Error(`the server doesn't have a resource type ${JSON.stringify(word.split(".")[0] ?? word)}`);
    return found;
  }

  async ofKind(apiVersion: string, kind: string, questions = 1): Promise<ResourceInfo | undefined> {
    const same = (info: ResourceInfo) => info.kind === kind && apiVersionOf(info) === apiVersion;
    return (await this.resources(questions)).find(same) ?? (this.#fresh ? undefined : (await this.refresh(questions)).find(same));
  }

  /** Nothing, when there is no answer: who asks for the word's resource next is told why. */
  async inCategory(category: string): Promise<ResourceInfo[]> {
    try {
      return preferred(await this.resources()).filter((info) => info.categories.includes(category));
    } catch (error) {
      if (error !== this.#failure) throw error;
      return [];
    }
  }

  /** A request that needs no discovery. Upstream asks all the same before, and is told first when nobody answers. */
  async vouchFor<T>(request: Promise<T>, questions = 4): Promise<T> {
    try {
      return await request;
    } catch (error) {
      if (error instanceof ConnectionError) await this.resources(questions);
      throw error;
    }
  }

  async #ask(questions: number): Promise<ResourceInfo[]> {
    const { logger } = this.#client.connection;
    for (let question = 1; ; question++) {
      try {
        if (this.#failure && !logger) throw this.#failure;
        return await this.#fetch();
      } catch (error) {
        if (!(error instanceof ConnectionError || error instanceof StatusError)) throw error;
        this.#failure = error;
        if (questions > 0) {
          const { logUnhandled } = await import("./klog.ts");
          logUnhandled(this.#io, "memcache.go:265", `couldn't get current server API group list: ${error.message}`);
        }
        logger?.text(3, "cached_discovery.go:120", `skipped caching discovery info due to ${error.message}`);
        if (question === 1 && questions > 1) logger?.text(1, "shortcut.go:103", `Error loading discovery information: ${error.message}`);
        if (question >= questions) throw error;
      }
    }
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
    // One after the other where somebody looks on: upstream does not ask for both at once.
    const first = this.#client.connection.logger ? await this.#document("/api") : this.#document("/api");
    const [core, groups] = await Promise.all([first, this.#document("/apis")]);
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
    const response = await this.#client.send("GET", path, { query: { timeout: "32s" }, accept: AGGREGATED });
    const text = await readText(response);
    // Upstream does not look into a refusal here.
    if (response.status >= 400) throw statusErrorOf(response.status, "", "GET", "");
    return JSON.parse(text) as Json;
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
