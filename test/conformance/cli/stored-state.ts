import type { LogRecord, WriteAheadLog } from "../../../src/store/write-ahead-log.ts";
import { difference } from "./compare.ts";

/** What controllers keep to themselves is not compared between two clusters. */
const UNCOMPARED = /^\/registry\/(events|leases|[^/]*\/events|[^/]*\/leases)\//;

/** What a cluster has stored, seen where it is written: nothing has to be asked for, nothing is left out. */
export class StoredState {
  readonly #records = new Map<string, LogRecord>();
  #last: LogRecord | undefined;

  constructor(log: WriteAheadLog) {
    for (const record of log.peekRecovered()) this.#keep(record);
    const append = log.append.bind(log);
    log.append = (record) => {
      this.#keep(record);
      append(record);
    };
  }

  get revision(): number {
    return this.#last?.revision ?? 0;
  }

  /** Enough to make a log of the same state. */
  records(): LogRecord[] {
    const live = [...this.#records.values()];
    if (this.#last?.type === "delete") live.push(this.#last);
    return live.sort((a, b) => a.revision - b.revision);
  }

  /** The compared objects by key; but not which write was the how-many-th: a controller may take two changes in one go. */
  texts(): Map<string, string> {
    const compared = [...this.#records.values()].filter(({ key }) => !UNCOMPARED.test(key));
    return new Map(compared.map(({ key, bytes }) => [key, bytes.toString().replace(/(?<="resourceVersion":)"\d+"/g, '"N"')]));
  }

  /** Whether the compared objects are of the same versions too. */
  sameVersions(other: StoredState): boolean {
    return [...this.#records.values()].every(({ key, revision }) => UNCOMPARED.test(key) || other.#records.get(key)?.revision === revision);
  }

  #keep(record: LogRecord): void {
    this.#last = record;
    if (record.type === "put") this.#records.set(record.key, record);
    else this.#records.delete(record.key);
  }
}

interface Stateful {
  readonly state: StoredState;
  readonly port: number;
}

/** The objects that are not the same in both, or "". */
export function stateDifference(a: Stateful, b: Stateful): string {
  const [theirs, ours] = [a.state.texts(), b.state.texts()];
  const keys = [...new Set([...theirs.keys(), ...ours.keys()])].filter((key) => theirs.get(key) !== ours.get(key)).sort();
  return keys
    .map((key) => difference(`state of ${key}`, sortedText(theirs.get(key), a.port), sortedText(ours.get(key), b.port)))
    .filter((text) => text !== "")
    .join("\n");
}

function sortedText(json: string | undefined, port: number): string {
  if (json === undefined) return "";
  return JSON.stringify(sorted(JSON.parse(json.replaceAll(`:${port}`, ":PORTX"))), null, 2);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}
