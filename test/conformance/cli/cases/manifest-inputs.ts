import type { Case, CaseGroup } from "../case.ts";

const CM = (name: string, extra = "data: {a: b}\n") => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${extra}`;
const WIDGETS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, annotations: {";
const FILES: Record<string, string> = {
  "bom.yaml": `\uFEFF${CM("bom")}`,
  "bom.json": '\uFEFF{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bomjson"}}',
  "crlf.yaml": `${CM("c1")}---\n${CM("c2")}`.replaceAll("\n", "\r\n"),
  "doc-end.yaml": `${CM("e1")}...\n---\n${CM("e2")}...\n`,
  "separators.yaml": `--- # first\n${CM("s1")}--- \n${CM("s2")}---\n---\n# nothing\n`,
  "separator-text.yaml": `${CM("s1")}--- text\n${CM("s2")}`,
  "directive.yaml": `%YAML 1.1\n---\n${CM("d")}`,
  "anchors.yaml":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: anchors, labels: &l {x: z}, annotations: *l}\ndata: {<<: *l, more: q}\n",
  "anchor-block.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: anchors\n  labels: &l\n    x: z\ndata:\n  <<: *l\n  x: own\n",
  "unknown-alias.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: *nope}\n",
  "bool-name.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yes}\n",
  "number-name.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}\n",
  "octal.yaml": `${WIDGETS}o: "0777"}}\ndata: {a: 0777}\n`,
  "bools.yaml": CM("b", "immutable: yes\n"),
  "bools-off.yaml": CM("b", "immutable: off\n"),
  "bool-text.yaml": CM("b", 'immutable: "yes"\n'),
  "label-bool.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: l, labels: {a: true, b: 1}}\n",
  "date.yaml": CM("d", "data: {d: 2020-01-01}\n"),
  "sexagesimal.yaml": CM("d", "data: {d: 12:30:45}\n"),
  "null-data.yaml": CM("n", "data: null\n"),
  "null-item.yaml": CM("n", "data: {a: }\n"),
  "tilde.yaml": CM("n", "data: {a: ~}\n"),
  "int-key.yaml": CM("n", 'data: {1: "a", true: "b", 1.5: "c"}\n'),
  "binary.yaml": CM("n", "binaryData: {a: !!binary aGk=}\n"),
  "tagged.yaml": CM("n", "data: {a: !!str 5, b: !custom x}\n"),
  "pod-int.yaml":
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {terminationGracePeriodSeconds: 1.5, containers: [{name: c, image: busybox}]}\n",
  "pod-exp.yaml":
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {terminationGracePeriodSeconds: 1e1, containers: [{name: c, image: busybox}]}\n",
  "pod-hex.yaml":
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {terminationGracePeriodSeconds: 0x1F, containers: [{name: c, image: busybox}]}\n",
  "pod-text.yaml":
    'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {terminationGracePeriodSeconds: "5", containers: [{name: c, image: busybox}]}\n',
  "mode.yaml":
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: busybox}], volumes: [{name: v, emptyDir: {}}, {name: s, secret: {secretName: x, defaultMode: 0644}}]}\n",
  "dup-deep.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d, name: e}\ndata: {a: b, a: c}\n",
  "dup.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"data":{"a":"b","a":"c"}}',
  "unknown.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d","nam":"x"},"dat":{}}',
  "comma.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},}',
  "array.json": '[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"}}]',
  "json-then-yaml.yaml":
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"j1"}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: j2}\n',
  "list-null.yaml": "apiVersion: v1\nkind: List\nitems:\n",
  "list-none.yaml": "apiVersion: v1\nkind: List\n",
  "list-bad-item.yaml": "apiVersion: v1\nkind: List\nitems: [{kind: ConfigMap, metadata: {name: x}}]\n",
  "list-text.yaml": "apiVersion: v1\nkind: List\nitems: [text]\n",
  "typed-list.yaml": "apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: x}}]\n",
  "control.yaml": `${CM("x")}\u0001\n`,
  "unprintable.yaml": CM("x", 'data: {a: "\\u0001\\e"}\n'),
  "only-comments.yaml": "# one\n# two\n",
  "ok.yaml": CM("ok"),
  "ok2.yml": CM("ok2"),
  noext: CM("noext"),
  "dir/a.yaml": CM("a"),
  "dir/.hidden.yaml": CM("hidden"),
  "dir/b.JSON": "{",
  "dir/c.yml": CM("c"),
  "dir/sub/d.yaml": CM("d"),
  "dir/sub/deep/e.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"e"}}',
  "dir/note.md": "# no",
  "emptydir/sub/x.txt": "",
};
const one = (command: string, more: Partial<Case> = {}): Case => ({ command, files: FILES, ...more });
const SINGLE = Object.keys(FILES).filter((name) => !name.includes("/"));
const VALIDATED = ["dup-deep.yaml", "unknown.json", "dup.json", "pod-text.yaml", "octal.yaml", "bool-name.yaml"];

/** What stands in the files given with -f, and how they are named. */
export const manifestInputCases: CaseGroup = {
  name: "manifest-inputs",
  mode: "write",
  cases: [
    ...SINGLE.map((file) => one(`create -f ${file} --dry-run=client -o yaml`)),
    ...SINGLE.filter((_, index) => index % 3 === 0).map((file) => one(`apply -f ${file} --dry-run=client`)),
    ...SINGLE.filter((_, index) => index % 4 === 0).map((file) => one(`delete -f ${file}`)),
    ...VALIDATED.flatMap((file) =>
      ["strict", "warn", "ignore", "true", "false", "zap"].map((mode) => one(`create -f ${file} --validate=${mode} --dry-run=server`)),
    ),
    ...[
      "-f dir",
      "-f dir/",
      "-f dir -R",
      "-Rf dir",
      "-f ok.yaml -f ok2.yml",
      "-f ok.yaml,ok2.yml",
      "-f ok.yaml -f ok.yaml",
      "-f 'o*.y*ml'",
      "-f 'nope*.yaml'",
      "-f 'dir/*'",
      "-f emptydir",
      "-f emptydir -R",
      "-f nope.yaml",
      "-f ok.yaml -f nope.yaml",
      "-f nope.yaml -f ok.yaml",
      "-f ./dir/../ok.yaml",
      "-f ''",
      "-f",
      "-f - -f -",
      "-f http://127.0.0.1:1/x.yaml",
      "-f ftp://example.com/x.yaml",
      "-f ok.yaml extra",
    ].map((args) => one(`create ${args} --dry-run=client`)),
    ...[
      "",
      "\n",
      "# comment\n",
      CM("stdin"),
      `${CM("a")}---\n${CM("b")}`,
      '{"a": 1}',
      "text",
      "a: [",
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"j"}}{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"k"}}',
    ].flatMap((stdin) => ["create -f - --dry-run=client", "apply -f - --dry-run=server"].map((command) => one(command, { stdin }))),
    one("get -f dir -R"),
    one("replace -f ok.yaml -f ok2.yml"),
    one("apply -f dir -R -o name --dry-run=client"),
  ],
};
