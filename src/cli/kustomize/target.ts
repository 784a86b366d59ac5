import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import { builtinTransformers } from "./builtin-transformers.ts";
import { mergedOptions } from "./generators.ts";
import { configOfDefinitions } from "./crds.ts";
import { decodeKustomization, fieldErrors, type GeneratorArgs, type Kustomization, type Variable } from "./kustomization.ts";
import { isRemoteError, type Loader } from "./loader.ts";
import type { OpenApi } from "./open-api.ts";
import { markOrigin, markTransformer, type Origin, originBelow, originOfPlugin, setOrigin } from "./origin.ts";
import {
  configured,
  configureGenerator,
  configureTransformer,
  type Generate,
  loadPlugin,
  type PluginContext,
  type Transform,
} from "./plugins.ts";
import type { Resource } from "./resource.ts";
import { resourcesOf } from "./resource-factory.ts";
import { ResourceList } from "./resource-list.ts";
import { configWith, EMPTY_CONFIG, mergeConfigs, type TransformerConfig } from "./transformer-config.ts";
import { isMap, type Json } from "./values.ts";
import { addVariables, bindVariables, showWritten } from "./variables.ts";

const FILE_NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

export interface Surroundings {
  readonly openApi: OpenApi;
  readonly enableHelm: boolean;
  readonly plugins: boolean;
  warn(text: string): void;
}

/** What a kustomization and those that it builds on have brought together. Upstream: kustomize/api/internal/accumulator */
export class Accumulated {
  readonly resources = new ResourceList();
  readonly variables = new Map<string, Variable>();
  config: TransformerConfig = EMPTY_CONFIG;

  add(other: Accumulated): void {
    for (const resource of other.resources.all) this.resources.append(resource);
    this.config = mergeConfigs(this.config, other.config);
    addVariables(this.variables, [...other.variables.values()]);
  }
}

const wrap = (prefix: string, error: unknown): Error => new Error(`${prefix}: ${(error as Error).message}`, { cause: error });

function attempt<T>(prefix: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw isRemoteError(error) ? error : wrap(prefix, error);
  }
}

/** One folder with a kustomization. Upstream: kustomize/api/internal/target KustTarget */
export class KustomizationTarget {
  readonly file: Kustomization;
  readonly #fileName: string;
  readonly #loader: Loader;
  readonly #surroundings: Surroundings;
  readonly #origin: Origin | undefined;

