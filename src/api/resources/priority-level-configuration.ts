import type { PriorityLevelConfiguration } from "../generated/flowcontrol-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

/** Upstream: pkg/registry/flowcontrol/prioritylevelconfiguration */
export const priorityLevelConfigurations: Kind<PriorityLevelConfiguration> = {
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "PriorityLevelConfiguration",
  plural: "prioritylevelconfigurations",
  singular: "prioritylevelconfiguration",
  namespaced: false,
  hasGeneration: true,
  schema: { package: "flowcontrol/v1", type: "PriorityLevelConfiguration" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec: { limited, exempt } }) {
    if (exempt) {
      exempt.nominalConcurrencyShares ??= 0;
      exempt.lendablePercent ??= 0;
    }
    if (!limited) return;
    limited.nominalConcurrencyShares ??= 30;
    limited.lendablePercent ??= 0;
    const queuing = limited.limitResponse?.queuing;
    if (!queuing) return;
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  },
  warnings: notSimulated("PriorityLevelConfigurations", "all requests are served as they come"),
  columns: [
    text("Type", "Exempt or Limited.", ({ spec }) => spec.type),
    text("NominalConcurrencyShares", "Its share of the server.", ({ spec }) =>
      String((spec.limited ?? spec.exempt)?.nominalConcurrencyShares ?? "<none>"),
    ),
    text("Queues", "How many queues it has.", ({ spec }) => String(spec.limited?.limitResponse?.queuing?.queues ?? "<none>")),
    text("HandSize", "How many queues a flow may use.", ({ spec }) => String(spec.limited?.limitResponse?.queuing?.handSize ?? "<none>")),
    text("QueueLengthLimit", "How long a queue may get.", ({ spec }) =>
      String(spec.limited?.limitResponse?.queuing?.queueLengthLimit ?? "<none>"),
    ),
    age(),
  ],
};
