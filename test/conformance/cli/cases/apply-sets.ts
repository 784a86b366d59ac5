import type { Case, CaseGroup } from "../case.ts";
import { configMap, custom, definition, given } from "./manifests.ts";

const ENABLED = { KUBECTL_APPLYSET: "true" };
const secret = (name: string, metadata = "") =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}${metadata === "" ? "" : `\n  ${metadata}`}\nstringData: {a: b}\n`;
const role = (name: string) => `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: ${name}}\nrules: []\n`;
const files = (...texts: readonly string[]) => ({ "f.yaml": texts.join("---\n") });
/** One apply of a set; the flags come after those that every apply of a set needs. */
const set = (parent: string, flags: string, texts: readonly string[], more: Partial<Case> = {}): Case => ({
  ...more,
  command: `apply -f f.yaml --applyset=${parent} ${flags}`,
  env: ENABLED,
  files: { ...more.files, ...files(...texts) },
});
const parent = (kind: string, name: string, metadata: string) => `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${metadata}`;
const ID = "applyset-dm8bWIxjlVQZ4Hv4dl5hUZrFfVRJk4xZg7hrKfP8OkM-v1";
const elsewhere = (name: string, namespace: string) => configMap(name, "x: one", `namespace: ${namespace}`);

/** apply --applyset: members, parents, pruning. */
export const applySetCases: CaseGroup = {
  name: "apply-sets",
  mode: "write",
  cases: [
    { command: "apply -f f.yaml --prune --applyset=a -n default", files: files(configMap("a")) },
    { command: "apply -f f.yaml --prune --applyset=a -n default", files: files(configMap("a")), env: { KUBECTL_APPLYSET: "1" } },
    { command: "apply -h", env: ENABLED, compare: "layout" },
    set("s", "", [configMap("a")]),
    set("s", "--prune", [configMap("a")]),
    set("s", "--prune -n default", [configMap("a"), configMap("b")]),
    set("s", "--prune -n default", [configMap("a"), configMap("b")]),
    set("s", "--prune -n default --dry-run=client", [configMap("a")]),
    set("s", "--prune -n default --dry-run=server", [configMap("a")]),
    set("s", "--prune -n default --dry-run=server -o yaml", [configMap("a")]),
    set("s", "--prune -n default -o name", [configMap("a")]),
    set("s", "--prune -n default -o json", [configMap("a"), secret("c")]),
    set("s", "--prune -n default -o yaml", [secret("c")]),
    set("s", "--prune -n default --server-side", [secret("c"), configMap("d")]),
    set("s", "--prune -n default --server-side", [configMap("d")]),
    set("secrets/s", "--prune -n default", [configMap("d")]),
    set("secret/s", "--prune -n default", [configMap("e"), configMap("bad", "x: 5")]),
    set("s", "--prune -n default", [configMap("d")]),
    set("cm/parent", "--prune -n default", [configMap("m1"), role("r1"), role("r2")]),
    set("configmaps/parent", "--prune -n default", [configMap("m1"), role("r2")]),
    set("configmap/parent", "--prune -n default --cascade=orphan --grace-period=0", [configMap("m1")]),
    set("configmaps/parent", "--prune -n default", [
      elsewhere("m1", "default"),
      elsewhere("m2", "kube-system"),
      elsewhere("m3", "kube-public"),
    ]),
    set("configmaps/parent", "--prune", [configMap("m1")]),
    set("spread", "--prune -n kube-public", [role("r3")]),
    set("spread", "--prune -n nope", [configMap("m1")]),
    set("s", "--prune -n default", [configMap("d", "x: one", "labels: {applyset.kubernetes.io/part-of: other}")]),
    set("s", "--prune -n default", [configMap("d"), configMap("e", "x: one", "labels: {applyset.kubernetes.io/part-of: other}")]),
    given([configMap("own", "x: one", "labels: {applyset.kubernetes.io/part-of: other}")], "get cm own -o yaml"),
    set("s", "--prune -n default", [configMap("own")]),
    set("", "--prune -n default --all", [configMap("a")]),
    set("secrets/", "--prune -n default", [configMap("a")]),
    set("nope/x", "--prune -n default", [configMap("a")]),
    set("nope.example.io/x", "--prune -n default", [configMap("a")]),
    set("pods/x", "--prune -n default", [configMap("a")]),
    set("deployments.apps/x", "--prune", [configMap("a")]),
    set("namespaces/x", "--prune -n default", [configMap("a")]),
    set("s", "--prune -n default --all", [configMap("a")]),
    set("s", "--prune -n default -l a=b", [configMap("a")]),
    set("s", "--prune -n default --prune-allowlist=core/v1/ConfigMap", [configMap("a")]),
    set("s", "--prune -n default --force", [configMap("a")]),
    set("s", "-n default --force --server-side", [configMap("a")]),
    set("A_b", "--prune -n default", [configMap("a")]),
    set("s", "--prune -n default", ["apiVersion: v1\nkind: Nope\nmetadata: {name: a}\n"]),
    set("s", "--prune -n default", [configMap("d"), "apiVersion: v1\nkind: Nope\nmetadata: {name: a}\n"]),
    set("s", "--prune -n default", [""]),
    set("plain", "--prune -n default", [configMap("p")], { setup: ["create secret generic plain"] }),
    given([parent("Secret", "helm", "  annotations: {applyset.kubernetes.io/tooling: helm/v3}\n")], "get secret helm -o name"),
    set("helm", "--prune -n default", [configMap("p")]),
    given([parent("Secret", "noid", "  annotations: {applyset.kubernetes.io/tooling: kubectl/v1.27.0}\n")], "get secret noid -o name"),
    set("noid", "--prune -n default", [configMap("p")]),
    given(
      [
        parent(
          "Secret",
          "wrongid",
          `  annotations: {applyset.kubernetes.io/tooling: kubectl/v1.27.0}\n  labels: {applyset.kubernetes.io/id: ${ID}}\n`,
        ),
      ],
      "get secret wrongid -o name",
    ),
    set("wrongid", "--prune -n default", [configMap("p")]),
    { command: "annotate secret s applyset.kubernetes.io/contains-group-kinds=Nope.example.io --overwrite" },
    set("s", "--prune -n default", [configMap("d")]),
    { command: "annotate secret s applyset.kubernetes.io/contains-group-kinds-" },
    set("s", "--prune -n default", [configMap("d")]),
    { command: "annotate secret s applyset.kubernetes.io/contains-group-resources=configmaps,nope.example.io" },
    set("s", "--prune -n default", [configMap("d")]),
    { command: "annotate secret s applyset.kubernetes.io/contains-group-resources=configmaps --overwrite" },
    set("s", "--prune -n default", [configMap("d2")]),
    { command: "annotate secret s applyset.kubernetes.io/additional-namespaces=kube-public, --overwrite" },
    set("s", "--prune -n default", [configMap("d")]),
    {
      command:
        "annotate secret s applyset.kubernetes.io/additional-namespaces=nope applyset.kubernetes.io/tooling=kubectl/v1.30.0 --overwrite",
    },
    set("s", "--prune -n default", [configMap("d")]),
    given([definition("sets", "Set")], "get crd sets.example.io -o name", { settleMs: 2000 }),
    set("sets.example.io/p", "--prune -n default", [configMap("p")]),
    { command: "label crd sets.example.io applyset.kubernetes.io/is-parent-type=true" },
    set("sets.example.io/p", "--prune -n default", [configMap("p")]),
    given([custom("Set", "p")], "get sets p -o name"),
    set("sets.example.io/p", "--prune -n default", [configMap("p")]),
    { command: "annotate sets p applyset.kubernetes.io/tooling=kubectl/v1.36.3 applyset.kubernetes.io/contains-group-kinds=" },
    set("sets/p", "--prune -n default", [configMap("p")]),
    { command: "label sets p applyset.kubernetes.io/id=x" },
    set("sets/p", "--prune -n default", [configMap("p")]),
    { command: "delete cm --all -n kube-public" },
  ],
};
