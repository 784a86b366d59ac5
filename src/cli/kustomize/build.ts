import * as host from "../../host/cli-host.ts";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import { absorb, generate } from "./generators.ts";
import { hashOf } from "./hash.ts";
import { checkKustomization, fieldErrors, type Kustomization } from "./kustomization.ts";
import { parseResources } from "./parse.ts";
import { fixReferences } from "./name-references.ts";
import { applyJsonEntry, applyPatchEntry, applyStrategicPatches } from "./patches.ts";
import { applyReplacement, type Replacement } from "./replacements.ts";
import { type KObject, Resource, showId } from "./resource.ts";
import { addAnnotations, addLabels, addPrefixAndSuffix, setImages, setNamespace, setReplicas } from "./transformers.ts";

const FILE_NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const LOCAL_CONFIG = "config.kubernetes.io/local-config";

export interface BuildOptions {
  warn(text: string): void;
  /** The order when the kustomization names none. */
  readonly order: "legacy" | "fifo";
  /** Whether files outside the kustomization's folder may be read. */
  readonly anywhere?: boolean;
}

/** Builds the kustomization of a folder. Upstream: kustomize/api/krusty */
export function buildKustomization(folder: string, options: BuildOptions): KObject[] {
  refuseRemote(folder);
  const root = host.absolutePath(folder);
  if (host.pathKind(root) === undefined)
    throw new Error(
      `must build at directory: not a valid directory: evalsymlink failure on '${folder}' : lstat ${root}: no such file or directory`,
    );
  if (host.pathKind(root) === "file")
    throw new Error(`must build at directory: not a valid directory: '${folder}' must be a directory so that it can used as a build root`);
  const target = new KustomizationTarget(root, options, []);
  let all = target.accumulate([]);
  for (const resource of all) {
    if (!resource.needsHash) continue;
    resource.remember();
    resource.metadata.name = `${resource.metadata.name ?? ""}-${contentHash(resource.object)}`;
  }
  fixReferences(all);
  all = all.filter(({ metadata }) => metadata.annotations?.[LOCAL_CONFIG] === undefined);
  const sorting = target.file.sortOptions;
  const order = sorting?.order ?? options.order;
  return (order === "legacy" ? sorted(all, sorting?.legacySortOptions) : all).map(({ object }) => object);
}

function refuseRemote(path: string): void {
  if (/^(https?|ssh|git|file):\/\/|^git@|^github\.com\/|\.git(\/|\?|$)/.test(path))
    throw new Error(`kubesim does not fetch remote kustomizations: ${path}`);
}

/** The name of the object is left out: kustomize looks it up under a key that is not there. */
function contentHash(object: KObject): string {
  const { kind, data = "", binaryData, stringData, type = "" } = object;
  if (kind === "ConfigMap") return hashOf({ kind, name: "", data, ...(binaryData ? { binaryData } : {}) });
  if (kind === "Secret") return hashOf({ kind, name: "", type, data, ...(stringData ? { stringData } : {}) });
  return hashOf(object);
}

/** One folder with a kustomization. */
class KustomizationTarget {
  readonly file: Kustomization;
  readonly #root: string;
  readonly #options: BuildOptions;
  readonly #parents: readonly string[];

  constructor(root: string, options: BuildOptions, parents: readonly string[]) {
    this.#root = root;
    this.#options = options;
    this.#parents = parents;
    const present = FILE_NAMES.map((name) => host.joinPath(root, name)).filter((file) => host.pathKind(file) === "file");
    const [file] = present;
    if (file === undefined)
      throw new Error(`unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${root}'`);
    if (present.length > 1) throw new Error(`Found multiple kustomization files under: ${root}\n`);
    let documents: unknown[];
    try {
      documents = parseYamlDocuments(host.readText(file));
    } catch (error) {
      throw new Error(`invalid Kustomization: ${(error as Error).message}`, { cause: error });
    }
    this.file = checkKustomization(documents[0], (text) => options.warn(text));
    const errors = fieldErrors(this.file);
    if (errors.length > 0) throw new Error(`Failed to read kustomization file under ${root}:\n${errors.join("\n")}`);
  }

