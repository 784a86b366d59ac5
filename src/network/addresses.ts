import { ANY_ADDRESS } from "./listeners.ts";

/** The `host`th address of a range. */
export function addressIn(cidr: string, host: number): string {
  const parts = (cidr.split("/")[0] as string).split(".").map(Number);
  let value = parts.reduce((sum, part) => sum * 256 + part, 0) + host;
  const bytes: number[] = [];
  for (let index = 0; index < 4; index++) {
    bytes.unshift(value % 256);
    value = Math.floor(value / 256);
  }
  return bytes.join(".");
}

/** Whether an IPv4 address is in a range. */
export function inRange(ip: string, cidr: string): boolean {
  if (!isIpv4(ip)) return false;
  const [base = "", bits = "32"] = cidr.split("/");
  if (!isIpv4(base)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(valueOf(ip) / size) === Math.floor(valueOf(base) / size);
}

const valueOf = (ip: string) => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

export const isLoopback = (ip: string) => ip.startsWith("127.") || ip === "::1" || ip === "0.0.0.0";
export const isIpv4 = (text: string) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
export const normalAddress = (address: string) =>
  address === "::" || address === "" ? ANY_ADDRESS : address === "localhost" ? "127.0.0.1" : address;

function numberOf(text: string): number {
  let hash = 2166136261;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619) >>> 0;
  return hash;
}

export const vethOf = (ip: string) => `veth${numberOf(ip).toString(16).padStart(8, "0")}`;

export function macOf(text: string): string {
  const hex = numberOf(text).toString(16).padStart(8, "0");
  return `02:42:${(hex.match(/../g) as string[]).join(":")}`;
}

export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
