import { isCidr, isDns1123Label, isDns1123Subdomain, isIpv4 } from "../validation/names.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The formats of strings. Upstream: k8s.io/kube-openapi/pkg/validation/strfmt */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/.test(text),
  uri: isRequestUri,
  email: (text) => /^[^\s@<>(),;:\\"[\]]+@[^\s@<>(),;:\\"[\]]+$/.test(text) || /^[^<>]*<[^\s@<>]+@[^\s@<>]+>$/.test(text),
  hostname: (text) =>
    text.length <= 255 &&
    /^([a-zA-Z0-9\u00a1-\uffff]([-a-zA-Z0-9\u00a1-\uffff]{0,62}[a-zA-Z0-9\u00a1-\uffff])?)(\.([a-zA-Z0-9\u00a1-\uffff]([-a-zA-Z0-9\u00a1-\uffff]{0,62}[a-zA-Z0-9\u00a1-\uffff])?))*\.?$/.test(
      text,
    ),
  ipv4: isIpv4,
  ipv6: isIpv6,
  cidr: (text) => isCidr(text).length === 0,
  mac: (text) => /^([0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\2[0-9a-fA-F]{2}){4,18}|[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2,9})$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid3: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid4: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  uuid5: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  rgbcolor: (text) => /^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*(,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*){2}\)$/.test(text),
  byte: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => isDns1123Label(text).length === 0,
  k8slongname: (text) => isDns1123Subdomain(text).length === 0,
};

/** The format that a schema checks; undefined where it names none that its type knows. Upstream: apiserver/validation/formats.go */
export function supportedFormat(schema: JsonSchema): string | undefined {
  const { format } = schema;
  if (!format) return undefined;
  const type = schema["x-kubernetes-int-or-string"] ? "" : (schema.type ?? "");
  if (type === "integer") return format === "int32" || format === "int64" ? format : undefined;
  if (type === "number") return format === "float" || format === "double" ? format : undefined;
  return (type === "" || type === "string") && Object.hasOwn(FORMATS, normalize(format)) ? format : undefined;
}

export function isOfFormat(format: string, text: string): boolean {
  return FORMATS[normalize(format)]?.(text) ?? true;
}

const normalize = (format: string) => format.replaceAll("-", "");

/** Go's url.ParseRequestURI: an absolute URI or an absolute path. */
function isRequestUri(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (text === "" || /[\u0000-\u0020\u007f]/.test(text)) return false;
  if (text.startsWith("/")) return !/%(?![0-9a-fA-F]{2})/.test(text);
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:\S+$/.test(text) && !/%(?![0-9a-fA-F]{2})/.test(text);
}

function isIpv6(text: string): boolean {
  return text.includes(":") && URL.canParse(`http://[${text}]/`);
}

function digitsOf(text: string): string {
  return text.replace(/[\s-]+/g, "");
}

function isIsbn10(text: string): boolean {
  const digits = digitsOf(text);
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, index) => total + (digit === "X" ? 10 : Number(digit)) * (index + 1), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = digitsOf(text);
  return (
    /^\d{13}$/.test(digits) && [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0
  );
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D+/g, "");
  if (
    !/^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/.test(
      digits,
    )
  )
    return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 1 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isDateTime(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)$/i.exec(text);
  return match !== null && isDate(match[1] ?? "") && Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) < 60;
}

const GO_DURATION = /^[-+]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/;
const SCALA_DURATION =
  /^\s*\d+\s*(ns|nano|nanos|us|µs|micro|micros|ms|milli|millis|s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hrs|hour|hours|d|day|days|w|week|weeks|nanosecond|nanoseconds|microsecond|microseconds|millisecond|milliseconds)\s*$/;

function isDuration(text: string): boolean {
  return text === "0" || GO_DURATION.test(text) || SCALA_DURATION.test(text);
}