  /** Its resources, transformed; those of a component's parent are transformed with them. */
  accumulate(before: readonly Resource[]): Resource[] {
    const { file } = this;
    let all = [...before];
    for (const path of [...(file.resources ?? []), ...(file.bases ?? [])]) this.#addResources(all, path);
    for (const kind of ["ConfigMap", "Secret"] as const)
      for (const args of (kind === "ConfigMap" ? file.configMapGenerator : file.secretGenerator) ?? [])
        addGenerated(
          all,
          generate(kind, args, file.generatorOptions ?? {}, (name) => this.#load(name)),
        );
    for (const path of file.components ?? []) all = this.#component(all, path);
    return this.#transform(all);
  }

  #transform(resources: Resource[]): Resource[] {
    const { file } = this;
    const load = (name: string) => this.#load(name);
    let all = applyStrategicPatches(resources, file.patchesStrategicMerge ?? [], load);
    for (const entry of file.patches ?? []) all = applyPatchEntry(all, entry, load);
    setNamespace(all, file.namespace ?? "");
    addPrefixAndSuffix(all, file.namePrefix ?? "", file.nameSuffix ?? "");
    addLabels(all, file);
    addAnnotations(all, file.commonAnnotations ?? {});
    for (const entry of file.patchesJson6902 ?? []) applyJsonEntry(all, entry, load);
    setReplicas(all, file.replicas ?? []);
    setImages(all, [...(file.images ?? []), ...(file.imageTags ?? [])]);
    for (const entry of file.replacements ?? [])
      for (const each of entry.path ? this.#replacements(entry.path) : [entry]) applyReplacement(all, each);
    return all;
  }

  #replacements(path: string): Replacement[] {
    return parseYamlDocuments(this.#load(path).toString("utf8")).flat() as Replacement[];
  }

  #addResources(all: Resource[], path: string): void {
    const fail = (text: string) => new Error(`accumulating resources: ${text}`);
    refuseRemote(path);
    const full = host.joinPath(this.#root, path);
    const place = path.startsWith("/") ? path : full;
    const kind = host.pathKind(place);
    if (kind === undefined)
      throw fail(
        `accumulation err='accumulating resources from '${path}': evalsymlink failure on '${place}' : lstat ${place}: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '${place}' : lstat ${place}: no such file or directory`,
      );
    if (kind === "folder") {
      const prefix = `accumulation err='accumulating resources from '${path}': '${place}' must resolve to a file': `;
      if ([...this.#parents, this.#root].includes(place))
        throw fail(`${prefix}cycle detected: candidate root '${place}' contains visited root '${this.#root}'`);
      for (const resource of this.#child(place, (text) => fail(prefix + text)).accumulate([]))
        append(all, resource, (text) => fail(`${prefix}recursed merging from path '${place}': ${text}`));
      return;
    }
    let objects: KObject[];
    try {
      objects = expandLists(parseResources(this.#load(path).toString("utf8")) as KObject[]);
    } catch (error) {
      throw fail(`accumulating resources from '${path}': MalformedYAMLError: ${(error as Error).message} in File: ${path}`);
    }
    for (const object of objects) {
      const problem = !object.kind ? `missing metadata.name in object` : undefined;
      if (problem !== undefined || (!object.metadata?.name && !object.kind?.endsWith("List")))
        throw fail(
          `accumulation err='accumulating resources from '${path}': missing metadata.name in object {{${object.apiVersion ?? ""} ${object.kind ?? ""}} {{ } map[] map[]}}': must build at directory: '${place}': file is not directory`,
        );
      append(all, new Resource(structuredClone(object)), (text) =>
        fail(`accumulation err='merging resources from '${path}': ${text}': must build at directory: '${place}': file is not directory`),
      );
    }
  }

  #child(place: string, fail: (text: string) => Error): KustomizationTarget {
    try {
      return new KustomizationTarget(place, this.#options, [...this.#parents, this.#root]);
    } catch (error) {
      throw fail(`couldn't make target for path '${place}': ${(error as Error).message}`);
    }
  }

  #component(all: Resource[], path: string): Resource[] {
    refuseRemote(path);
    const place = host.joinPath(this.#root, path);
    if (host.pathKind(place) === undefined)
      throw new Error(
        `accumulating components: loader.New "must build at directory: not a valid directory: evalsymlink failure on '${place}' : lstat ${place}: no such file or directory"`,
      );
    const child = new KustomizationTarget(place, this.#options, [...this.#parents, this.#root]);
    const kind = child.file.kind ?? "Kustomization";
    if (kind !== "Component")
      throw new Error(`accumulating components: accumulateDirectory: "expected kind 'Component' for path '${place}' but got '${kind}'"`);
    return child.accumulate(all);
  }

  #load(name: string): Buffer {
    const full = name.startsWith("/") ? name : host.joinPath(this.#root, name);
    if (host.pathKind(full) !== "file") throw new Error(`evalsymlink failure on '${full}' : lstat ${full}: no such file or directory`);
    if (!this.#options.anywhere && !full.startsWith(`${this.#root}/`))
      throw new Error(`security; file '${full}' is not in or below '${this.#root}'`);
    return host.readBytes(full);
  }
}

function expandLists(objects: readonly KObject[]): KObject[] {
  return objects.flatMap((object) =>
    object.kind?.endsWith("List") && Array.isArray(object["items"]) ? expandLists(object["items"] as KObject[]) : [object],
  );
}

function append(all: Resource[], resource: Resource, fail: (text: string) => Error): void {
  const id = showId(resource.id);
  if (all.some((other) => showId(other.id) === id)) throw fail(`may not add resource with an already registered id: ${id}`);
  all.push(resource);
}

function addGenerated(all: Resource[], resource: Resource): void {
  const index = all.findIndex((other) => other.hasId(resource.id));
  const old = all[index];
  const { kind, name, namespace, version } = resource.id;
  const shown = `resid.ResId{Gvk:resid.Gvk{Group:"", Version:${JSON.stringify(version)}, Kind:${JSON.stringify(kind)}, isClusterScoped:false}, Name:${JSON.stringify(name)}, Namespace:${JSON.stringify(namespace)}}`;
  if (!old) {
    if (resource.behavior !== "create") throw new Error(`merging from generator: id ${shown} does not exist; cannot merge or replace`);
    all.push(resource);
    return;
  }
  if (resource.behavior === "create")
    throw new Error(`merging from generator: id ${shown} exists; can not use behavior: 'create', behavior must be merge or replace`);
  absorb(resource, old);
  all[index] = resource;
}

const FIRST =
  "Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole RoleBinding ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim Deployment StatefulSet CronJob PodDisruptionBudget".split(
    " ",
  );
const LAST = "MutatingWebhookConfiguration ValidatingWebhookConfiguration".split(" ");

/** The order in which dependencies come before what needs them, more or less. Upstream: SortOrderTransformer */
function sorted(
  all: readonly Resource[],
  { orderFirst = FIRST, orderLast = LAST }: { orderFirst?: string[]; orderLast?: string[] } = {},
): Resource[] {
  const rank = (kind: string) => (orderFirst.includes(kind) ? orderFirst.indexOf(kind) - orderFirst.length : orderLast.indexOf(kind) + 1);
  const gvk = ({ id }: Resource) => `${id.group || "~G"}_${id.version || "~V"}_${id.kind}`;
  const place = ({ id }: Resource) =>
    `${id.kind}.${id.version || "[noVer]"}.${id.group || "[noGrp]"}|${id.namespace || "~X"}|${id.name || "~N"}`;
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...all].sort((a, b) => rank(a.id.kind) - rank(b.id.kind) || compare(gvk(a), gvk(b)) || compare(place(a), place(b)));
}
