import { joinPath } from "../../host/cli-host.ts";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import { renderYaml } from "../../api/yaml.ts";
import { splitPath } from "./field-specs.ts";
import { generate, type Generated } from "./generators.ts";
import { decodeStruct, FLAG, INT, listOf, mapOf, type Shape, struct, TEXT } from "./go-struct.ts";
import { setImages } from "./images.ts";
import * as types from "./kustomization.ts";
import type { Loader } from "./loader.ts";
import type { OpenApi } from "./open-api.ts";
import { jsonPatchTransformer, patchTransformer, strategicMergeTransformer } from "./patches.ts";
import { applyReplacement, type Replacement } from "./replacements.ts";
import { Resource, showId, type Selector } from "./resource.ts";
import { hashNames } from "./hash.ts";
import type { ResourceList } from "./resource-list.ts";
import { addAffix, addPairs, moveToNamespace, setNamespace, setReplicas } from "./transformers.ts";
import { isMap, type Json, textOf } from "./values.ts";
import type { FieldSpec } from "./field-specs.ts";

export type Transform = (list: ResourceList) => void;
export type Generate = () => Resource[];

export interface PluginContext {
  readonly loader: Loader;
  readonly openApi: OpenApi;
  readonly enableHelm: boolean;
}

const FIELD_SPECS = listOf(types.FIELD_SPEC);
const METADATA = struct("types.ObjectMeta", { name: TEXT, namespace: TEXT });
const plugin = (name: string, fields: Record<string, Shape>): Shape => struct(`builtins.${name}Plugin`, fields);

/** The fields of each plugin's configuration. */
const SHAPES: Readonly<Record<string, Shape>> = {
  AnnotationsTransformer: plugin("AnnotationsTransformer", { annotations: mapOf(TEXT), fieldSpecs: FIELD_SPECS }),
  ConfigMapGenerator: struct("builtins.ConfigMapGeneratorPlugin", { metadata: METADATA, ...types.CONFIG_MAP_ARGS.fields }),
  SecretGenerator: struct("builtins.SecretGeneratorPlugin", { metadata: METADATA, ...types.SECRET_ARGS.fields }),
  HashTransformer: plugin("HashTransformer", {}),
  IAMPolicyGenerator: plugin("IAMPolicyGenerator", {
    cloud: TEXT,
    kubernetesService: struct("types.KubernetesService", { name: TEXT, namespace: TEXT }),
    serviceAccount: struct("types.ServiceAccount", { name: TEXT, projectId: TEXT }),
  }),
  ImageTagTransformer: plugin("ImageTagTransformer", { imageTag: types.IMAGE, fieldSpecs: FIELD_SPECS }),
  LabelTransformer: plugin("LabelTransformer", { labels: mapOf(TEXT), fieldSpecs: FIELD_SPECS }),
  NamespaceTransformer: plugin("NamespaceTransformer", {
    metadata: METADATA,
    fieldSpecs: FIELD_SPECS,
    unsetOnly: FLAG,
    setRoleBindingSubjects: { form: "string", goName: "namespace.RoleBindingSubjectMode" },
  }),
  PatchJson6902Transformer: plugin("PatchJson6902Transformer", { target: types.SELECTOR, path: TEXT, jsonOp: TEXT }),
  PatchStrategicMergeTransformer: plugin("PatchStrategicMergeTransformer", { paths: listOf(TEXT), patches: TEXT }),
  PatchTransformer: plugin("PatchTransformer", { path: TEXT, patch: TEXT, target: types.SELECTOR, options: types.PATCH_ARGS }),
  PrefixTransformer: plugin("PrefixTransformer", { prefix: TEXT, fieldSpecs: FIELD_SPECS }),
  SuffixTransformer: plugin("SuffixTransformer", { suffix: TEXT, fieldSpecs: FIELD_SPECS }),
  PrefixSuffixTransformer: plugin("PrefixTransformer", { prefix: TEXT, suffix: TEXT, fieldSpecs: FIELD_SPECS }),
  ReplacementTransformer: plugin("ReplacementTransformer", { replacements: listOf(types.REPLACEMENT_FIELD) }),
  ReplicaCountTransformer: plugin("ReplicaCountTransformer", { replica: types.REPLICA, fieldSpecs: FIELD_SPECS }),
  ValueAddTransformer: plugin("ValueAddTransformer", {
    value: TEXT,
    targets: listOf(struct("builtins.Target", { selector: types.SELECTOR, fieldPath: TEXT, filePathPosition: INT })),
    targetFilePath: TEXT,
  }),
  HelmChartInflationGenerator: plugin("HelmChartInflationGenerator", { name: TEXT }),
};

const GENERATORS = ["ConfigMapGenerator", "SecretGenerator", "IAMPolicyGenerator", "HelmChartInflationGenerator"];

