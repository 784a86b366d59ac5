import { StatusError } from "../../api/status.ts";
import { pathKind } from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";
import type { Discovery, ResourceInfo } from "../connection/discovery.ts";
import { ConfigurationError, ConnectionError, ExitError, messageOf, throwAll } from "../errors.ts";
import { type Target, WrongNamespace } from "./resources.ts";

export const hasFiles = (context: CommandContext): boolean =>
  context.flags.list("filename").length > 0 || context.flags.text("kustomize") !== "";

export interface TargetOptions {
  /** More that is wrong with the arguments. */
  readonly faults?: readonly string[];
  /** What is wrong with single files goes here. */
  readonly errors?: unknown[] | undefined;
  /** A type alone does not mean all its objects, unless there is a selector or --all. Upstream: ResourceTypeOrNameArgs(false, …) */
  readonly needsNames?: boolean | undefined;
  /** --all is a selection as -l is: names do not go with it. Upstream: SelectAllParam */
  readonly allSelects?: boolean | undefined;
  /** Files are decoded into Go types: kinds without one fail. Upstream: Builder.WithScheme */
  readonly typed?: boolean | undefined;
  /** -l chooses objects of files as they are written there, not as the server has them. Upstream: a builder without Latest */
  readonly asWritten?: boolean | undefined;
  /** Pairs may not be of several types. Upstream: SingleResourceType */
  readonly singleType?: boolean | undefined;
  /** No namespace is known to look in. */
  readonly clusterOnly?: boolean | undefined;
}

/** The targets of files or arguments, as most commands take them. Upstream: cli-runtime/pkg/resource/builder.go Do */
export async function targetsOf(
  context: CommandContext,
  args: readonly string[] = context.args,
  options: TargetOptions = {},
): Promise<Target[]> {
  return chosen(context, understand(args), options);
}

/** Objects of one type by their names; TYPE/NAME is one of another type. Upstream: cli-runtime/pkg/resource/builder.go ResourceNames */
export async function targetsOfNames(
  context: CommandContext,
  type: string,
  names: readonly string[],
  options: TargetOptions = {},
): Promise<Target[]> {
  return chosen(context, pairsOf(names.map((name) => (name.includes("/") ? name : { type, name }))), options);
}

async function chosen(context: CommandContext, meant: Arguments, options: TargetOptions): Promise<Target[]> {
  await check(context, meant, fileErrors(context), options.faults);
  if (!hasFiles(context)) return resolve(context, meant, options);
  const conflict = conflictWithFiles(meant);
  if (conflict !== "") throw new Error(conflict);
  const { targetsOfFiles } = await import("./manifests.ts");
  return targetsOfFiles(context, options);
}

/** Types are looked up among the server's categories at once, for which kubectl makes its client. Upstream: Builder.ReplaceAliases */
async function check(context: CommandContext, meant: Arguments, wrong: readonly string[], faults: readonly string[] = []): Promise<void> {
  const errors: unknown[] = [...wrong, ...meant.errors].map((message) => new Error(message));
  if (meant.types.length > 0)
    await context.connection().catch((error: unknown) => {
      if (!(error instanceof ConfigurationError) || context.flags.text("namespace") === "") throw error;
      errors.push(errors.length + faults.length === 0 ? new ExitError(`Error in configuration: ${error.message}`) : error);
    });
  errors.push(...faults.map((message) => new Error(message)));
  throwAll(errors);
}

/** What can be told of -f, -k and -R before any file is read. */
export function checkFiles(context: CommandContext): void {
  throwAll(fileErrors(context).map((message) => new Error(message)));
}

/** For `get` and `describe`: what is wrong with files is told at the end, as it is. */
export async function collectedTargets(context: CommandContext, errors: unknown[], options: TargetOptions = {}): Promise<Target[]> {
  const wrong: unknown[] = [];
  const targets = await targetsOf(context, context.args, { ...options, errors: wrong });
  for (const error of wrong)
    errors.push(
      error instanceof StatusError || error instanceof ConnectionError || error instanceof WrongNamespace
        ? error
        : new ExitError(messageOf(error).replace(/^error: /, "")),
    );
  return targets;
}

/** Understands `pods`, `po,svc`, `po a b`, `po/a svc/b`. Upstream: cli-runtime/pkg/resource/builder.go ResourceTypeOrNameArgs */
export async function targetsOfArgs(
  context: CommandContext,
  args: readonly string[],
  options: Omit<TargetOptions, "errors"> = {},
): Promise<Target[]> {
  const meant = understand(args);
  await check(context, meant, []);
  return resolve(context, meant, options);
}

/** What arguments say before the server is asked: pairs, or types with names. */
interface Arguments {
  readonly pairs: readonly Pair[];
  readonly types: readonly string[];
  readonly names: readonly string[];
  readonly errors: readonly string[];
}

interface Pair {
  readonly type: string;
  readonly name: string;
}

const distinctTypes = (word: string): string[] => [...new Set(word.split(","))];

function understand(args: readonly string[]): Arguments {
  const [first = "", ...names] = args;
  const types = distinctTypes(first);
  const words = types.length > 1 ? (names.length > 0 ? types.flatMap((type) => names.map((name) => `${type}/${name}`)) : args) : args;
  const slashes = words.filter((word) => word.includes("/")).length;
  if (slashes === 0) return { pairs: [], types: args.length === 0 ? [] : types, names, errors: [] };
  if (slashes !== words.length) return { pairs: [], types: [], names: [], errors: [MIXED_FORMS] };
  return pairsOf(words);
}

