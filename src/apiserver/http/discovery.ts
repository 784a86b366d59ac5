import { createHash } from "node:crypto";
import { apiVersionOf, type Kind, type Subresource } from "../../api/kind.ts";
import type { KindTable } from "../kind-table.ts";
import { type HttpExchange, sendRawJson } from "./http-exchange.ts";
import { pathNotFound, ALL_VERBS } from "./resource-handler.ts";
import { requireGet } from "./web-service.ts";

// Upstream: the priorities of APIServices. The order decides which resource an ambiguous name means.
const GROUP_ORDER = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];
const LAST_GROUP = "metrics.k8s.io";
// The order within a group is by name upstream; `get all` follows it.
const AGGREGATED = "apidiscovery.k8s.io";

export const VERSION_INFO = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.0",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "",
  goVersion: "",
  compiler: "kubesim",
  platform: "linux/amd64",
};

interface GroupVersionKinds {
  readonly version: string;
  readonly kinds: readonly Kind[];
}

/** All discovery documents; derived from the kinds and kept until those change. */
export class Discovery {
  readonly #kinds: KindTable;
  #generation = -1;
  #groups = new Map<string, GroupVersionKinds[]>();
  #documents = new Map<string, { readonly bytes: Buffer; readonly etag: string }>();

  constructor(kinds: KindTable) {
    this.#kinds = kinds;
  }

  /** True when the path was a discovery path. */
  serve(exchange: HttpExchange): boolean {
    this.#refresh();
    const path = exchange.path.replace(/\/$/, "");
    if (path === "/version") {
      requireGet(exchange, "application/json");
      sendRawJson(exchange, VERSION_INFO);
      return true;
    }
    const segments = path.split("/").slice(1);
    if (segments[0] !== "api" && segments[0] !== "apis") return false;
    if (segments.length === 1) return this.#serveRoot(exchange, segments[0]);
    const [group, version] = segments[0] === "api" ? ["", segments[1]] : [segments[1] ?? "", segments[2]];
    if (segments.length !== (segments[0] === "api" ? 2 : version === undefined ? 2 : 3)) return false;
    const versions = this.#groups.get(group);
    if (!versions) return false;
    if (version === undefined) exchange.sendJson(200, apiGroup(group, versions));
    else {
      const found = versions.find((candidate) => candidate.version === version);
      if (!found) {
        if (this.hasBuiltIn(group)) throw pathNotFound();
        return false;
      }
      exchange.sendJson(200, resourceList(group, found));
    }
    return true;
  }

  groupVersions(): { readonly group: string; readonly version: string; readonly kinds: readonly Kind[] }[] {
    this.#refresh();
    return [...this.#groups].flatMap(([group, versions]) => versions.map((found) => ({ group, ...found })));
  }

  /** Whether kinds that are not custom resources' are served under the group. */
  hasBuiltIn(group: string): boolean {
    this.#refresh();
    return (this.#groups.get(group) ?? []).some(({ kinds }) => kinds.some((kind) => !kind.openApiSchema));
  }

  /** For the index at `/`. */
  paths(): string[] {
    this.#refresh();
    const groups = [...this.#groups].flatMap(([group, versions]) => {
      const root = group === "" ? "/api" : `/apis/${group}`;
      return [root, ...versions.map(({ version }) => `${root}/${version}`)];
    });
    return [...groups, "/apis", "/apis/"];
  }

  #serveRoot(exchange: HttpExchange, root: "api" | "apis"): boolean {
    const version = aggregatedVersion(exchange.accept);
    if (!version) {
      exchange.sendJson(200, this.#rootDocument(root, version, exchange), "application/json", { Vary: "Accept" });
      return true;
    }
    const key = `${root} ${version}`;
    let document = this.#documents.get(key);
    if (!document) {
      const bytes = Buffer.from(`${JSON.stringify(this.#rootDocument(root, version, exchange))}\n`);
      document = { bytes, etag: `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"` };
      this.#documents.set(key, document);
    }
    // Upstream says "public". With our simulated Date ahead of the client's clock its cache would take that for still fresh.
    const headers = { ETag: document.etag, Vary: "Accept" };
    const contentType = `application/json;g=${AGGREGATED};v=${version};as=APIGroupDiscoveryList`;
    if (exchange.request.headers["if-none-match"] === document.etag) {
      exchange.response.writeHead(304, headers);
      exchange.response.end();
    } else exchange.sendBytes(200, document.bytes, contentType, headers);
    return true;
  }

  #rootDocument(root: "api" | "apis", version: string | undefined, exchange: HttpExchange): object {
    const groups = [...this.#groups].filter(([group]) => (group === "") === (root === "api"));
    if (version)
      return {
        kind: "APIGroupDiscoveryList",
        apiVersion: `${AGGREGATED}/${version}`,
        metadata: {},
        items: groups.map(([group, versions]) => groupDiscovery(group, versions)),
      };
    if (root === "api")
      return {
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: addressOf(exchange) }],
      };
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: groups.map(([group, versions]) => ({ ...apiGroup(group, versions), kind: undefined, apiVersion: undefined })),
    };
  }

  #refresh(): void {
    if (this.#generation === this.#kinds.generation) return;
    this.#generation = this.#kinds.generation;
    this.#documents.clear();
    const groups = new Map<string, Map<string, Kind[]>>();
    for (const kind of this.#kinds.all()) {
      const versions = groups.get(kind.group) ?? new Map<string, Kind[]>();
      groups.set(kind.group, versions);
      versions.set(kind.version, [...(versions.get(kind.version) ?? []), kind]);
    }
    const ordered = [...groups].sort(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
    this.#groups = new Map(
      ordered.map(([group, versions]) => [
        group,
        [...versions]
          .sort(([a], [b]) => compareVersions(b, a))
          .map(([version, kinds]) => ({ version, kinds: kinds.sort((a, b) => (a.plural < b.plural ? -1 : 1)) })),
      ]),
    );
  }
}

