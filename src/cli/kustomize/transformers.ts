import { type Field, type FieldSpec, visitField } from "./field-specs.ts";
import { isSelected, type Resource, sameId, showGvk } from "./resource.ts";
import type { ResourceList } from "./resource-list.ts";
import { isMap, textOf, wrongKind } from "./values.ts";

export interface NamespaceOptions {
  readonly namespace: string;
  readonly fieldSpecs: readonly FieldSpec[];
  /** Resources that have a namespace keep it. */
  readonly unsetOnly?: boolean;
  readonly setRoleBindingSubjects?: string;
}

/** Upstream: NamespaceTransformer, kustomize/api/filters/namespace */
export function setNamespace({ all }: ResourceList, options: NamespaceOptions): void {
  if (options.namespace === "") return;
  for (const resource of all) {
    resource.remember();
    moveToNamespace(resource, options);
    const same = all.filter(({ id }) => sameId(id, resource.id));
    if (same.length !== 1) throw new Error(`namespace transformation produces ID conflict: ${goResources(same)}`);
  }
}

const goResources = (all: readonly Resource[]) => `[${all.map(({ object }) => JSON.stringify(object)).join(" ")}]`;

/** One resource, and what it says of namespaces. */
export function moveToNamespace(resource: Resource, options: NamespaceOptions): void {
  const { namespace, fieldSpecs, unsetOnly = false } = options;
  const set = (field: Field) => {
    if (unsetOnly && textOf(field.value) !== "") return;
    setScalar(field, namespace);
  };
  const { apiVersion, kind = "" } = resource.object;
  if (!resource.clusterScoped) visitField(resource, { path: "metadata/namespace", create: true }, "scalar", set);
  const isBinding = kind === "RoleBinding" || kind === "ClusterRoleBinding";
  if (isBinding) setSubjects(resource, options);
  for (const spec of fieldSpecs) {
    if (spec.path === "metadata/namespace" || (spec.path === "metadata/name" && apiVersion !== "v1")) continue;
    if (isBinding && spec.path === "subjects/namespace" && (spec.kind === "RoleBinding" || spec.kind === "ClusterRoleBinding")) continue;
    try {
      visitField(resource, spec, "scalar", set);
    } catch (error) {
      const { message } = error as Error;
      const head = message.includes("wrong node kind")
        ? "namespace field specs must target scalar nodes"
        : "namespace transformation failed";
      throw new Error(`${head}: ${message}`, { cause: error });
    }
  }
}

function setSubjects(
  { object }: Resource,
  { namespace, unsetOnly = false, setRoleBindingSubjects = "defaultOnly" }: NamespaceOptions,
): void {
  const subjects = object["subjects"];
  if (setRoleBindingSubjects === "none" || !Array.isArray(subjects)) return;
  for (const subject of subjects) {
    if (!isMap(subject)) continue;
    const isMeant = setRoleBindingSubjects === "allServiceAccounts" ? subject["kind"] === "ServiceAccount" : subject["name"] === "default";
    if (isMeant && !(unsetOnly && textOf(subject["namespace"]) !== "")) subject["namespace"] = namespace;
  }
}

const NOT_RENAMED = [{ kind: "CustomResourceDefinition" }, { group: "apiregistration.k8s.io", kind: "APIService" }, { kind: "Namespace" }];

/** Upstream: PrefixTransformer, SuffixTransformer */
export function addAffix({ all }: ResourceList, place: "prefix" | "suffix", text: string, specs: readonly FieldSpec[]): void {
  for (const resource of all) {
    const { originalId } = resource;
    if (NOT_RENAMED.some((gvk) => isSelected(originalId, gvk))) continue;
    for (const spec of specs) {
      if (!isSelected(originalId, spec)) continue;
      if (spec.path === "metadata/name" && text !== "") {
        (place === "prefix" ? resource.prefixes : resource.suffixes).push(text);
        resource.remember();
      }
      visitField(resource, spec, "scalar", (field) => {
        const old = textOf(field.value);
        setScalar(field, place === "prefix" ? text + old : old + text);
      });
    }
  }
}

/** Labels or annotations, into maps. */
export function addPairs({ all }: ResourceList, specs: readonly FieldSpec[], pairs: Readonly<Record<string, string>>): void {
  if (Object.keys(pairs).length === 0) return;
  for (const resource of all)
    for (const spec of specs)
      visitField(resource, spec, "map", (field) => {
        if (field.value !== null && !isMap(field.value)) throw wrongKind("MappingNode", field.value);
        field.set({ ...field.value, ...pairs });
      });
}

export function setReplicas(
  { all }: ResourceList,
  { name = "", count = 0 }: { name?: string; count?: number },
  specs: readonly FieldSpec[],
): void {
  let found = false;
  for (const spec of specs)
    for (const resource of all) {
      if (!resource.anyIds.some((id) => id.name === name && isSelected(id, spec))) continue;
      found = true;
      visitField(resource, spec, "scalar", (field) => setScalar(field, count));
    }
  if (!found)
    throw new Error(`resource with name ${name} does not match a config with the following GVK [${specs.map(showGvk).join(" ")}]`);
}

function setScalar(field: Field, value: string | number): void {
  if (typeof field.value === "object" && field.value !== null) throw wrongKind("ScalarNode", field.value);
  field.set(value);
}
