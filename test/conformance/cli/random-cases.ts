import type { CommandEntry } from "../../../src/cli/command.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import type { FlagSpec } from "../../../src/cli/flags.ts";
import { GLOBAL_FLAGS } from "../../../src/cli/global-flags.ts";
import type { Rng } from "../../../src/util/rng.ts";
import type { Case } from "./case.ts";
import { pick, sensibleWords } from "./random-sense.ts";

/**
 * Command lines drawn by chance, sensible and not: commands that only ask, and changes as dry runs.
 * @param beginnings of the commands to draw from; none: all of them
 */
export async function randomCases(count: number, rng: Rng, beginnings: readonly string[]): Promise<Case[]> {
  const all = (await Promise.all(COMMANDS.map((entry) => runnable([], entry)))).flat();
  const isWanted = ({ path }: Runnable) =>
    beginnings.length === 0 || beginnings.some((words) => `${path.join(" ")} `.startsWith(`${words} `));
  const commands = all.filter(isWanted);
  if (commands.length === 0) throw new Error(`no command that may be drawn begins with ${beginnings.join(" or ")}`);
  const cases: Case[] = [];
  while (cases.length < count) {
    const command = pick(rng, commands);
    // Logs of several containers come in the order of a Go map.
    const compare = command.path[0] === "logs" ? "any-order" : "layout-of-help";
    cases.push({ command: lineOf(command, rng), files: FILES, compare });
  }
  return cases;
}

interface Runnable {
  readonly path: readonly string[];
  readonly flags: readonly FlagSpec[];
}

// What opens streams, editors or listeners, changes files of the user's, or is kubesim's own.
const LEFT_OUT = new Set(
  "cluster sim shell __complete __completeNoDesc completion edit proxy port-forward attach exec cp debug options kuberc plugin".split(" "),
);
const LEFT_OUT_BELOW = new Set(["apply edit-last-applied", "cluster-info dump", "create token"]);

