import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { CommandContext } from "../../src/cli/command.ts";
import { completionOfLine } from "../../src/cli/completion/completions.ts";
import { Flags } from "../../src/cli/flags.ts";
import { FakeApiServer } from "./fake-api-server.ts";
import { pod, podTable } from "./objects.ts";
import { runCli } from "./run-cli.ts";

const server = new FakeApiServer();
const home = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-completion-"));
const folderBefore = process.cwd();
let url = "";
const COLUMNS = podTable().columnDefinitions;
const names = (...all: string[]) => ({ json: { ...podTable(), columnDefinitions: COLUMNS, rows: podTable(...all).rows } });

before(async () => {
  process.env["KUBESIM_HOME"] = home;
  delete process.env["KUBECONFIG"];
  process.chdir(home);
  fs.mkdirSync(path.join(home, "manifests"));
  for (const file of ["manifests/web.yaml", "manifests/db.yaml", "two words.yaml"]) fs.writeFileSync(path.join(home, file), "");
  server.on("GET /api/v1/namespaces/default/pods", names("web", "web-longer", "db"));
  server.on("GET /api/v1/namespaces/kube-system/pods", names("coredns-1", "coredns-2"));
  server.on("GET /api/v1/namespaces", names("default", "kube-system"));
  server.on("GET /api/v1/nodes", names("control-plane", "worker1", "worker2"));
  server.on("GET /apis/apps/v1/namespaces/default/deployments", names("front", "back"));
  server.on("GET /api/v1/namespaces/default/pods/web", {
    json: pod("web", { metadata: { labels: { app: "web", tier: "front" }, name: "web" } }),
  });
  url = await server.listen();
});
beforeEach(() => void (server.seen.length = 0));
after(() => {
  server.close();
  process.chdir(folderBefore);
  fs.rmSync(home, { recursive: true, force: true });
});

const context = () =>
  new CommandContext({
    path: "kubectl shell",
    args: [],
    dashIndex: -1,
    flags: new Flags(new Map([["server", url]]), new Set(["server"])),
    io: { out: () => undefined, err: () => undefined, stdin: async () => "", isTerminal: () => false },
  });

/** The line as Tab makes it; where there are several ways to go on, what they are. */
async function tab(line: string): Promise<string | string[]> {
  const { start, candidates } = await completionOfLine(context(), line);
  const [only] = candidates;
  if (candidates.length === 1 && only) return line.slice(0, start) + only.text + only.end;
  return candidates.map(({ label }) => label);
}

/** What the server was asked, but for what it has. */
const asked = () => server.seen.map(({ method, url: target }) => `${method} ${target}`).filter((each) => !/ \/apis?\?/.test(each));

test("a name costs one request, for a table of names only", async () => {
  assert.deepEqual(await tab("get po we"), ["web", "web-longer"]);
  assert.deepEqual(asked(), ["GET /api/v1/namespaces/default/pods?includeObject=None"]);
  server.seen.length = 0;
  assert.deepEqual(await tab("kubectl get pods -n kube-system "), ["coredns-1", "coredns-2"]);
  assert.deepEqual(asked(), ["GET /api/v1/namespaces/kube-system/pods?includeObject=None"]);
});

test("words that need no server ask none", async () => {
  for (const [line, wanted] of [
    ["desc", "describe "],
    ["kubectl desc", "kubectl describe "],
    ["rollout und", "rollout undo "],
    ["get po --show-l", "get po --show-labels "],
    ["get po -o wi", "get po -o wide "],
    ["get po -owi", "get po -owide "],
    ["get po --output=ya", "get po --output=yaml "],
    ["apply --dry-run=cl", "apply --dry-run=client "],
    ["delete po web --cascade=o", "delete po web --cascade=orphan "],
    ["create serv", ["service", "serviceaccount"]],
    ["config use-c", "config use-context "],
    ["sim clo", "sim clock "],
    ["cluster kubec", "cluster kubeconfig "],
    ["completion z", "completion zsh "],
    ["sim node st", ["start", "stop"]],
    ["help explai", "help explain "],
    ["patch po web --type me", "patch po web --type merge "],
    ["expose deploy front --type=Node", "expose deploy front --type=NodePort "],
    ["exec web -- ca", []],
    ["echo $(kubectl desc", "echo $(kubectl describe "],
    ["if ! desc", "if ! describe "],
    ["A=b desc", "A=b describe "],
    ["get po | sha256s", "get po | sha256sum "],
    ["# get po ", []],
    ["cat <<E\nget po ", []],
    ["cat <<E\nx\nE\ndesc", "cat <<E\nx\nE\ndescribe "],
  ] as const)
    assert.deepEqual(await tab(line), wanted, line);
  assert.deepEqual(asked(), []);
});

test("flags: short ones for a dash, none twice, with their values", async () => {
  const short = await tab("get po -");
  assert.ok(Array.isArray(short) && short.includes("-o") && short.includes("--output") && short.includes("-n"));
  const again = await tab("get po -o wide -");
  assert.ok(Array.isArray(again) && !again.includes("--output") && again.includes("--watch"));
  assert.deepEqual(await tab("get po -n kube-s"), "get po -n kube-system ");
  assert.deepEqual(await tab("get po --namespace=kube-s"), "get po --namespace=kube-system ");
  assert.deepEqual(await tab("wait po/web --for=de"), "wait po/web --for=delete ");
});

