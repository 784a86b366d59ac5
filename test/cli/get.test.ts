import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { FakeApiServer } from "./fake-api-server.ts";
import { pod, podTable } from "./objects.ts";
import { runCli } from "./run-cli.ts";

const server = new FakeApiServer();
const home = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-cli-"));
let url = "";
before(async () => {
  process.env["KUBESIM_HOME"] = home;
  server.on("GET /api/v1/namespaces/default/pods", { json: podTable("web", "web-longer") });
  server.on("GET /api/v1/pods", { json: podTable("web") });
  server.on("GET /api/v1/namespaces/default/pods/web", { json: pod("web") });
  server.on("GET /api/v1/namespaces/default/configmaps", { json: { ...podTable(), rows: [] } });
  url = await server.listen();
});
after(() => {
  server.close();
  fs.rmSync(home, { recursive: true, force: true });
});

test("a table has three spaces between its columns and hides wide ones", async () => {
  assert.deepEqual(await runCli(url, ["get", "po"]), {
    code: 0,
    err: "",
    out: "NAME         READY   STATUS    RESTARTS   AGE\nweb          1/1     Running   0          5m\nweb-longer   1/1     Running   1          5m\n",
  });
  assert.match((await runCli(url, ["get", "po", "-o", "wide"])).out, /AGE +IP\n/);
});

test("-A, -L and --show-labels add their columns", async () => {
  assert.match((await runCli(url, ["get", "po", "-A"])).out, /^NAMESPACE {3}NAME/);
  assert.match((await runCli(url, ["get", "po", "-L", "app,x"])).out, /APP {3}X\nweb .* web {3}\n/);
  assert.match((await runCli(url, ["get", "po", "--show-labels"])).out, /LABELS\nweb .* app=web,n=0\n/);
});

test("nothing found and not found are told on standard error", async () => {
  assert.deepEqual(await runCli(url, ["get", "cm"]), {
    code: 0,
    out: "",
    err: "No resources found in default namespace.\n",
  });
  assert.deepEqual(await runCli(url, ["get", "po", "nope"]), {
    code: 1,
    out: "",
    err: 'Error from server (NotFound): pods "nope" not found\n',
  });
  assert.deepEqual(await runCli(url, ["get", "po", "nope", "--ignore-not-found"]), {
    code: 0,
    out: "",
    err: "",
  });
  assert.deepEqual(await runCli(url, ["get", "foo"]), {
    code: 1,
    out: "",
    err: `error: the server doesn't have a resource type "foo"\n`,
  });
});

test("a warm get is one request", async () => {
  await runCli(url, ["get", "po"]);
  const before = server.seen.length;
  await runCli(url, ["get", "po"]);
  assert.equal(server.seen.length - before, 1);
});

const OUTPUTS: readonly (readonly [string, string])[] = [
  ["name", "pod/web\n"],
  ['jsonpath={.status.podIP}{"\\n"}{range .spec.containers[*]}{.name}{"\\t"}{end}', "10.244.1.5\nweb\tside\t"],
  ['jsonpath={.status.containerStatuses[?(@.name=="web")].restartCount}', "2"],
  ["jsonpath={.spec.containers[-1:].name} {.metadata.labels.app} {.nope}", "side web "],
  ["jsonpath={.spec.containers[*]['name','image']}", "web side nginx:1 busybox"],
  ["custom-columns=N:.metadata.name,I:.spec.containers[*].image,X:.nope", "N     I                 X\nweb   nginx:1,busybox   <none>\n"],
  [
    'go-template={{range $i, $c := .spec.containers}}{{$i}}={{$c.name}};{{end}}{{if eq .status.phase "Running"}}up{{else}}down{{end}}',
    "0=web;1=side;up",
  ],
  [
    'go-template={{with .nope}}{{.}}{{else}}none{{end}} {{.metadata.labels}} {{len .spec.volumes}} {{printf "%5s|%-4d|" "ab" 7}}{{"aGk=" | base64decode}}',
    "none map[app:web env:prod] 3    ab|7   |hi",
  ],
  ['go-template={{define "x"}}<{{.}}>{{end}}{{range .spec.containers}}{{template "x" .name}}{{- end }}', "<web><side>"],
];

for (const [output, expected] of OUTPUTS) {
  test(`-o ${output}`, async () => {
    assert.deepEqual(await runCli(url, ["get", "po", "web", "-o", output]), {
      code: 0,
      err: "",
      out: expected,
    });
  });
}

test("describe shows containers, volumes and no events", async () => {
  server.on("GET /api/v1/namespaces/default/events", {
    json: { kind: "EventList", apiVersion: "v1", metadata: {}, items: [] },
  });
  const { out } = await runCli(url, ["describe", "po", "web"]);
  assert.match(out, /^Name: {13}web\n/);
  assert.match(out, /Last State: {5}Terminated\n {6}Reason: {7}Error\n {6}Exit Code: {4}137\n/);
  assert.match(out, /Liveness: {2}http-get http:\/\/:80\/ delay=0s timeout=1s period=10s #success=1 #failure=3\n/);
  assert.match(out, /Tolerations: {5}op=Exists\n +a=b:NoSchedule\n +node\.kubernetes\.io\/not-ready:NoExecute op=Exists for 300s\n/);
  assert.match(out, /Events: {10}<none>\n$/);
});
