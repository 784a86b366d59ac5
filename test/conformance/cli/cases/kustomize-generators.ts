import type { Case, CaseGroup } from "../case.ts";

const APP = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  template:
    spec:
      containers:
      - {name: main, image: "nginx:1", envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: pass}}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bind}
subjects: [{kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: robot, namespace: other}, {kind: User, name: eve}]
---
apiVersion: v1
kind: Namespace
metadata: {name: old}
`;
const FILES = {
  "over/app.yaml": APP,
  "over/a.txt": "line one\nline two\n",
  "over/b.txt": "no newline",
  "over/crlf.txt": "one\r\ntwo\r\n",
  "over/tabs.txt": "\tindented \n\n",
  "over/empty.txt": "",
  "over/long.txt": "0123456789".repeat(20),
  "over/a.env": '\uFEFF# comment\nX=1\n  Y = spaced \nZ\n=none\nW=a=b\r\nQ="quoted"\n',
  "over/nested/c.json": '{"a": 1}',
};
const built = (kustomization: string, files: Record<string, string> = {}): Case => ({
  command: "kustomize over",
  files: { ...FILES, "over/kustomization.yaml": kustomization, ...files },
});
const app = (text: string) => built(`resources: [app.yaml]\n${text}`);

const GENERATED = [
  "configMapGenerator: [{name: settings, literals: [a=b, 'c=\"d e\"', \"q='x'\", e=, 'f==g', 'multi=1\n\n    2']}]\n",
  "configMapGenerator: [{name: settings, files: [a.txt, b.txt, k=crlf.txt, tabs.txt, empty.txt, nested/c.json]}]\n",
  "configMapGenerator: [{name: settings, envs: [a.env]}]\n",
  "configMapGenerator: [{name: settings, envs: [a.env], env: a.env}]\n",
  "configMapGenerator: [{name: settings, env: a.env, files: [a.txt], literals: [l=m]}]\n",
  "configMapGenerator: [{name: settings}]\n",
  "configMapGenerator: [{name: settings, literals: ['bad key=1']}]\n",
  "configMapGenerator: [{name: settings, namespace: n, literals: [a=b], options: {immutable: true, labels: {l: 'true'}, annotations: {a: '1'}}}]\n",
  "configMapGenerator: [{name: settings, literals: [a=b], options: {disableNameSuffixHash: true}}]\nnamePrefix: x-\n",
  "configMapGenerator: [{name: settings, literals: [a=b]}]\ngeneratorOptions: {disableNameSuffixHash: true, immutable: true, labels: {g: o}}\n",
  "configMapGenerator: [{name: settings, literals: [a=b], options: {disableNameSuffixHash: false, labels: {g: own}}}]\ngeneratorOptions: {disableNameSuffixHash: true, labels: {g: o, h: p}}\n",
  "configMapGenerator: [{name: settings, literals: [a=b]}]\nnamePrefix: x-\nnameSuffix: -y\nnamespace: n\n",
  "configMapGenerator: [{name: settings, literals: [a=b]}]\ncommonLabels: {l: m}\ncommonAnnotations: {note: o}\n",
  "configMapGenerator: [{name: settings, behavior: create, literals: [a=b]}]\n",
  "configMapGenerator: [{name: a, literals: [x=1]}, {name: a, behavior: merge, literals: [y=2]}, {name: a, behavior: replace, literals: [z=3]}]\n",
  "configMapGenerator: [{name: a, literals: [x=1]}]\nsecretGenerator: [{name: a, literals: [x=1]}]\n",
  "secretGenerator: [{name: pass, literals: [p=s3cret, q='']}]\n",
  "secretGenerator: [{name: pass, literals: [p=s], type: kubernetes.io/tls}]\n",
  "secretGenerator: [{name: pass, files: [a.txt, long.txt, empty.txt], options: {immutable: true}}]\n",
  "secretGenerator: [{name: pass, envs: [a.env]}]\n",
  "secretGenerator: [{name: pass}]\n",
  "namespace: n\n",
  "namespace: n\nnamePrefix: x-\n",
  "configMapGenerator: [{literals: [a=b]}]\n",
  "configMapGenerator: [{name: settings, literals: [a]}]\n",
  "configMapGenerator: [{name: settings, literals: ['=a']}]\n",
  "configMapGenerator: [{name: settings, literals: [a=1, a=2]}]\n",
  "configMapGenerator: [{name: settings, files: [a.txt, a.txt]}]\n",
  "configMapGenerator: [{name: settings, files: [nope.txt]}]\n",
  "configMapGenerator: [{name: settings, files: ['=a.txt']}]\n",
  "configMapGenerator: [{name: settings, files: ['k=']}]\n",
  "configMapGenerator: [{name: settings, files: ['a=b=c']}]\n",
  "configMapGenerator: [{name: settings, files: [nested]}]\n",
  "configMapGenerator: [{name: settings, files: [../out.txt]}]\n",
  "configMapGenerator: [{name: settings, envs: [nope.env]}]\n",
  "configMapGenerator: [{name: settings, zap: 1}]\n",
  "configMapGenerator: [{name: settings, behavior: zap, literals: [a=b]}]\n",
  "secretGenerator: [{literals: [a=b]}]\n",
  "helmCharts: [{name: minecraft, repo: 'https://example.com', version: 1.0.0, valuesInline: {a: 1}}]\n",
  "helmCharts: [{name: minecraft}]\nhelmGlobals: {chartHome: charts}\nnamespace: n\n",
  "helmChartInflationGenerator: [{chartName: minecraft, chartVersion: v1}]\n",
];
const plugin = (kind: string, body = "", name = "p") => `apiVersion: builtin\nkind: ${kind}\nmetadata: {name: ${name}}\n${body}`;
const NAME = "fieldSpecs: [{path: metadata/name}]\n";
const TRANSFORMERS = [
  plugin("PrefixTransformer", `prefix: x-\n${NAME}`),
  plugin("PrefixTransformer", "prefix: x-\n"),
  plugin("SuffixTransformer", `suffix: -y\n${NAME}`),
  plugin("PrefixSuffixTransformer", `prefix: x-\nsuffix: -y\n${NAME}`),
  plugin("LabelTransformer", "labels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n"),
  plugin("LabelTransformer", "labels: {a: b}\n"),
  plugin("LabelTransformer", "labels: {a: 1}\n"),
  plugin("AnnotationsTransformer", "annotations: {a: b}\nfieldSpecs: [{path: metadata/annotations, create: true}]\n"),
  `apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: p, namespace: n}\n`,
  `apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: p, namespace: n}\nunsetOnly: true\nsetRoleBindingSubjects: allServiceAccounts\nfieldSpecs: [{path: metadata/name, kind: Namespace, create: true}]\n`,
  `apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: p, namespace: n}\nsetRoleBindingSubjects: none\n`,
  `apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: p, namespace: n}\nsetRoleBindingSubjects: zap\n`,
  plugin("ImageTagTransformer", "imageTag: {name: nginx, newTag: v2}\n"),
  plugin(
    "ReplicaCountTransformer",
    "replica: {name: web, count: 4}\nfieldSpecs: [{path: spec/replicas, create: true, kind: Deployment}]\n",
  ),
  plugin(
    "ReplicaCountTransformer",
    "replica: {name: nope, count: 4}\nfieldSpecs: [{path: spec/replicas, create: true, kind: Deployment}]\n",
  ),
  plugin("PatchTransformer", 'target: {kind: Deployment}\npatch: \'[{"op": "add", "path": "/spec/replicas", "value": 3}]\'\n'),
  plugin("PatchTransformer", "path: nope.yaml\n"),
  plugin(
    "PatchStrategicMergeTransformer",
    "patches: |-\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: web}\n  spec: {replicas: 5}\n",
  ),
  plugin("PatchStrategicMergeTransformer"),
  plugin(
    "PatchJson6902Transformer",
    'target: {kind: Deployment, name: web}\njsonOp: \'[{"op": "add", "path": "/spec/replicas", "value": 3}]\'\n',
  ),
  plugin(
    "ReplacementTransformer",
    "replacements:\n- source: {kind: Namespace}\n  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.labels.ns], options: {create: true}}]\n",
  ),
  plugin(
    "ValueAddTransformer",
    "value: added\ntargets: [{fieldPath: metadata/annotations/x}, {selector: {kind: Deployment}, fieldPath: metadata/namespace}]\n",
  ),
  plugin("ValueAddTransformer", "targets: [{fieldPath: metadata/annotations/x, filePathPosition: 1}]\n"),
  plugin("ValueAddTransformer", "value: x\n"),
  plugin("HashTransformer"),
  plugin("ConfigMapGenerator", "literals: [a=b]\n"),
  plugin("Zap"),
  "apiVersion: example.com/v1\nkind: Custom\nmetadata: {name: p}\n",
  "apiVersion: v1\nkind: Custom\nmetadata: {name: p, annotations: {config.kubernetes.io/function: 'container: {image: x}'}}\n",
  "kind: Nameless\n",
  "a: [\n",
];
const GENERATORS = [
  plugin("ConfigMapGenerator", "literals: [a=b]\n", "settings"),
  plugin("ConfigMapGenerator", "name: other\nnamespace: n\nfiles: [a.txt]\noptions: {disableNameSuffixHash: true}\n"),
  plugin("SecretGenerator", "literals: [a=b]\ntype: x/y\n", "pass"),
  plugin("IAMPolicyGenerator", "cloud: gke\nkubernetesService: {name: k, namespace: n}\nserviceAccount: {name: s, projectId: pid}\n"),
  plugin("IAMPolicyGenerator", "cloud: other\n"),
  plugin("PrefixTransformer", `prefix: x-\n${NAME}`),
  plugin("HelmChartInflationGenerator", "name: x\n"),
  "apiVersion: example.com/v1\nkind: Custom\nmetadata: {name: p}\n",
];
const inline = (field: string, text: string) => app(`${field}:\n- |-\n  ${text.trim().replaceAll("\n", "\n  ")}\n`);
const ORIGINS = "buildMetadata: [originAnnotations, transformerAnnotations]\n";

/** Generators of ConfigMaps and Secrets, and the plugins that are built in. */
export const kustomizeGeneratorCases: CaseGroup = {
  name: "kustomize-generators",
  mode: "read",
  fixtures: [],
  cases: [
    ...GENERATED.map(app),
    ...TRANSFORMERS.map((text) => inline("transformers", text)),
    ...GENERATORS.map((text) => inline("generators", text)),
    inline("validators", plugin("LabelTransformer", "labels: {a: b}\n")),
    built("resources: [app.yaml]\ntransformers: [t.yaml]\n", { "over/t.yaml": TRANSFORMERS[0] ?? "" }),
    built(`resources: [app.yaml]\n${ORIGINS}transformers: [t.yaml, dir]\ngenerators: [g.yaml]\n`, {
      "over/t.yaml": TRANSFORMERS[0] ?? "",
      "over/g.yaml": GENERATORS[0] ?? "",
      "over/dir/kustomization.yaml": "resources: [l.yaml]\n",
      "over/dir/l.yaml": TRANSFORMERS[4] ?? "",
    }),
    inline(`${ORIGINS}transformers`, TRANSFORMERS[0] ?? ""),
    app("transformers: [nope.yaml]\n"),
    app("generators: [nope.yaml]\n"),
    app("validators: [nope.yaml]\n"),
    ...["merge", "replace"].map((behavior) =>
      built(
        `resources: [base]\nnamespace: n\nconfigMapGenerator: [{name: settings, behavior: ${behavior}, literals: [b=2, c=3], options: {labels: {o: v}}}]\n`,
        {
          "over/base/kustomization.yaml":
            "resources: [d.yaml]\nnamePrefix: b-\nconfigMapGenerator: [{name: settings, literals: [a=1, b=1], options: {labels: {o: b}, annotations: {k: v}}}]\n",
          "over/base/d.yaml": APP,
        },
      ),
    ),
    ...["merge", "replace"].map((behavior) =>
      built(`resources: [base, cm.yaml]\nconfigMapGenerator: [{name: plain, behavior: ${behavior}, literals: [b=2]}]\n`, {
        "over/base/kustomization.yaml": "configMapGenerator: [{name: settings, literals: [a=1]}]\n",
        "over/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, labels: {x: 1}}\ndata: {a: '1'}\nimmutable: true\n",
      }),
    ),
  ],
};
