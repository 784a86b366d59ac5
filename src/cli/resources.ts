import { isNotFound, StatusError } from "../api/status.ts";
import { pathKind } from "../host/cli-host.ts";
import { readText, type ApiClient, type Json } from "./client.ts";
import type { CommandContext } from "./command.ts";
import { apiVersionOf, pathOf, type ResourceInfo } from "./discovery.ts";
import { ConnectionError, ExitError, messageOf, throwAll } from "./errors.ts";
import type { FlagSpec } from "./flags.ts";

/** One thing that a command line or a file means: a named object, or all objects of a resource. */
export interface Target {
  readonly info: ResourceInfo;
  readonly namespace: string | undefined;
  /** Undefined: a list. */
  readonly name: string | undefined;
  /** What the file says. */
  readonly manifest?: Json | undefined;
  readonly source?: string | undefined;
}

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

export const hasFiles = (context: CommandContext): boolean =>
  context.flags.list("filename").length > 0 || context.flags.text("kustomize") !== "";

export interface TargetOptions {
  /** What is wrong with single files goes here. */
  readonly errors?: unknown[] | undefined;
  /** A type alone does not mean all its objects, unless there is a selector or --all. Upstream: ResourceTypeOrNameArgs(false, …) */
  readonly needsNames?: boolean | undefined;
}

