const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** date [-u] [-d @SECONDS] [-R|-I] [+FORMAT]; containers run in UTC. */
export function dateText(nowMs: number, args: readonly string[]): string {
  const at = args.findIndex((arg) => arg === "-d" || arg === "--date");
  const given = at >= 0 ? (args[at + 1] ?? "") : "";
  const ms = given.startsWith("@")
    ? Number(given.slice(1)) * 1000
    : given !== "" && !Number.isNaN(Date.parse(given))
      ? Date.parse(given)
      : nowMs;
  const format = args.find((arg) => arg.startsWith("+"))?.slice(1);
  if (format !== undefined) return formatDate(ms, format);
  if (args.includes("-R")) return formatDate(ms, "%a, %d %b %Y %H:%M:%S +0000");
  if (args.some((arg) => arg.startsWith("-I"))) return formatDate(ms, args.includes("-Iseconds") ? "%Y-%m-%dT%H:%M:%S+00:00" : "%Y-%m-%d");
  return formatDate(ms, "%a %b %e %H:%M:%S UTC %Y");
}

export function formatDate(ms: number, format: string): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const [day, month, hours] = [DAYS[date.getUTCDay()] ?? "", MONTHS[date.getUTCMonth()] ?? "", date.getUTCHours()];
  const parts: Record<string, string> = {
    Y: String(date.getUTCFullYear()),
    y: two(date.getUTCFullYear() % 100),
    m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()),
    e: String(date.getUTCDate()).padStart(2),
    H: two(hours),
    I: two(hours % 12 || 12),
    M: two(date.getUTCMinutes()),
    S: two(date.getUTCSeconds()),
    N: String(date.getUTCMilliseconds() * 1_000_000).padStart(9, "0"),
    s: String(Math.floor(ms / 1000)),
    a: day.slice(0, 3),
    A: day,
    b: month.slice(0, 3),
    B: month,
    h: month.slice(0, 3),
    u: String(date.getUTCDay() || 7),
    w: String(date.getUTCDay()),
    Z: "UTC",
    z: "+0000",
    p: hours < 12 ? "AM" : "PM",
    n: "\n",
    t: "\t",
    "%": "%",
    F: date.toISOString().slice(0, 10),
    T: date.toISOString().slice(11, 19),
    R: date.toISOString().slice(11, 16),
    D: `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${two(date.getUTCFullYear() % 100)}`,
    c: `${day.slice(0, 3)} ${month.slice(0, 3)} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`,
    j: String(Math.floor((ms - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1).padStart(3, "0"),
  };
  return format.replace(/%([A-Za-z%])/g, (whole, letter: string) => parts[letter] ?? whole);
}