function pairsOf(words: readonly (string | Pair)[]): Arguments {
  const pairs: Pair[] = [];
  for (const word of words) {
    if (typeof word !== "string") {
      pairs.push(word);
      continue;
    }
    const [type = "", name = "", ...more] = word.split("/");
    const error = more.length > 0 ? "may not have more than one slash" : "must have a single resource and name";
    if (more.length > 0 || type === "" || name === "" || type.includes(","))
      return { pairs, types: [], names: [], errors: [`arguments in resource/name form ${error}`] };
    pairs.push({ type, name });
  }
  return { pairs, types: [], names: [], errors: [] };
}

const MIXED_FORMS =
  "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";

/** What is wrong with -f, -k and -R before any file is read. Upstream: FilenameOptions.validate, Builder.FilenameParam */
function fileErrors({ flags }: CommandContext): string[] {
  const files = flags.list("filename");
  const folder = flags.text("kustomize");
  const wrong: string[] = [];
  if (folder !== "" && files.length > 0) wrong.push("only one of -f or -k can be specified");
  if (folder !== "" && flags.bool("recursive")) wrong.push("the -k flag can't be used with -f or -R");
  if (wrong.length > 0) return wrong;
  return files
    .filter((file) => file !== "-" && !/^https?:/.test(file) && !/[*?[]/.test(file) && pathKind(file) === undefined)
    .map((file) => `the path ${JSON.stringify(file)} does not exist`);
}

/** Upstream: Builder.visitByPaths */
function conflictWithFiles({ types, pairs }: Arguments): string {
  if (types.length > 0) return "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well";
  return pairs.length > 0 ? "resource/name arguments cannot be provided when a path is specified" : "";
}

/** Upstream: cli-runtime/pkg/resource/builder.go missingResourceError */
export const NOTHING_GIVEN =
  "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

/** Upstream: Builder.visitorResult and what it leads to */
async function resolve(context: CommandContext, meant: Arguments, options: TargetOptions): Promise<Target[]> {
  const { flags } = context;
  const selects =
    flags.text("selector").trim() !== "" ||
    flags.text("field-selector").trim() !== "" ||
    (options.allSelects === true && flags.bool("all"));
  const wrong = selects ? conflictWithSelectors(meant) : "";
  if (wrong !== "") throw new Error(wrong);
  if (meant.pairs.length === 0 && meant.types.length === 0) throw new Error(NOTHING_GIVEN);
  const discovery = await context.discovery();
  if (meant.pairs.length > 0) return targetsOfPairs(context, meant.pairs, options);
  const types = await withoutCategories(discovery, meant.types);
  if (meant.names.length > 0 && types.length > 1) throw new Error("you must specify only one resource");
  const infos = await resourcesOf(discovery, types);
  const place = await placing(context);
  if (meant.names.length > 0) {
    if (meant.names.includes("")) throw new Error("resource name may not be empty");
    return infos.flatMap((info) => meant.names.map((name) => ({ info, namespace: place(info, name), name })));
  }
  if (options.needsNames && !selects && !flags.bool("all")) throw new Error("resource(s) were provided, but no name was specified");
  return infos.map((info) => ({ info, namespace: place(info), name: undefined }));
}

/** Upstream: Builder.visitBySelector */
function conflictWithSelectors({ names, pairs, types }: Arguments): string {
  if (names.length > 0) return "name cannot be provided when a selector is specified";
  if (pairs.length > 0) return "selectors and the all flag cannot be used when passing resource/name arguments";
  return types.length === 0 ? "at least one resource must be specified to use a selector" : "";
}

async function targetsOfPairs(
  context: CommandContext,
  pairs: readonly Pair[],
  { singleType, clusterOnly }: TargetOptions,
): Promise<Target[]> {
  const discovery = await context.discovery();
  const infos = new Map<string, ResourceInfo>();
  for (const { type } of pairs) if (!infos.has(type)) infos.set(type, await discovery.get(type));
  if (singleType && new Set(infos.values()).size > 1) throw new Error("you may only specify a single resource type");
  if (clusterOnly && [...infos.values()].some(({ namespaced }) => namespaced))
    throw new Error("namespace may not be empty when retrieving a resource by name");
  const place = await placing(context);
  return pairs.flatMap(({ type, name }) => {
    const info = infos.get(type);
    return info ? [{ info, namespace: place(info, name), name }] : [];
  });
}

/** The namespace to look in; undefined for all of them. */
async function placing(context: CommandContext): Promise<(info: ResourceInfo, name?: string) => string | undefined> {
  const everywhere = context.flags.bool("all-namespaces");
  const chosen = (await context.connection()).namespace;
  return (info, name) => {
    if (!info.namespaced) return undefined;
    if (everywhere && name !== undefined) throw new Error("a resource cannot be retrieved by name across all namespaces");
    return everywhere ? undefined : chosen;
  };
}

/** Categories (`all`) give way to what they stand for. */
async function withoutCategories(discovery: Discovery, types: readonly string[]): Promise<(string | ResourceInfo)[]> {
  const words: (string | ResourceInfo)[] = [];
  for (const type of types) {
    const category = type.includes(".") ? [] : await discovery.inCategory(type);
    if (category.length > 0) words.push(...category);
    else words.push(type);
  }
  return words;
}

/** `po,pods` names one resource twice. */
async function resourcesOf(discovery: Discovery, types: readonly (string | ResourceInfo)[]): Promise<ResourceInfo[]> {
  const infos = new Set<ResourceInfo>();
  for (const type of types) infos.add(typeof type === "string" ? await discovery.get(type) : type);
  return [...infos];
}
