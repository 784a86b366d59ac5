import type { CaseGroup } from "../case.ts";

/** How writes are compared: same answers, and the same objects afterwards, uids and all. */
export const writeBasicsCases: CaseGroup = {
  name: "write-basics",
  mode: "write",
  cases: [
    { command: "create deployment web --image=nginx --replicas=2", settleMs: 5000 },
    "create deployment web --image=nginx",
    "get po -o wide",
    { command: "run shell --image=busybox -- sleep 1000", settleMs: 3000 },
    { command: "delete pod shell", clock: "runs" },
    { command: "apply -f cm.yaml", files: { "cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: y\n" } },
    { command: "label cm a b=c" },
    { command: "rollout restart deploy web", setup: ["create deployment extra --image=nginx"], settleMs: 5000 },
    { command: "rollout status deploy web", clock: "runs" },
  ],
};
