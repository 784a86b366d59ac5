import type { Kind, Subresource } from "../../../api/kind.ts";
import { ALL_VERBS } from "../resource-handler.ts";
import { packageOf, referenceTo, type Schema } from "./facts.ts";
import type { SchemaBuilder } from "./schemas.ts";

const MEDIA_TYPES = ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];
const STREAMED = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
// Custom resources have no protobuf.
const CUSTOM_MEDIA_TYPES = ["application/json", "application/yaml"];
const LIST_PARAMETERS: readonly (readonly [string, string])[] = [
  ["allowWatchBookmarks", "boolean"],
  ["continue", "string"],
  ["fieldSelector", "string"],
  ["labelSelector", "string"],
  ["limit", "integer"],
  ["resourceVersion", "string"],
  ["resourceVersionMatch", "string"],
  ["sendInitialEvents", "boolean"],
  ["timeoutSeconds", "integer"],
  ["watch", "boolean"],
];
const WRITE_PARAMETERS: readonly (readonly [string, string])[] = [
  ["dryRun", "string"],
  ["fieldManager", "string"],
  ["fieldValidation", "string"],
];
const DELETE_PARAMETERS: readonly (readonly [string, string])[] = [
  ["dryRun", "string"],
  ["gracePeriodSeconds", "integer"],
  ["ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"],
  ["orphanDependents", "boolean"],
  ["propagationPolicy", "string"],
];

type Path = Record<string, unknown>;

/** All paths of a kind, with what goes in and out. Upstream: apiserver/pkg/endpoints/installer.go */
export function addPaths(paths: Record<string, object>, kind: Kind, builder: SchemaBuilder): void {
  const operations = new Operations(kind, builder);
  const verbs = new Set<string>(kind.verbs ?? ALL_VERBS);
  const base = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const root = `${base}/${kind.namespaced ? "namespaces/{namespace}/" : ""}${kind.plural}`;
  const scope = kind.namespaced ? [pathParameter("namespace", "object name and auth scope, such as for teams and projects")] : [];
  if (kind.namespaced && verbs.has("list"))
    paths[`${base}/${kind.plural}`] = { get: operations.list(true), parameters: [...queryParameters(LIST_PARAMETERS), PRETTY] };
  const collection = operations.collection(verbs);
  if (Object.keys(collection).length > 0) paths[root] = { ...collection, parameters: [...scope, PRETTY] };
  const single = operations.single(verbs);
  const named = (what: string) => [pathParameter("name", `name of the ${what}`), ...scope];
  if (Object.keys(single).length > 0) paths[`${root}/{name}`] = { ...single, parameters: [...named(kind.kind), PRETTY] };
  for (const [name, subresource] of Object.entries(kind.subresources ?? {})) {
    const path = `${root}/{name}/${name}`;
    paths[path] = {
      ...operations.subresource(name, subresource),
      parameters: [...named(subresource.responseKind?.kind ?? kind.kind), PRETTY],
    };
    if (name === "proxy")
      paths[`${path}/{path}`] = {
        ...operations.subresource(name, subresource, "WithPath"),
        parameters: [...named(subresource.responseKind?.kind ?? kind.kind), pathParameter("path", "path to the resource")],
      };
  }
}

/** The operations of one kind, each with a name of its own. */
class Operations {
  readonly #kind: Kind;
  readonly #builder: SchemaBuilder;
  readonly #component: string;
  readonly #types: readonly string[];

  constructor(kind: Kind, builder: SchemaBuilder) {
    this.#kind = kind;
    this.#builder = builder;
    this.#component = builder.addKind(kind);
    this.#types = kind.openApiSchema ? CUSTOM_MEDIA_TYPES : MEDIA_TYPES;
  }

