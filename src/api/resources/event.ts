import { ageOf, humanDuration } from "../duration.ts";
import type { Event } from "../generated/core-v1.ts";
import type { Event as EventV1 } from "../generated/events-v1.ts";
import type { Kind } from "../kind.ts";
import type { KubernetesObject } from "../meta.ts";
import { integer, text } from "./support/columns.ts";

/** Upstream: pkg/registry/core/event */
export const events: Kind<Event> = {
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  shortNames: ["ev"],
  namespaced: true,
  schema: { package: "core/v1", type: "Event" },
  selectableFields: (event) => ({
    "involvedObject.kind": event.involvedObject.kind ?? "",
    "involvedObject.namespace": event.involvedObject.namespace ?? "",
    "involvedObject.name": event.involvedObject.name ?? "",
    "involvedObject.uid": event.involvedObject.uid ?? "",
    "involvedObject.apiVersion": event.involvedObject.apiVersion ?? "",
    "involvedObject.resourceVersion": event.involvedObject.resourceVersion ?? "",
    "involvedObject.fieldPath": event.involvedObject.fieldPath ?? "",
    reason: event.reason ?? "",
    reportingComponent: event.reportingComponent ?? "",
    source: event.source?.component || event.reportingComponent || "",
    type: event.type ?? "",
  }),
  columns: [
    text("Last Seen", "When it last happened, and how often.", (event, nowMs) =>
      ageOf(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime, nowMs),
    ),
    text("Type", "Normal or Warning.", (event) => event.type ?? ""),
    text("Reason", "Why, in one word.", (event) => event.reason ?? ""),
    text(
      "Object",
      "What it is about.",
      (event) => `${(event.involvedObject.kind ?? "").toLowerCase()}${event.involvedObject.name ? `/${event.involvedObject.name}` : ""}`,
    ),
    text("Subobject", "Which part of it.", (event) => event.involvedObject.fieldPath ?? "", 1),
    text("Source", "Who tells it.", (event) => source(event), 1),
    text("Message", "What happened.", (event) => (event.message ?? "").trim()),
    text(
      "First Seen",
      "When it first happened.",
      (event, nowMs) => {
        const first = event.firstTimestamp ?? event.eventTime;
        return first ? humanDuration(nowMs - Date.parse(first)) : "<unknown>";
      },
      1,
    ),
    integer("Count", "How often it happened.", (event) => event.series?.count ?? (event.count || 1), 1),
    text("Name", "Its name.", (event) => event.metadata.name, 1),
  ],
};

function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || "";
  const host = event.source?.host || (event.source?.component ? "" : event.reportingInstance) || "";
  return host ? `${component}, ${host}` : component;
}

/** The same events, seen as events.k8s.io/v1. */
export const eventsV1: Kind<EventV1> = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  shortNames: ["ev"],
  namespaced: true,
  schema: { package: "events/v1", type: "Event" },
  storedAs: {
    kind: events as unknown as Kind,
    toStored(object: KubernetesObject): KubernetesObject {
      const {
        regarding,
        note,
        deprecatedCount,
        deprecatedFirstTimestamp,
        deprecatedLastTimestamp,
        deprecatedSource,
        reportingController,
        ...rest
      } = object as unknown as EventV1;
      return {
        ...rest,
        apiVersion: "v1",
        kind: "Event",
        involvedObject: regarding ?? {},
        message: note,
        count: deprecatedCount,
        firstTimestamp: deprecatedFirstTimestamp,
        lastTimestamp: deprecatedLastTimestamp,
        source: deprecatedSource,
        reportingComponent: reportingController,
      } as unknown as KubernetesObject;
    },
    fromStored(object: KubernetesObject): KubernetesObject {
      const {
        involvedObject,
        message,
        count,
        firstTimestamp,
        lastTimestamp,
        source: from,
        reportingComponent,
        ...rest
      } = object as unknown as Event;
      return {
        ...rest,
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        regarding: involvedObject,
        note: message,
        deprecatedCount: count,
        deprecatedFirstTimestamp: firstTimestamp,
        deprecatedLastTimestamp: lastTimestamp,
        deprecatedSource: from,
        reportingController: reportingComponent || from?.component,
      } as unknown as KubernetesObject;
    },
  },
};
