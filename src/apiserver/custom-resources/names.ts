import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
} from "../../api/generated/apiextensions-v1.ts";
import { sameJson } from "../../api/merge-patch.ts";
import { conditionOf } from "../../api/resources/custom-resource-definition.ts";

export interface NamesVerdict {
  readonly acceptedNames: CustomResourceDefinitionNames;
  readonly namesAccepted: CustomResourceDefinitionCondition;
  readonly established: CustomResourceDefinitionCondition;
}

/** The names that are taken in a group, by what has been accepted so far. */
export interface TakenNames {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

export function takenNames(definitions: readonly CustomResourceDefinition[], group: string): TakenNames {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { spec, status } of definitions) {
    const names = status?.acceptedNames;
    if (spec.group !== group || !names) continue;
    for (const name of [names.plural, names.singular ?? "", ...(names.shortNames ?? [])]) resources.add(name);
    for (const name of [names.kind, names.listKind ?? ""]) kinds.add(name);
  }
  return { resources, kinds };
}

/** Which of its names a definition may have. Upstream: apiextensions-apiserver/pkg/controller/status/naming_controller.go */
export function judgeNames(crd: CustomResourceDefinition, taken: TakenNames): NamesVerdict {
  const wanted = crd.spec.names;
  const accepted = crd.status.acceptedNames ?? { plural: "", kind: "" };
  const next: CustomResourceDefinitionNames = { ...accepted };
  let conflict: { reason: string; message: string } | undefined;
  const judge = (field: "plural" | "singular" | "kind" | "listKind", reason: string, used: ReadonlySet<string>) => {
    const name = wanted[field] ?? "";
    if (name !== (accepted[field] ?? "") && used.has(name)) conflict = { reason, message: `${JSON.stringify(name)} is already in use` };
    else next[field] = name;
  };
  judge("plural", "PluralConflict", taken.resources);
  judge("singular", "SingularConflict", taken.resources);
  if (!sameJson(wanted.shortNames ?? [], accepted.shortNames ?? [])) {
    const used = (wanted.shortNames ?? [])
      .filter((name) => !accepted.shortNames?.includes(name) && taken.resources.has(name))
      .map((name) => `${JSON.stringify(name)} is already in use`);
    if (used.length > 0) conflict = { reason: "ShortNamesConflict", message: used.length === 1 ? (used[0] ?? "") : `[${used.join(", ")}]` };
    else if (wanted.shortNames) next.shortNames = wanted.shortNames;
    else delete next.shortNames;
  }
  judge("kind", "KindConflict", taken.kinds);
  judge("listKind", "ListKindConflict", taken.kinds);
  if (wanted.categories) next.categories = wanted.categories;
  else delete next.categories;
  return { acceptedNames: next, ...conditionsOf(crd, conflict) };
}

function conditionsOf(
  crd: CustomResourceDefinition,
  conflict: { reason: string; message: string } | undefined,
): Pick<NamesVerdict, "namesAccepted" | "established"> {
  const namesAccepted = conflict
    ? { type: "NamesAccepted", status: "False", ...conflict }
    : { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" };
  const old = conditionOf(crd, "Established");
  if (old?.status !== "True" && !conflict)
    return {
      namesAccepted,
      established: { type: "Established", status: "False", reason: "Installing", message: "the initial names have been accepted" },
    };
  return {
    namesAccepted,
    established: old ?? { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
  };
}
