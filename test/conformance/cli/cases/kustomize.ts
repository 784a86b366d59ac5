import type { Case, CaseGroup } from "../case.ts";

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: robot
      containers:
      - name: nginx
        image: nginx:1.27
        ports: [{containerPort: 80}]
        env: [{name: A, value: "1"}, {name: PW, valueFrom: {secretKeyRef: {name: pass, key: p}}}]
        envFrom: [{configMapRef: {name: settings}}]
      - {name: side, image: "reg.example:5000/team/side@sha256:abc"}
      initContainers: [{name: init, image: busybox}]
      volumes: [{name: v, configMap: {name: settings}}, {name: p, persistentVolumeClaim: {claimName: data}}]
`;
const REST = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bind}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: robot, namespace: default}, {kind: ServiceAccount, name: default, namespace: default}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaler}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: in}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec: {list: [{name: a, v: 1}], selector: {app: web}}
`;
const BASE = { "base/deploy.yaml": DEPLOYMENT, "base/rest.yaml": REST, "base/kustomization.yaml": "resources: [deploy.yaml, rest.yaml]\n" };
const build = (kustomization: string, files: Record<string, string> = {}, command = "kustomize over"): Case => ({
  command,
  files: { ...BASE, "over/kustomization.yaml": kustomization, ...files },
});
const over = (text: string, files: Record<string, string> = {}) => build(`resources: [../base]\n${text}`, files);

const VALID = [
  "namePrefix: pre-\nnameSuffix: -suf\n",
  "namespace: other\n",
  "namespace: other\nnamePrefix: x-\n",
  "commonLabels: {team: blue}\n",
  "commonAnnotations: {note: 'yes', m: '5'}\n",
  "labels: [{pairs: {team: red}}]\n",
  "labels: [{pairs: {team: red}, includeSelectors: true}]\n",
  "labels: [{pairs: {team: red}, includeTemplates: true}]\n",
  "images: [{name: nginx, newTag: '1.28'}]\n",
  "images: [{name: nginx, newName: my/nginx, newTag: v1}, {name: busybox, digest: 'sha256:12'}, {name: 'reg.example:5000/team/side', newTag: x}]\n",
  "images: [{name: nope, newTag: x}]\n",
  "replicas: [{name: web, count: 5}]\n",
  "configMapGenerator: [{name: settings, literals: [a=b, 'c=\"d e\"']}]\n",
  "configMapGenerator: [{name: settings, files: [f.txt, k=g.txt]}]\n",
  "configMapGenerator: [{name: settings, envs: [e.env]}]\n",
  "configMapGenerator: [{name: settings, env: e.env, options: {disableNameSuffixHash: true, labels: {l: m}, annotations: {o: p}, immutable: true}}]\n",
  "secretGenerator: [{name: pass, literals: [p=s3cret], type: example.com/x}]\n",
  "secretGenerator: [{name: pass, files: [long.txt]}]\ngeneratorOptions: {labels: {g: o}, annotations: {a: nn}}\n",
  "secretGenerator: [{name: pass, literals: [p=1]}]\ngeneratorOptions: {disableNameSuffixHash: true}\nnamePrefix: a-\n",
  "configMapGenerator: [{name: settings, namespace: far, literals: [a=b]}]\n",
  "configMapGenerator: [{name: bin, files: [raw.bin]}]\n",
  "patches: [{path: patch.yaml}]\n",
  "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {replicas: 7, template: {spec: {containers: [{name: new, image: n}, {name: nginx, env: [{name: B, value: x}], ports: [{containerPort: 443}]}]}}}\n",
  "patches:\n- patch: |-\n    - {op: replace, path: /spec/replicas, value: 9}\n    - {op: add, path: /metadata/labels/x, value: y}\n  target: {kind: Deployment}\n",
  'patches:\n- patch: \'[{"op": "remove", "path": "/spec/ports"}]\'\n  target: {version: v1, kind: Service, name: we.*}\n',
  "patches:\n- patch: |-\n    kind: any\n    metadata: {name: any, annotations: {all: 'true'}}\n  target: {labelSelector: tier=front}\n",
  "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    $patch: delete\n",
  "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: side, $patch: delete}], volumes: null}}}\n",
  "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web, labels: {tier: null}}\n    spec: {selector: {$patch: replace, matchLabels: {z: z}}}\n",
  "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: renamed}\n  target: {kind: Deployment}\n  options: {allowNameChange: true}\n",
  "patches:\n- patch: |-\n    apiVersion: example.com/v1\n    kind: Widget\n    metadata: {name: w}\n    spec: {list: [{name: b}], more: {x: y}}\n",
  "patchesStrategicMerge: [patch.yaml]\n",
  "patchesJson6902: [{target: {group: apps, version: v1, kind: Deployment, name: web}, path: ops.json}]\n",
  "replacements:\n- source: {kind: Deployment, name: web, fieldPath: metadata.name}\n  targets: [{select: {kind: Ingress}, fieldPaths: ['metadata.annotations.[a.b/c]'], options: {create: true}}]\n",
  "replacements:\n- source: {kind: Service, fieldPath: 'spec.ports.0.port'}\n  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=nginx].ports.0.containerPort', 'spec.replicas']}]\n",
  "replacements:\n- sourceValue: v9\n  targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=nginx].image'], options: {delimiter: ':', index: 1}}]\n",
  "components: [../comp]\nnamePrefix: c-\n",
  "sortOptions: {order: fifo}\n",
  "sortOptions: {order: legacy}\n",
  "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Service], orderLast: [Namespace]}}\n",
];
const FILES = {
  "over/patch.yaml":
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3, template: {spec: {containers: [{name: nginx, resources: {limits: {cpu: 1}}}]}}}\n",
  "over/ops.json": '[{"op":"add","path":"/spec/paused","value":true}]',
  "over/f.txt": "line one\nline two\n",
  "over/g.txt": "no newline",
  "over/e.env": "# c\nX=1\nY=a=b\n\n",
  "over/long.txt": "0123456789".repeat(12),
  "over/raw.bin": "\u0000ÿ",
  "comp/kustomization.yaml":
    'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [extra.yaml]\npatches: [{patch: \'[{"op":"add","path":"/metadata/labels/comp","value":"x"}]\', target: {kind: Deployment}}]\n',
  "comp/extra.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n",
};
const WRONG = [
  "unknownThing: 1\n",
  "kind: Nope\n",
  "apiVersion: v1\n",
  "resources: [nope.yaml]\n",
  "resources: [../nope]\n",
  "resources: [bad.yaml]\n",
  "resources: [noname.yaml]\n",
  "resources: [../base, ../base]\n",
  "namePrefix: x\nresources: [.]\n",
  "a: [\n",
  "{}\n",
];

