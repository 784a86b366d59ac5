import type { Case } from "../case.ts";

/** Texts of objects that several groups write. */
export const configMap = (name: string, data = "x: one", metadata = ""): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}${metadata === "" ? "" : `\n  ${metadata}`}\ndata: {${data}}\n`;

export const workload = (kind: string, name: string, image = "nginx:1", spec = "revisionHistoryLimit: 5"): string => `apiVersion: apps/v1
kind: ${kind}
metadata: {name: ${name}}
spec:
  ${spec}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: c, image: "${image}", env: [{name: A, value: "1"}]}]}
`;

export const deployment = (name: string, spec = "replicas: 1", image = "nginx:1"): string => workload("Deployment", name, image, spec);

export const definition = (plural: string, kind: string, more = ""): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.example.io${more}}
spec:
  group: example.io
  scope: Namespaced
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}}
`;

export const custom = (kind: string, name: string, spec = "a: 1"): string =>
  `apiVersion: example.io/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;

/** A command line over `f.yaml`. */
export const over = (command: string, text: string, more: Partial<Case> = {}): Case => ({ ...more, command, files: { "f.yaml": text } });
/** A command line with objects that the real kubectl applies before. */
export const given = (texts: readonly string[], command: string, more: Partial<Case> = {}): Case => ({
  ...more,
  command,
  files: { ...Object.fromEntries(texts.map((text, index) => [`given-${index}.yaml`, text])), ...more.files },
  setup: [...texts.map((_, index) => `apply -f $DIR/given-${index}.yaml`), ...(more.setup ?? [])],
});