/** A plugin that a resource configures. */
export function loadPlugin(resource: Resource, role: "generator" | "transformer", context: PluginContext & { readonly plugins: boolean }) {
  const { kind, group, version } = resource.gvk;
  if (group !== "" || version !== "builtin") {
    if (!context.plugins) throw new Error(`external plugins disabled; unable to load external plugin '${kind}'`);
    throw new Error(`kubesim runs no programs and containers for a build: unable to load external plugin '${kind}'`);
  }
  const shape = SHAPES[kind];
  if (!shape) throw new Error(`unable to load builtin ${kind}.${version}.[noGrp]`);
  let configured: { readonly generate?: Generate; readonly transform?: Transform };
  try {
    const config = decode(shape, resource.object);
    configured = GENERATORS.includes(kind)
      ? { generate: configureGenerator(kind, config, context) }
      : { transform: configureTransformer(kind, config, context) };
  } catch (error) {
    throw new Error(`plugin ${showId(resource.originalId)} fails configuration: ${(error as Error).message}`, { cause: error });
  }
  if (!configured[role === "generator" ? "generate" : "transform"]) throw new Error(`plugin ${showId(resource.originalId)} not a ${role}`);
  return configured;
}

/** A plugin that fields of the kustomization configure: mistakes are told with the configuration. */
export function configured<T>(kind: string, config: Json, configure: (kind: string, config: Json) => T): T {
  try {
    return configure(kind, config);
  } catch (error) {
    const shown = kind === "ReplacementTransformer" ? { Replacements: config["replacements"] } : config;
    throw new Error(`trouble configuring builtin ${kind} with config: \`\n${renderYaml(shown)}\`: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function decode(shape: Shape, value: unknown): Json {
  try {
    return decodeStruct(shape, value, { strict: false, coerce: true }) as Json;
  } catch (error) {
    throw new Error(`error unmarshaling JSON: while decoding JSON: ${(error as Error).message}`, { cause: error });
  }
}

export function configureGenerator(kind: string, config: Json, context: PluginContext): Generate {
  const { loader, openApi } = context;
  if (kind === "HelmChartInflationGenerator") {
    if (!context.enableHelm) throw new Error("must specify --enable-helm");
    throw new Error(
      `kubesim runs no helm: inflate the chart ${textOf(config["name"])} with \`helm template\`, and list the result under resources`,
    );
  }
  if (kind === "IAMPolicyGenerator") return () => [new Resource(policyAccount(config), openApi)];
  const { metadata = {}, ...args } = config as types.GeneratorArgs & { metadata?: { name?: string; namespace?: string } };
  const named: types.GeneratorArgs = {
    ...args,
    name: args.name || (metadata.name ?? ""),
    namespace: args.namespace || (metadata.namespace ?? ""),
  };
  const generated: Generated = kind === "SecretGenerator" ? "Secret" : "ConfigMap";
  return () => [generate(generated, named, { load: (file) => loader.load(file), openApi })];
}

function policyAccount(config: Json) {
  const {
    cloud,
    serviceAccount = {},
    kubernetesService = {},
  } = config as Record<string, unknown> & {
    serviceAccount?: { name?: string; projectId?: string };
    kubernetesService?: { name?: string; namespace?: string };
  };
  if (cloud !== "gke") throw new Error(`cloud provider ${textOf(cloud)} not supported yet`);
  const account = `${serviceAccount.name ?? ""}@${serviceAccount.projectId ?? ""}.iam.gserviceaccount.com`;
  const { name = "", namespace = "" } = kubernetesService;
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { annotations: { "iam.gke.io/gcp-service-account": account }, name, ...(namespace === "" ? {} : { namespace }) },
  };
}

interface TransformerFields {
  metadata?: { namespace?: string };
  fieldSpecs?: FieldSpec[];
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  imageTag?: types.Image;
  unsetOnly?: boolean;
  setRoleBindingSubjects?: string;
  target?: Selector;
  path?: string;
  patch?: string;
  patches?: string;
  jsonOp?: string;
  paths?: string[];
  options?: NonNullable<types.PatchEntry["options"]>;
  prefix?: string;
  suffix?: string;
  replacements?: (Replacement & { path?: string })[];
  replica?: { name?: string; count?: number };
}

export function configureTransformer(kind: string, config: Json, context: PluginContext): Transform {
  const fields: TransformerFields = config;
  const { fieldSpecs = [] } = fields;
  switch (kind) {
    case "AnnotationsTransformer":
      return (list) => addPairs(list, fieldSpecs, fields.annotations ?? {});
    case "LabelTransformer":
      return (list) => addPairs(list, fieldSpecs, fields.labels ?? {});
    case "ImageTagTransformer":
      return ({ all }) => setImages(all, fields.imageTag ?? {}, fieldSpecs);
    case "NamespaceTransformer":
      return namespaceTransformer(fields);
    case "PatchTransformer":
      return patchTransformer(fields as types.PatchEntry, renderYaml(config), context);
    case "PatchJson6902Transformer":
      return jsonPatchTransformer({ ...(fields as types.PatchEntry), patch: fields.jsonOp ?? "" }, context);
    case "PatchStrategicMergeTransformer":
      return strategicMergeTransformer(fields.paths ?? [], fields.patches ?? "", context);
    case "ReplacementTransformer":
      return replacementTransformer(fields.replacements ?? [], context.loader);
    case "ReplicaCountTransformer":
      return (list) => setReplicas(list, fields.replica ?? {}, fieldSpecs);
    case "ValueAddTransformer":
      return valueTransformer(config, context.loader);
    case "HashTransformer":
      return hashNames;
    default:
      return affixTransformer(fields, kind);
  }
}

