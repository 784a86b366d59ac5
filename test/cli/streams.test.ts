import assert from "node:assert/strict";
import { test } from "node:test";
import { detachSequence } from "../../src/cli/pods/attach-session.ts";
import { PROFILES } from "../../src/cli/pods/debug-profiles.ts";
import { isInside, joinPaths, parseFileSpec, stripPathShortcuts } from "../../src/cli/pods/file-spec.ts";
import { accepts, parsePatterns, stripPrefix } from "../../src/cli/proxy/proxy-filter.ts";

test("file specs name a pod, a namespace, or nothing but a file", () => {
  assert.deepEqual(parseFileSpec("a/b/"), { namespace: "", pod: "", file: "a/b" });
  assert.deepEqual(parseFileSpec("pod:/x"), { namespace: "", pod: "pod", file: "/x" });
  assert.deepEqual(parseFileSpec("ns/pod:x:y"), { namespace: "ns", pod: "pod", file: "x:y" });
  for (const wrong of [":x", "a/b/c:x"])
    assert.throws(() => parseFileSpec(wrong), /^Error: filespec must match the canonical format: \[\[namespace\/\]pod:\]file\/path$/);
});

test("no archive leads out of the folder that is copied to", () => {
  for (const [base, name, inside] of [
    ["/d", "a/b", true],
    ["/d", "../e", false],
    ["/d", "x/../../d2", false],
    ["d", "../../x", false],
    [".", "a", true],
    [".", "../a", false],
    ["/", "a", true],
  ] as const) {
    assert.equal(isInside(base, joinPaths(base, name)), inside, `${base} ${name}`);
  }
  assert.deepEqual(["../../a", "..", ".", "/a", "a/../b"].map(stripPathShortcuts), ["a", "", "", "a", "a/../b"]);
});

test("the proxy lets through what a browser elsewhere cannot forge", () => {
  const filter = {
    acceptPaths: parsePatterns("^.*"),
    rejectPaths: parsePatterns("^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach"),
    acceptHosts: parsePatterns("^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$"),
    rejectMethods: parsePatterns("^$"),
  };
  const ask = (path: string, host: string, method = "GET") => accepts(filter, { path, host, method });
  assert.equal(ask("/api/v1/pods", "localhost:8001"), true);
  assert.equal(ask("/api/v1/pods", "127.0.0.1"), true);
  assert.equal(ask("/api/v1/pods", "evil.example:8001"), false);
  assert.equal(ask("/api/v1/namespaces/default/pods/p/exec", "localhost"), false);
  assert.deepEqual(
    [stripPrefix("/custom/api", "/custom/"), stripPrefix("/custom/", "/custom/"), stripPrefix("/other", "/custom/")],
    ["/api", "", undefined],
  );
});

test("detach keys are letters and control characters", () => {
  assert.deepEqual([...detachSequence("ctrl-p,ctrl-q")], [16, 17]);
  assert.deepEqual([...detachSequence("ctrl-@,x")], [0, 120]);
  assert.throws(() => detachSequence("alt-x"), /could not bind detach keys: Unknown character: 'alt-x'/);
});

test("each debug profile gives a node's pod what it says", () => {
  const made = (profile: string) => {
    const pod = { metadata: { name: "d" }, spec: { containers: [{ name: "c" }] } } as never as Parameters<
      NonNullable<(typeof PROFILES)[string]>
    >[0];
    PROFILES[profile]?.(pod, "c", "node", {
      labels: false,
      annotations: false,
      liveness: false,
      readiness: false,
      startup: false,
      initContainers: true,
    });
    const { hostPID, volumes, containers } = pod.spec;
    return [
      hostPID ?? false,
      volumes?.length ?? 0,
      containers[0]?.securityContext?.privileged ?? false,
      containers[0]?.securityContext?.capabilities?.add ?? [],
    ];
  };
  assert.deepEqual(made("general"), [true, 1, false, []]);
  assert.deepEqual(made("sysadmin"), [true, 1, true, []]);
  assert.deepEqual(made("netadmin"), [true, 0, false, ["NET_ADMIN", "NET_RAW"]]);
  assert.deepEqual(made("restricted"), [false, 0, false, []]);
});
