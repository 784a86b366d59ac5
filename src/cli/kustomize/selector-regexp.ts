/** A pattern of a selector, which must match the whole text. */
export function goRegexp(pattern: string): RegExp {
  const whole = `^(?:${pattern})$`;
  try {
    return new RegExp(whole);
  } catch (error) {
    throw new Error(`error parsing regexp: ${goWords((error as Error).message, whole)}`, { cause: error });
  }
}

/** Upstream: regexp/syntax ErrorCode */
function goWords(message: string, pattern: string): string {
  if (message.includes("Unterminated group")) return `missing closing ): \`${pattern}\``;
  if (message.includes("Unmatched ')'")) return `unexpected ): \`${pattern}\``;
  if (message.includes("Unterminated character class")) return `missing closing ]: \`${pattern.slice(pattern.lastIndexOf("["))}\``;
  if (message.includes("Nothing to repeat"))
    return `missing argument to repetition operator: \`${/(?:^|[(|])([*+?])/.exec(pattern.slice("^(?:".length))?.[1] ?? "*"}\``;
  return `invalid or unsupported Perl syntax: \`${pattern}\``;
}
