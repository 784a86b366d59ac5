const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's time.ParseDuration, in milliseconds: 1h30m, 5s, -1.5m. */
export function parseGoDuration(text: string): number {
  const invalid = (what: string) => new Error(`time: ${what} ${JSON.stringify(text)}`);
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0;
  if (body === "") throw invalid("invalid duration");
  let rest = body;
  let total = 0;
  while (rest !== "") {
    const match = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (!match) throw invalid("invalid duration");
    const unit = match[2] ?? "";
    if (unit === "") throw invalid("missing unit in duration");
    const factor = UNIT_MS[unit];
    if (factor === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    total += Number(match[1]) * factor;
    rest = rest.slice(match[0].length);
  }
  return text.startsWith("-") ? -total : total;
}

/** --request-timeout: seconds, or a duration. Upstream: clientcmd.ParseTimeout */
export function requestTimeoutMs(flags: { text(name: string): string }): number {
  const text = flags.text("request-timeout");
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  try {
    return text === "" ? 0 : parseGoDuration(text);
  } catch {
    throw new Error(
      "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
    );
  }
}