test("kinds: plural names, short ones where nothing longer begins so, several, and TYPE/NAME", async () => {
  for (const [line, wanted] of [
    ["get pod", "get pods "],
    ["get svc", "get svc "],
    ["get deploy", "get deployments "],
    ["get po,conf", "get po,configmaps "],
    ["describe po/web-", "describe po/web-longer "],
    ["scale ", ["deployments", "replicasets"]],
    ["rollout undo ", "rollout undo deployments "],
    ["rollout undo deploy/f", "rollout undo deploy/front "],
    ["scale deploy f", "scale deploy front "],
    ["logs deploy", "logs deployments/"],
    ["logs deployments/b", "logs deployments/back "],
    ["explain podd", []],
  ] as const)
    assert.deepEqual(await tab(line), wanted, line);
});

test("names: only those that are not there yet, after pipes, in quotes and in substitutions too", async () => {
  for (const [line, wanted] of [
    ["delete po web d", "delete po web db "],
    ["delete po db w", ["web", "web-longer"]],
    ["delete po web web-longer ", "delete po web web-longer db "],
    ["get po; logs d", "get po; logs db "],
    ["for p in $(kubectl get po d", "for p in $(kubectl get po db "],
    ['echo "$(get po d', 'echo "$(get po db '],
    ['get po "d', 'get po "db" '],
    ["get po 'd", "get po 'db' "],
    ["watch -n 1 get po d", "watch -n 1 get po db "],
    ["get po -o name | xargs -n 1 kubectl logs d", "get po -o name | xargs -n 1 kubectl logs db "],
    ["-n kube-system logs ", ["coredns-1", "coredns-2"]],
    ["k get po d", "k get po db "],
    ["cordon worker1 w", "cordon worker1 worker2 "],
    ["sim ssh c", "sim ssh control-plane "],
    ["sim node stop c", "sim node stop control-plane "],
    ["use kube", "use kube-system "],
    ["top po d", "top po db "],
    ["exec -it d", "exec -it db "],
    ["cp we", ["web-longer:", "web:"]],
  ] as const)
    assert.deepEqual(await tab(line), wanted, line);
});

test("containers, ports, labels and annotations are those of the object", async () => {
  for (const [line, wanted] of [
    ["logs web -c ", ["side", "web"]],
    ["exec web -c w", "exec web -c web "],
    ["logs web w", "logs web web "],
    ["port-forward web ", "port-forward web 80 "],
    ["port-forward pod/web 8080:", "port-forward pod/web 8080:80 "],
    ["set image po/web w", "set image po/web web="],
    ["label po web ti", "label po web tier="],
    ["label po web tier", ["tier-", "tier="]],
    ["annotate po web no", "annotate po web note="],
  ] as const)
    assert.deepEqual(await tab(line), wanted, line);
});

test("label selectors: keys, values, and what follows a comma, `!` or `in (`", async () => {
  for (const [line, wanted] of [
    ["get po -l ", ["app=", "n="]],
    ["get po -l ap", "get po -l app="],
    ["get po -l app=", "get po -l app=web "],
    ["get po -l app!=", "get po -l app!=web "],
    ["get po -l app=web,", ["app=", "n="]],
    ["get po -l app=web,n=", ["0", "1", "2"]],
    ["get po -l 'app in (", "get po -l 'app in (web"],
    ["get po -l 'n in (0,1", "get po -l 'n in (0,1"],
    ["get po --selector=n=", ["0", "1", "2"]],
    ["get po -L ap", "get po -L app "],
    ["delete po -l '!ap", "delete po -l '!app' "],
  ] as const)
    assert.deepEqual(await tab(line), wanted, line);
});

test("files for -f, redirections and other programs", async () => {
  for (const [line, wanted] of [
    ["apply -f man", "apply -f manifests/"],
    ["apply -f manifests/", ["db.yaml", "web.yaml"]],
    ["apply -f manifests/w", "apply -f manifests/web.yaml "],
    ["apply --filename=manifests/w", "apply --filename=manifests/web.yaml "],
    ["apply -f tw", "apply -f two\\ words.yaml "],
    ["apply -f 'tw", "apply -f 'two words.yaml' "],
    ["apply -f two\\ w", "apply -f two\\ words.yaml "],
    ["get po > man", "get po > manifests/"],
    ["cat < manifests/d", "cat < manifests/db.yaml "],
    ["cat manifests/d", "cat manifests/db.yaml "],
    ["cd m", "cd manifests/"],
    ["./man", "./manifests/"],
  ] as const)
    assert.deepEqual(await tab(line), wanted, line);
  assert.deepEqual(asked(), []);
});

test("__complete answers as cobra does: candidates and a directive", async () => {
  server.on("GET /api/v1/namespaces/default/pods", {
    json: { kind: "PodList", apiVersion: "v1", items: [pod("web"), pod("web-longer"), pod("db")] },
  });
  assert.equal((await runCli(url, ["__complete", "get", "po", "we"])).out, "web\nweb-longer\n:4\n");
  assert.equal((await runCli(url, ["__complete", "get", "po", "-o", "js"])).out, "json\njsonpath\njsonpath-as-json\njsonpath-file\n:4\n");
});

test("a server that is away, or forbids it, leaves the line as it is", async () => {
  server.on("GET /api/v1/namespaces/default/configmaps", { status: 403, json: { kind: "Status", code: 403, reason: "Forbidden" } });
  await assert.rejects(tab("get cm x"));
  assert.deepEqual((await runCli("http://127.0.0.1:1", ["__complete", "get", "po", ""])).out, ":4\n");
});
