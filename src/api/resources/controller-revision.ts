import { required } from "../field-errors.ts";
import type { ControllerRevision } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer, text } from "./support/columns.ts";
import { nonNegative, validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/apps/controllerrevision */
export const controllerRevisions: Kind<ControllerRevision> = {
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  singular: "controllerrevision",
  namespaced: true,
  schema: { package: "apps/v1", type: "ControllerRevision" },
  validate: (revision) => [
    ...(revision.data === undefined || revision.data === null ? [required("data", "data is mandatory")] : []),
    ...nonNegative(revision.revision, "revision"),
  ],
  validateUpdate: (revision, old) => validateImmutable(revision.data, old.data, "data"),
  columns: [
    text("Controller", "Whose revision it is.", (revision) => {
      const owner = revision.metadata.ownerReferences?.find((reference) => reference.controller);
      return owner ? `${ownerKind(owner)}/${owner.name}` : "<none>";
    }),
    integer("Revision", "Its number.", (revision) => revision.revision ?? 0),
    age(),
  ],
};

/** "daemonset.apps", or "pod" for the core group. */
function ownerKind(owner: { kind: string; apiVersion: string }): string {
  const [group, version] = owner.apiVersion.split("/");
  return version === undefined ? owner.kind.toLowerCase() : `${owner.kind}.${group}`.toLowerCase();
}
