import type { Case, CaseGroup } from "../case.ts";

const APP = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {host: $(HOST)}}
    spec:
      containers:
      - name: main
        image: nginx:1.27
        args: [--host=$(HOST), --port=$(PORT), $(PORT), $$(HOST), $(NOPE), "$(", $x]
        env: [{name: H, value: $(HOST).svc}, {name: F, valueFrom: {configMapKeyRef: {name: settings, key: a}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {port: "80"}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: $(PORT)}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: $(HOST), b: plain}
`;
const WIDGET = `apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec:
  configRef: settings
  secret: {name: pass}
  note: {}
  selector: {app: web}
  image: nginx:1.27
  list: [{name: a, v: 1}, {name: b, v: 2}]
  plain: [{name: a}]
  bee: {name: hive}
  count: 1
  host: $(HOST)
---
apiVersion: example.com/v1
kind: Bee
metadata: {name: hive}
---
apiVersion: v1
kind: Secret
metadata: {name: pass}
`;
const built = (kustomization: string, files: Record<string, string> = {}, command = "kustomize over"): Case => ({
  command,
  files: {
    "over/kustomization.yaml": `resources: [app.yaml, widget.yaml]\n${kustomization}`,
    "over/app.yaml": APP,
    "over/widget.yaml": WIDGET,
    ...files,
  },
});
const HOST = "{name: HOST, objref: {kind: Service, name: web, apiVersion: v1}}";
const PORT = "{name: PORT, objref: {kind: Service, name: web, apiVersion: v1}, fieldref: {fieldpath: 'spec.ports[0].port'}}";
const BOTH = `vars:\n- ${HOST}\n- ${PORT}\n`;

const VARIABLES = [
  BOTH,
  `${BOTH}namePrefix: x-\n`,
  `${BOTH}namespace: n\nnameSuffix: -y\n`,
  `vars:\n- {name: HOST, objref: {kind: ConfigMap, name: settings, version: v1}, fieldref: {fieldPath: data.b}}\n- ${PORT}\n`,
  `vars:\n- {name: HOST, objref: {kind: ConfigMap, name: settings, apiVersion: v1}, fieldref: {fieldPath: data.nope}}\n`,
  "vars:\n- {name: HOST, objref: {kind: ConfigMap, name: nope, apiVersion: v1}}\n",
  "vars:\n- {name: HOST, objref: {kind: Deployment, name: web, apiVersion: apps/v1}, fieldref: {fieldPath: 'spec.template.spec.containers[0].name'}}\n",
  `vars:\n- ${HOST}\n- ${HOST}\n`,
  `${BOTH}configurations: [config.yaml]\n`,
];
const CONFIGURATIONS: readonly [string, string][] = [
  ["namePrefix: x-\n", "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs: [{path: spec/configRef, kind: Widget}]\n"],
  [
    "namePrefix: x-\n",
    "nameReference:\n- kind: Bee\n  fieldSpecs: [{path: spec/bee/name, kind: Widget}, {path: spec/nope, kind: Widget}]\n",
  ],
  ["namePrefix: x-\n", "nameReference:\n- kind: Secret\n  version: v1\n  fieldSpecs: [{path: spec/secret, kind: Widget}]\n"],
  ["namePrefix: x-\n", "namePrefix:\n- {path: spec/bee/name, kind: Widget}\n"],
  ["namePrefix: x-\n", "namePrefix:\n- {path: metadata/name, kind: Service}\n"],
  ["nameSuffix: -x\n", "nameSuffix:\n- {path: metadata/labels/new, create: true, kind: Widget}\n"],
  ["namespace: n\n", "namespace:\n- {path: spec/ns, create: true, kind: Widget}\n"],
  ["namespace: n\n", "namespace:\n- {path: spec/list, kind: Widget}\n"],
  ["commonLabels: {l: m}\n", "commonLabels:\n- {path: spec/selector, kind: Widget}\n"],
  ["labels: [{pairs: {l: m}}]\n", "labels:\n- {path: spec/note, create: true, kind: Widget}\n"],
  ["labels: [{pairs: {l: m}, includeTemplates: true}]\n", "templateLabels:\n- {path: spec/tpl/labels, create: true, kind: Widget}\n"],
  ["commonAnnotations: {l: m}\n", "commonAnnotations:\n- {path: spec/note, kind: Widget}\n"],
  ["commonAnnotations: {l: m}\n", "commonAnnotations:\n- {path: 'spec/list[]/notes', create: true, kind: Widget}\n"],
  ["images: [{name: nginx, newTag: v2}]\n", "images:\n- {path: spec/image, kind: Widget}\n"],
  ["images: [{name: nginx, newTag: v2}]\n", "images:\n- {path: spec/note, kind: Widget}\n"],
  ["replicas: [{name: w, count: 5}]\n", "replicas:\n- {path: spec/count, kind: Widget}\n"],
  ["replicas: [{name: nope, count: 5}]\n", "replicas:\n- {path: spec/count, kind: Widget}\n"],
  [BOTH, "varReference:\n- {path: spec/host, kind: Widget}\n- {path: data, kind: ConfigMap}\n"],
  ["namePrefix: x-\n", "zap: 1\n"],
  ["namePrefix: x-\n", "namePrefix: text\n"],
  ["namePrefix: x-\n", "namePrefix:\n- {path: metadata/name, zap: 1}\n"],
  ["namePrefix: x-\n", "a: [\n"],
  ["commonLabels: {a: b}\n", "commonLabels:\n- {path: metadata/labels, create: false}\n"],
];
const CRD = (mark: string, more = "") =>
  `{"github.com/example/v1.Widget": {"Schema": {"description": "x", "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": {"$ref": "github.com/example/v1.WidgetSpec"}}}}, "github.com/example/v1.WidgetSpec": {"Schema": {"properties": {${mark}}}}${more}}`;
const REF = (kind: string, key = "") =>
  `"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "${kind}"${key === "" ? "" : `, "x-kubernetes-object-ref-name-key": "${key}"`}`;
