import type { Case, CaseGroup } from "../case.ts";

const WORKLOADS = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, tier: front}
  annotations: {note: one}
  finalizers: [a.example.com/x]
spec:
  replicas: 2
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector:
      affinity: null
      tolerations: [{key: a, operator: Exists}]
      hostAliases: [{ip: 10.0.0.1, hostnames: [x]}]
      imagePullSecrets: [{name: reg}]
      topologySpreadConstraints:
      - {topologyKey: zone, whenUnsatisfiable: DoNotSchedule, maxSkew: 1}
      containers:
      - name: main
        image: nginx:1.27
        args: [-a, -b]
        ports: [{containerPort: 80, protocol: TCP}, {containerPort: 90}]
        env: [{name: A, value: "1"}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]
        envFrom: [{configMapRef: {name: c}}]
        volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w}]
        resources: {limits: {cpu: 100m, memory: 1Gi}}
      - {name: side, image: busybox}
      initContainers: [{name: init, image: busybox}]
      volumes: [{name: v, emptyDir: {}}, {name: w, configMap: {name: c}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, protocol: TCP}, {name: https, port: 443}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
secrets: [{name: one}]
imagePullSecrets: [{name: one}]
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: far}
spec: {list: [{name: a, v: 1}, {name: b}], map: {x: 1, y: {z: 2}}, texts: [p, q]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hooks}
webhooks: [{name: a.example.com, failurePolicy: Fail}, {name: b.example.com}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: in}
spec: {rules: [{host: a.example.com}, {host: b.example.com}], tls: [{hosts: [a]}]}
`;
const patched = (patches: string, files: Record<string, string> = {}): Case => ({
  command: "kustomize over",
  files: { "over/kustomization.yaml": `resources: [all.yaml]\n${patches}`, "over/all.yaml": WORKLOADS, ...files },
});
const indented = (text: string) => text.replaceAll("\n", "\n    ");
const web = (body: string) =>
  patched(
    `patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    ${body.startsWith("metadata") ? "" : "metadata: {name: web}\n    "}${indented(body)}\n`,
  );
const pod = (spec: string) => web(`spec: {template: {spec: ${spec}}}`);
const json = (operations: string, target = "{kind: Deployment}") => patched(`patches:\n- target: ${target}\n  patch: '${operations}'\n`);
const strategic = (kind: string, body: string) => patched(`patches:\n- patch: |-\n    ${indented(kind)}\n    ${indented(body)}\n`);
const WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: far}";
const SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}";

const POD_PATCHES = [
  "{containers: [{name: main, image: other}]}",
  "{containers: [{name: new, image: n}, {name: side, args: [x]}]}",
  "{containers: [{name: main, ports: [{containerPort: 80, name: http}]}]}",
  "{containers: [{name: main, ports: [{containerPort: 80, protocol: UDP}]}]}",
  "{containers: [{name: main, ports: [{containerPort: 443}]}]}",
  "{containers: [{name: main, ports: [{containerPort: 90, name: x}]}]}",
  "{containers: [{name: main, ports: [{containerPort: 80, protocol: TCP, $patch: delete}]}]}",
  "{containers: [{name: main, env: [{name: A, value: '9'}, {name: C, value: c}]}]}",
  "{containers: [{name: main, env: [{name: A, $patch: delete}]}]}",
  "{containers: [{name: main, env: [{name: B, value: plain, valueFrom: null}]}]}",
  "{containers: [{name: main, envFrom: [{secretRef: {name: s}}]}]}",
  "{containers: [{name: main, args: null, resources: {limits: {cpu: null}}}]}",
  "{containers: [{name: main, args: [only]}]}",
  "{containers: [{name: main, volumeMounts: [{name: v, mountPath: /other}, {mountPath: /w, readOnly: true}]}]}",
  "{containers: [{$patch: replace}, {name: only, image: x}]}",
  "{containers: [{$patch: delete, name: side}]}",
  "{containers: [{$patch: replace, name: side, command: [x]}]}",
  "{containers: [{$patch: merge, name: side, command: [x]}]}",
  "{containers: [{$patch: bad, name: side}]}",
  "{containers: [{image: nameless}]}",
  "{containers: null}",
  "{containers: text}",
  "{initContainers: [{name: init, $patch: delete}]}",
  "{volumes: [{name: v, emptyDir: null, hostPath: {path: /x}}]}",
  "{volumes: [{name: z, emptyDir: {sizeLimit: null, medium: Memory}}]}",
  "{tolerations: [{key: b}]}",
  "{hostAliases: [{ip: 10.0.0.1, hostnames: [y]}, {ip: 10.0.0.2}]}",
  "{imagePullSecrets: [{name: other}]}",
  "{topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule, maxSkew: 5}]}",
  "{topologySpreadConstraints: [{topologyKey: zone, maxSkew: 5}]}",
  "{topologySpreadConstraints: [{topologyKey: node, whenUnsatisfiable: ScheduleAnyway}]}",
  "{nodeSelector: {disk: ssd}, affinity: {nodeAffinity: {}}}",
  "{resourceClaims: [{name: a}]}",
  "{unknownList: [{name: a}, null], emptyMap: {}, emptyList: [], deep: {gone: null, kept: {x: null}}}",
  "null",
  "{$patch: replace, containers: [{name: only}]}",
  "{$patch: delete}",
];
const OBJECT_PATCHES = [
  "spec: {strategy: {$patch: replace, type: Recreate}}",
  "spec: {strategy: {$retainKeys: [type], type: Recreate}}",
  "spec: {replicas: 0}",
  "spec: {replicas: null}",
  "spec: null",
  "metadata: {name: web, labels: {tier: null, new: x}, annotations: null}",
  "metadata: {name: web, finalizers: [b.example.com/y]}",
  "metadata: {name: web, namespace: other}",
  "metadata: {name: web, annotations: {n: 1, t: true, f: 1.10}}",
  "$patch: delete",
  "$patch: replace\nspec: {replicas: 9}",
  "$setElementOrder/x: [a]\nstatus: {conditions: [{type: A}]}",
];
const JSON_PATCHES = [
  '[{"op": "replace", "path": "/spec/replicas", "value": 5}]',
  '[{"op": "add", "path": "/metadata/labels/a~1b", "value": "x"}]',
  '[{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "z"}}]',
  '[{"op": "add", "path": "/spec/template/spec/containers/0", "value": {"name": "z"}}]',
  '[{"op": "remove", "path": "/spec/template/spec/containers/1"}, {"op": "remove", "path": "/metadata/annotations"}]',
  '[{"op": "test", "path": "/spec/replicas", "value": 2}, {"op": "move", "from": "/spec/replicas", "path": "/spec/moved"}]',
  '[{"op": "copy", "from": "/metadata/labels", "path": "/spec/copied"}]',
  '[{"op": "replace", "path": "/metadata/name", "value": "renamed"}]',
  '[{"op": "replace", "path": "/spec/nope", "value": 1}]',
  '[{"op": "replace", "path": "/spec/nope/x", "value": 1}]',
  '[{"op": "remove", "path": "/spec/nope"}]',
  '[{"op": "remove", "path": "/spec/nope/x"}]',
  '[{"op": "remove", "path": "/spec/template/spec/containers/7"}]',
  '[{"op": "add", "path": "/spec/nope/x", "value": 1}]',
  '[{"op": "add", "path": "/spec/template/spec/containers/7", "value": 1}]',
  '[{"op": "add", "path": "/spec/template/spec/containers/x", "value": 1}]',
  '[{"op": "test", "path": "/spec/replicas", "value": 3}]',
  '[{"op": "move", "from": "/spec/nope", "path": "/spec/x"}]',
  '[{"op": "zap", "path": "/x"}]',
  '[{"path": "/x"}]',
  '[{"op": "add", "value": 1}]',
  '[{"op": "add", "path": "/spec/none"}]',
  '{"op": "add"}',
  "[1]",
  "[]",
  "text",
  "a: [",
];
const TARGETS = [
  "{}",
  "{kind: Deploy.*}",
  "{kind: Deploy}",
  "{group: apps}",
  "{group: 'a.*', version: v1, kind: Deployment, name: web}",
  "{name: 'w.*'}",
  "{name: '^web$'}",
  "{name: 'web|in'}",
  "{labelSelector: app=web}",
  "{labelSelector: 'app in (web,x),tier!=back'}",
  "{labelSelector: '!app', kind: Service}",
  "{annotationSelector: note=one}",
  "{namespace: far}",
  "{namespace: default, kind: Service}",
  "{kind: 'Dep['}",
  "{kind: '*'}",
  "{labelSelector: 'a=('}",
  "{zap: 1}",
];
const ANY = "apiVersion: any/v9\nkind: any\nmetadata: {name: any, annotations: {touched: 'yes'}}";
const WRONG = [
  "patches: [{}]\n",
  "patches: [{path: nope.yaml}]\n",
  "patches: [{path: ../nope.yaml}]\n",
  "patches: [{path: two.yaml, patch: x}]\n",
  "patches: [{path: two.yaml, target: {kind: Deployment}}]\n",
  'patches: [{patch: \'[{"op": "add", "path": "/x", "value": 1}]\'}]\n',
  "patches: [{patch: 'kind: Deployment'}]\n",
  "patches: [{patch: ''}]\n",
  "patches: [{patch: '# only a comment'}]\n",
  "patches: ['x.yaml']\n",
  "patchesStrategicMerge: [nope.yaml]\n",
  "patchesStrategicMerge: ['']\n",
  "patchesStrategicMerge: [empty.yaml]\n",
  "patchesStrategicMerge: [bad.yaml]\n",
  "patchesJson6902: [{path: nope.json, target: {kind: Deployment, name: web}}]\n",
  "patchesJson6902: [{patch: '[]', target: {kind: Deployment}}]\n",
  "patchesJson6902: [{patch: '[]', target: {kind: Deployment, name: web}}]\n",
  "patchesJson6902: [{target: {kind: Deployment, name: web}}]\n",
  "patchesJson6902: [{path: a, patch: b, target: {kind: Deployment, name: web}}]\n",
];
const TWO = `${SERVICE}\nspec: {type: NodePort}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 8}\n`;

/** What patches change: strategic merges, JSON patches, their targets. */
export const kustomizePatchCases: CaseGroup = {
  name: "kustomize-patches",
  mode: "read",
  fixtures: [],
  cases: [
    ...POD_PATCHES.map(pod),
    ...OBJECT_PATCHES.map(web),
    ...JSON_PATCHES.map((operations) => json(operations)),
    ...TARGETS.map((target) => patched(`patches:\n- target: ${target}\n  patch: |-\n    ${indented(ANY)}\n`)),
    ...WRONG.map((text) => patched(text, { "over/two.yaml": TWO, "over/empty.yaml": "", "over/bad.yaml": "a: [\n" })),
    patched("patches: [{path: two.yaml}]\n", { "over/two.yaml": TWO }),
    patched(
      "patchesStrategicMerge:\n- two.yaml\n- |-\n  apiVersion: v1\n  kind: ServiceAccount\n  metadata: {name: robot}\n  secrets: [{name: two}]\n",
      {
        "over/two.yaml": TWO,
      },
    ),
    patched(`patchesStrategicMerge:\n- |-\n  ${SERVICE.replaceAll("\n", "\n  ")}\n  $patch: delete\n- two.yaml\n`, {
      "over/two.yaml": TWO.split("---\n")[1] ?? "",
    }),
    patched("patchesJson6902: [{path: ops.yaml, target: {kind: Deployment, name: w.*}}]\n", {
      "over/ops.yaml": "- {op: replace, path: /spec/replicas, value: 6}\n- op: add\n  path: /spec/paused\n  value: true\n",
    }),
    strategic(SERVICE, "spec: {ports: [{port: 80, name: web}, {port: 81}]}"),
    strategic(SERVICE, "spec: {ports: [{port: 443, name: tls}]}"),
    strategic(SERVICE, "spec: {ports: [{port: 443, $patch: delete}], selector: {$patch: replace, x: y}}"),
    strategic(WIDGET, "spec: {list: [{name: b, v: 2}], map: {y: {z: null}}, texts: [r]}"),
    strategic(WIDGET, "spec: {list: [{$patch: replace}, {name: c}], map: {$patch: delete}}"),
    strategic("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot}", "secrets: [{name: two}]\nimagePullSecrets: [{name: two}]"),
    strategic(
      "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: hooks}",
      "webhooks: [{name: b.example.com, failurePolicy: Ignore}]",
    ),
    strategic("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: in}", "spec: {rules: [{host: c.example.com}]}"),
    strategic("apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: web}", "spec: {replicas: 1}"),
    strategic("apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}", "spec: {x: y}"),
    ...["allowNameChange", "allowKindChange", "allowNameChange: true, allowKindChange"].map((option) =>
      patched(
        `namePrefix: p-\npatches:\n- target: {kind: Deployment}\n  options: {${option}: true}\n  patch: |-\n    apiVersion: apps/v1\n    kind: StatefulSet\n    metadata: {name: renamed}\n    spec: {replicas: 4}\n`,
      ),
    ),
    patched(
      "patches:\n- target: {}\n  options: {allowNameChange: true, allowKindChange: true}\n  patch: |-\n    apiVersion: v1\n    kind: Same\n    metadata: {name: same}\n",
    ),
    patched(`patches:\n- target: {}\n  patch: |-\n    ${indented(ANY)}\n    $patch: delete\n`),
  ],
};
