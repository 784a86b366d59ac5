import assert from "node:assert/strict";
import test from "node:test";
import { CelCompileError, CelCostError, CelError, compileCel } from "../../src/api/cel/cel.ts";
import { INT, objectType, STRING } from "../../src/api/cel/types.ts";
import { guardAgainstBacktracking } from "../../src/host/daemon-process.ts";

guardAgainstBacktracking();

const VARIABLES = {
  object: { spec: { replicas: 3, ratio: 1.5, name: "web", ports: [80, 443], labels: { app: "x", tier: "y" } } },
  oldObject: null,
};

function evaluate(expression: string): unknown {
  return compileCel(expression, Object.keys(VARIABLES)).evaluate(VARIABLES);
}

const VALUES: readonly (readonly [string, unknown])[] = [
  ["object.spec.replicas <= 5 && object.spec.ratio < 2.0", true],
  ["object.spec.replicas + 1", 4],
  ["has(object.spec.missing) || object.spec.missing == 1 || true", true],
  ["object.?spec.?missing.orValue('d')", "d"],
  ["object.spec.ports.all(p, p > 0) && object.spec.ports.exists_one(p, p == 443)", true],
  ["object.spec.ports.map(p, p > 80, p * 2)", [886]],
  ["object.spec.labels.transformMap(k, v, k + v)", { app: "appx", tier: "tiery" }],
  ["object.spec.labels.exists(k, v, v == 'y')", true],
  ["object.spec.ports.sum() + object.spec.ports.indexOf(443)", 524],
  ["[3, 1].isSorted() || [1, 3].max() == 3", true],
  ["cel.bind(n, object.spec.name, n + n)", "webweb"],
  ["dyn(1) == 1.0 && dyn(1) != 'a'", true],
  ["type(1) == int && type([]) == list", true],
  ["quantity('1Gi').isGreaterThan(quantity('500Mi')) && quantity('50k').add(20).sub(quantity('100k')).sub(-50000) == quantity('20')", true],
  ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && string(ip('0:0::1')) == '::1'", true],
  ["url('https://example.com:80/a?b=c').getHost() + url('/p').getEscapedPath()", "example.com:80/p"],
  ["'a %s: %d, %.1f, %x, %s'.format([dyn('b'), 3, 1234.25, 255, ['q', 'r']])", 'a b: 3, 1,234.2, ff, ["q", "r"]'],
  ["'a-b-c'.split('-', 2).join('+') + 'tacocat'.substring(4) + 'Ab'.lowerAscii()", "a+b-ccatab"],
  ["format.dns1123Label().validate('A_').hasValue() && !format.dns1123Label().validate('a').hasValue()", true],
  ["semver('1.2.3').isLessThan(semver('v1.10', true))", true],
  ["sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2])", true],
  ["string(timestamp('2024-02-28T23:30:00Z') + duration('90m'))", "2024-02-29T01:00:00Z"],
  ["timestamp('2024-03-01T00:00:00Z').getDayOfYear() + duration('3h').getMinutes()", 240],
  ["'abc 123'.find('[0-9]+') + 'a1b2'.findAll('[0-9]').join()", "12312"],
  ["'FOO'.matches('^(?i)fo+$')", true],
  ["{'a': 1, ?'b': optional.none()}", { a: 1 }],
  ["object.spec.missing == 1 || object.spec.replicas == 3", true],
  ['\'\\u00e9\\x41\' + r\'\\d\' + """q"""', "éA\\dq"],
];

for (const [expression, expected] of VALUES) {
  test(`${expression} gives ${JSON.stringify(expected)}`, () => assert.deepEqual(evaluate(expression), expected));
}

const FAILURES: readonly (readonly [string, string])[] = [
  ["object.spec.foo == 1", "no such key: foo"],
  ["object.spec.ports[7] == 1", "index out of bounds: 7"],
  ["object.spec.replicas + 'a' == 'b'", "no such overload"],
  ["1 / (object.spec.replicas - 3)", "division by zero"],
  ["int(object.spec.name)", 'strconv.ParseInt: parsing "web": invalid syntax'],
  ["optional.none().value()", "optional.none() dereference"],
];

for (const [expression, message] of FAILURES) {
  test(`${expression} fails with ${message}`, () => {
    assert.throws(
      () => evaluate(expression),
      (error) => error instanceof CelError && error.message === message,
    );
  });
}

const COMPILATION: readonly (readonly [string, string])[] = [
  ["foo.bar", "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo.bar\n | ^"],
  ["1 + 'a'", "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a'\n | ..^"],
  [
    "'a'.startsWith(1)",
    "ERROR: <input>:1:15: found no matching overload for 'startsWith' applied to 'string.(int)'\n | 'a'.startsWith(1)\n | ..............^",
  ],
  ["[1, 'a']", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^"],
  ["'a'.matches('[')", "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('[')\n | ............^"],
  [
    "object.all(x, x == 1",
    "ERROR: <input>:1:21: Syntax error: mismatched input '<EOF>' expecting {')', ','}\n | object.all(x, x == 1\n | ....................^",
  ],
  ["a b c", "ERROR: <input>:1:3: Syntax error: mismatched input 'b' expecting <EOF>\n | a b c\n | ..^"],
];

for (const [expression, message] of COMPILATION) {
  test(`${expression} does not compile`, () => {
    assert.throws(
      () => evaluate(expression),
      (error) => error instanceof CelCompileError && error.message === `compilation failed: ${message}`,
    );
  });
}

test("declared types are checked and guide what JSON stands for", () => {
  const types = { self: objectType("Self", { size: INT, name: STRING }) };
  assert.throws(() => compileCel("self.nme == 'a'", ["self"], { types }), /undefined field 'nme'/);
  assert.throws(() => compileCel("self.size == 'a'", ["self"], { types }), /applied to '\(int, string\)'/);
  assert.equal(compileCel("self.size", ["self"], { types }).outputType, "int");
});

test("an expression that would never end is stopped", () => {
  const nested = Array.from({ length: 12 }, (_, at) => `lists.range(10).all(v${at}, `).join("");
  assert.throws(() => evaluate(`${nested}true${")".repeat(12)}`), CelCostError);
  const doubling = Array.from({ length: 60 }, (_, at) => `cel.bind(v${at + 1}, v${at} + v${at}, `).join("");
  assert.throws(() => evaluate(`cel.bind(v0, 'xxxx', ${doubling}v60)${")".repeat(60)}`), CelCostError);
  assert.equal(evaluate(`'${"a".repeat(40)}b'.matches('^(a+)+$')`), false);
});