const SUBJECT_MODES = ["allServiceAccounts", "defaultOnly", "none"];

function namespaceTransformer({
  metadata = {},
  fieldSpecs = [],
  unsetOnly = false,
  setRoleBindingSubjects = "",
}: TransformerFields): Transform {
  if (setRoleBindingSubjects !== "" && !SUBJECT_MODES.includes(setRoleBindingSubjects))
    throw new Error(
      `invalid value ${JSON.stringify(setRoleBindingSubjects)} for setRoleBindingSubjects: must be one of "defaultOnly", "none" or "allServiceAccounts"`,
    );
  const namespace = metadata.namespace ?? "";
  return (list) =>
    setNamespace(list, { namespace, fieldSpecs, unsetOnly, setRoleBindingSubjects: setRoleBindingSubjects || "defaultOnly" });
}

function affixTransformer({ prefix = "", suffix = "", fieldSpecs }: TransformerFields, kind: string): Transform {
  if (fieldSpecs === undefined) throw new Error("fieldSpecs is not expected to be nil");
  return (list) => {
    if (kind !== "SuffixTransformer") addAffix(list, "prefix", prefix, fieldSpecs);
    if (kind !== "PrefixTransformer") addAffix(list, "suffix", suffix, fieldSpecs);
  };
}

function replacementTransformer(entries: readonly (Replacement & { path?: string })[], loader: Loader): Transform {
  const replacements = entries.flatMap((entry) => {
    if (!entry.path) return [entry];
    if (entry.source !== undefined || (entry.targets ?? []).length > 0) throw new Error("cannot specify both path and inline replacement");
    const [value] = parseYamlDocuments(loader.loadText(entry.path));
    if (Array.isArray(value)) return decode(listOf(types.REPLACEMENT), value) as unknown as Replacement[];
    if (isMap(value)) return [decode(types.REPLACEMENT, value) as Replacement];
    throw new Error(
      `unsupported replacement type encountered within replacement path: ${typeof value === "string" ? "string" : "invalid"}`,
    );
  });
  return (list) => {
    for (const replacement of replacements) applyReplacement(list, replacement);
  };
}

interface ValueTarget {
  selector?: Selector;
  fieldPath?: string;
  filePathPosition?: number;
}

/** Puts one value, or the folder's name, into fields. Upstream: ValueAddTransformer */
function valueTransformer(config: Json, loader: Loader): Transform {
  const { value = "", targets = [], targetFilePath = "" } = config as { value?: string; targets?: ValueTarget[]; targetFilePath?: string };
  const text = value.trim() || (loader.root.split("/").at(-1) ?? "");
  const more = targetFilePath === "" ? [] : parseYamlDocuments(loader.loadText(targetFilePath));
  const fromFile = more.flatMap((each) => (isMap(each) && Array.isArray(each["targets"]) ? (each["targets"] as ValueTarget[]) : []));
  const all = [...targets, ...fromFile];
  if (all.length === 0) throw new Error("must specify at least one target");
  for (const { fieldPath = "", filePathPosition = 0 } of all) {
    if (fieldPath === "") throw new Error("fieldPath cannot be empty");
    if (filePathPosition < 0) throw new Error(`value of FilePathPosition (${filePathPosition}) cannot be negative`);
  }
  return (list) => {
    for (const target of all)
      for (const resource of target.selector ? list.select(target.selector) : list.all) addValue(resource, text, target);
  };
}

function addValue(resource: Resource, text: string, { fieldPath = "", filePathPosition = 0 }: ValueTarget): void {
  if (fieldPath === "metadata/namespace") return moveToNamespace(resource, { namespace: text, fieldSpecs: [] });
  const words = splitPath(fieldPath, "/");
  const last = words.pop() ?? "";
  let map: Json = resource.object;
  for (const word of words) {
    if (!isMap(map[word])) map[word] = {};
    map = map[word] as Json;
  }
  map[last] = filePathPosition > 0 ? withPart(textOf(map[last]), filePathPosition - 1, text) : text;
}

/** A path with one more part; the slash that it begins with does not count. */
function withPart(path: string, position: number, part: string): string {
  const parts = path.split("/").filter((each) => each !== "");
  parts.splice(Math.min(position, parts.length), 0, part);
  return `${path.startsWith("/") ? "/" : ""}${joinPath(...parts)}`;
}
