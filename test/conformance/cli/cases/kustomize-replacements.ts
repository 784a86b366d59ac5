import type { Case, CaseGroup } from "../case.ts";

const SOURCE = `apiVersion: v1
kind: ConfigMap
metadata: {name: source, labels: {role: source}}
data: {text: plain, number: "80", flag: "true", parts: a/b/c, empty: "", json: '{"host":"old","ports":[1,2],"deep":{"x":"y"}}'}
count: 7
ratio: 1.5
yes: true
nothing: null
nested: {inner: {key: value}}
list: [{name: one, v: 1}, {name: two, v: 2}, {name: twofold, v: 3}]
words: [red, green, blue]
`;
const TARGET = `apiVersion: v1
kind: ConfigMap
metadata: {name: target, namespace: far, annotations: {a.b/c: dotted, plain: old}}
data:
  text: before
  url: https://host:1234/path
  config.json: '{"host":"old","ports":[1,2],"deep":{"x":"y"}}'
  pretty.json: |-
    {
      "host": "old",
      "deep": {
        "x": "y"
      }
    }
  config.yaml: |-
    # a comment
    host: old   # at the end
    quoted: "q"
    items:
    - name: a
      v: 1
    - name: b
      v: 2
  broken: "{ not"
count: 1
ratio: 0.5
yes: false
nothing: null
nested: {inner: {key: other}}
list: [{name: one, v: 1}, {name: two, v: 2}, {name: twofold, v: 3}]
words: [red, green, blue]
matrix: [[1, 2], [3, 4]]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - {name: main, image: "nginx:1.27", env: [{name: HOST, value: x}, {name: PORT, value: "1"}]}
      - {name: side, image: "busybox:1"}
`;
const replace = (replacements: string, more = "", files: Record<string, string> = {}): Case => ({
  command: "kustomize over",
  files: {
    "over/kustomization.yaml": `resources: [source.yaml, target.yaml]\n${more}replacements:\n${replacements}`,
    "over/source.yaml": SOURCE,
    "over/target.yaml": TARGET,
    ...files,
  },
});
const from = (fieldPath: string, target: string, sourceOptions = "") =>
  replace(
    `- source: {kind: ConfigMap, name: source, fieldPath: '${fieldPath}'${sourceOptions === "" ? "" : `, options: ${sourceOptions}`}}\n  targets:\n  - ${target}\n`,
  );
const to = (path: string, options = "") =>
  `{select: {kind: ConfigMap, name: target}, fieldPaths: ['${path}']${options === "" ? "" : `, options: ${options}`}}`;

const PATHS: readonly [string, string, string?][] = [
  ["data.text", "data.text"],
  ["data.text", "metadata.annotations.[a.b/c]"],
  ["data.text", "metadata.annotations.a\\.b/c"],
  ["data.text", "metadata.annotations.new", "{create: true}"],
  ["data.text", "spec.deep.new", "{create: true}"],
  ["data.text", "spec.list.0.name", "{create: true}"],
  ["data.text", "spec.list.[name=x].value", "{create: true}"],
  ["data.text", "list.[name=two].v"],
  ["data.number", "list.[name=two].v"],
  ["data.number", "list.[name=^two$].v"],
  ["data.number", "list.*.v"],
  ["data.number", "list.1.v"],
  ["data.number", "list.9.v"],
  ["data.number", "list.3.v", "{create: true}"],
  ["data.text", "words.[=green]"],
  ["data.text", "words.0"],
  ["data.number", "matrix.*.0"],
  ["data.number", "count"],
  ["data.number", "new", "{create: true}"],
  ["data.flag", "new", "{create: true}"],
  ["data.flag", "yes"],
  ["count", "data.text"],
  ["count", "ratio"],
  ["ratio", "count"],
  ["ratio", "data.text"],
  ["yes", "data.text"],
  ["data.text", "count"],
  ["data.text", "yes"],
  ["data.text", "nothing"],
  ["nested", "data.text"],
  ["nested", "nested"],
  ["nested.inner", "nested"],
  ["data.text", "nested"],
  ["list", "words"],
  ["list.0", "list.1"],
  ["list.[name=two]", "nested.inner"],
  ["list.-.v", "count"],
  ["words.[=green]", "data.text"],
  ["data.text", "data.missing"],
  ["data.text", "data.text.deeper"],
  ["data.text", "count.deeper"],
  ["data.missing", "data.text"],
  ["data.empty", "data.text"],
  ["nothing", "data.text"],
  ["*", "data.text"],
  ["list.[name]", "data.text"],
  ["data.text", "list.[name].v"],
  ["count.x", "data.text"],
  ["words.-1", "data.text"],
  ["metadata.labels.role", "metadata.name"],
  ["data.text", "data.config\\.json.host"],
  ["data.text", "data.[config.json].host"],
  ["data.text", "data.config\\.json.deep.x"],
  ["data.number", "data.config\\.json.ports.0"],
  ["data.text", "data.config\\.json.new", "{create: true}"],
  ["data.text", "data.config\\.json.missing"],
  ["nested", "data.config\\.json.deep"],
  ["data.text", "data.pretty\\.json.deep.x"],
  ["data.text", "data.config\\.yaml.host"],
  ["data.text", "data.config\\.yaml.quoted"],
  ["data.number", "data.config\\.yaml.items.[name=b].v"],
  ["data.text", "data.config\\.yaml.new", "{create: true}"],
  ["data.text", "data.broken.x"],
  ["data.text", "data.url", "{delimiter: /, index: 3}"],
  ["data.text", "data.url", "{delimiter: ':', index: 9}"],
  ["data.text", "data.url", "{delimiter: ':', index: -1}"],
  ["data.text", "nested", "{delimiter: ':', index: 1}"],
  ["data.text", "data.config\\.json.host", "{delimiter: o, index: 0}"],
];