  constructor(loader: Loader, surroundings: Surroundings, parent?: { readonly origin: Origin | undefined }) {
    this.#loader = loader;
    this.#surroundings = surroundings;
    this.#fileName = fileNameIn(loader);
    const [value] = attempt("invalid Kustomization", () => parseYamlDocuments(loader.loadText(this.#fileName)));
    this.file = decodeKustomization(value, (text) => surroundings.warn(text));
    const errors = fieldErrors(this.file);
    if (errors.length > 0) throw new Error(`Failed to read kustomization file under ${loader.root}:\n${errors.join("\n")}`);
    // Only the outermost kustomization says whether origins are told.
    this.#origin = parent ? parent.origin : (this.file.buildMetadata ?? []).length > 0 ? {} : undefined;
  }

  /** The first schema that is named holds for the whole build. */
  setSchema(): void {
    const { path, version } = this.file.openapi ?? {};
    const schema = path === undefined ? undefined : parseYamlDocuments(this.#loader.loadText(path))[0];
    this.#surroundings.openApi.set(version, isMap(schema) ? schema : undefined);
  }

  accumulateAll(): Accumulated {
    return this.accumulate(new Accumulated());
  }

  /** Its resources, transformed; those of a component's parent are transformed with them. */
  accumulate(all: Accumulated): Accumulated {
    const { file } = this;
    let result = all;
    attempt("accumulating resources", () => this.#addResources(all, file.resources));
    all.config = mergeConfigs(all.config, configWith((file.configurations ?? []).map((path) => this.#config(path))));
    for (const path of file.crds ?? []) {
      const [definitions] = attempt(`loading CRDs [${(file.crds ?? []).join(" ")}]`, () => parseYamlDocuments(this.#loader.loadText(path)));
      if (!isMap(definitions))
        throw new Error(
          `loading CRDs [${(file.crds ?? []).join(" ")}]: unable to parse open API definition from '${path}': error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type accumulator.nameToApiMap`,
        );
      all.config = mergeConfigs(all.config, configOfDefinitions(definitions));
    }
    this.#generate(all);
    for (const path of file.components ?? []) result = attempt("accumulating components", () => this.#component(result, path));
    this.#transform(result.resources, result.config);
    this.#validate(result.resources);
    const variables = file.vars ?? [];
    attempt(`merging vars [${variables.map(showWritten).join(" ")}]`, () => {
      bindVariables(result.resources.all, variables);
      addVariables(result.variables, variables);
    });
    return result;
  }

  #config(path: string): unknown {
    const text = this.#loader.loadText(path);
    return attempt("error converting YAML to JSON", () => parseYamlDocuments(text)[0]);
  }

  #addResources(all: Accumulated, paths: readonly string[]): void {
    for (const path of paths) {
      let failure: Error;
      try {
        this.#addFile(all.resources, path);
        continue;
      } catch (error) {
        if (isRemoteError(error)) throw error;
        failure = error as Error;
      }
      let loader: Loader;
      const accumulation = `accumulation err='${failure.message}'`;
      try {
        loader = this.#loader.child(path);
      } catch (error) {
        if (isRemoteError(error)) throw error;
        throw failure.message.includes("MalformedYAMLError") ? failure : wrap(accumulation, error);
      }
      attempt(accumulation, () => this.#addFolder(all, loader, path));
    }
  }

  #addFile(list: ResourceList, path: string): void {
    const resources = attempt(`accumulating resources from '${path}'`, () => {
      const text = this.#loader.loadText(path);
      try {
        const read = new ResourceList();
        for (const resource of resourcesOf(text, this.#surroundings.openApi)) read.append(resource);
        return read.all;
      } catch (error) {
        const { message } = error as Error;
        throw message.includes("MalformedYAMLError") ? new Error(`${message} in File: ${path}`, { cause: error }) : error;
      }
    });
    if (this.#origin) for (const resource of resources) setOrigin(resource, originBelow(this.#origin, path));
    attempt(`merging resources from '${path}'`, () => {
      for (const resource of resources) list.append(resource);
    });
  }

  #addFolder(all: Accumulated, loader: Loader, path: string): void {
    const child = this.#child(loader, path);
    if (child.file.kind === "Component") throw new Error(`expected kind != 'Component' for path '${loader.root}'`);
    const own = attempt(`recursed accumulation of path '${loader.root}'`, () => child.accumulateAll());
    attempt(`recursed merging from path '${loader.root}'`, () => all.add(own));
  }

  #component(all: Accumulated, path: string): Accumulated {
    let loader: Loader;
    try {
      loader = this.#loader.child(path);
    } catch (error) {
      throw isRemoteError(error) ? error : new Error(`loader.New ${JSON.stringify((error as Error).message)}`, { cause: error });
    }
    try {
      const child = this.#child(loader, path);
      if (child.file.kind !== "Component")
        throw new Error(`expected kind 'Component' for path '${loader.root}' but got '${child.file.kind}'`);
      return attempt(`recursed accumulation of path '${loader.root}'`, () => child.accumulate(all));
    } catch (error) {
      throw isRemoteError(error) ? error : new Error(`accumulateDirectory: ${JSON.stringify((error as Error).message)}`, { cause: error });
    }
  }

  #child(loader: Loader, path: string): KustomizationTarget {
    const origin = this.#origin && originBelow(this.#origin, path);
    const child = attempt(
      `couldn't make target for path '${loader.root}'`,
      () => new KustomizationTarget(loader, this.#surroundings, { origin }),
    );
    child.setSchema();
    return child;
  }

  get #context(): PluginContext & { readonly plugins: boolean } {
    const { openApi, enableHelm, plugins } = this.#surroundings;
    return { loader: this.#loader, openApi, enableHelm, plugins };
  }

  #originOf(kind: string): Origin | undefined {
    if (!this.#origin) return undefined;
    const { path: configuredIn = "" } = originBelow(this.#origin, this.#fileName);
    return { configuredIn, configuredBy: { apiVersion: "builtin", kind } };
  }

  #generate({ resources }: Accumulated): void {
    const { configMapGenerator = [], secretGenerator = [], generatorOptions, helmCharts, helmGlobals = {}, generators = [] } = this.file;
    const withOptions = (args: GeneratorArgs): Json => ({ ...args, options: mergedOptions(args.options, generatorOptions) });
    const own: [string, Json][] = [
      ...configMapGenerator.map((args): [string, Json] => ["ConfigMapGenerator", withOptions(args)]),
      ...secretGenerator.map((args): [string, Json] => ["SecretGenerator", withOptions(args)]),
      ...helmCharts.map((chart): [string, Json] => ["HelmChartInflationGenerator", this.#chartConfig(helmGlobals, chart)]),
    ];
    const all: { readonly generate: Generate; readonly origin: Origin | undefined }[] = own.map(([kind, config]) => ({
      generate: configured(kind, config, () => configureGenerator(kind, config, this.#context)),
      origin: this.#originOf(kind),
    }));
    for (const { generate, origin } of all.concat(attempt("loading generator plugins", () => this.#externalGenerators(generators)))) {
      for (const resource of generate()) {
        if (origin) markOrigin(resource, origin);
        // Upstream tells the generator too, as an address in its memory.
        attempt("merging from generator", () => resources.absorb(resource));
      }
    }
  }

  #chartConfig(globals: Json, chart: Json): Json {
    const config = { ...globals, ...chart };
    return { ...config, ...(config["namespace"] || !this.file.namespace ? {} : { namespace: this.file.namespace }) };
  }

  #externalGenerators(entries: readonly string[]) {
    return this.#pluginResources(entries, "generator").map((resource) => {
      const { generate } = attempt("failed to load generator", () => loadPlugin(resource, "generator", this.#context));
      return { generate: generate ?? (() => []), origin: originOfPlugin(resource) };
    });
  }

  /** The configurations of plugins: texts, files or folders. */
  #pluginResources(entries: readonly string[], role: "generator" | "transformer"): Resource[] {
    const all = new Accumulated();
    const paths: string[] = [];
    for (const entry of entries) {
      let resources: Resource[];
      try {
        resources = resourcesOf(entry, this.#surroundings.openApi);
      } catch {
        paths.push(entry);
        continue;
      }
      if (this.#origin) for (const resource of resources) setOrigin(resource, originBelow(this.#origin, this.#fileName));
      attempt(`configuring external ${role}`, () => {
        for (const resource of resources) all.resources.append(resource);
      });
    }
    this.#addResources(all, paths);
    return all.resources.all;
  }

  #transform(resources: ResourceList, config: TransformerConfig): void {
    const own = builtinTransformers(this.file, config).map(([kind, fields]) => ({
      transform: configured(kind, fields, () => configureTransformer(kind, fields, this.#context)),
      origin: this.#originOf(kind),
    }));
    for (const { transform, origin } of [...own, ...this.#externalTransformers(this.file.transformers ?? [])]) {
      transform(resources);
      if (origin) markTransformer(resources, origin);
      resources.all = resources.all.filter(({ object }) => Object.keys(object).length > 0);
    }
  }

  #externalTransformers(entries: readonly string[]): { readonly transform: Transform; readonly origin: Origin | undefined }[] {
    return this.#pluginResources(entries, "transformer").map((resource) => {
      const { transform } = loadPlugin(resource, "transformer", this.#context);
      return { transform: transform ?? (() => undefined), origin: originOfPlugin(resource) };
    });
  }

  /** Validators are transformers that must not change anything. */
  #validate(resources: ResourceList): void {
    for (const { transform } of this.#externalTransformers(this.file.validators ?? [])) {
      const before = JSON.stringify(resources.all.map(({ object }) => object));
      transform(resources);
      if (JSON.stringify(resources.all.map(({ object }) => object)) !== before)
        throw new Error("validator shouldn't modify the resource map");
    }
  }
}

function fileNameIn(loader: Loader): string {
  const [name, ...others] = FILE_NAMES.filter((each) => loader.has(each));
  if (name === undefined)
    throw new Error(`unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${loader.root}'`);
  if (others.length > 0) throw new Error(`Found multiple kustomization files under: ${loader.root}\n`);
  return name;
}
