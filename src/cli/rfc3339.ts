// The parts in the order in which Go reads them, each with the name that its layout has for it.
const PARTS: readonly (readonly [string, RegExp])[] = [
  ["2006", /^\d{4}/],
  ["-", /^-/],
  ["01", /^\d\d/],
  ["-", /^-/],
  ["02", /^\d\d/],
  ["T", /^T/],
  ["15", /^\d\d/],
  [":", /^:/],
  ["04", /^\d\d/],
  [":", /^:/],
  ["05", /^\d\d(?:[.,]\d+)?/],
  ["Z07:00", /^(?:Z|[+-]\d\d:\d\d)/],
];

/** Throws with Go's words when the text is not a time. Upstream: time.Parse with time.RFC3339 */
export function checkRfc3339(text: string): void {
  const quoted = JSON.stringify(text);
  let rest = text;
  for (const [name, pattern] of PARTS) {
    const [found] = pattern.exec(rest) ?? [];
    if (found === undefined)
      throw new Error(
        `parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(name)}`,
      );
    rest = rest.slice(found.length);
  }
  if (rest !== "") throw new Error(`parsing time ${quoted}: extra text: ${JSON.stringify(rest)}`);
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = text.split(/[^\d]/).slice(1).map(Number);
  const wrong =
    month < 1 || month > 12
      ? "month"
      : hour > 23
        ? "hour"
        : minute > 59
          ? "minute"
          : second > 59
            ? "second"
            : day < 1 || day > daysOf(text)
              ? "day"
              : "";
  if (wrong !== "") throw new Error(`parsing time ${quoted}: ${wrong} out of range`);
}

const daysOf = (text: string): number => new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
