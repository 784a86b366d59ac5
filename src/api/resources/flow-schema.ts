import type { FlowSchema } from "../generated/flowcontrol-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

/** Upstream: pkg/registry/flowcontrol/flowschema */
export const flowSchemas: Kind<FlowSchema> = {
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  plural: "flowschemas",
  singular: "flowschema",
  namespaced: false,
  hasGeneration: true,
  schema: { package: "flowcontrol/v1", type: "FlowSchema" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.matchingPrecedence ||= 1000;
  },
  warnings: notSimulated("FlowSchemas", "all requests are served as they come"),
  columns: [
    text("PriorityLevel", "The level it sends requests to.", ({ spec }) => spec.priorityLevelConfiguration.name),
    integer("MatchingPrecedence", "The lowest that matches wins.", ({ spec }) => spec.matchingPrecedence ?? 0),
    text("DistinguisherMethod", "How flows are told apart.", ({ spec }) => spec.distinguisherMethod?.type ?? "<none>"),
    age(),
    text(
      "MissingPL",
      "Whether the level is missing.",
      ({ status }) => status.conditions?.find((condition) => condition.type === "Dangling")?.status ?? "?",
    ),
  ],
};
