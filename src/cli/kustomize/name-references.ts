import { type Field, visitField } from "./field-specs.ts";
import { effectiveNamespace, type Gvk, isSelected, type Resource, showId } from "./resource.ts";
import type { NameReference } from "./transformer-config.ts";
import { isMap, isMissing, type Json, textOf } from "./values.ts";
import { renderYaml } from "../../api/yaml.ts";

/** Lets references follow the names and namespaces that changed. Upstream: kustomize/api/filters/nameref */
export function fixReferences(all: readonly Resource[], references: readonly NameReference[]): void {
  const originalIds = new Map(all.map((resource) => [resource, resource.originalId]));
  for (const referrer of all) {
    const candidates = reachableFrom(referrer, all);
    for (const { fieldSpecs = [], ...target } of references)
      for (const spec of fieldSpecs) {
        const original = originalIds.get(referrer);
        if (!original || !isSelected(original, spec)) continue;
        const reference: Reference = { referrer, target, path: spec.path, candidates };
        // The kind may have changed since: it was chosen by what it was.
        const visited = { path: spec.path, ...(spec.create === undefined ? {} : { create: spec.create }) };
        try {
          visitField(referrer, visited, undefined, (field) => update(field, reference));
        } catch (error) {
          throw new Error(`updating name reference in '${spec.path}' field of '${showId(referrer.id)}': ${(error as Error).message}`, {
            cause: error,
          });
        }
      }
  }
}

interface Reference {
  readonly referrer: Resource;
  readonly target: Partial<Gvk>;
  readonly path: string;
  readonly candidates: readonly Resource[];
}

/** Those of its namespace, of none, and of the namespaces that a role binding names. */
function reachableFrom(referrer: Resource, all: readonly Resource[]): readonly Resource[] {
  const { id } = referrer;
  if (id.clusterScoped) return all;
  const subjects = referrer.object["subjects"];
  const named =
    id.kind === "RoleBinding" && Array.isArray(subjects)
      ? subjects
          .filter((subject) => isMap(subject) && subject["kind"] === "ServiceAccount")
          .map((subject: Json) => textOf(subject["namespace"]))
      : [];
  return all.filter(
    (each) =>
      each.clusterScoped ||
      effectiveNamespace(each.id) === effectiveNamespace(id) ||
      (each.id.namespace !== "" && named.includes(each.id.namespace)),
  );
}

function update(field: Field, reference: Reference): void {
  const { value } = field;
  if (isMissing(value)) return;
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) {
      if (isMap(item)) updateMap(item, reference);
      else if (!isMissing(item)) value[index] = renamed(item, reference);
    }
  else if (isMap(value)) updateMap(value, reference);
  else field.set(renamed(value, reference));
}

const renamed = (name: unknown, reference: Reference): unknown =>
  referral(textOf(name), reference, reference.candidates)?.metadata.name ?? name;

/** A reference by name and namespace: subjects of role bindings, services of webhooks. */
function updateMap(map: Json, reference: Reference): void {
  if (!("name" in map)) throw new Error("path config error; no 'name' field in node");
  const found = referral(textOf(map["name"]), reference, candidatesIn(map["namespace"], reference.candidates), true);
  if (!found) return;
  const { name, namespace } = found.id;
  map["name"] = name;
  if (namespace !== "") map["namespace"] = namespace;
}

function candidatesIn(namespace: unknown, candidates: readonly Resource[]): readonly Resource[] {
  if (namespace === undefined) return candidates;
  const among = (idOf: "originalId" | "id") =>
    candidates.filter((each) => !each[idOf].clusterScoped && effectiveNamespace(each[idOf]) === textOf(namespace));
  const originally = among("originalId");
  return originally.length > 0 ? originally : among("id");
}

function referral(name: string, reference: Reference, candidates: readonly Resource[], withNamespace = false): Resource | undefined {
  const { referrer, target, path } = reference;
  const roleRef = path.endsWith("roleRef/name") ? referrer.object["roleRef"] : undefined;
  const role = isMap(roleRef) && "apiGroup" in roleRef && "kind" in roleRef ? roleRef : undefined;
  const reachable = candidates.filter((each) => {
    const earlier = each.previousIds;
    return (
      earlier.some((id) => id.name === name) &&
      earlier.some((id) => isSelected(id, target)) &&
      (!role || earlier.some((id) => isSelected(id, { group: textOf(role["apiGroup"]), kind: textOf(role["kind"]) }))) &&
      isInReach(referrer, each)
    );
  });
  if (reachable.length <= 1) return reachable[0];
  let close = reachable.filter((each) => sameNaming(each, referrer, true));
  if (close.length > 1) close = close.filter((each) => sameNaming(each, referrer, false));
  const [first] = close;
  if (!first || close.length === 1) return first;
  if (close.every(({ id }) => id.name === first.id.name && (!withNamespace || id.namespace === first.id.namespace))) return first;
  throw new Error(`found multiple possible referrals: ${close.map(({ id }) => showId(id)).join(", ")}\n${details(referrer, close)}`);
}

const isInReach = (referrer: Resource, { id }: Resource): boolean =>
  referrer.clusterScoped || id.clusterScoped || id.kind === "ServiceAccount" || effectiveNamespace(referrer.id) === effectiveNamespace(id);

function details(referrer: Resource, all: readonly Resource[]): string {
  const possible = all.map(({ object }, index) => `--- possible referral ${index}:\n${renderYaml(object)}\n`).join("");
  return `\n**** Too many possible referral targets to referrer:\n${renderYaml(referrer.object)}\n${possible}`;
}

function sameNaming(a: Resource, b: Resource, allowEmpty: boolean): boolean {
  const same = (x: readonly string[], y: readonly string[]) => (allowEmpty && (x.length === 0 || y.length === 0)) || sameEnd(x, y);
  return same(a.prefixes, b.prefixes) && same(a.suffixes, b.suffixes);
}

function sameEnd(a: readonly string[], b: readonly string[]): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length === 0) return long.length === 0;
  return short.every((each, index) => each === long[long.length - short.length + index]);
}
