import type { Case, CaseGroup } from "../case.ts";

const FILES = {
  "k/kustomization.yaml":
    "resources: [cm.yaml]\nnamePrefix: p-\nnamespace: default\nconfigMapGenerator: [{name: made, literals: [a=b]}]\nlabels: [{pairs: {team: blue}}]\n",
  "k/cm.yaml":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {x: '1'}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: two}\nstringData: {y: z}\n",
  "old/kustomization.yaml": "resources: [cm.yaml]\ncommonLabels: {a: b}\n",
  "old/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n",
  "odd/kustomization.yaml": "resources: [x.yaml]\n",
  "odd/x.yaml": "apiVersion: nope.example.com/v1\nkind: Nope\nmetadata: {name: x}\n",
  "unknown/kustomization.yaml": "resources: [x.yaml]\n",
  "unknown/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatum: {a: b}\n",
  "empty/kustomization.yaml": "namePrefix: x-\n",
  "wrong/kustomization.yaml": "resources: [nope.yaml]\n",
  "plain.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n",
};
const one = (command: string, more: Partial<Case> = {}): Case => ({ command, files: FILES, ...more });
const APPLIED = [
  "delete cm,secret p-one p-two --ignore-not-found",
  "create cm p-one --from-literal=x=old",
  "create secret generic p-two --from-literal=y=old",
];

/** Commands that build a kustomization and send it. */
export const kustomizeApplyCases: CaseGroup = {
  name: "kustomize-apply",
  mode: "write",
  cases: [
    ...["apply", "create", "delete", "get", "replace"].flatMap((verb) => [one(`${verb} -k k`), one(`${verb} -k old`), one(`${verb} -k`)]),
    ...["apply", "create", "delete", "get", "replace", "diff"].flatMap((verb) => [
      one(`${verb} -k odd`),
      one(`${verb} -k empty`),
      one(`${verb} -k wrong`),
      one(`${verb} -k nope`),
      one(`${verb} -k k/cm.yaml`),
      one(`${verb} -k k -f plain.yaml`),
    ]),
    ...["apply", "replace", "create"].map((verb) => one(`${verb} -k unknown`)),
    ...["delete", "get", "replace", "apply --dry-run=server", "delete --ignore-not-found"].map((command) =>
      one(`${command} -k k`, { setup: APPLIED }),
    ),
    one("apply -k k --dry-run=client -o yaml"),
    one("apply -k k --server-side"),
    one("create -k k -o name"),
    one("create -k k -R"),
    one("apply -k k --prune -l team=blue"),
    one("label -k k x=y", { setup: APPLIED }),
    one("annotate -k k x=y", { setup: APPLIED }),
    one("describe -k old"),
    one("patch -k old -p {}"),
    one("scale -k k --replicas=1"),
    one("edit -k wrong"),
  ],
};
