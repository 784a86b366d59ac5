import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeProtobuf } from "../../src/api/protobuf.ts";
import { StatusError } from "../../src/api/status.ts";

/** Bodies that kubectl v1.36 has sent. */
const read = (name: string) => readFileSync(new URL(`golden/${name}.pb`, import.meta.url));
const decoded = (name: string) => decodeProtobuf(undefined, read(name)).object;

describe("a protobuf body reads as the JSON it stands for", () => {
  test("zeros behind a pointer stay, others are left out", () => {
    assert.deepEqual(decoded("deployment"), {
      kind: "Deployment",
      apiVersion: "apps/v1",
      metadata: { name: "web", labels: { app: "web" } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "nginx", image: "nginx", ports: [{ containerPort: 80 }], resources: {} }] },
        },
        strategy: {},
      },
      status: {},
    });
  });

  test("ports are numbers or names, embedded structs are in place", () => {
    const { rules } = decoded("ingress")["spec"] as { rules: unknown[] };
    assert.deepEqual(rules[1], {
      http: { paths: [{ path: "/a", pathType: "Exact", backend: { service: { name: "svc", port: { name: "http" } } } }] },
    });
    const { ports } = decoded("service")["spec"] as { ports: unknown[] };
    assert.deepEqual(ports, [{ name: "80-8080", protocol: "TCP", port: 80, targetPort: 8080, nodePort: 30000 }]);
  });

  test("quantities, bytes, percentages", () => {
    assert.deepEqual((decoded("quota")["spec"] as { hard: unknown }).hard, { cpu: "1", memory: "1Gi", pods: "10" });
    assert.deepEqual(decoded("secret")["data"], { a: "Yg==" });
    assert.equal((decoded("pdb")["spec"] as { minAvailable: unknown }).minAvailable, "50%");
    assert.equal((decoded("token")["spec"] as { expirationSeconds: unknown }).expirationSeconds, 600);
  });
});

test("broken bytes are a 400, never a crash", () => {
  const body = read("deployment");
  fc.assert(
    fc.property(fc.nat(body.length - 1), fc.nat(255), fc.nat(body.length), (at, byte, length) => {
      const broken = Buffer.from(body);
      broken[at] = byte;
      try {
        decodeProtobuf(undefined, broken.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof StatusError && error.code === 400, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
