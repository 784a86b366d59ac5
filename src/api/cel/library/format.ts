import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from "../../validation/names.ts";
import { CelError } from "../errors.ts";
import { type CelFunction, global, method, overload } from "../functions.ts";
import { CelOpaque, CelOptional } from "../values.ts";

class CelFormat extends CelOpaque {
  override readonly typeName = "kubernetes.NamedFormat";
  readonly name: string;
  readonly validate: (text: string) => readonly string[];

  constructor(name: string, validate: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.validate = validate;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof CelFormat && other.name === this.name;
  }
}

/** What is left when a generated suffix follows: the last dash may be one. */
const asPrefix = (validate: (text: string) => readonly string[]) => (text: string) =>
  validate(text.length > 1 && text.endsWith("-") ? `${text.slice(0, -1)}a` : text);
const byPattern = (pattern: RegExp, message: string) => (text: string) => (pattern.test(text) ? [] : [message]);

const FORMATS: Readonly<Record<string, (text: string) => readonly string[]>> = {
  dns1123Label: isDns1123Label,
  dns1123Subdomain: isDns1123Subdomain,
  dns1035Label: isDns1035Label,
  qualifiedName: isQualifiedName,
  dns1123LabelPrefix: asPrefix(isDns1123Label),
  dns1123SubdomainPrefix: asPrefix(isDns1123Subdomain),
  dns1035LabelPrefix: asPrefix(isDns1035Label),
  labelValue: isLabelValue,
  uri: (text) =>
    /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/|\/)\S*$/.test(text)
      ? []
      : [`parse ${JSON.stringify(text)}: ${text === "" ? "empty url" : "invalid URI for request"}`],
  uuid: byPattern(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, "does not match the UUID format"),
  byte: byPattern(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/, "invalid base64"),
  date: byPattern(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, "invalid date"),
  datetime: byPattern(
    /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/,
    "invalid datetime",
  ),
};

const NAMED = new Map(Object.entries(FORMATS).map(([name, validate]) => [name, new CelFormat(name, validate)]));

/** Upstream: k8s.io/apiserver/pkg/cel/library/format.go */
export const FORMAT_FUNCTIONS: readonly CelFunction[] = [
  global(
    "format.named",
    overload("(string) optional(kubernetes.NamedFormat)", (name: string) => new CelOptional(NAMED.get(name))),
  ),
  ...[...NAMED].map(([name, format]) =>
    global(
      `format.${name}`,
      overload("() kubernetes.NamedFormat", () => format),
    ),
  ),
  method(
    "validate",
    overload("(kubernetes.NamedFormat, string) optional(list(string))", (format: CelFormat, text: string) => {
      const problems = format.validate(text);
      return problems.length === 0 ? CelOptional.NONE : new CelOptional(problems);
    }),
  ),
];

class CelSemver extends CelOpaque {
  override readonly typeName = "kubernetes.Semver";
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
  }

  compareTo(other: CelSemver): number {
    for (const [at, number] of this.numbers.entries()) {
      const against = other.numbers[at] ?? 0n;
      if (number !== against) return number < against ? -1 : 1;
    }
    return comparePrerelease(this.prerelease, other.prerelease);
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof CelSemver && this.compareTo(other) === 0;
  }
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return a.length === b.length ? 0 : a.length === 0 ? 1 : -1;
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    const numeric = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (numeric[0] && numeric[1]) return BigInt(left) < BigInt(right) ? -1 : 1;
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

function parseSemver(text: string): CelSemver {
  const match = SEMVER.exec(text);
  if (!match)
    throw new CelError(
      text === ""
        ? "Version string empty"
        : text.split(".").length < 3
          ? "No Major.Minor.Patch elements found"
          : `Invalid character(s) found in version ${JSON.stringify(text)}`,
    );
  return new CelSemver([BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)], match[4]?.split(".") ?? []);
}

/** What people write: a leading v, missing parts, leading zeros. Upstream: normalizeAndParse in semverlib.go */
function normalized(text: string): string {
  const [core = "", ...rest] = text.replace(/^v/, "").split(/(?=[-+])/);
  const parts = core.split(".").map((part) => part.replace(/^0+(?=\d)/, ""));
  while (parts.length < 3) parts.push("0");
  return parts.join(".") + rest.join("");
}

function parses(text: string): boolean {
  return SEMVER.test(text);
}

const S = "kubernetes.Semver";

/** Upstream: k8s.io/apiserver/pkg/cel/library/semverlib.go */
export const SEMVER_FUNCTIONS: readonly CelFunction[] = [
  global(
    "semver",
    overload(`(string) ${S}`, (text: string) => parseSemver(text)),
    overload(`(string, bool) ${S}`, (text: string, loose: boolean) => parseSemver(loose ? normalized(text) : text)),
  ),
  global(
    "isSemver",
    overload("(string) bool", (text: string) => parses(text)),
    overload("(string, bool) bool", (text: string, loose: boolean) => parses(loose ? normalized(text) : text)),
  ),
  method(
    "major",
    overload(`(${S}) int`, (version: CelSemver) => version.numbers[0]),
  ),
  method(
    "minor",
    overload(`(${S}) int`, (version: CelSemver) => version.numbers[1]),
  ),
  method(
    "patch",
    overload(`(${S}) int`, (version: CelSemver) => version.numbers[2]),
  ),
  method(
    "isGreaterThan",
    overload(`(${S}, ${S}) bool`, (a: CelSemver, b: CelSemver) => a.compareTo(b) > 0),
  ),
  method(
    "isLessThan",
    overload(`(${S}, ${S}) bool`, (a: CelSemver, b: CelSemver) => a.compareTo(b) < 0),
  ),
  method(
    "compareTo",
    overload(`(${S}, ${S}) int`, (a: CelSemver, b: CelSemver) => BigInt(a.compareTo(b))),
  ),
];