/** What makes sure that a command only asks, though it would change something or wait. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  // Who may do nothing learns as much of the order of checks.
  "rollout pause": ["--as=ada"],
  "rollout resume": ["--as=ada"],
  "rollout restart": ["--as=ada"],
  certificate: ["--as=ada"],
  "rollout status": ["--watch=false"],
  wait: ["--timeout=1ms"],
  config: ["--kubeconfig=own.kubeconfig"],
};
const endingOf = (path: readonly string[]): readonly string[] => ENDINGS[path.join(" ")] ?? ENDINGS[path[0] ?? ""] ?? [];

async function runnable(above: readonly string[], entry: CommandEntry): Promise<Runnable[]> {
  const path = [...above, entry.name];
  if (LEFT_OUT.has(entry.name) || LEFT_OUT_BELOW.has(path.join(" "))) return [];
  const spec = await entry.load();
  if (!spec.subcommands) return [{ path, flags: spec.flags ?? [] }];
  const below = await Promise.all(spec.subcommands.map((each) => runnable(path, each)));
  return [...(spec.run ? [{ path, flags: spec.flags ?? [] }] : []), ...below.flat()];
}

// Flags that never let a command end, or ask for what cannot be alike.
const NEVER = new Set(
  "watch watch-only follow stdin tty attach rm leave-stdin-open interactive edit kubeconfig server token username password cache-dir kuberc v profile profile-output log-flush-frequency vmodule certificate-authority client-certificate client-key insecure-skip-tls-verify tls-server-name cluster user context match-server-version as-uid request-timeout disable-compression".split(
    " ",
  ),
);

function lineOf({ path, flags }: Runnable, rng: Rng): string[] {
  const sensible = chance(rng, 0.6) ? sensibleWords(path, rng) : undefined;
  const words = sensible ?? Array.from({ length: count(rng, 4) }, () => argument(rng));
  // What comes after "--" is no flag.
  const dashes = words.includes("--") ? words.indexOf("--") : words.length;
  const line = [...path, ...words.slice(0, dashes)];
  const ending = endingOf(path);
  const own = path[0] === "config" ? flags : flags.filter(({ name }) => !NEVER.has(name));
  const harmless = GLOBAL_FLAGS.filter(({ name }) => !NEVER.has(name) && !(ending[0]?.startsWith("--as=") && name === "as-group"));
  const usable = [...own, ...own, ...own, ...harmless];
  for (let left = count(rng, sensible ? 3 : 4); left > 0; left--) line.push(...flagWords(pick(rng, usable), rng));
  if (sensible && chance(rng, 0.3) && flags.some(({ name }) => name === "template")) line.push("-o", pick(rng, OUTPUTS));
  const changes = flags.some(({ name }) => name === "dry-run");
  // What the server makes and does not keep has another uid each time.
  const printed = line.some((word) => /^(-o|--output|--template)/.test(word));
  if (changes) line.push(printed || chance(rng, 0.5) ? "--dry-run=client" : "--dry-run=server");
  line.push(...ending, ...words.slice(dashes));
  // The client's build is kubesim's own.
  if (path[0] === "version") return line.map((word) => word.replace(/^(-o=?|--output=)?k?(yaml|json)$/, "$1nope"));
  return line;
}

const KINDS =
  "po pods pod svc service deploy deployments.apps nodes no ns cm configmap secret sa rs sts ds job cronjob ing netpol pv pvc sc hpa pdb quota limits ev role rolebinding clusterrole crd widgets planets all po,svc deploy,po endpoints endpointslices leases csr rc nope Pods pods.v1 deployments.v1.apps events.events.k8s.io".split(
    " ",
  );
const NAMES =
  "two plain crash pending noimage done failed init web db agent once nightly settings odd login worker1 control-plane shop rich nope Bad_Name a/b default reader full bare pv1 data web-0 db-0".split(
    " ",
  );
const TEXTS = [
  ...NAMES,
  "",
  "a=b",
  "app=web",
  "a-",
  "env in (dev,prod)",
  "x=y,z",
  "1",
  "-1",
  "100m",
  "cpu=100m,memory=1Gi",
  "nginx",
  "busybox:1.36",
  "Never",
  "80",
  "80:http",
  "c=d",
  "é",
  "with blank",
];

const argument = (rng: Rng): string => {
  const roll = rng.int(0, 10);
  if (roll < 4) return pick(rng, KINDS);
  if (roll < 7) return pick(rng, NAMES);
  if (roll < 9) return `${pick(rng, KINDS)}/${pick(rng, NAMES)}`;
  return pick(rng, TEXTS);
};

const OUTPUTS =
  "yaml json name wide kyaml jsonpath={.metadata.name} jsonpath={.items[*].metadata.name} jsonpath jsonpath-as-json={.kind} go-template={{.kind}} go-template custom-columns=N:.metadata.name,K:.kind custom-columns nope template={{.x}}".split(
    " ",
  );
const VALUES: Readonly<Record<string, readonly string[]>> = {
  output: OUTPUTS,
  namespace: ["default", "shop", "rich", "kube-system", "nope", ""],
  selector: ["app=web", "env in (dev,prod)", "env notin (dev)", "!env", "env", "app!=two", "a=b=c", "=", "env=dev,app", "x in ()", ""],
  "field-selector": [
    "metadata.name=two",
    "status.phase=Running",
    "spec.nodeName!=worker1",
    "nope=1",
    "status.phase",
    "metadata.namespace=rich",
    "type=Warning",
  ],
  "sort-by": [
    ".metadata.name",
    "{.metadata.creationTimestamp}",
    "metadata.name",
    ".nope",
    "{.spec.nodeName}",
    ".spec.replicas",
    "{",
    ".status.containerStatuses[0].restartCount",
  ],
  filename: ["cm.yaml", "two.yaml", "bad.yaml", "nope.yaml", ".", "*.yaml", "roles.yaml", "k"],
  "from-file": ["cm.yaml", "k=cm.yaml", "nope", "."],
  "from-literal": ["a=b", "a", "=b", "a=b=c", "a b=c"],
  "from-env-file": ["env.txt", "nope", "cm.yaml"],
  image: ["nginx", "busybox:1", "a=b", ""],
  validate: ["strict", "warn", "ignore", "true", "false", "nope"],
  "dry-run": ["client", "server", "none", "nope"],
  as: ["ada", "system:serviceaccount:default:builder", ""],
  "as-group": ["system:masters", "dev"],
  template: ["{{.kind}}", "{{range .items}}{{.metadata.name}} {{end}}", "{.kind}", "{{"],
  "label-columns": ["app", "app,env", "a b", ""],
  kustomize: [".", "nope", "k"],
  patch: ["{}", '{"metadata":{"labels":{"a":"b"}}}', "[]", "{", "metadata: {labels: {x: y}}"],
  type: ["json", "merge", "strategic", "nope", "ClusterIP", "NodePort", "Opaque"],
  subresource: ["status", "scale", "resize", "nope"],
  "max-log-requests": ["0", "1", "5"],
  tail: ["0", "1", "-1", "3"],
  since: ["1h", "1s", "0"],
  "since-time": ["2026-01-01T00:00:00Z", "nope"],
  container: ["web", "shell", "nope", "main", "c"],
  for: ["pod/two", "deploy/web", "nope/x", "two"],
  types: ["Normal", "Warning", "Normal,Warning", "nope"],
  verb: ["get", "get,list", "*", "nope", ""],
  resource: ["pods", "deployments.apps", "pods/log", "nope", "pods,secrets"],
  "resource-name": ["two", ""],
  "api-version": ["v1", "apps/v1", "nope/v1"],
  "api-group": ["apps", "", "nope"],
  rule: ["foo.com/bar=svc:80", "foo.com/*=svc:http,tls=x", "x", "/path=svc:80"],
  schedule: ["*/1 * * * *", "nope"],
  hard: ["cpu=1,pods=2", "cpu", "x=y"],
  tcp: ["80", "80:8080", "x", "80:http"],
  "override-type": ["json", "merge", "strategic", "nope"],
  overrides: ["{}", '{"spec":{"nodeName":"worker1"}}', "{"],
  restart: ["Always", "Never", "OnFailure", "nope"],
  "pod-selector": ["app=web", "a=b=c", "nope"],
};

