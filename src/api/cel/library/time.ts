import { CelError } from "../errors.ts";
import { type CelFunction, method, overload } from "../functions.ts";
import { type CelDuration, type CelTimestamp, type CivilTime, civil } from "../values.ts";

const PARTS: Readonly<Record<string, (time: CivilTime, nanos: bigint) => number>> = {
  getFullYear: (time) => time.year,
  getMonth: (time) => time.month - 1,
  getDayOfYear: (time) => time.yearDay,
  getDayOfMonth: (time) => time.day - 1,
  getDate: (time) => time.day,
  getDayOfWeek: (time) => time.weekday,
  getHours: (time) => time.hours,
  getMinutes: (time) => time.minutes,
  getSeconds: (time) => time.seconds,
  getMilliseconds: (_time, nanos) => Number(nanos / 1_000_000n),
};

const DURATION_PARTS: Readonly<Record<string, (nanos: bigint) => bigint>> = {
  getHours: (nanos) => nanos / 3_600_000_000_000n,
  getMinutes: (nanos) => nanos / 60_000_000_000n,
  getSeconds: (nanos) => nanos / 1_000_000_000n,
  getMilliseconds: (nanos) => (nanos / 1_000_000n) % 1000n,
};

/** Upstream: cel-go common/types/timestamp.go and duration.go */
export const TIME_FUNCTIONS: readonly CelFunction[] = Object.entries(PARTS).map(([name, part]) => {
  const duration = DURATION_PARTS[name];
  return method(
    name,
    overload("(timestamp) int", (timestamp: CelTimestamp) => partOf(timestamp, "UTC", part)),
    overload("(timestamp, string) int", (timestamp: CelTimestamp, zone: string) => partOf(timestamp, zone, part)),
    ...(duration ? [overload("(duration) int", (value: CelDuration) => duration(value.nanos))] : []),
  );
});

function partOf(timestamp: CelTimestamp, zone: string, part: (time: CivilTime, nanos: bigint) => number): bigint {
  const rest = ((timestamp.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = Number((timestamp.nanos - rest) / 1_000_000_000n);
  return BigInt(part(civil(seconds + offsetSeconds(zone, seconds)), rest));
}

function offsetSeconds(zone: string, seconds: number): number {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed) return (fixed[1] === "-" ? -1 : 1) * (Number(fixed[2]) * 3600 + Number(fixed[3]) * 60);
  if (zone === "UTC") return 0;
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    const name = format.formatToParts(seconds * 1000).find((found) => found.type === "timeZoneName")?.value ?? "GMT";
    const match = /GMT([+-])(\d\d):(\d\d)/.exec(name);
    return match ? (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60) : 0;
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
}