const CRDS: readonly [string, string][] = [
  ["namePrefix: x-\n", CRD(`"secret": {${REF("Secret")}}`)],
  ["namePrefix: x-\n", CRD(`"bee": {"x-kubernetes-object-ref-api-version": "example.com/v1", "x-kubernetes-object-ref-kind": "Bee"}`)],
  ["namePrefix: x-\n", CRD(`"secret": {${REF("Secret", "other")}}`)],
  ["commonLabels: {l: m}\n", CRD(`"selector": {"x-kubernetes-label-selector": ""}`)],
  ["commonAnnotations: {l: m}\n", CRD(`"note": {"x-kubernetes-annotation": ""}`)],
  ["namePrefix: x-\n", CRD(`"configRef": {"x-kubernetes-identity": ""}`)],
  ["namePrefix: x-\n", "text"],
];
const OPENAPI = JSON.stringify({
  definitions: {
    "v1.Widget": {
      properties: { apiVersion: { type: "string" }, spec: { $ref: "#/definitions/v1.WidgetSpec" } },
      "x-kubernetes-group-version-kind": [{ group: "example.com", kind: "Widget", version: "v1" }],
    },
    "v1.WidgetSpec": {
      properties: {
        list: {
          type: "array",
          items: { $ref: "#/definitions/v1.Item" },
          "x-kubernetes-patch-merge-key": "name",
          "x-kubernetes-patch-strategy": "merge",
        },
        plain: { type: "array", items: { $ref: "#/definitions/v1.Item" } },
      },
    },
    "v1.Item": { properties: { name: { type: "string" } } },
  },
  paths: {
    "/apis/example.com/v1/bees/{name}": {
      get: { "x-kubernetes-group-version-kind": { group: "example.com", kind: "Bee", version: "v1" } },
    },
    "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}": {
      get: { "x-kubernetes-group-version-kind": { group: "example.com", kind: "Widget", version: "v1" } },
    },
  },
});
const PATCH =
  "patches:\n- patch: |-\n    apiVersion: example.com/v1\n    kind: Widget\n    metadata: {name: w}\n    spec: {list: [{name: b, v: 9}, {name: c}], plain: [{name: z}]}\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: side, image: x}]}}}\n";
