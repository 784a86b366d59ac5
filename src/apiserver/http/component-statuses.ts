import type { ComponentStatus } from "../../api/generated/core-v1.ts";
import type { Column, Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { methodNotSupported, StatusError } from "../../api/status.ts";
import { unstoredView } from "../object-view.ts";
import { matcherOf } from "../selection.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { listQueryOf } from "./query.ts";
import type { ResourceTarget } from "./request-info.ts";
import { pathNotFound, sendList, sendObject } from "./resource-handler.ts";
import type { ServerParts } from "./server-parts.ts";

const column = (name: string, description: string, cell: (status: ComponentStatus) => string): Column<KubernetesObject> => ({
  name,
  type: "string",
  priority: 0,
  description,
  cell: (object) => cell(object as unknown as ComponentStatus),
});
const healthOf = ({ conditions }: ComponentStatus) => conditions?.find(({ type }) => type === "Healthy");

/** Served without being stored: what answers runs with all of these. Upstream: pkg/registry/core/componentstatus/rest.go */
export const COMPONENT_STATUS: Kind = {
  group: "",
  version: "v1",
  kind: "ComponentStatus",
  plural: "componentstatuses",
  singular: "componentstatus",
  shortNames: ["cs"],
  namespaced: false,
  verbs: ["get", "list"],
  schema: { package: "core/v1", type: "ComponentStatus" },
  deprecationWarning: "v1 ComponentStatus is deprecated in v1.19+",
  columns: [
    column("Status", "Status of the component conditions", (status) =>
      healthOf(status) ? (healthOf(status)?.status === "True" ? "Healthy" : "Unhealthy") : "Unknown",
    ),
    column("Message", "Message of the component conditions", (status) => healthOf(status)?.message ?? ""),
    column("Error", "Error of the component conditions", (status) => healthOf(status)?.error ?? ""),
  ],
};

const COMPONENTS = ["controller-manager", "scheduler", "etcd-0"];

export async function serveComponentStatus(exchange: HttpExchange, parts: ServerParts, target: ResourceTarget): Promise<void> {
  if (target.subresource !== undefined) throw pathNotFound();
  if (exchange.method !== "GET" && exchange.method !== "HEAD") throw methodNotSupported(COMPONENT_STATUS, exchange.method.toLowerCase());
  const { name } = target;
  if (name !== undefined) {
    if (!COMPONENTS.includes(name)) throw new StatusError({ code: 404, reason: "NotFound", message: `Component not found: ${name}` });
    return sendObject(exchange, parts, COMPONENT_STATUS, unstoredView(COMPONENT_STATUS, healthy(name)), 200);
  }
  const matches = matcherOf(COMPONENT_STATUS, listQueryOf(exchange.query, undefined));
  const found = COMPONENTS.map(healthy).filter((object) => !matches || matches(object));
  return sendList(exchange, parts, COMPONENT_STATUS, {
    views: found.map((object) => unstoredView(COMPONENT_STATUS, object)),
    resourceVersion: "",
  });
}

function healthy(name: string): KubernetesObject {
  const status = {
    apiVersion: "v1",
    kind: "ComponentStatus",
    metadata: { name },
    conditions: [{ type: "Healthy", status: "True", message: "ok" }],
  };
  return status as unknown as KubernetesObject;
}
