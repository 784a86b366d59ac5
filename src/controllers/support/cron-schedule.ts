import { rfc3339 } from "../../util/clock.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MACROS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const FIELDS = [
  { min: 0, max: 59, names: [] as string[] },
  { min: 0, max: 23, names: [] as string[] },
  { min: 1, max: 31, names: [] as string[] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A schedule such as February 30th never comes. Upstream: cron gives up after five years. */
const HORIZON_MS = 5 * 366 * DAY_MS;

/** When a schedule that validation has passed comes round. Upstream: robfig/cron */
export class CronSchedule {
  readonly #sets: readonly ReadonlySet<number>[];
  readonly #anyDay: boolean;
  readonly #anyWeekday: boolean;
  readonly #everyMs: number | undefined;
  readonly #timeZone: string;

  constructor(text: string, timeZone = "UTC") {
    const every = /^@every (.*)$/.exec(text);
    this.#everyMs = every ? durationMs(every[1] ?? "") : undefined;
    const fields = (MACROS[text] ?? (every ? "* * * * *" : text)).trim().split(/\s+/);
    this.#sets = FIELDS.map((bounds, index) => parseField(fields[index] ?? "*", bounds));
    this.#anyDay = /^[*?]/.test(fields[2] ?? "*");
    this.#anyWeekday = /^[*?]/.test(fields[4] ?? "*");
    this.#timeZone = timeZone;
  }

  /** The first time after `afterMs`; undefined when it never comes. */
  next(afterMs: number): number | undefined {
    if (this.#everyMs !== undefined) return Math.floor(afterMs / 1000) * 1000 + this.#everyMs;
    const offset = this.#offsetMs(afterMs);
    // Worked out in local time, as if it were UTC.
    let local = (Math.floor((afterMs + offset) / MINUTE_MS) + 1) * MINUTE_MS;
    const end = local + HORIZON_MS;
    while (local < end) {
      const date = new Date(local);
      if (!this.#has(3, date.getUTCMonth() + 1)) local = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
      else if (!this.#dayMatches(date)) local = (Math.floor(local / DAY_MS) + 1) * DAY_MS;
      else if (!this.#has(1, date.getUTCHours())) local = (Math.floor(local / HOUR_MS) + 1) * HOUR_MS;
      else if (!this.#has(0, date.getUTCMinutes())) local += MINUTE_MS;
      else return local - this.#offsetMs(local - offset);
    }
    return undefined;
  }

  /** RFC 3339 in the schedule's own time zone. */
  render(atMs: number): string {
    const minutes = Math.round(this.#offsetMs(atMs) / MINUTE_MS);
    const local = rfc3339(atMs + minutes * MINUTE_MS);
    if (minutes === 0) return local;
    const two = (value: number) => String(Math.trunc(value)).padStart(2, "0");
    return `${local.slice(0, -1)}${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  }

  #has(field: number, value: number): boolean {
    return this.#sets[field]?.has(value) ?? false;
  }

  /** Either day field is enough when both are given; a star leaves it to the other. */
  #dayMatches(date: Date): boolean {
    const day = this.#has(2, date.getUTCDate());
    const weekday = this.#has(4, date.getUTCDay());
    return this.#anyDay || this.#anyWeekday ? day && weekday : day || weekday;
  }

  #offsetMs(atMs: number): number {
    if (this.#timeZone === "UTC" || this.#timeZone === "Etc/UTC") return 0;
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: this.#timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    }).formatToParts(new Date(atMs));
    const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
    return (
      Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - Math.floor(atMs / 1000) * 1000
    );
  }
}

function parseField(field: string, { min, max, names }: (typeof FIELDS)[number]): Set<number> {
  const number = (text: string) => (names.includes(text.toLowerCase()) ? names.indexOf(text.toLowerCase()) + min : Number(text));
  const all = new Set<number>();
  for (const part of field.split(",")) {
    const [range = "*", step] = part.split("/");
    const [low = "*", high] = range.split("-");
    const any = low === "*" || low === "?";
    const from = any ? min : number(low);
    const to = any ? max : high !== undefined ? number(high) : step !== undefined ? max : from;
    for (let value = from; value <= to; value += Number(step ?? 1)) all.add(value);
  }
  return all;
}

function durationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) total += Number(amount) * (UNITS_MS[unit ?? ""] ?? 0);
  return Math.max(1000, total);
}
