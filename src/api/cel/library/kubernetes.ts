import { compileGoRegexp, GoRegexpError } from "../../go-regexp.ts";
import { parseQuantity, Quantity, QuantityError } from "../../quantity.ts";
import { CelError } from "../errors.ts";
import { type CallContext, type CelFunction, checkingLiterals, global, method, overload } from "../functions.ts";
import { type CelMap, CelOpaque, type CelValue, LiteralMap } from "../values.ts";

/** Upstream: k8s.io/apiserver/pkg/cel/library/regex.go */
export const REGEX_FUNCTIONS: readonly CelFunction[] = [
  method(
    "find",
    checkingLiterals(
      overload(
        "(string, string) string",
        (text: string, pattern: string, context: CallContext) => findAll(text, pattern, 1, context)[0] ?? "",
      ),
      compileGoRegexp,
    ),
  ),
  method(
    "findAll",
    checkingLiterals(
      overload("(string, string) list(string)", (text: string, pattern: string, context: CallContext) =>
        findAll(text, pattern, -1, context),
      ),
      compileGoRegexp,
    ),
    overload("(string, string, int) list(string)", (text: string, pattern: string, limit: bigint, context: CallContext) =>
      findAll(text, pattern, Number(limit), context),
    ),
  ),
];

function findAll(text: string, pattern: string, limit: number, context: CallContext): readonly string[] {
  context.charge((text.length + 1) * 0.1 * Math.max(1, pattern.length * 0.25));
  const found: string[] = [];
  try {
    for (const match of text.matchAll(compileGoRegexp(pattern))) {
      if (limit >= 0 && found.length >= limit) break;
      found.push(match[0]);
    }
  } catch (error) {
    if (error instanceof GoRegexpError) throw new CelError(`Illegal regex: ${error.message}`);
    throw error;
  }
  return found;
}

class CelUrl extends CelOpaque {
  override readonly typeName = "kubernetes.URL";
  readonly text: string;
  readonly url: URL;
  readonly path: string;

  constructor(text: string, url: URL, path: string) {
    super();
    this.text = text;
    this.url = url;
    this.path = path;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof CelUrl && other.text === this.text;
  }

  override toString(): string {
    return this.text;
  }
}

/** Upstream: k8s.io/apiserver/pkg/cel/library/urls.go */
export const URL_FUNCTIONS: readonly CelFunction[] = [
  global(
    "url",
    overload("(string) kubernetes.URL", (text: string) => parseUrl(text)),
  ),
  global(
    "isURL",
    overload("(string) bool", (text: string) => succeeds(() => parseUrl(text))),
  ),
  method(
    "getScheme",
    overload("(kubernetes.URL) string", (value: CelUrl) => (value.text.startsWith("/") ? "" : value.url.protocol.replace(":", ""))),
  ),
  method(
    "getHost",
    overload("(kubernetes.URL) string", (value: CelUrl) => authorityOf(value.text)),
  ),
  method(
    "getHostname",
    overload("(kubernetes.URL) string", (value: CelUrl) =>
      authorityOf(value.text)
        .replace(/:\d*$/, "")
        .replace(/^\[|\]$/g, ""),
    ),
  ),
  method(
    "getPort",
    overload("(kubernetes.URL) string", (value: CelUrl) => /:(\d*)$/.exec(authorityOf(value.text))?.[1] ?? ""),
  ),
  method(
    "getEscapedPath",
    overload("(kubernetes.URL) string", (value: CelUrl) => value.path),
  ),
  method(
    "getQuery",
    overload("(kubernetes.URL) map(string, list(string))", (value: CelUrl) => queryOf(value.url)),
  ),
];

