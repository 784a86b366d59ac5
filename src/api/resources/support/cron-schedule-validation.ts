/** What is wrong with a schedule, in the words of upstream's parser (robfig/cron ParseStandard). */
export function scheduleProblem(schedule: string): string | undefined {
  const text = schedule.replace(/^(CRON_)?TZ=\S*\s*/, "");
  if (text === "") return "empty spec string";
  if (text.startsWith("@")) return descriptorProblem(text);
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(" ")}]`;
  for (const [index, field] of fields.entries()) {
    const bounds = FIELDS[index];
    for (const part of bounds ? field.split(",").filter((item) => item !== "") : []) {
      const problem = bounds && partProblem(part, bounds);
      if (problem) return problem;
    }
  }
  return undefined;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

function descriptorProblem(text: string): string | undefined {
  if (["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"].includes(text)) return undefined;
  const every = /^@every (.*)$/.exec(text);
  if (!every) return `unrecognized descriptor: ${text}`;
  return /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(every[1] ?? "")
    ? undefined
    : `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(every[1])}`;
}

function partProblem(part: string, bounds: Bounds): string | undefined {
  const [range = "", step, ...moreSteps] = part.split("/");
  const [low = "", high, ...moreRanges] = range.split("-");
  const any = low === "*" || low === "?";
  if (!any && moreRanges.length > 0) return `too many hyphens: ${part}`;
  const start = any ? bounds.min : numberOf(low, bounds);
  if (typeof start === "string") return start;
  let end: number | string = any ? bounds.max : high === undefined ? start : numberOf(high, bounds);
  if (typeof end === "string") return end;
  if (moreSteps.length > 0) return `too many slashes: ${part}`;
  const every = step === undefined ? 1 : numberOf(step, { ...bounds, names: [] });
  if (typeof every === "string") return every;
  if (step !== undefined && high === undefined && !any) end = bounds.max;
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${part}`;
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${part}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  return every === 0 ? `step of range should be a positive number: ${part}` : undefined;
}

/** The number, or what is wrong with it. */
function numberOf(text: string, { names, min }: Bounds): number | string {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + min;
  if (!/^[+-]?\d+$/.test(text)) return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  return Number(text) < 0 ? `negative number (${Number(text)}) not allowed: ${text}` : Number(text);
}
