/** A pattern of a selector, which must match the whole text. */
export function goRegexp(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    throw new Error(`error parsing regexp: invalid or unsupported Perl syntax: \`${pattern}\``, { cause: error });
  }
}
