import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeIntoText } from "../../src/cli/kubeconfig/merge-kubeconfig.ts";

const added = {
  clusters: [{ name: "kubesim", cluster: { server: "https://127.0.0.1:1" } }],
  contexts: [{ name: "kubesim", context: { cluster: "kubesim", user: "kubesim" } }],
  users: [{ name: "kubesim", user: { token: "t" } }],
  "current-context": "kubesim",
};
const OURS = {
  clusters: "- name: kubesim\n  cluster:\n    server: https://127.0.0.1:1\n",
  contexts: "- name: kubesim\n  context:\n    cluster: kubesim\n    user: kubesim\n",
  users: "- name: kubesim\n  user:\n    token: t\n",
};

test("what is in a kubeconfig stays as it is written, comments too, and a second merge changes nothing", () => {
  const present = `# mine
apiVersion: v1
kind: Config
clusters:
# the real one
- cluster:
    certificate-authority: ca.crt
    server: https://prod.example.com # careful
  name: prod
`;
  const rest = `contexts:
- context:
    cluster: prod
    user: me
  name: prod
`;
  const merged = mergeIntoText(`${present}${rest}current-context: prod\nusers: null\nextra: {a: 1}\n`, added);
  assert.equal(merged, `${present}${OURS.clusters}${rest}${OURS.contexts}current-context: kubesim\nusers:\n${OURS.users}extra: { a: 1 }\n`);
  assert.equal(mergeIntoText(merged, added), merged);
});

test("an empty file becomes a kubeconfig; what is none is refused", () => {
  assert.equal(
    mergeIntoText("", added),
    `apiVersion: v1\nkind: Config\nclusters:\n${OURS.clusters}contexts:\n${OURS.contexts}users:\n${OURS.users}current-context: kubesim\n`,
  );
  assert.throws(() => mergeIntoText("a: [", added));
  assert.throws(() => mergeIntoText("just words", added), /it is no kubeconfig/);
});
