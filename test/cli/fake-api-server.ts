import http, { type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

/** A reply, or a function of the request that makes one. */
export type Reply = {
  status?: number;
  json?: unknown;
  text?: string;
  headers?: Record<string, string>;
};
export type Route = Reply | ((request: Seen) => Reply);

const DISCOVERY_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const resource = (
  group: string,
  version: string,
  kind: string,
  plural: string,
  shortNames: string[],
  scope = "Namespaced",
  subresources: string[] = [],
  categories: string[] = ["all"],
) => ({
  resource: plural,
  responseKind: { group, version, kind },
  scope,
  singularResource: kind.toLowerCase(),
  verbs: VERBS,
  shortNames,
  categories,
  subresources: subresources.map((subresource) => ({
    subresource,
    responseKind: { group, version, kind },
    verbs: ["get", "patch", "update"],
  })),
});

const CORE = {
  metadata: {},
  versions: [
    {
      version: "v1",
      freshness: "Current",
      resources: [
        resource("", "v1", "ConfigMap", "configmaps", ["cm"], "Namespaced", [], []),
        resource("", "v1", "Event", "events", ["ev"], "Namespaced", [], []),
        resource("", "v1", "Namespace", "namespaces", ["ns"], "Cluster", ["status"], []),
        resource("", "v1", "Node", "nodes", ["no"], "Cluster", ["status"], []),
        resource("", "v1", "Pod", "pods", ["po"], "Namespaced", ["status", "log", "exec"]),
        resource("", "v1", "Service", "services", ["svc"], "Namespaced", ["status"]),
      ],
    },
  ],
};

const APPS = {
  metadata: { name: "apps" },
  versions: [
    {
      version: "v1",
      freshness: "Current",
      resources: [
        resource("apps", "v1", "Deployment", "deployments", ["deploy"], "Namespaced", ["scale", "status"]),
        resource("apps", "v1", "ReplicaSet", "replicasets", ["rs"], "Namespaced", ["scale", "status"]),
      ],
    },
  ],
};

/** The smallest server that kubectl and kubesim both talk to: discovery, and answers by path. */
export class FakeApiServer {
  readonly seen: Seen[] = [];
  readonly #routes = new Map<string, Route>();
  readonly #server: http.Server;

  constructor() {
    this.#server = http.createServer((request, response) => {
      void readBody(request).then((text) => {
        const seen = {
          method: request.method ?? "",
          url: request.url ?? "",
          contentType: request.headers["content-type"],
          body: parse(text),
        };
        this.seen.push(seen);
        const { status = 200, json, text: plain, headers } = this.#answer(seen);
        response.writeHead(status, {
          "Content-Type": plain === undefined ? "application/json" : "text/plain",
          ...headers,
        });
        response.end(plain ?? JSON.stringify(json));
      });
    });
  }

  /** "GET /api/v1/…" without the query, or with it for a special answer. */
  on(route: string, reply: Route): void {
    this.#routes.set(route, reply);
  }

  #answer(seen: Seen): Reply {
    const path = seen.url.replace(/\?.*$/, "");
    const route = this.#routes.get(`${seen.method} ${seen.url}`) ?? this.#routes.get(`${seen.method} ${path}`);
    if (route) return typeof route === "function" ? route(seen) : route;
    if (path === "/api")
      return {
        json: {
          kind: "APIGroupDiscoveryList",
          apiVersion: "apidiscovery.k8s.io/v2",
          metadata: {},
          items: [CORE],
        },
        headers: { "Content-Type": DISCOVERY_TYPE },
      };
    if (path === "/apis")
      return {
        json: {
          kind: "APIGroupDiscoveryList",
          apiVersion: "apidiscovery.k8s.io/v2",
          metadata: {},
          items: [APPS],
        },
        headers: { "Content-Type": DISCOVERY_TYPE },
      };
    const [plural = "", name = ""] = path.split("/").slice(-2);
    return {
      status: 404,
      json: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: `${plural} ${JSON.stringify(name)} not found`,
        reason: "NotFound",
        details: { name, kind: plural },
        code: 404,
      },
    };
  }

  listen(): Promise<string> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`));
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