function flagWords(flag: FlagSpec, rng: Rng): string[] {
  const name = flag.shorthand && chance(rng, 0.5) ? `-${flag.shorthand}` : `--${flag.name}`;
  if (flag.type === "bool") return [`${name}${pick(rng, ["", "", "=true", "=false", "=maybe"])}`];
  const value = valueOf(flag, rng);
  return flag.noValue !== undefined || chance(rng, 0.5) ? [`${name}=${value}`] : [name, value];
}

function valueOf(flag: FlagSpec, rng: Rng): string {
  const known = VALUES[flag.name];
  if (known && chance(rng, 0.9)) return pick(rng, known);
  if (flag.type.startsWith("int")) return pick(rng, ["0", "1", "2", "-1", "80", "x", "99999"]);
  if (flag.type === "duration") return pick(rng, ["0s", "1s", "1m", "-1s", "x", "5"]);
  return pick(rng, TEXTS);
}

const MANIFEST = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {app: web}}\ndata: {a: b}\n`;
const FILES = {
  "cm.yaml": MANIFEST("random"),
  "two.yaml": `${MANIFEST("settings")}---\n${MANIFEST("other")}`,
  "bad.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\nnope: {a: b}\n",
  "env.txt": "A=b\n# no\nC=\n",
  "k/kustomization.yaml": "resources: [two.yaml]\nnamePrefix: k-\n",
  "k/two.yaml": `${MANIFEST("settings")}---\n${MANIFEST("other")}`,
  "roles.yaml":
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader, namespace: default}\nrules:\n- {apiGroups: [''], resources: [pods], verbs: [get]}\n",
  "own.kubeconfig":
    "apiVersion: v1\nkind: Config\ncurrent-context: two\nclusters:\n- {name: web, cluster: {server: 'https://127.0.0.1:1'}}\ncontexts:\n- {name: two, context: {cluster: web, user: db, namespace: shop}}\n- {name: plain, context: {cluster: nope, user: nope}}\nusers:\n- {name: db, user: {token: abc}}\n",
};

const chance = (rng: Rng, probability: number): boolean => rng.int(0, 999) < probability * 1000;
const count = (rng: Rng, most: number): number => rng.int(0, most - 1);
