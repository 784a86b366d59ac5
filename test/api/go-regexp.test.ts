import assert from "node:assert/strict";
import test from "node:test";
import { matchesGoRegexp } from "../../src/api/go-regexp.ts";

const CASES: readonly (readonly [string, string, boolean])[] = [
  ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name", true],
  ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name-", false],
  ["^[[:alpha:]]+[[:digit:]]$", "abc1", true],
  ["(?i)^hello[a-c]$", "HELLOB", true],
  ["^(?i:a)b$", "AB", false],
  ["^\\Qa.b\\E$", "a.b", true],
  ["^\\Qa.b\\E$", "axb", false],
  ["^[]a]+$", "]a", true],
  ["^[a\\]b-]+$", "a]-", true],
  ["^a{,2}$", "a{,2}", true],
  ["^a{2,3}$", "aaaa", false],
  ["^.$", "\n", false],
  ["(?s)^.$", "\n", true],
  ["(?m)^b$", "a\nb\nc", true],
  ["^\\pL+\\p{Greek}$", "aα", true],
  ["^\\x{41}\\x42\\.\\/$", "AB./", true],
  ["^(?P<year>\\d{4})-\\d\\d\\z", "2024-01", true],
  ["^\\s$", "\u00a0", false],
  ["^[^\\s]+?x$", "abx", true],
];

for (const [pattern, text, expected] of CASES)
  test(`${pattern} ${expected ? "finds" : "does not find"} ${JSON.stringify(text)}`, () =>
    assert.equal(matchesGoRegexp(pattern, text), expected));

const REFUSED: readonly (readonly [string, string])[] = [
  ["a(", "error parsing regexp: missing closing ): `a(`"],
  ["a)", "error parsing regexp: unexpected ): `a)`"],
  ["[a", "error parsing regexp: missing closing ]: `[a`"],
  ["*a", "error parsing regexp: missing argument to repetition operator: `*`"],
  ["a**", "error parsing regexp: invalid nested repetition operator: `**`"],
  ["a{1001}", "error parsing regexp: invalid repeat count: `{1001}`"],
  ["(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"],
  ["(a)\\1", "error parsing regexp: invalid escape sequence: `\\1`"],
];

for (const [pattern, message] of REFUSED)
  test(`${pattern} is refused`, () => assert.throws(() => matchesGoRegexp(pattern, ""), { message }));
