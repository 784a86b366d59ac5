import { CelError } from "../errors.ts";
import { type CelFunction, global, method, overload } from "../functions.ts";
import { CelOpaque } from "../values.ts";
import { succeeds } from "./kubernetes.ts";

class CelIp extends CelOpaque {
  override readonly typeName = "net.IP";
  readonly family: 4 | 6;
  readonly bits: bigint;

  constructor(family: 4 | 6, bits: bigint) {
    super();
    this.family = family;
    this.bits = bits;
  }

  get width(): number {
    return this.family === 4 ? 32 : 128;
  }

  /** Whether the first bits are those of `base`. */
  startsWith(base: bigint, length: number): boolean {
    const shift = BigInt(this.width - length);
    return this.bits >> shift === base >> shift;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof CelIp && other.family === this.family && other.bits === this.bits;
  }

  override toString(): string {
    return this.family === 4 ? ipv4Text(this.bits) : ipv6Text(this.bits);
  }
}

class CelCidr extends CelOpaque {
  override readonly typeName = "net.CIDR";
  readonly ip: CelIp;
  readonly length: number;

  constructor(ip: CelIp, length: number) {
    super();
    this.ip = ip;
    this.length = length;
  }

  contains(ip: CelIp): boolean {
    return ip.family === this.ip.family && ip.startsWith(this.ip.bits, this.length);
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof CelCidr && other.length === this.length && other.ip.equals(this.ip);
  }

  override toString(): string {
    return `${this.ip}/${this.length}`;
  }
}

/** Upstream: k8s.io/apiserver/pkg/cel/library/ip.go and cidr.go */
export const NETWORK_FUNCTIONS: readonly CelFunction[] = [
  global(
    "ip",
    overload("(string) net.IP", (text: string) => parseIp(text)),
  ),
  global(
    "isIP",
    overload("(string) bool", (text: string) => succeeds(() => parseIp(text))),
  ),
  global(
    "ip.isCanonical",
    overload("(string) bool", (text: string) => String(parseIp(text)) === text),
  ),
  global(
    "string",
    overload("(net.IP) string", (ip: CelIp) => String(ip)),
    overload("(net.CIDR) string", (cidr: CelCidr) => String(cidr)),
  ),
  method(
    "family",
    overload("(net.IP) int", (ip: CelIp) => BigInt(ip.family)),
  ),
  method(
    "isUnspecified",
    overload("(net.IP) bool", (ip: CelIp) => ip.bits === 0n),
  ),
  method(
    "isLoopback",
    overload("(net.IP) bool", (ip: CelIp) => isLoopback(ip)),
  ),
  method(
    "isLinkLocalMulticast",
    overload("(net.IP) bool", (ip: CelIp) => isLinkLocalMulticast(ip)),
  ),
  method(
    "isLinkLocalUnicast",
    overload("(net.IP) bool", (ip: CelIp) => isLinkLocalUnicast(ip)),
  ),
  method(
    "isGlobalUnicast",
    overload(
      "(net.IP) bool",
      (ip: CelIp) =>
        ip.bits !== 0n && !(ip.family === 4 && ip.bits === 0xffffffffn) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip),
    ),
  ),
  global(
    "cidr",
    overload("(string) net.CIDR", (text: string) => parseCidr(text)),
  ),
  global(
    "isCIDR",
    overload("(string) bool", (text: string) => succeeds(() => parseCidr(text))),
  ),
  method(
    "containsIP",
    overload("(net.CIDR, string) bool", (cidr: CelCidr, text: string) => cidr.contains(parseIp(text))),
    overload("(net.CIDR, net.IP) bool", (cidr: CelCidr, ip: CelIp) => cidr.contains(ip)),
  ),
  method(
    "containsCIDR",
    overload("(net.CIDR, string) bool", (cidr: CelCidr, text: string) => containsCidr(cidr, parseCidr(text))),
    overload("(net.CIDR, net.CIDR) bool", (cidr: CelCidr, other: CelCidr) => containsCidr(cidr, other)),
  ),
  // `a.ip()` of a prefix; `ip("…")` is the function above.
  method(
    "ip",
    overload("(net.CIDR) net.IP", (cidr: CelCidr) => cidr.ip),
  ),
  method(
    "prefixLength",
    overload("(net.CIDR) int", (cidr: CelCidr) => BigInt(cidr.length)),
  ),
  method(
    "masked",
    overload("(net.CIDR) net.CIDR", (cidr: CelCidr) => new CelCidr(new CelIp(cidr.ip.family, maskedBits(cidr)), cidr.length)),
  ),
];

const isLoopback = (ip: CelIp) => (ip.family === 4 ? ip.startsWith(127n << 24n, 8) : ip.bits === 1n);
const isMulticast = (ip: CelIp) => (ip.family === 4 ? ip.startsWith(224n << 24n, 4) : ip.startsWith(0xffn << 120n, 8));
const isLinkLocalMulticast = (ip: CelIp) => (ip.family === 4 ? ip.startsWith(0xe0000000n, 24) : ip.startsWith(0xff02n << 112n, 16));
const isLinkLocalUnicast = (ip: CelIp) => (ip.family === 4 ? ip.startsWith(0xa9fe0000n, 16) : ip.startsWith(0xfe80n << 112n, 10));
const containsCidr = (outer: CelCidr, inner: CelCidr) => inner.length >= outer.length && outer.contains(inner.ip);

function maskedBits({ ip, length }: CelCidr): bigint {
  const shift = BigInt(ip.width - length);
  return (ip.bits >> shift) << shift;
}

function parseIp(text: string): CelIp {
  const bits4 = parseIpv4(text);
  if (bits4 !== undefined) return new CelIp(4, bits4);
  if (!text.includes(":"))
    throw new CelError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    );
  if (text.includes("%")) throw new CelError(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  const bits6 = parseIpv6(text);
  if (bits6 === undefined)
    throw new CelError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    );
  if (bits6 >> 32n === 0xffffn) throw new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new CelIp(6, bits6);
}

function parseIpv4(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const octets = match.slice(1);
  if (octets.some((octet) => Number(octet) > 255 || (octet.length > 1 && octet.startsWith("0")))) return undefined;
  return octets.reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded) {
    const bits = parseIpv4(embedded[2] ?? "");
    if (bits === undefined) return undefined;
    return parseIpv6(`${embedded[1]}${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const count = groups.flat().length;
  if (groups.flat().some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const full = [...(groups[0] ?? []), ...Array.from({ length: 8 - count }, () => "0"), ...(groups[1] ?? [])];
  return full.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function parseCidr(text: string): CelCidr {
  const [address = "", length = "", ...more] = text.split("/");
  const failed = (reason: string) =>
    new CelError(
      `network address parse error during conversion from string: CIDR ${JSON.stringify(text)} parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): ${reason}`,
    );
  if (more.length > 0 || length === "") throw failed("no '/'");
  const ip = parseIp(address);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length)) throw failed(`bad bits after slash: ${JSON.stringify(length)}`);
  if (Number(length) > ip.width) throw failed("prefix length out of range");
  return new CelCidr(ip, Number(length));
}

function ipv4Text(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join(".");
}

function ipv6Text(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((bits >> BigInt(112 - at * 16)) & 0xffffn).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}
