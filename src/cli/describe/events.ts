import { ageOf } from "../../api/duration.ts";
import type { Event } from "../../api/generated/core-v1.ts";
import type { ApiClient } from "../connection/client.ts";
import { goSort } from "../printers/go-sort.ts";
import type { Described } from "./describe-object.ts";
import type { DescribeWriter } from "./writer.ts";

/** The events about an object, oldest first; undefined without a client: they are not to be shown. */
export async function eventsOf(
  client: ApiClient | false,
  fields: Readonly<Record<string, string | undefined>>,
  namespace: string | undefined,
): Promise<Event[] | undefined> {
  if (!client) return undefined;
  const selector = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `involvedObject.${key}=${value}`)
    .join(",");
  const path = namespace ? `/api/v1/namespaces/${namespace}/events` : "/api/v1/events";
  const list = await client.get<{ items?: Event[] }>(path, { fieldSelector: selector, limit: 500 });
  return sortEvents(list.items ?? []);
}

export function sortEvents(events: readonly Event[]): Event[] {
  const last = (event: Event) => Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata?.creationTimestamp ?? "") || 0;
  return goSort(events, (a, b) => last(a) < last(b));
}

/** Upstream: describe.DescribeEvents */
export function writeEvents(writer: DescribeWriter, events: readonly Event[] | undefined, nowMs: number): void {
  if (!events) return;
  if (events.length === 0) return writer.line(0, "Events:\t<none>");
  writer.line(0, "Events:");
  writer.line(1, "Type\tReason\tAge\tFrom\tMessage");
  writer.line(1, "----\t------\t----\t----\t-------");
  for (const event of events) {
    const source = event.source?.component || event.reportingComponent || "";
    const fieldPath = event.involvedObject?.fieldPath;
    const message = `${fieldPath ? `${fieldPath}: ` : ""}${(event.message ?? "").trim()}`;
    writer.line(1, `${event.type}\t${event.reason}\t${eventAge(event, nowMs)}\t${source}\t${message}`);
  }
}

/** `5s`, `2m (x3 over 5m)`. */
export function eventAge(event: Event, nowMs: number): string {
  const first = event.firstTimestamp ?? event.eventTime ?? undefined;
  const firstAge = ageOf(first ?? undefined, nowMs);
  if (event.series) return `${ageOf(event.series.lastObservedTime ?? undefined, nowMs)} (x${event.series.count} over ${firstAge})`;
  if ((event.count ?? 0) > 1) return `${ageOf(event.lastTimestamp ?? undefined, nowMs)} (x${event.count} over ${firstAge})`;
  return firstAge;
}

/** The events of what is described, written under it. */
export async function writeEventsOf(writer: DescribeWriter, { client, object, nowMs, showEvents }: Described): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  // Those of objects without a namespace are kept in "default".
  const events = await eventsOf(showEvents && client, { name, namespace: namespace ?? "", uid }, namespace);
  writeEvents(writer, events, nowMs);
}
