import assert from "node:assert/strict";
import { test } from "node:test";
import { isReady, startNodes } from "./support.ts";

const exits = (code: number) => ["sh", "-c", `exit ${code}`];

test("a container's own rules and policy come before its pod's", async () => {
  const { createPod, untilPod } = await startNodes();
  const rule = { action: "Restart", exitCodes: { operator: "In", values: [42] } };
  const ruled = { image: "busybox", restartPolicy: "Never", restartPolicyRules: [rule] };
  await createPod("again", { restartPolicy: "Never", containers: [{ ...ruled, name: "main", command: exits(42) }] });
  const again = await untilPod("again", ({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0, 120_000);
  assert.equal(again.status.phase, "Running");
  await createPod("once", { restartPolicy: "Never", containers: [{ ...ruled, name: "main", command: exits(1) }] });
  const once = await untilPod("once", ({ status }) => status.phase === "Failed");
  assert.equal(once.status.containerStatuses?.[0]?.restartCount, 0);
  const never = { name: "main", image: "busybox", restartPolicy: "Never", command: exits(0) };
  await createPod("never", { restartPolicy: "Always", containers: [never] });
  await untilPod("never", ({ status }) => status.phase === "Succeeded");
});

test("an HTTP probe follows redirects to its own host, and warns of others", async () => {
  const { createPod, untilPod, eventsOf } = await startNodes();
  const pod = (path: string) => ({
    containers: [
      {
        name: "main",
        image: "registry.k8s.io/e2e-test-images/agnhost:2.53",
        args: ["netexec"],
        readinessProbe: { periodSeconds: 1, httpGet: { path, port: 8080 } },
      },
    ],
  });
  await createPod("here", pod("/redirect?location=/healthz"));
  await untilPod("here", isReady);
  await createPod("broken", pod("/redirect?location=/echo%3Fcode=500"));
  await createPod("away", pod("/redirect?location=http://elsewhere.example.com/"));
  await untilPod("away", isReady);
  const away = (await eventsOf("away")).find((event) => event.startsWith("ProbeWarning"));
  assert.match(away ?? "", /^ProbeWarning: Readiness probe warning: Probe terminated redirects, Response body: /);
  const broken = await untilPod("broken", ({ status }) => status.phase === "Running");
  assert.equal(isReady(broken), false);
  assert.ok((await eventsOf("broken")).includes("Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500"));
});
