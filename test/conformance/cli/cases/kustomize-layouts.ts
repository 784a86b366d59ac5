import type { Case, CaseGroup } from "../case.ts";

const DEPLOYMENT = `# The application.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 1 # grows in production
  selector:
    matchLabels:
      app: shop
  template:
    metadata:
      labels:
        app: shop
    spec:
      serviceAccountName: shop
      containers:
        - name: shop
          image: registry.example.com/shop:latest
          ports:
            - containerPort: 8080
          env:
            - name: LOG_LEVEL
              valueFrom:
                configMapKeyRef: {name: shop-config, key: LOG_LEVEL}
            - {name: PASSWORD, valueFrom: {secretKeyRef: {name: shop-secret, key: password}}}
          volumeMounts:
            - {name: data, mountPath: /data}
      volumes:
        - name: data
          persistentVolumeClaim: {claimName: shop-data}
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{name: http, port: 80, targetPort: 8080}]
`;
const REST = `apiVersion: v1
kind: ServiceAccount
metadata: {name: shop}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shop-data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
  - host: shop.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {name: http}}}}]}
`;
const RBAC = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], resourceNames: [shop-config], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: shop, namespace: default}]
`;
const HOOKS = `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: hooks}
webhooks: [{name: a.example.com, clientConfig: {service: {name: shop, namespace: default, path: /x}}}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.example.com}
spec: {service: {name: shop, namespace: default}, group: example.com, version: v1}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {conversion: {strategy: Webhook, webhook: {clientConfig: {service: {name: shop, namespace: default}}}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: bound}
spec: {policyName: policy}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: policy}
`;
const SETS = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {priorityClassName: high, containers: [{name: db, image: postgres:16}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: fast}}]
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: dump}
spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {containers: [{name: d, image: postgres:16, envFrom: [{secretRef: {name: shop-secret}}]}]}}}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}, maxReplicas: 3}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shop}
spec: {podSelector: {matchLabels: {app: shop}}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}]}], egress: [{to: [{podSelector: {}}]}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: shop}}}
---
apiVersion: v1
kind: Pod
metadata: {name: single}
spec: {serviceAccountName: shop, containers: [{name: c, image: busybox}], volumes: [{name: p, projected: {sources: [{configMap: {name: shop-config}}, {secret: {name: shop-secret}}]}}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {template: {spec: {containers: [{name: c, image: busybox}]}}}
`;
const BASE = {
  "base/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
metadata: {name: shop-base}
resources:
- deployment.yaml
- service.yaml
- rest.yaml
commonLabels:
  part-of: shop
configMapGenerator:
- name: shop-config
  literals: [LOG_LEVEL=info]
secretGenerator:
- name: shop-secret
  literals: [password=changeme]
`,
  "base/deployment.yaml": DEPLOYMENT,
  "base/service.yaml": SERVICE,
  "base/rest.yaml": REST,
  "base/rbac.yaml": RBAC,
  "base/hooks.yaml": HOOKS,
  "base/sets.yaml": SETS,
};
const COMPONENTS = {
  "components/cache/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [redis.yaml]\npatches:\n- target: {kind: Deployment, name: shop}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/0/env/-\n      value: {name: REDIS, value: redis}\n",
  "components/cache/redis.yaml":
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: redis}\nspec: {template: {spec: {containers: [{name: redis, image: redis:7}]}}}\n",
  "components/tls/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nsecretGenerator: [{name: tls, type: kubernetes.io/tls, literals: [tls.crt=c, tls.key=k]}]\npatches:\n- patch: |-\n    apiVersion: networking.k8s.io/v1\n    kind: Ingress\n    metadata: {name: shop}\n    spec: {tls: [{hosts: [shop.example.com], secretName: tls}]}\n",
};
const OVERLAYS = {
  "overlays/dev/kustomization.yaml":
    "resources: [../../base]\nnamespace: shop-dev\nnameSuffix: -dev\nimages: [{name: registry.example.com/shop, newTag: dev}]\nconfigMapGenerator: [{name: shop-config, behavior: merge, literals: [LOG_LEVEL=debug, EXTRA=1]}]\n",
  "overlays/prod/kustomization.yaml":
    "resources: [../../base, ns.yaml]\ncomponents: [../../components/cache, ../../components/tls]\nnamespace: shop\nnamePrefix: prod-\nlabels: [{pairs: {env: prod}, includeSelectors: true, includeTemplates: true}]\ncommonAnnotations: {owner: team-shop}\nreplicas: [{name: shop, count: 5}]\npatches: [{path: resources.yaml, target: {kind: Deployment, name: shop}}]\nsecretGenerator: [{name: shop-secret, behavior: replace, envs: [secret.env]}]\n",
  "overlays/prod/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
  "overlays/prod/secret.env": "password=s3cret\n",
  "overlays/prod/resources.yaml":
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ignored\nspec:\n  template:\n    spec:\n      containers:\n        - name: shop\n          resources: {requests: {cpu: 500m}, limits: {memory: 1Gi}}\n        - name: proxy\n          image: envoy:v1\n",
  "overlays/all/kustomization.yaml": "resources: [../dev, ../prod]\nsortOptions: {order: fifo}\n",
};
const layout = (kustomization: string, command = "kustomize over", files: Record<string, string> = {}): Case => ({
  command,
  files: { ...BASE, ...COMPONENTS, ...OVERLAYS, "over/kustomization.yaml": kustomization, ...files },
});
const YAML = `apiVersion: v1
kind: ConfigMap
metadata: {name: styles, labels: {num: 1}}
data:
  block: |
    one
      two

  folded: >-
    folded
    text
  single: 'it''s'
  double: "tab\\tnew\\nline é \\u00e9"
  plain: yes
  on: off
  octal: "0777"
  date: "2020-01-01"
  colon: "a: b"
  hash: "a #b"
  star: "*x"
  long: aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccccccc dddddddddddddddddddd eeeeeeeeeeee
  trailing: "x "
  empty: ""
numbers: [1, 0x1F, 0777, 0o17, 1_000, 1e3, 1.50, .5, -0, +1, 12345678901234567890, 9007199254740993, 1.0, 08, 0b11]
words: [yes, No, on, y, n, ~, null, Null, true, True, "true", .nan2, 2020-01-01, 2020-01-01T00:00:00Z, 12:30:45, 1.2.3, "-"]
anchors: {base: &b {x: 1, y: [a]}, copy: *b, merged: {<<: *b, z: 2}}
`;

/** Layouts as tutorials have them, and how files are read and written. */
export const kustomizeLayoutCases: CaseGroup = {
  name: "kustomize-layouts",
  mode: "read",
  fixtures: [],
  cases: [
    layout("", "kustomize base"),
    layout("", "kustomize overlays/dev"),
    layout("", "kustomize overlays/prod"),
    layout("", "kustomize overlays/all"),
    layout("", "kustomize ./overlays/../overlays/dev/"),
    layout("resources: [../base]\nnamePrefix: a-\nnamespace: n\n", "kustomize over", {
      "base/kustomization.yaml": "resources: [deployment.yaml, service.yaml, rest.yaml, rbac.yaml, hooks.yaml, sets.yaml]\n",
    }),
    layout(
      "resources: [../base]\nnameSuffix: -z\nlabels: [{pairs: {l: m}, includeSelectors: true}]\ncommonAnnotations: {x: z}\n",
      "kustomize over",
      {
        "base/kustomization.yaml":
          "resources: [sets.yaml, rbac.yaml]\nconfigMapGenerator: [{name: shop-config}]\nsecretGenerator: [{name: shop-secret}]\nlabels: [{pairs: {t: u}, includeTemplates: true}]\n",
      },
    ),
    layout("resources: [../a, ../b]\nnamespace: n\n", "kustomize over", {
      "a/kustomization.yaml": "resources: [../base]\nnamePrefix: a-\n",
      "b/kustomization.yaml": "resources: [../base]\nnamePrefix: b-\n",
    }),
    layout("resources: [../a, ../b]\n", "kustomize over", {
      "a/kustomization.yaml": "resources: [../base]\nnamespace: a\n",
      "b/kustomization.yaml": "resources: [../base]\nnamespace: b\n",
    }),
    layout("resources: [../base]\ncomponents: [../components/cache]\n"),
    layout("resources: [../base]\ncomponents: [../components/cache, ../components/cache]\n"),
    layout("components: [../components/tls]\n"),
    layout("resources: [../components/tls]\n"),
    layout("components: [../base]\n"),
    layout("components: [../nope]\n"),
    layout("components: [../base/service.yaml]\n"),
    layout("bases: [../base]\n"),
    layout("resources: [y.yaml]\nlabels: [{pairs: {a: b}}]\n", "kustomize over", { "over/y.yaml": YAML }),
    layout(
      'resources: [y.yaml]\npatches: [{target: {kind: ConfigMap}, patch: \'[{"op":"add","path":"/data/n","value":"x"}]\'}]\n',
      "kustomize over",
      { "over/y.yaml": YAML },
    ),
    layout("resources: [list.yaml]\nnamePrefix: x-\n", "kustomize over", {
      "over/list.yaml": `apiVersion: v1\nkind: List\nitems:\n- ${SERVICE.trim().replaceAll("\n", "\n  ")}\n- apiVersion: v1\n  kind: ConfigMapList\n  items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: inner}}]\n`,
    }),
    layout("resources: [list.yaml]\n", "kustomize over", { "over/list.yaml": "apiVersion: v1\nkind: ConfigMapList\nitems: text\n" }),
    layout("resources: [local.yaml]\n", "kustomize over", {
      "over/local.yaml":
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {config.kubernetes.io/local-config: 'true'}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, annotations: {config.kubernetes.io/local-config: 'false', empty: ''}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {}}\n",
    }),
    layout("resources: [crlf.yaml]\n", "kustomize over", { "over/crlf.yaml": SERVICE.replaceAll("\n", "\r\n") }),
    layout("resources: [dup.yaml]\n", "kustomize over", { "over/dup.yaml": `${SERVICE}metadata: {name: again}\n` }),
    layout("resources: [sep.yaml]\n", "kustomize over", {
      "over/sep.yaml": `---\n# nothing\n---\n${SERVICE}--- # comment\n${REST}---\n\n---\n`,
    }),
    layout("resources: [sep.yaml]\n", "kustomize over", { "over/sep.yaml": `${SERVICE}--- text\n${REST}` }),
    layout("resources: [j.json]\n", "kustomize over", {
      "over/j.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}, "data": {"a": "b"}}',
    }),
    layout("resources: [empty.yaml]\n", "kustomize over", { "over/empty.yaml": "" }),
    layout("resources: [empty.yaml]\n", "kustomize over", { "over/empty.yaml": "# only a comment\n" }),
    layout("resources: [../base/service.yaml]\n"),
    layout("resources: [../base/service.yaml]\n", "kustomize over --load-restrictor LoadRestrictionsNone"),
    layout("resources: [../base/service.yaml]\n", "kustomize over --load-restrictor zap"),
    layout("resources: [$DIR/base/service.yaml]\n"),
    layout("resources: [/]\n"),
    layout("resources: ['']\n"),
    layout("resources: [.]\n"),
    layout("resources: [..]\n"),
    layout("resources: [../loop]\n", "kustomize over", { "loop/kustomization.yaml": "resources: [../over]\n" }),
    layout("resources: [../base/nope/x.yaml]\n"),
    layout("resources: [../base/service.yaml/x]\n"),
    layout("resources: [../none]\n", "kustomize over", { "none/x.yaml": "" }),
    layout("resources: [../bad]\n", "kustomize over", { "bad/kustomization.yaml": "zap: 1\n" }),
    layout("resources: [nokind.yaml]\n", "kustomize over", { "over/nokind.yaml": "apiVersion: v1\nmetadata: {name: a, labels: {b: c}}\n" }),
    layout("resources: [text.yaml]\n", "kustomize over", { "over/text.yaml": "just text\n" }),
    layout("resources: [tab.yaml]\n", "kustomize over", { "over/tab.yaml": "apiVersion: v1\nkind: ConfigMap\n\tmetadata: x\n" }),
    layout("resources: [../base]\nnamePrefix: '!'\n"),
    layout("resources: [a.yaml, b.yaml]\nnamespace: n\n", "kustomize over", {
      "over/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\n",
      "over/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: y}\n",
    }),
    ...[
      "resources: text\n",
      "resources: [1]\n",
      "images: [{newTag: 1.10}]\n",
      "namePrefix: 1\n",
      "patches: {}\n",
      "replicas: [{count: x}]\n",
      "[a]\n",
      "text\n",
      "commonLabels: {a: 1}\n",
      "Resources: [../base/]\n",
      "kind: Component\nresources: [../base]\n",
      "apiVersion: v9\n",
      "# nothing\n",
      "generatorOptions: {immutable: x}\n",
    ].map((text) => layout(text)),
    layout("resources: [../base]\n", "kustomize over -o out.yaml"),
    layout("resources: [../base]\nnamespace: n\n", "kustomize over -o out", { "out/keep": "" }),
    layout("resources: [../overlays/all]\n", "kustomize over -o out", { "out/keep": "" }),
    layout("resources: [../base]\n", "kustomize over --output none/out.yaml"),
    layout("resources: [../base]\n", "kustomize over --as-current-user -e A=b --env C --mount type=bind --network --network-name x"),
    layout(
      "resources: [../base]\n",
      "kustomize over --enable-helm --helm-command helm --helm-kube-version v1 --helm-api-versions v1 --helm-debug",
    ),
    layout("resources: [../base]\n", "kustomize over --enable-alpha-plugins"),
    layout("resources: [../base]\n", "kustomize over --zap"),
  ],
};
