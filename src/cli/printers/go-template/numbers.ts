import { goQuote } from "../../../util/go-quote.ts";
import { Complex128, Float64 } from "./values.ts";

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** The value of a constant: an int, a float64 or a complex128; undefined for what only an unsigned int could hold. */
// Upstream: text/template/parse/node.go newNumber, text/template/exec.go idealConstant
export function numberConstant(text: string): bigint | Float64 | Complex128 | undefined {
  if (text.endsWith("i")) {
    const imaginary = parseFloat64(text.slice(0, -1));
    if (imaginary !== undefined) return new Complex128(0, imaginary);
  }
  const integer = parseInteger(text);
  if (integer !== undefined && integer <= MAX_INT64 && integer >= -MAX_INT64 - 1n) return integer;
  if (integer !== undefined && integer <= MAX_UINT64 && integer >= 0n && !text.startsWith("+")) return undefined;
  const float = parseFloat64(text);
  if (float === undefined) throw new Error(`illegal number syntax: ${goQuote(text)}`);
  if (!/[.eEpP]/.test(text)) throw new Error(`integer overflow: ${goQuote(text)}`);
  return new Float64(float);
}

/** `1+2i` */
export function complexConstant(text: string): Complex128 {
  const cut = text.slice(1).search(/(?<![eEpP])[+-]/) + 1;
  const [real, imaginary] = [parseFloat64(text.slice(0, cut)), parseFloat64(text.slice(cut, -1))];
  if (real === undefined || imaginary === undefined) throw new Error("syntax error scanning complex number");
  return new Complex128(real, imaginary);
}

/** With the prefixes of all bases; underscores stand between digits. */
function parseInteger(text: string): bigint | undefined {
  const [, sign = "", digits = ""] = /^([+-]?)(\d.*)$/.exec(text) ?? [];
  if (!/^(?:0[xX](?:_?[\da-fA-F])+|0[oO]?(?:_?[0-7])+|0[bB](?:_?[01])+|0|[1-9](?:_?\d)*)$/.test(digits)) return undefined;
  const plain = digits.replaceAll("_", "");
  const value = BigInt(/^0\d/.test(plain) ? `0o${plain}` : plain);
  return sign === "-" ? -value : value;
}

function parseFloat64(text: string): number | undefined {
  const hexadecimal = /^([+-]?)0[xX]_?((?:[\da-fA-F]_?)*)(?:\.((?:[\da-fA-F]_?)*))?[pP]([+-]?\d(?:_?\d)*)$/.exec(text);
  if (hexadecimal) {
    const [, sign, whole = "", fraction = "", exponent = "0"] = hexadecimal.map((part) => part?.replaceAll("_", "") ?? "");
    if (whole + fraction === "") return undefined;
    const value = Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
    return sign === "-" ? -value : value;
  }
  if (!/^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/.test(text)) return undefined;
  const value = Number(text.replaceAll("_", ""));
  return Number.isFinite(value) ? value : undefined;
}
