import http from "node:http";
import { SeededRng } from "../../src/util/rng.ts";

/** One request that the fuzzer made, and what came back. */
export interface Finding {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly code: number;
  readonly answer: string;
}

interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | undefined;
}

interface Resource {
  readonly root: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  readonly apiVersion: string;
  readonly kind: string;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const METHODS = ["GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];
const VERBS: Readonly<Record<string, readonly string[]>> = {
  GET: ["get", "list"],
  POST: ["create"],
  PUT: ["update"],
  PATCH: ["patch"],
  DELETE: ["delete"],
  HEAD: ["get"],
};
const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const BODY_TYPES = [
  "application/json",
  "application/json; charset=utf-8",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
  "application/cbor",
  "",
];
const ACCEPTS = [
  "application/json",
  "*/*",
  "",
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
  "application/vnd.kubernetes.protobuf,application/json",
  "application/yaml",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "text/html",
  "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io",
];
const QUERY_KEYS = [
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
  "timeoutSeconds",
  "watch",
  "allowWatchBookmarks",
  "sendInitialEvents",
  "dryRun",
  "fieldManager",
  "fieldValidation",
  "force",
  "pretty",
  "includeObject",
  "gracePeriodSeconds",
  "propagationPolicy",
  "orphanDependents",
  "container",
  "tailLines",
  "sinceSeconds",
  "previous",
  "timestamps",
  "limitBytes",
  "command",
  "stdin",
  "ports",
  "hash",
  "timeout",
];
const WORDS = [
  "",
  "a",
  "true",
  "false",
  "0",
  "1",
  "-1",
  "9999999999999999999999",
  "1e400",
  "NaN",
  "Exact",
  "NotOlderThan",
  "All",
  "Strict",
  "Background",
  "a=b",
  "a in (b,c",
  "!a",
  "metadata.name=x",
  "spec.nodeName!=y",
  "a==b,,",
  "%",
  "☃",
  "../../etc",
  "\u0000",
  "x".repeat(300),
  "__proto__",
  "constructor",
  "null",
  "[]",
  "{}",
  "*",
  "default",
  "kube-system",
  "10.0.0.1",
  "1Gi",
  "100m",
  "2026-01-01T00:00:00Z",
  "eyJydiI6MX0",
  "(((((((((((((((((((a+)+)+)+$",
];

/** Throws odd requests at every route of an API server. The same seed makes the same requests. */
export class Fuzzer {
  readonly #socketPath: string;
  readonly #rng: SeededRng;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  #resources: Resource[] = [];
  #samples: { [key: string]: Json }[] = [];
  readonly findings: Finding[] = [];
  readonly codes = new Map<number, number>();

  constructor(socketPath: string, seed: number) {
    this.#socketPath = socketPath;
    this.#rng = new SeededRng(seed);
  }

  /** Reads what there is to attack: resources by discovery, and stored objects to begin from. */
  async prepare(): Promise<void> {
    const groups = JSON.parse((await this.#send("GET", "/apis", { accept: "application/json" })).answer) as {
      groups: { versions: { groupVersion: string }[] }[];
    };
    const roots = ["/api/v1", ...groups.groups.flatMap((group) => group.versions.map(({ groupVersion }) => `/apis/${groupVersion}`))];
    for (const root of roots) {
      const { groupVersion, resources } = JSON.parse((await this.#send("GET", root, {})).answer) as {
        groupVersion: string;
        resources: { name: string; namespaced: boolean; verbs: string[]; kind: string }[];
      };
      for (const { name, namespaced, verbs, kind } of resources) {
        const [plural = "", subresource] = name.split("/");
        const known = this.#resources.find((other) => other.root === root && other.plural === plural);
        if (subresource === undefined)
          this.#resources.push({ root, plural, namespaced, verbs, subresources: [], apiVersion: groupVersion, kind });
        else (known?.subresources as string[] | undefined)?.push(subresource);
      }
    }
    for (const { root, plural, verbs, apiVersion, kind } of this.#resources) {
      if (!verbs.includes("list")) continue;
      const { items } = JSON.parse((await this.#send("GET", `${root}/${plural}?limit=3`, {})).answer) as {
        items?: { [key: string]: Json }[];
      };
      this.#samples.push(...(items ?? []).map((item) => ({ ...item, apiVersion, kind })));
    }
  }

  /** Sends `count` requests, a few at a time. */
  async round(count: number): Promise<void> {
    const requests = Array.from({ length: count }, () => this.#request());
    let next = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (next < requests.length) {
          const { method, path, headers, body } = requests[next++] as FuzzRequest;
          const { code, answer } = await this.#send(method, path, headers, body);
          this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
          if (code >= 500 && !mayFail(path, answer))
            this.findings.push({ method, path, headers, body: body?.toString().slice(0, 2000) ?? "", code, answer: answer.slice(0, 500) });
        }
      }),
    );
  }

  stop(): void {
    this.#agent.destroy();
  }

  #request(): FuzzRequest {
    const resource = this.#pick(this.#resources);
    const methods = this.#chance(0.05)
      ? METHODS
      : METHODS.filter((method) => (VERBS[method] ?? []).some((verb) => resource.verbs.includes(verb)));
    const method = this.#pick(methods.length > 0 ? methods : METHODS);
    const name = `fuzz${this.#rng.int(0, 5)}`;
    const hasName = method === "POST" ? this.#chance(0.1) : this.#chance(0.8);
    const subresource = resource.subresources.length > 0 && this.#chance(0.3) ? `/${this.#pick(resource.subresources)}` : "";
    const target = hasName || subresource ? `/${this.#chance(0.9) ? name : encodeURIComponent(this.#pick(WORDS))}${subresource}` : "";
    let path = `${resource.root}/${resource.namespaced && this.#chance(0.95) ? `namespaces/${this.#chance(0.95) ? "fuzz" : "missing"}/` : ""}${resource.plural}${target}`;
    if (this.#chance(0.03))
      path = path.replace(/[a-z]/g, (letter) => (this.#chance(0.1) ? this.#pick(["%00", "/", "//", "..", "%2F", "é"]) : letter));
    // Nothing that the cluster itself lives on may go: only what the fuzzer made is deleted.
    const wholeCollection = method === "DELETE" && target.length <= 1;
    const query = this.#query(wholeCollection || (resource.plural === "namespaces" && method === "DELETE"));
    const headers: Record<string, string> = {
      accept: this.#pick(ACCEPTS),
      ...(this.#chance(0.02) ? { "impersonate-user": this.#pick(WORDS.filter(isHeaderSafe)) } : {}),
    };
    if (["GET", "HEAD", "OPTIONS", "TRACE"].includes(method)) return { method, path: path + query, headers, body: undefined };
    const type =
      method === "PATCH" && this.#chance(0.95) ? this.#pick(PATCH_TYPES) : this.#chance(0.7) ? "application/json" : this.#pick(BODY_TYPES);
    if (type) headers["content-type"] = type;
    return { method, path: path + query, headers, body: this.#body(resource, name, type) };
  }

  #query(dry: boolean): string {
    const parts = dry ? ["dryRun=All"] : [];
    while (this.#chance(0.35)) parts.push(`${this.#pick(QUERY_KEYS)}=${encodeURIComponent(this.#pick(WORDS))}`);
    return parts.length > 0 ? `?${parts.join("&")}` : "";
  }

  #body(resource: Resource, name: string, type: string): Buffer {
    const dice = this.#rng.next();
    if (dice < 0.08) return this.#bytes(this.#rng.int(0, 300));
    if (dice < 0.12) return Buffer.concat([Buffer.from("k8s\0"), this.#bytes(this.#rng.int(0, 200))]);
    if (dice < 0.2) return Buffer.from(JSON.stringify(this.#value(0)));
    if (type === "application/json-patch+json")
      return Buffer.from(JSON.stringify(Array.from({ length: this.#rng.int(0, 4) }, () => this.#jsonPatch())));
    let object = this.#sampleOf(resource, name);
    for (let mutations = this.#rng.int(0, 4); mutations > 0; mutations--) object = this.#mutated(object) as typeof object;
    const text = JSON.stringify(object);
    if (this.#chance(0.03)) return Buffer.from(text.slice(0, this.#rng.int(0, text.length)));
    return Buffer.from(text);
  }

  /** Something of the kind that was stored once, under the fuzzer's own name; else as little as names the kind. */
  #sampleOf(resource: Resource, name: string): { [key: string]: Json } {
    const same = this.#samples.filter((sample) => sample["kind"] === resource.kind && sample["apiVersion"] === resource.apiVersion);
    const base = same.length > 0 ? structuredClone(this.#pick(same)) : { spec: this.#value(2) };
    const labels = { fuzz: "yes" };
    return {
      ...base,
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      metadata: { name, ...(resource.namespaced ? { namespace: "fuzz" } : {}), labels },
    };
  }

  #mutated(value: Json, depth = 0): Json {
    if (depth > 12 || this.#chance(0.12) || value === null || typeof value !== "object") return this.#value(0);
    if (Array.isArray(value)) {
      if (value.length === 0 || this.#chance(0.2)) return [...value, this.#value(1)];
      const index = this.#rng.int(0, value.length - 1);
      if (this.#chance(0.2)) return [...value, value[index] as Json];
      return value.map((item, at) => (at === index ? this.#mutated(item, depth + 1) : item));
    }
    const keys = Object.keys(value);
    if (keys.length === 0 || this.#chance(0.1)) return { ...value, [this.#pick(WORDS)]: this.#value(1) };
    const key = this.#pick(keys);
    if (this.#chance(0.1)) return Object.fromEntries(Object.entries(value).filter(([other]) => other !== key));
    return { ...value, [key]: this.#mutated(value[key] as Json, depth + 1) };
  }

  #value(depth: number): Json {
    if (this.#chance(0.005)) return nested(this.#rng.int(150, 3000));
    switch (this.#rng.int(0, depth > 3 ? 4 : 6)) {
      case 0:
        return null;
      case 1:
        return this.#chance(0.5);
      case 2:
        return this.#pick([0, 1, -1, 80, 65_536, 2 ** 31, 2 ** 63, 1.5, -0, 1e308]);
      case 3:
      case 4:
        return this.#pick(WORDS);
      case 5:
        return Array.from({ length: this.#rng.int(0, 3) }, () => this.#value(depth + 1));
      default:
        return Object.fromEntries(
          Array.from({ length: this.#rng.int(0, 4) }, () => [
            this.#pick([
              ...WORDS,
              "metadata",
              "spec",
              "status",
              "containers",
              "name",
              "labels",
              "$patch",
              "$retainKeys",
              "$setElementOrder/containers",
            ]),
            this.#value(depth + 1),
          ]),
        );
    }
  }

  #jsonPatch(): Json {
    const path = this.#pick([
      "",
      "/",
      "/metadata",
      "/metadata/labels/x",
      "/spec",
      "/spec/containers/0",
      "/spec/containers/-",
      "/spec/replicas",
      "/data/x",
      "/metadata/name",
      "/a~1b",
      "/a~2",
      "x",
      "/__proto__/x",
      "/constructor/prototype/x",
      "/metadata/finalizers/99999999",
    ]);
    return {
      op: this.#pick(["add", "remove", "replace", "move", "copy", "test", "spam"]),
      path,
      from: this.#pick(["/metadata/labels", "/spec", "", "/x"]),
      value: this.#value(0),
    };
  }

  #send(method: string, path: string, headers: Record<string, string>, body?: Buffer): Promise<{ code: number; answer: string }> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          socketPath: this.#socketPath,
          agent: this.#agent,
          method,
          path: sendable(path),
          headers: { ...headers, ...(body ? { "content-length": String(body.length) } : {}) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          // A watch or a followed log has no end: what came first will do.
          const enough = setTimeout(() => request.destroy(), 300);
          const done = () => {
            clearTimeout(enough);
            resolve({ code: response.statusCode ?? 0, answer: Buffer.concat(chunks).toString() });
          };
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", done);
          response.on("error", done);
          response.on("close", done);
        },
      );
      request.on("error", (error: NodeJS.ErrnoException) =>
        error.code === "ECONNREFUSED" || error.code === "ENOENT"
          ? reject(new Error(`the API server is gone: ${error.message}`))
          : resolve({ code: 0, answer: error.message }),
      );
      request.on("upgrade", (response, socket) => {
        socket.destroy();
        resolve({ code: response.statusCode ?? 101, answer: "" });
      });
      request.setTimeout(10_000, () => {
        request.destroy();
        resolve({ code: 599, answer: "no answer within 10 s" });
      });
      request.end(body);
    });
  }

  #bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#rng.int(0, 255)));
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#rng.int(0, from.length - 1)] as T;
  }

  #chance(share: number): boolean {
    return this.#rng.next() < share;
  }
}

/** Answers of a proxied application, or that there is none, are not the server's own; and some refusals are a 500 or a 504 upstream too. */
function mayFail(path: string, answer: string): boolean {
  if (path.includes("resourceVersion=9999") || /\/log(\?|$)/.test(path)) return true;
  return /\/proxy(\/|\?|$)/.test(path) || UPSTREAM_FAILURES.test(answer);
}

const UPSTREAM_FAILURES =
  /failed to create typed patch object|cannot merge lists without merge key|unknown patch type|does not contain declared merge key|no route to host|Too large resource version|resourceVersion should not be set on objects to be created/;

function nested(depth: number): Json {
  let value: Json = "deep";
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** What http.request would refuse to send. */
function sendable(path: string): string {
  return path.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character));
}

function isHeaderSafe(word: string): boolean {
  return /^[\x21-\x7e]+$/.test(word);
}
