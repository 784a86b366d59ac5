import { isNotFound, StatusError } from "../../api/status.ts";
import { readText, type ApiClient, type Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { apiVersionOf, pathOf, type ResourceInfo } from "../connection/discovery.ts";
import { ExitError, throwAll } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";

/** One thing that a command line or a file means: a named object, or all objects of a resource. */
export interface Target {
  readonly info: ResourceInfo;
  readonly namespace: string | undefined;
  /** Undefined: a list. */
  readonly name: string | undefined;
  /** What the file says. */
  readonly manifest?: Json | undefined;
  readonly source?: string | undefined;
  /** Whether -l chooses the object of a file, as the server has it. */
  readonly selects?: ((live: Json) => boolean) | undefined;
}

/** Not a list: an object by its name, or one of a file that may have none. */
export const isSingle = (target: Target): boolean => target.name !== undefined || target.manifest !== undefined;

/** An object of the server, with where it is. */
export interface Found {
  readonly info: ResourceInfo;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: ApiObject;
}

export interface ApiObject extends Json {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    generation?: number;
    ownerReferences?: {
      uid: string;
      kind: string;
      name: string;
      controller?: boolean;
      apiVersion: string;
    }[];
    [field: string]: unknown;
  };
}

/** A file's object belongs to another namespace than the one that was asked for. */
export class WrongNamespace extends Error {
  override readonly name = "WrongNamespace";
}

export const FILE_FLAGS: readonly FlagSpec[] = [
  {
    name: "filename",
    shorthand: "f",
    type: "stringSlice",
    usage: "Filename, directory, or URL to files that name the resources.",
  },
  {
    name: "kustomize",
    shorthand: "k",
    type: "string",
    usage: "Process the kustomization directory. This flag can't be used together with -f or -R.",
  },
  {
    name: "recursive",
    shorthand: "R",
    type: "bool",
    usage: "Look into the folders of the folder given with -f, --filename too.",
  },
];

export const SELECTOR_FLAG: FlagSpec = {
  name: "selector",
  shorthand: "l",
  type: "string",
  usage:
    "Selector (label query) to filter on: '=', '==', '!=', 'in', 'notin' (for example -l key1=value1,'key2 in (a,b)'). Objects must satisfy all of it.",
};
export const FIELD_SELECTOR_FLAG: FlagSpec = {
  name: "field-selector",
  type: "string",
  usage: "Selector (field query) to filter on: '=', '==' and '!=' (for example --field-selector key1=value1,key2=value2).",
};
export const ALL_NAMESPACES_FLAG: FlagSpec = {
  name: "all-namespaces",
  shorthand: "A",
  type: "bool",
  usage: "If true, look in all namespaces.",
};

export interface FetchOptions {
  readonly selector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly chunkSize?: number | undefined;
  /** Failures of single objects are collected here instead of thrown at the end. */
  readonly errors?: unknown[] | undefined;
  readonly ignoreNotFound?: boolean | undefined;
  readonly subresource?: string | undefined;
  /** What is read is decoded into Go types: kinds without one fail. Upstream: Builder.WithScheme */
  readonly typed?: boolean | undefined;
  /** Objects of files are read anew, for which they must tell their namespaces. Upstream: Builder.Latest */
  readonly latest?: boolean | undefined;
  /** The media types that single objects may come in. */
  readonly accept?: string | undefined;
}

/** The objects behind targets, read from the server one target after the other. */
export async function fetchObjects(context: CommandContext, targets: readonly Target[], options: FetchOptions = {}): Promise<Found[]> {
  const client = await context.client();
  const errors = options.errors ?? [];
  const found: Found[] = [];
  for (const target of targets) {
    try {
      if (isSingle(target)) {
        const object = await objectOf(client, target, options);
        if (options.typed) await assertTyped(target.info);
        if (target.selects?.(object) === false) continue;
        found.push({ info: target.info, namespace: target.namespace, name: target.name ?? "", object });
      } else {
        const items = await listObjects(context, target, options);
        if (options.typed) await assertTyped(target.info, "List");
        found.push(...items);
      }
    } catch (error) {
      if (options.ignoreNotFound && error instanceof StatusError && error.code === 404) continue;
      errors.push(!isSingle(target) ? listFailure(error, target.info, options.selector, options.fieldSelector) : error);
    }
  }
  if (options.errors === undefined) throwAll(errors);
  return found;
}

