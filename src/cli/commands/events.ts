import type { Event } from "../../api/generated/core-v1.ts";
import { exitWhenInterrupted, nowMs, sleep } from "../../host/cli-host.ts";
import type { Json } from "../connection/client.ts";
import type { CommandSpec } from "../command.ts";
import { apiVersionOf } from "../connection/discovery.ts";
import { ExitError } from "../errors.ts";
import { requestTimeoutMs } from "../go-duration.ts";
import { goSort } from "../printers/go-sort.ts";
import { eventAge } from "../describe/events.ts";
import { findPrinter, OUTPUT_FLAGS, outputFormat, unknownFormat } from "../printers/output.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { ALL_NAMESPACES_FLAG } from "../objects/resources.ts";

const events: CommandSpec = {
  usage:
    "[(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
  long: "Display events.\n\n Prints a table of the most important information about events.",
  flags: [
    ...OUTPUT_FLAGS,
    ALL_NAMESPACES_FLAG,
    {
      name: "chunk-size",
      type: "int64",
      default: 500,
      usage: "Ask for large lists in parts of this size.",
    },
    { name: "for", type: "string", usage: "Only events about this resource (TYPE/NAME)." },
    { name: "no-headers", type: "bool", usage: "Leave out the headers." },
    { name: "types", type: "stringSlice", usage: "Only events of these types." },
    { name: "watch", shorthand: "w", type: "bool", usage: "Go on with every event that comes." },
  ],
  async run(context) {
    const { flags } = context;
    const client = await context.client();
    const namespace = flags.bool("all-namespaces") ? undefined : await context.namespace();
    const path = namespace ? `/api/v1/namespaces/${namespace}/events` : "/api/v1/events";
    let fieldSelector: string | undefined;
    if (flags.text("for").split("/").length > 2) throw new Error("arguments in resource/name form may not have more than one slash");
    if (flags.text("for") !== "") {
      const [type = "", name] = flags.text("for").split("/");
      if (name === undefined) throw new Error("--for must be in resource/name form");
      if (type === "") throw new Error("a resource must be present, got: /, Resource=");
      const discovery = await context.discovery();
      const info = await discovery.find(type);
      if (!info) throw new ExitError(`the server doesn't have a resource type ${JSON.stringify(type)}`);
      // Without a name the events of all are meant.
      if (name !== "")
        fieldSelector = `involvedObject.kind=${info.kind},involvedObject.apiVersion=${apiVersionOf(info)},involvedObject.name=${name}`;
    }
    const wanted = (event: Event) =>
      flags.list("types").length === 0 || flags.list("types").some((type) => type.toLowerCase() === event.type?.toLowerCase());
    const printer = flags.text("output") === "" ? undefined : await findPrinter(flags, "typed");
    if (!printer && flags.text("output") !== "") throw unknownFormat(flags.text("output"));
    if (flags.list("types").some((type) => !/^(normal|warning)$/i.test(type))) throw new Error("valid --types are Normal or Warning");
    const writer = tableWriter(true);
    let headers = !flags.bool("no-headers");
    const print = (list: readonly Event[]) => {
      const now = client.serverNowMs ?? nowMs();
      const lines = list.map(
        (event) =>
          `${namespace ? "" : `${event.metadata?.namespace}\t`}${eventAge(event, now)}\t${event.type}\t${event.reason}\t${event.involvedObject.kind}/${event.involvedObject.name}\t${(event.message ?? "").trim()}\n`,
      );
      if (headers) lines.unshift(`${namespace ? "" : "NAMESPACE\t"}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n`);
      headers = false;
      context.io.out(writer.render(lines.join("")));
    };
    if (flags.bool("watch")) {
      exitWhenInterrupted();
      const abort = new AbortController();
      const timeoutMs = requestTimeoutMs(flags);
      if (timeoutMs > 0) void sleep(timeoutMs).then(() => abort.abort());
      for await (const event of client.watch(path, { fieldSelector }, { signal: abort.signal }))
        if (event.type === "ADDED" || event.type === "MODIFIED")
          if (wanted(event.object as unknown as Event)) print([event.object as unknown as Event]);
      return;
    }
    const all: Event[] = [];
    let list: { metadata?: { continue?: string }; items?: Event[] } & Json = {};
    let token: string | undefined;
    do {
      list = await client.get(path, { fieldSelector, limit: 500, continue: token });
      all.push(...(list.items ?? []));
      token = list.metadata?.continue || undefined;
    } while (token !== undefined);
    const found = goSort(all.filter(wanted), (a, b) => timeOf(a) < timeOf(b));
    if (found.length === 0) return context.io.err(namespace ? `No events found in ${namespace} namespace.\n` : "No events found.\n");
    if (printer) {
      const typed = found.map((event) => ({ kind: "Event", apiVersion: "v1", ...event }));
      // kubectl prints no names of events.
      if (outputFormat(flags).format === "name") return;
      return context.io.out(printer({ kind: "EventList", apiVersion: "v1", metadata: {}, items: typed }));
    }
    print(found);
  },
};

export default events;

/** Upstream: k8s.io/kubectl/pkg/cmd/events eventTime */
const timeOf = ({ series, lastTimestamp, eventTime }: Event) =>
  Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? "") || 0;