const WHOLE = [
  "- source: {kind: ConfigMap, name: source}\n  targets: [{select: {kind: Deployment}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: count}\n  targets: [{select: {kind: Deployment, name: web}, fieldPaths: [spec.replicas]}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.text}\n  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=main].env.[name=HOST].value', 'spec.template.spec.containers.*.image']}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.text}\n  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.*.image'], options: {delimiter: ':', index: 1}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.text}\n  targets: [{select: {kind: '.*'}, reject: [{kind: ConfigMap}], fieldPaths: [metadata.annotations.x], options: {create: true}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.text}\n  targets: [{select: {version: v1}, reject: [{name: source}, {labelSelector: app=web}], fieldPaths: [metadata.annotations.x], options: {create: true}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.text}\n  targets: [{select: {labelSelector: app=web}, fieldPaths: [metadata.annotations.x], options: {create: true}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.text}\n  targets: [{select: {namespace: far}, fieldPaths: [metadata.annotations.x], options: {create: true}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.text}\n  targets: [{select: {name: 'we('}, fieldPaths: [metadata.annotations.x]}]\n",
  "- source: {kind: ConfigMap, fieldPath: data.text}\n  targets: [{select: {kind: Deployment}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.parts, options: {delimiter: /, index: 1}}\n  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.x], options: {create: true}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: data.parts, options: {delimiter: /, index: 3}}\n  targets: [{select: {kind: Deployment}}]\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: nested, options: {delimiter: /}}\n  targets: [{select: {kind: Deployment}}]\n",
  "- source: {kind: Nope, fieldPath: a, options: {delimiter: /, index: 3, create: true}}\n  targets: [{select: {kind: Deployment}}]\n",
  "- sourceValue: given\n  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.x], options: {create: true}}]\n",
  '- sourceValue: "5"\n  targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]\n',
  "- sourceValue: given\n  source: {kind: ConfigMap}\n  targets: [{select: {kind: Deployment}}]\n",
  "- source: {kind: ConfigMap, name: source}\n",
  "- targets: [{select: {kind: Deployment}}]\n",
  "- source: {kind: ConfigMap, name: source}\n  targets: [{fieldPaths: [metadata.name]}]\n",
  "- path: nope.yaml\n",
  "- path: nope.yaml\n  source: {kind: ConfigMap}\n",
  "- source: {kind: ConfigMap, name: source, fieldPath: 5}\n",
];
const SHARED =
  "source: {kind: ConfigMap, name: source, fieldPath: data.text}\ntargets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.x], options: {create: true}}]\n";

/** What `replacements` copy, from where and into what. */
export const kustomizeReplacementCases: CaseGroup = {
  name: "kustomize-replacements",
  mode: "read",
  fixtures: [],
  cases: [
    ...PATHS.map(([source, target, options]) => from(source, to(target, options))),
    ...WHOLE.map((text) => replace(text)),
    replace("- path: shared.yaml\n", "namePrefix: x-\n", { "over/shared.yaml": SHARED }),
    replace("- path: shared.yaml\n", "", { "over/shared.yaml": `- ${SHARED.trim().replace("\n", "\n  ")}\n` }),
    replace("- path: shared.yaml\n", "", { "over/shared.yaml": "text\n" }),
    replace(WHOLE[0] ?? "", "namePrefix: x-\nnamespace: n\n"),
  ],
};