/** Where the client has reached this server; a socket in a folder has no address. */
function addressOf({ request }: HttpExchange): string {
  const { localAddress, localPort } = request.socket;
  if (localAddress === undefined || localPort === undefined) return "";
  const address = localAddress.replace(/^::ffff:/, "");
  return `${address.includes(":") ? `[${address}]` : address}:${localPort}`;
}

function rankOf(group: string): number {
  if (group === LAST_GROUP) return 1000;
  const index = GROUP_ORDER.indexOf(group);
  return index < 0 ? 500 : index;
}

/** v2 > v1 > v1beta2 > v1beta1 > v1alpha1. Upstream: apimachinery/pkg/version/helpers.go */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionParts(a), versionParts(b)];
  if (left[0] === -1 && right[0] === -1) return a === b ? 0 : a < b ? 1 : -1;
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionParts(text: string): number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text);
  if (!match) return [-1, 0, 0];
  return [match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)];
}

function aggregatedVersion(accept: string): string | undefined {
  for (const part of accept.split(",")) {
    const parameters = part.split(";").map((text) => text.trim());
    if (!parameters.includes("as=APIGroupDiscoveryList") || !parameters.includes(`g=${AGGREGATED}`)) continue;
    if (parameters.includes("v=v2")) return "v2";
  }
  return undefined;
}

function groupDiscovery(group: string, versions: readonly GroupVersionKinds[]): object {
  return {
    metadata: group ? { name: group } : {},
    versions: versions.map(({ version, kinds }) => ({ version, freshness: "Current", resources: kinds.map(resourceDiscovery) })),
  };
}

function resourceDiscovery(kind: Kind): object {
  const subresources = subresourcesOf(kind);
  return {
    resource: kind.plural,
    responseKind: ownKind(kind),
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: verbsOf(kind),
    ...(kind.shortNames?.length ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories?.length ? { categories: kind.categories } : {}),
    ...(subresources.length > 0
      ? { subresources: subresources.map(([name, subresource]) => subresourceDiscovery(kind, name, subresource)) }
      : {}),
  };
}

function subresourceDiscovery(kind: Kind, name: string, subresource: Subresource): object {
  const { responseKind = ownKind(kind) } = subresource;
  const own = responseKind.group === kind.group && responseKind.version === kind.version;
  return {
    subresource: name,
    responseKind: own ? { ...ownKind(kind), kind: responseKind.kind } : responseKind,
    verbs: [...subresource.verbs],
  };
}

/** By name; a custom resource's status comes before its scale. */
function subresourcesOf(kind: Kind): [string, Subresource][] {
  const all = Object.entries(kind.subresources ?? {});
  return kind.storedForm ? all : all.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Built-in resources leave out the group version in which they stand anyway. Upstream: installer.go, customresource_discovery_controller.go */
function ownKind(kind: Kind): { group: string; version: string; kind: string } {
  return kind.storedForm ? { group: kind.group, version: kind.version, kind: kind.kind } : { group: "", version: "", kind: kind.kind };
}

/** Of the version in which objects are stored; undefined for what is not. Upstream: apiserver/pkg/endpoints/discovery/storageversionhash.go */
function storageVersionHash(kind: Kind): string | undefined {
  if (!verbsOf(kind).includes("watch")) return undefined;
  const stored = kind.storedAs?.kind ?? kind;
  const apiVersion = kind.storedForm?.apiVersion ?? `${stored.group}/${stored.version}`;
  return createHash("sha256").update(`${apiVersion}/${kind.kind}`).digest().subarray(0, 8).toString("base64");
}

function verbsOf(kind: Kind): readonly string[] {
  return kind.verbs ?? ALL_VERBS;
}

function apiGroup(group: string, versions: readonly GroupVersionKinds[]) {
  const listed = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group, version }), version }));
  return { kind: "APIGroup", apiVersion: "v1", name: group, versions: listed, preferredVersion: listed[0] };
}

function resourceList(group: string, { version, kinds }: GroupVersionKinds): object {
  const resources = kinds.flatMap((kind) => [
    {
      name: kind.plural,
      singularName: kind.singular,
      namespaced: kind.namespaced,
      kind: kind.kind,
      verbs: verbsOf(kind),
      ...(kind.shortNames?.length ? { shortNames: kind.shortNames } : {}),
      ...(kind.categories?.length ? { categories: kind.categories } : {}),
      storageVersionHash: storageVersionHash(kind),
    },
    ...subresourcesOf(kind).map(([name, { verbs, responseKind }]) => ({
      name: `${kind.plural}/${name}`,
      singularName: "",
      namespaced: kind.namespaced,
      ...(responseKind && (responseKind.group !== group || responseKind.version !== version)
        ? { group: responseKind.group, version: responseKind.version }
        : {}),
      kind: responseKind?.kind ?? kind.kind,
      verbs,
    })),
  ]);
  // The core group's list is older than its version.
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: apiVersionOf({ group, version }),
    resources,
  };
}