/** Kustomizations: what they build, and what is wrong with them. */
export const kustomizeCases: CaseGroup = {
  name: "kustomize",
  mode: "read",
  fixtures: [],
  cases: [
    build("resources: [../base]\n"),
    ...VALID.map((text) => over(text, FILES)),
    build("resources: [../base]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [b=2]}]\nnamePrefix: o-\n", {
      "base/kustomization.yaml": "resources: [deploy.yaml, rest.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=1, b=1]}]\n",
    }),
    build("resources: [../base]\nconfigMapGenerator: [{name: settings, behavior: replace, literals: [b=2]}]\n", {
      "base/kustomization.yaml":
        "resources: [deploy.yaml, rest.yaml]\nnamePrefix: b-\nconfigMapGenerator: [{name: settings, literals: [a=1, b=1]}]\n",
    }),
    build("resources: [../base]\nnamePrefix: o-\nnamespace: n2\n", {
      "base/kustomization.yaml": "resources: [deploy.yaml, rest.yaml]\nnamePrefix: b-\nnamespace: n1\n",
    }),
    build("resources: [../base]\npatches: [{path: patch.yaml}]\n", {
      ...FILES,
      "base/kustomization.yaml": "resources: [deploy.yaml, rest.yaml]\nnamePrefix: b-\n",
    }),
    {
      ...over("configMapGenerator: [{name: settings, behavior: merge, literals: [b=2]}]\n"),
      differs: "kubectl prints the address of a Go object",
    },
    over("configMapGenerator: [{name: settings, literals: [b]}]\n"),
    over("configMapGenerator: [{name: settings, literals: [b=1, b=2]}]\n"),
    over("configMapGenerator: [{name: settings, files: [nope]}]\n"),
    over("patches: [{path: nope.yaml}]\n"),
    over("patches: [{patch: '[]'}]\n"),
    over("patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: nope}\n"),
    over("patchesStrategicMerge: [patch.yaml]\n", { "over/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: nope}\n" }),
    over("replicas: [{name: nope, count: 1}]\n"),
    over("replacements: [{source: {kind: Nope}, targets: [{select: {kind: Deployment}}]}]\n"),
    over("components: [../base]\n"),
    { ...build("resources: [https://github.com/nope]\n"), differs: "kubesim fetches no remote kustomizations" },
    ...WRONG.map((text) => build(text, { "over/bad.yaml": "a: [\n", "over/noname.yaml": "apiVersion: v1\nkind: ConfigMap\n" })),
    {
      command: "kustomize",
      files: { "kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" },
    },
    { command: "kustomize nope" },
    { command: "kustomize a b" },
    { command: "kustomize .", files: { "x.yaml": "" } },
    { command: "kustomize .", files: { "kustomization.yaml": "namePrefix: a\n", Kustomization: "namePrefix: b\n" } },
    {
      command: "kustomize -o out.yaml .",
      files: { "kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" },
    },
    build(
      'resources: [../base]\npatches: [{patch: \'[{"op":"remove","path":"/spec"}]\', target: {kind: Widget}}]\n',
      {
        "base/rest.yaml":
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n",
      },
      "apply -k over --dry-run=client",
    ),
    build(
      "resources: [../base]\n",
      {
        "base/rest.yaml":
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n",
      },
      "create -k over --dry-run=client",
    ),
    build("resources: [../base]\n", { "base/rest.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n" }, "delete -k over"),
    build("resources: [../base]\n", { "base/rest.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n" }, "get -k over"),
    build("resources: [nope.yaml]\n", {}, "apply -k over"),
    { command: "apply -k nope" },
  ],
};