function parseUrl(text: string): CelUrl {
  const failed = (reason: string) =>
    new CelError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${reason}`);
  if (text === "") throw failed("empty url");
  const absolute = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text);
  if (!absolute && !text.startsWith("/")) throw failed("invalid URI for request");
  // eslint-disable-next-line no-control-regex -- Go refuses exactly these.
  if (/[\x00-\x1f\x7f]/.test(text)) throw failed("net/url: invalid control character in URL");
  if (authorityOf(text).includes(" ")) throw failed('invalid character " " in host name');
  if (absolute && !(absolute[2] ?? "").startsWith("/")) throw failed("invalid URI for request");
  try {
    const rest = absolute ? (absolute[2] ?? "").replace(/^\/\/[^/?#]*/, "") : text;
    return new CelUrl(text, new URL(text, "http://relative.invalid"), encodeURI(decodePath(rest.replace(/[?#].*$/s, ""))));
  } catch {
    throw failed("invalid URI for request");
  }
}

function decodePath(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function authorityOf(text: string): string {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(text)?.[1] ?? "";
}

function queryOf(url: URL): CelMap {
  const values = new Map<string, string[]>();
  for (const [name, value] of url.searchParams) values.set(name, [...(values.get(name) ?? []), value]);
  return new LiteralMap(values);
}

class CelQuantity extends CelOpaque {
  override readonly typeName = "kubernetes.Quantity";
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof CelQuantity && other.quantity.compare(this.quantity) === 0;
  }

  override toString(): string {
    return this.quantity.toString();
  }
}

const NANO = 1_000_000_000n;
const whole = (value: bigint) => new Quantity(value * NANO, "DecimalSI");
const isInteger = ({ quantity }: CelQuantity) =>
  quantity.nanos % NANO === 0n && BigInt.asIntN(64, quantity.nanos / NANO) === quantity.nanos / NANO;
const Q = "kubernetes.Quantity";

/** Upstream: k8s.io/apiserver/pkg/cel/library/quantity.go */
export const QUANTITY_FUNCTIONS: readonly CelFunction[] = [
  global(
    "quantity",
    overload(`(string) ${Q}`, (text: string) => toQuantity(text)),
  ),
  global(
    "isQuantity",
    overload("(string) bool", (text: string) => succeeds(() => toQuantity(text))),
  ),
  method(
    "sign",
    overload(`(${Q}) int`, ({ quantity }: CelQuantity) => BigInt(quantity.nanos > 0n ? 1 : quantity.nanos < 0n ? -1 : 0)),
  ),
  method(
    "isInteger",
    overload(`(${Q}) bool`, (value: CelQuantity) => isInteger(value)),
  ),
  method(
    "asInteger",
    overload(`(${Q}) int`, (value: CelQuantity) => {
      if (!isInteger(value)) throw new CelError("cannot convert value to integer");
      return value.quantity.nanos / NANO;
    }),
  ),
  method(
    "asApproximateFloat",
    overload(`(${Q}) double`, ({ quantity }: CelQuantity) => Number(quantity.nanos) / 1e9),
  ),
  method(
    "add",
    overload(`(${Q}, ${Q}) ${Q}`, (a: CelQuantity, b: CelQuantity) => new CelQuantity(a.quantity.add(b.quantity))),
    overload(`(${Q}, int) ${Q}`, (a: CelQuantity, b: bigint) => new CelQuantity(a.quantity.add(whole(b)))),
  ),
  method(
    "sub",
    overload(`(${Q}, ${Q}) ${Q}`, (a: CelQuantity, b: CelQuantity) => new CelQuantity(a.quantity.subtract(b.quantity))),
    overload(`(${Q}, int) ${Q}`, (a: CelQuantity, b: bigint) => new CelQuantity(a.quantity.subtract(whole(b)))),
  ),
  method(
    "isGreaterThan",
    overload(`(${Q}, ${Q}) bool`, (a: CelQuantity, b: CelQuantity) => a.quantity.compare(b.quantity) > 0),
  ),
  method(
    "isLessThan",
    overload(`(${Q}, ${Q}) bool`, (a: CelQuantity, b: CelQuantity) => a.quantity.compare(b.quantity) < 0),
  ),
  method(
    "compareTo",
    overload(`(${Q}, ${Q}) int`, (a: CelQuantity, b: CelQuantity) => BigInt(a.quantity.compare(b.quantity))),
  ),
];

function toQuantity(text: string): CelQuantity {
  try {
    return new CelQuantity(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) throw new CelError(error.message);
    throw error;
  }
}

export function succeeds(attempt: () => CelValue): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