/** The targets of files or arguments, as most commands take them. */
export async function targetsOf(
  context: CommandContext,
  args: readonly string[] = context.args,
  { errors, needsNames }: TargetOptions = {},
): Promise<Target[]> {
  if (hasFiles(context)) {
    const folder = context.flags.text("kustomize");
    if (folder !== "" && context.flags.list("filename").length > 0) throw new Error("only one of -f or -k can be specified");
    const missing = context.flags
      .list("filename")
      .find((file) => file !== "-" && !/^https?:/.test(file) && !/[*?[]/.test(file) && pathKind(file) === undefined);
    if (missing !== undefined) throw new Error(`the path ${JSON.stringify(missing)} does not exist`);
    if (args.some((arg) => arg.includes("/"))) throw new Error("resource/name arguments cannot be provided when a path is specified");
    if (args.length > 0) throw new Error("when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well");
    const { targetsOfFiles } = await import("./manifests.ts");
    return targetsOfFiles(context, errors);
  }
  const targets = await targetsOfArgs(context, args);
  const { flags } = context;
  if (
    needsNames &&
    targets.some(({ name }) => name === undefined) &&
    !flags.bool("all") &&
    !flags.text("selector") &&
    !flags.text("field-selector")
  )
    throw new Error("resource(s) were provided, but no name was specified");
  return targets;
}

/** For `get` and `describe`: what is wrong with files is told at the end, as it is. */
export async function collectedTargets(context: CommandContext, errors: unknown[]): Promise<Target[]> {
  const wrong: unknown[] = [];
  const targets = await targetsOf(context, context.args, { errors: wrong });
  for (const error of wrong)
    errors.push(
      error instanceof StatusError || error instanceof ConnectionError ? error : new ExitError(messageOf(error).replace(/^error: /, "")),
    );
  return targets;
}

const NOTHING_GIVEN =
  "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

/** Understands `pods`, `po,svc`, `po a b`, `po/a svc/b`. Upstream: cli-runtime/pkg/resource/builder.go ResourceTypeOrNameArgs */
export async function targetsOfArgs(context: CommandContext, args: readonly string[]): Promise<Target[]> {
  if (args.length === 0) throw new Error(NOTHING_GIVEN);
  const discovery = await context.discovery();
  const chosen = (await context.connection()).namespace;
  const everywhere = context.flags.bool("all-namespaces");
  const place = (info: ResourceInfo) => (info.namespaced && !everywhere ? chosen : undefined);
  if (args.some((arg) => arg.includes("/")))
    return pairs(args, async (type, name) => ({ info: await discovery.get(type), name }), place, everywhere);
  const [types = "", ...names] = args;
  if (names.some((name) => name === "")) throw new Error("resource name may not be empty");
  if (names.length > 0 && (context.flags.text("selector") !== "" || context.flags.text("field-selector") !== ""))
    throw new Error("name cannot be provided when a selector is specified");
  const infos: ResourceInfo[] = [];
  for (const word of new Set(types.split(","))) {
    const category = word.includes(".") ? [] : await discovery.inCategory(word);
    if (category.length > 0) infos.push(...category);
    else {
      const info = await discovery.get(word);
      // `po,pods` names one resource twice.
      if (!infos.includes(info)) infos.push(info);
    }
  }
  if (names.length === 0) return infos.map((info) => ({ info, namespace: place(info), name: undefined }));
  if (everywhere && infos.some((info) => info.namespaced)) throw new Error("a resource cannot be retrieved by name across all namespaces");
  return infos.flatMap((info) => names.map((name) => ({ info, namespace: place(info), name })));
}

async function pairs(
  args: readonly string[],
  resolve: (type: string, name: string) => Promise<{ info: ResourceInfo; name: string }>,
  place: (info: ResourceInfo) => string | undefined,
  everywhere: boolean,
): Promise<Target[]> {
  const targets: Target[] = [];
  for (const arg of args) {
    const parts = arg.split("/");
    if (parts.length === 1) {
      if (args.length > 1)
        throw new Error(
          "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
        );
      throw new Error(`arguments in resource/name form must have a single resource and name`);
    }
    const [type = "", name = "", ...more] = parts;
    if (more.length > 0) throw new Error("arguments in resource/name form may not have more than one slash");
    if (type === "" || name === "" || type.includes(","))
      throw new Error("arguments in resource/name form must have a single resource and name");
    const { info } = await resolve(type, name);
    if (everywhere && info.namespaced) throw new Error("a resource cannot be retrieved by name across all namespaces");
    targets.push({ info, namespace: place(info), name });
  }
  return targets;
}

export interface FetchOptions {
  readonly selector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly chunkSize?: number | undefined;
  /** Failures of single objects are collected here instead of thrown at the end. */
  readonly errors?: unknown[] | undefined;
  readonly ignoreNotFound?: boolean | undefined;
}

/** The objects behind targets, read from the server one target after the other. */
export async function fetchObjects(context: CommandContext, targets: readonly Target[], options: FetchOptions = {}): Promise<Found[]> {
  const client = await context.client();
  const errors = options.errors ?? [];
  const found: Found[] = [];
  for (const target of targets) {
    try {
      if (target.name !== undefined) {
        const object = await getObject(client, target);
        found.push({ info: target.info, namespace: target.namespace, name: target.name, object });
      } else found.push(...(await listObjects(context, target, options)));
    } catch (error) {
      if (options.ignoreNotFound && error instanceof StatusError && error.code === 404) continue;
      errors.push(target.name === undefined ? listFailure(error, target.info, options.selector, options.fieldSelector) : error);
    }
  }
  if (options.errors === undefined) throwAll(errors);
  return found;
}

/** An object that is missing may be missing with its namespace. Upstream: cli-runtime/pkg/resource/visitor.go Info.Get */
async function getObject(client: ApiClient, { info, namespace, name }: Target): Promise<ApiObject> {
  try {
    return await client.get<ApiObject>(pathOf(info, namespace, name));
  } catch (error) {
    if (isNotFound(error) && namespace && namespace !== "default") await client.get(`/api/v1/namespaces/${encodeURIComponent(namespace)}`);
    throw error;
  }
}

/** A list that fails says what could not be listed. Upstream: cli-runtime/pkg/resource/selector.go */
export function listFailure(error: unknown, info: ResourceInfo, selector = "", fieldSelector = ""): unknown {
  if (!(error instanceof StatusError) || !["NotFound", "MethodNotAllowed", "BadRequest"].includes(error.reason)) return error;
  const message =
    error.reason === "BadRequest"
      ? `Unable to find ${JSON.stringify(`${info.group}/${info.version}, Resource=${info.resource}`)} that match label selector ${JSON.stringify(selector)}, field selector ${JSON.stringify(fieldSelector)}: ${error.message}`
      : `Unable to list ${JSON.stringify(`${info.group}/${info.version}, Resource=${info.resource}`)}: ${error.message}`;
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
  const { sendRequest } = await import("../host/cli-http.ts");
  const match = /^(https?:\/\/[^/]+)(\/.*)?$/.exec(url);
  const address = (match?.[1] ?? url).replace(/^https?:\/\//, "");
  const response = await sendRequest(
    { url: match?.[1] ?? url },
    { method: "GET", path: match?.[2] ?? "/", headers: { Accept: "*/*" } },
  ).catch((error: unknown) => {
    throw new ConnectionError(address, error instanceof Error ? error : new Error(String(error)));
  });
  void context;
  if (response.status !== 200)
    throw new Error(`unable to read URL ${JSON.stringify(url)}, server reported ${response.status}, status code=${response.status}`);
  return readText(response);
}