  collection(verbs: ReadonlySet<string>): Path {
    const { kind } = this.#kind;
    return {
      ...(verbs.has("list") ? { get: { ...this.list(false), parameters: queryParameters(LIST_PARAMETERS) } } : {}),
      ...(verbs.has("create")
        ? {
            post: {
              ...this.#operation("post", "create", `create ${article(kind)}`),
              parameters: queryParameters(WRITE_PARAMETERS),
              requestBody: this.#body(this.#component),
              responses: answers(this.#component, [200, 201, 202], this.#types),
            },
          }
        : {}),
      ...(verbs.has("deletecollection") ? { delete: this.#deleteCollection() } : {}),
    };
  }

  single(verbs: ReadonlySet<string>): Path {
    const { kind } = this.#kind;
    return {
      ...(verbs.has("get")
        ? {
            get: {
              ...this.#operation("get", "read", `read the specified ${kind}`),
              responses: answers(this.#component, [200], this.#types),
            },
          }
        : {}),
      ...(verbs.has("update")
        ? {
            put: {
              ...this.#operation("put", "replace", `replace the specified ${kind}`),
              parameters: queryParameters(WRITE_PARAMETERS),
              requestBody: this.#body(this.#component),
              responses: answers(this.#component, [200, 201], this.#types),
            },
          }
        : {}),
      ...(verbs.has("delete") ? { delete: this.#delete() } : {}),
      ...(verbs.has("patch")
        ? {
            patch: {
              ...this.#operation("patch", "patch", `partially update the specified ${kind}`),
              ...this.#patch(),
              responses: answers(this.#component, [200, 201], this.#types),
            },
          }
        : {}),
    };
  }

  list(everywhere: boolean): Path {
    const list = this.#builder.addListOf(this.#kind);
    const named = this.#operation("list", "list", `list or watch objects of kind ${this.#kind.kind}`);
    const id = everywhere ? `list${this.#prefix()}${this.#kind.kind}ForAllNamespaces` : named["operationId"];
    return {
      ...named,
      operationId: id,
      responses: answers(list, [200], this.#kind.openApiSchema ? this.#types : [...MEDIA_TYPES, ...STREAMED]),
    };
  }

  subresource(name: string, { verbs, responseKind }: Subresource, suffix = ""): Path {
    const { kind } = this.#kind;
    const gvk = responseKind ?? this.#kind;
    const title = name.charAt(0).toUpperCase() + name.slice(1) + suffix;
    const connects = gvk.kind.endsWith("Options");
    const component =
      connects || name === "log"
        ? undefined
        : responseKind
          ? this.#builder.addType(packageOf(responseKind), responseKind.kind, responseKind)
          : this.#component;
    const responses = (codes: readonly number[]) =>
      component === undefined ? text(name === "log" ? ["text/plain", ...MEDIA_TYPES] : ["*/*"]) : answers(component, codes, this.#types);
    const path: Path = {};
    for (const verb of verbs) {
      const { method, prefix, words, codes } = SUBRESOURCE_VERBS[verb];
      const action = connects ? "connect" : method;
      const id = connects
        ? `connect${this.#prefix()}${capital(method)}${this.#scope()}${kind}${title}`
        : `${prefix}${this.#prefix()}${this.#scope()}${kind}${title}`;
      const description = connects
        ? `connect ${method.toUpperCase()} requests to ${name} of ${kind}`
        : `${words} ${name} of ${verb === "create" ? article(kind) : `the specified ${kind}`}`;
      path[method] = {
        ...this.#operation(action, "", description),
        operationId: id,
        "x-kubernetes-group-version-kind": { group: gvk.group, version: gvk.version, kind: gvk.kind },
        ...(component === undefined ? {} : this.#input(verb, component)),
        responses: responses(codes),
      };
    }
    return path;
  }

  #input(verb: Subresource["verbs"][number], component: string): Path {
    if (verb === "patch") return this.#patch();
    return verb === "get" || verb === "delete" ? {} : { parameters: queryParameters(WRITE_PARAMETERS), requestBody: this.#body(component) };
  }

  #patch(): Path {
    const types = [
      "application/apply-patch+yaml",
      "application/json-patch+json",
      "application/merge-patch+json",
      ...(this.#kind.openApiSchema ? [] : ["application/strategic-merge-patch+json"]),
    ];
    const content = contentOf(this.#builder.addPatch(), types);
    return { parameters: queryParameters([...WRITE_PARAMETERS, ["force", "boolean"]]), requestBody: { required: true, content } };
  }

  #delete(): Path {
    const requestBody = { content: contentOf(this.#builder.addOptions("DeleteOptions"), ["*/*"]) };
    return {
      ...this.#operation("delete", "delete", `delete ${article(this.#kind.kind)}`),
      parameters: queryParameters(DELETE_PARAMETERS),
      requestBody,
      responses: answers(this.#builder.addStatus(), [200, 202], this.#types),
    };
  }

  #deleteCollection(): Path {
    const requestBody = { content: contentOf(this.#builder.addOptions("DeleteOptions"), ["*/*"]) };
    const parameters = queryParameters(
      [...DELETE_PARAMETERS, ...LIST_PARAMETERS.filter(([name]) => name !== "allowWatchBookmarks" && name !== "watch")].sort(([a], [b]) =>
        a < b ? -1 : 1,
      ),
    );
    const id = `delete${this.#prefix()}Collection${this.#scope()}${this.#kind.kind}`;
    return {
      ...this.#operation("deletecollection", "", `delete collection of ${this.#kind.kind}`),
      operationId: id,
      parameters,
      requestBody,
      responses: answers(this.#builder.addStatus(), [200], this.#types),
    };
  }

  #body(component: string): Path {
    return { required: true, content: contentOf(component, ["*/*"]) };
  }

  #operation(action: string, prefix: string, description: string): Path {
    const { group, version, kind } = this.#kind;
    return {
      tags: [tagOf(group, version)],
      description,
      operationId: `${prefix}${this.#prefix()}${this.#scope()}${kind}`,
      "x-kubernetes-action": action,
      "x-kubernetes-group-version-kind": { group, version, kind },
    };
  }

  #scope(): string {
    return this.#kind.namespaced ? "Namespaced" : "";
  }

  /** `CoreV1`, `RbacAuthorizationV1`. */
  #prefix(): string {
    return tagOf(this.#kind.group, this.#kind.version).split("_").map(capital).join("");
  }
}

const SUBRESOURCE_VERBS = {
  create: { method: "post", prefix: "create", words: "create", codes: [200, 201, 202] },
  delete: { method: "delete", prefix: "delete", words: "delete", codes: [200, 202] },
  get: { method: "get", prefix: "read", words: "read", codes: [200] },
  patch: { method: "patch", prefix: "patch", words: "partially update", codes: [200, 201] },
  update: { method: "put", prefix: "replace", words: "replace", codes: [200, 201] },
} as const;

const REASONS: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };
const UNAUTHORIZED = { "401": { description: "Unauthorized" } };

function text(types: readonly string[]): object {
  return {
    "200": { description: "OK", content: Object.fromEntries(types.map((type) => [type, { schema: { type: "string" } }])) },
    ...UNAUTHORIZED,
  };
}

function answers(component: string, codes: readonly number[], types: readonly string[]): object {
  const content = contentOf(component, types);
  return { ...Object.fromEntries(codes.map((code) => [String(code), { description: REASONS[code], content }])), ...UNAUTHORIZED };
}

function contentOf(component: string, types: readonly string[]): object {
  const schema = { $ref: referenceTo(component) };
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

const PRETTY = { name: "pretty", in: "query", schema: { type: "string", uniqueItems: true } };

function pathParameter(name: string, description: string): Schema {
  return { name, in: "path", description, required: true, schema: { type: "string", uniqueItems: true } };
}

function queryParameters(parameters: readonly (readonly [string, string])[]): Schema[] {
  return parameters.map(([name, type]) => ({ name, in: "query", schema: { type, uniqueItems: true } }));
}

/** "a Pod", "an Ingress", and "Endpoints" as it is. Upstream: GetArticleForNoun */
function article(kind: string): string {
  if (/[^s]s$/.test(kind)) return kind;
  return `${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `core_v1`, `rbacAuthorization_v1`. Upstream: apiserver/pkg/endpoints/openapi GetOperationIDAndTags */
function tagOf(group: string, version: string): string {
  const [first = "core", ...others] = group === "" ? ["core"] : group.replace(/\.k8s\.io$/, "").split(".");
  return `${first}${others.map(capital).join("")}_${version}`;
}