async function assertTyped(info: ResourceInfo, suffix?: "List"): Promise<void> {
  const message = (await import("./go-scheme.ts")).notInScheme(info, suffix);
  if (message !== "") throw new Error(message);
}

/** What a file holds without a name is nowhere else: it is shown as it is. */
async function objectOf(client: ApiClient, target: Target, { subresource, latest, accept }: FetchOptions): Promise<ApiObject> {
  const { info, namespace, name, manifest } = target;
  if (name === undefined && manifest) return manifest as ApiObject;
  if (latest) assertNamespaced(target);
  return orMissingNamespace(client, namespace, () => client.get<ApiObject>(pathOf(info, namespace, name, subresource), undefined, accept));
}

/** With --all-namespaces a file's object must tell its own. */
export function assertNamespaced({ info, namespace, name, manifest }: Target): void {
  if (manifest && info.namespaced && !namespace)
    throw new ExitError(`no namespace set on resource ${info.group}/${info.version}, Resource=${info.resource} ${JSON.stringify(name)}`);
}

/** An object that is not there may be missing because its namespace is. Upstream: cli-runtime/pkg/resource/visitor.go Info.Get */
export async function orMissingNamespace<T>(client: ApiClient, namespace: string | undefined, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isNotFound(error) && namespace !== undefined && namespace !== "default")
      await client.get(`/api/v1/namespaces/${namespace}`).catch(otherThanNotFoundIsIgnored);
    throw error;
  }
}

function otherThanNotFoundIsIgnored(error: unknown): void {
  if (isNotFound(error)) throw error;
}

/** A list that fails says what could not be listed. Upstream: cli-runtime/pkg/resource/selector.go */
export function listFailure(error: unknown, info: ResourceInfo, selector = "", fieldSelector = ""): unknown {
  if (!(error instanceof StatusError) || !["NotFound", "BadRequest"].includes(error.reason)) return error;
  const resource = JSON.stringify(`${info.group}/${info.version}, Resource=${info.resource}`);
  const message =
    selector === "" && fieldSelector === ""
      ? `Unable to list ${resource}: ${error.message}`
      : `Unable to find ${resource} that match label selector ${JSON.stringify(selector)}, field selector ${JSON.stringify(fieldSelector)}: ${error.message}`;
  return new StatusError({ ...error.status, code: error.code, message } as never);
}

async function listObjects(context: CommandContext, target: Target, options: FetchOptions): Promise<Found[]> {
  const client = await context.client();
  const found: Found[] = [];
  let token: string | undefined;
  do {
    const query = {
      labelSelector: options.selector,
      fieldSelector: options.fieldSelector,
      limit: options.chunkSize || undefined,
      continue: token,
    };
    const list = await client.get<{ metadata?: { continue?: string }; items?: ApiObject[] | null }>(
      pathOf(target.info, target.namespace),
      query,
    );
    for (const item of list.items ?? []) {
      const object = { ...item, apiVersion: apiVersionOf(target.info), kind: target.info.kind };
      found.push({
        info: target.info,
        namespace: target.info.namespaced ? item.metadata.namespace : undefined,
        name: item.metadata.name ?? "",
        object,
      });
    }
    token = list.metadata?.continue || undefined;
  } while (token !== undefined);
  return found;
}

/** A URL's body. */
export async function download(context: CommandContext, url: string): Promise<string> {
  const { sendRequest } = await import("../../host/cli-http.ts");
  const match = /^(https?:\/\/[^/]+)(\/.*)?$/.exec(url);
  const response = await sendRequest(
    { url: match?.[1] ?? url },
    { method: "GET", path: match?.[2] ?? "/", headers: { Accept: "*/*" } },
  ).catch(async (error: unknown) => {
    throw (await import("../connection/connection-failure.ts")).connectionFailure({ method: "GET", url }, error);
  });
  void context;
  if (response.status !== 200)
    throw new Error(`unable to read URL ${JSON.stringify(url)}, server reported ${response.status}, status code=${response.status}`);
  return readText(response);
}
