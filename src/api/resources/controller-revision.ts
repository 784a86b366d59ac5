import type { ControllerRevision } from "../generated/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer, text } from "./support/columns.ts";

/** Upstream: pkg/registry/apps/controllerrevision */
export const controllerRevisions: Kind<ControllerRevision> = {
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  singular: "controllerrevision",
  namespaced: true,
  schema: { package: "apps/v1", type: "ControllerRevision" },
  columns: [
    text("Controller", "Whose revision it is.", (revision) => {
      const owner = revision.metadata.ownerReferences?.find((reference) => reference.controller);
      return owner ? `${owner.kind.toLowerCase()}.${owner.apiVersion.split("/")[0]}/${owner.name}` : "<none>";
    }),
    integer("Revision", "Its number.", (revision) => revision.revision ?? 0),
    age(),
  ],
};
