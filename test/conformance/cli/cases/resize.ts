import type { Case, CaseGroup } from "../case.ts";

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: registry.k8s.io/pause:3.10
    resources:
      requests: {cpu: 100m, memory: 64Mi}
      limits: {cpu: 200m, memory: 128Mi}
    resizePolicy:
    - {resourceName: memory, restartPolicy: RestartContainer}
`;
const patchOf = (resources: object) => JSON.stringify({ spec: { containers: [{ name: "main", resources }] } });
const resize = (resources: object, ...more: readonly string[]): Case => ({
  command: ["patch", "pod", "web", "--subresource", "resize", "-p", patchOf(resources), ...more],
  settleMs: 5000,
});

/** Resources of running pods, changed in place. */
export const resizeCases: CaseGroup = {
  name: "resize",
  mode: "write",
  cases: [
    { command: "apply -f pod.yaml", files: { "pod.yaml": POD }, settleMs: 5000 },
    resize({ requests: { cpu: "150m" }, limits: { cpu: "300m" } }),
    "get pod web -o yaml",
    { command: "describe pod web", compare: "any-order" },
    "events --for pod/web",
    resize({ requests: { cpu: "100" }, limits: { cpu: "100" } }),
    "get pod web -o jsonpath='{.status.conditions[0]}'",
    "describe pod web",
    resize({ requests: { cpu: "200m" }, limits: { cpu: "200m" } }, "-o", "yaml"),
    resize({ limits: { memory: "256Mi" } }),
    "get pod web",
    resize({ requests: { cpu: "300m", memory: "256Mi" }, limits: { cpu: "300m", memory: "256Mi" } }),
    resize({ requests: { cpu: null } }),
    resize({ limits: { cpu: null } }),
    resize({ limits: { "ephemeral-storage": "1Gi" } }),
    resize({ limits: { cpu: "200m" } }, "--dry-run=server"),
    "get pod web --subresource=resize",
  ],
};