const OPENAPIS: readonly [string, string][] = [
  [`openapi: {path: schema.json}\n${PATCH}`, OPENAPI],
  ["openapi: {path: schema.json}\nnamespace: n\n", OPENAPI],
  [`openapi: {version: v1.21.2}\n${PATCH}`, ""],
  ["openapi: {version: v1.36.0}\n", ""],
  ["openapi: {version: v1.21.2, path: schema.json}\n", OPENAPI],
  ["openapi: {path: nope.json}\n", ""],
  [`openapi: {path: schema.json}\n${PATCH}`, "definitions: {}\n"],
];
const META = [
  "buildMetadata: [originAnnotations]\n",
  "buildMetadata: [transformerAnnotations]\nnamePrefix: x-\nlabels: [{pairs: {a: b}}]\n",
  "buildMetadata: [managedByLabel]\n",
  "buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\nnamePrefix: x-\nconfigMapGenerator: [{name: g, literals: [a=b]}]\nsecretGenerator: [{name: s}]\n",
  "buildMetadata: [originAnnotations, transformerAnnotations]\nreplacements: [{source: {kind: Service}, targets: [{select: {kind: Bee}, fieldPaths: [metadata.annotations.x], options: {create: true}}]}]\nimages: [{name: nginx, newTag: v2}]\nreplicas: [{name: web, count: 2}]\n",
  "buildMetadata: [zap]\n",
  "buildMetadata: text\n",
];
const SORTS = [
  "sortOptions: {order: fifo}\n",
  "sortOptions: {order: legacy}\n",
  "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Bee, Widget], orderLast: [Deployment]}}\n",
  "sortOptions: {order: legacy, legacySortOptions: {}}\n",
  "sortOptions: {order: fifo, legacySortOptions: {orderFirst: [Bee]}}\n",
  "sortOptions: {order: zap}\n",
  "sortOptions: {}\n",
];
const LABELS = [
  "labels: [{pairs: {a: b}, fields: [{path: spec/note, kind: Widget, create: true}]}]\n",
  "labels: [{pairs: {a: b}, fields: [{path: spec/selector, kind: Widget}], includeSelectors: true}]\n",
  "labels: [{pairs: {a: b}, includeSelectors: true, includeTemplates: true}, {pairs: {c: d}}]\n",
  "labels: [{pairs: {a: b}, fields: [{path: metadata/labels}]}]\n",
  "labels: [{pairs: {a: b}, includeVolumeClaimTemplates: true}]\n",
  "labels: [{}]\n",
  "labels: [{pairs: {a: b}, fields: [{path: spec/count, kind: Widget}]}]\n",
  "labels: [{pairs: {a: b}, fields: [{path: spec/list/x, kind: Widget, create: true}]}]\n",
  "labels: [{pairs: {a: b}, fields: [{path: spec/count/deep, kind: Widget, create: true}]}]\n",
  "labels: [{pairs: {a: b}}]\ncommonLabels: {a: c}\n",
  "commonLabels: {}\n",
  "commonAnnotations: {x: 'true'}\n",
  "commonAnnotations: {x: 1}\n",
];
const IMAGES = [
  "images: [{name: nginx, newTag: v2, digest: 'sha256:abc'}]\n",
  "images: [{name: nginx, digest: 'sha256:abc'}]\n",
  "images: [{name: nginx, tagSuffix: -alpine}]\n",
  "images: [{name: nginx, newName: 'registry:5000/x/nginx'}]\n",
  "images: [{name: 'ngi.*', newTag: v9}]\n",
  "images: [{name: nginx}]\n",
  "images: [{newTag: v1}]\n",
  "images: [{name: ngin, newTag: v1}]\n",
  "imageTags: [{name: nginx, newTag: v3}]\n",
  "images: [{name: nginx, newTag: v1}, {name: nginx, newTag: v2}]\n",
];

/** Fields of kustomizations other than patches, replacements and generators. */
export const kustomizeFieldCases: CaseGroup = {
  name: "kustomize-fields",
  mode: "read",
  fixtures: [],
  cases: [
    ...VARIABLES.map((text) =>
      built(text, { "over/config.yaml": "varReference:\n- {path: spec/host, kind: Widget}\n- {path: data/a, kind: ConfigMap}\n" }),
    ),
    ...CONFIGURATIONS.map(([text, config]) => built(`${text}configurations: [config.yaml]\n`, { "over/config.yaml": config })),
    built("configurations: [nope.yaml]\n"),
    built("namePrefix: x-\nconfigurations: [a.yaml, b.yaml]\n", {
      "over/a.yaml": "namePrefix: [{path: spec/bee/name, kind: Widget}]\n",
      "over/b.yaml": "namePrefix: [{path: spec/bee/name, kind: Widget, create: true}]\n",
    }),
    ...CRDS.map(([text, crd]) => built(`${text}crds: [crd.json]\n`, { "over/crd.json": crd })),
    built("crds: [nope.json]\n"),
    ...OPENAPIS.map(([text, schema]) => built(text, { "over/schema.json": schema })),
    ...META.map((text) => built(text)),
    ...SORTS.map((text) => built(text)),
    built("", {}, "kustomize over --reorder=none"),
    built("", {}, "kustomize over --reorder=legacy"),
    built("", {}, "kustomize over --reorder=zap"),
    ...LABELS.map((text) => built(text)),
    ...IMAGES.map((text) => built(text)),
  ],
};
