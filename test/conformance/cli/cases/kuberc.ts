import type { Case, CaseGroup } from "../case.ts";

const HEADER = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
const FILES: Readonly<Record<string, string>> = {
  rc1: `${HEADER}defaults:
- command: get
  options:
  - {name: output, default: wide}
aliases:
- name: getn
  command: get
  prependArgs: [nodes]
  appendArgs: ["--", x]
  options:
  - {name: output, default: name}
bogus: 1
`,
  rc2: 'apiVersion: kubectl.config.k8s.io/v1alpha1\nkind: Preference\ndefaults:\n- command: get\n  options:\n  - {name: output, default: wide}\naliases:\n- name: getn\n  command: get\n  prependArgs: [nodes]\n  appendArgs: ["--", x]\n  options:\n  - {name: output, default: name}\nbogus: 1\n',
  rc3: "hello\n",
  rc4: "",
  rc5: "defaults: [",
  rc6: `${HEADER}defaults: 3
`,
  rc7: "apiVersion: kubectl.config.k8s.io/v1\nkind: Preference\n",
  rc8: "apiVersion: v1\nkind: Pod\n",
  rc9: `${HEADER}aliases:
- name: 3
  command: get
`,
  rc10: `${HEADER}aliases:
- name: a
  options: [{name: x, default: true}]
`,
  rc11: `${HEADER}defaults:
- command: get
  options:
  - {name: output, default: yaml}
- command: nope
  options: []
aliases:
- name: getn
  command: get
  prependArgs: [nodes]
  options:
  - {name: output, default: wide}
- name: get
  command: describe
- name: shadow
  command: nope
`,
  rc12: `${HEADER}defaults:
- command: getn
  options:
  - {name: output, default: yaml}
aliases:
- {name: getn, command: get, appendArgs: [nodes]}
`,
  rc13: `${HEADER}aliases:
- {name: badcmd, command: nope foo}
- {name: badflag, command: get, options: [{name: nope, default: x}]}
- {name: badval, command: get, options: [{name: watch, default: x}]}
- {name: runx, command: run, options: [{name: image, default: nginx}], appendArgs: ["--", arg]}
- {name: setimg, command: set image, prependArgs: [], options: [{name: output, default: yaml}]}
`,
  rc14: `${HEADER}defaults:
- command: get
  options: [{name: nope, default: x}]
`,
  rc15: `${HEADER}defaults:
- command: get
  options: [{name: watch, default: x}]
`,
  rc16: `${HEADER}defaults:
- command: get
  options: [{name: --output, default: x}]
`,
  rc17: `${HEADER}aliases:
- {name: a-b, command: get}
`,
  rc18: `${HEADER}aliases:
- {name: ab, command: get}
- {name: ab, command: run}
`,
  rc19: `${HEADER}credentialPluginPolicy: Nope
`,
  rc20: `${HEADER}credentialPluginPolicy: Allowlist
`,
  rc21: `${HEADER}credentialPluginPolicy: Allowlist
credentialPluginAllowlist: [{command: a/../b}]
`,
  rc22: `${HEADER}credentialPluginPolicy: DenyAll
credentialPluginAllowlist: []
`,
  rc23: `${HEADER}defaults:
- command: version
  options: [{name: output, default: json}]
`,
};

/** Only the files that the line names. */
function withFiles(command: string, more: Partial<Case> = {}): Case {
  const named = Object.entries(FILES).filter(([name]) =>
    new RegExp(`\\b${name}\\b`).test(`${command} ${Object.values(more.env ?? {}).join(" ")}`),
  );
  return { command, files: Object.fromEntries(named), ...more, env: { HOME: "$DIR", ...more.env } };
}
const variable = (name: string, value: string, command: string) => withFiles(command, { env: { [name]: value } });

/** kuberc's own commands, and what its preferences do to others. */
export const kubercCases: CaseGroup = {
  name: "kuberc",
  mode: "read",
  cases: [
    { command: "kuberc -h", compare: "layout" },
    { command: "kuberc view -h", compare: "layout" },
    { command: "kuberc set -h", compare: "layout" },
    { command: "kuberc", compare: "layout" },
    { command: "getn -h --kuberc=rc11", files: { rc11: FILES["rc11"] ?? "" }, compare: "layout" },
    withFiles("get cm --kuberc rc1"),
    withFiles("kuberc view --kuberc rc1"),
    withFiles("kuberc view --kuberc rc1 -o json"),
    withFiles("kuberc view --kuberc rc1 -o kyaml"),
    withFiles("kuberc view --kuberc rc1 -o name"),
    withFiles("kuberc view --kuberc rc1 -o wide"),
    withFiles("kuberc view --kuberc rc1 -o jsonpath={.aliases[0].name}"),
    withFiles("kuberc view --kuberc rc2"),
    withFiles("kuberc view --kuberc rc3"),
    withFiles("kuberc view --kuberc rc5"),
    withFiles("kuberc view --kuberc rc6"),
    withFiles("kuberc view --kuberc nope"),
    withFiles("kuberc view x --kuberc rc1"),
    withFiles("kuberc view"),
    withFiles("kuberc view", { stdin: "y\n" }),
    withFiles("kuberc view", { stdin: "n\n", differs: "kubectl crashes" }),
    variable("KUBERC", "off", "kuberc view"),
    variable("KUBERC", "off", "kuberc view --kuberc=rc1"),
    variable("KUBERC", "rc1", "kuberc view"),
    variable("KUBECTL_KUBERC", "false", "kuberc view"),
    variable("KUBECTL_KUBERC", "false", "get cm --kuberc=rc1"),
    variable("KUBERC", "off", "get cm --kuberc=rc1"),
    variable("KUBERC", "off", "get cm"),
    variable("KUBERC", "rc1", "get cm"),
    variable("KUBERC", "nope", "get cm"),
    withFiles("get cm --kuberc=rc2"),
    withFiles("get cm --kuberc=rc3"),
    withFiles("get cm --kuberc=rc3 -v=5"),
    withFiles("get cm --kuberc=rc4"),
    withFiles("get cm --kuberc=rc4 -v=5"),
    withFiles("get cm --kuberc=rc5 -v=5"),
    withFiles("get cm --kuberc=rc6 -v=5"),
    withFiles("get cm --kuberc=rc7 -v 5"),
    withFiles("get cm --kuberc=rc8 -v=5"),
    withFiles("get cm --kuberc=rc9 -v=5"),
    withFiles("get cm --kuberc=rc10 -v=5"),
    withFiles("get cm --kuberc=nope"),
    withFiles("get cm --kuberc="),
    withFiles("get cm --kuberc"),
    withFiles("getn --kuberc=rc11"),
    withFiles("getn --kuberc=rc11 -o name"),
    withFiles("getn -o=name --kuberc=rc11"),
    withFiles("getn --kuberc=rc11 -v=1"),
    withFiles("get cm --kuberc=rc11 -v=1"),
    withFiles("get cm -ojson --kuberc=rc11"),
    withFiles("get cm -Ao json --kuberc=rc11"),
    withFiles("shadow --kuberc=rc11"),
    withFiles("getn -h --kuberc=rc12"),
    withFiles("get cm --kuberc=rc12"),
    withFiles("badcmd --kuberc=rc13"),
    withFiles("badflag --kuberc=rc13"),
    withFiles("badval --kuberc=rc13"),
    withFiles("runx mypod --dry-run=client -o name --kuberc=rc13"),
    withFiles("setimg deploy/x a=b --local --kuberc=rc13"),
    withFiles("get cm --kuberc=rc13"),
    withFiles("get cm --kuberc=rc14"),
    withFiles("get cm --kuberc=rc15"),
    withFiles("get cm --kuberc=rc16"),
    withFiles("get cm --kuberc=rc17"),
    withFiles("get cm --kuberc=rc18"),
    withFiles("get cm --kuberc=rc19"),
    withFiles("get cm --kuberc=rc20"),
    withFiles("get cm --kuberc=rc21"),
    withFiles("get cm --kuberc=rc22"),
    withFiles("nope --kuberc=rc11"),
    withFiles("kuberc nope"),
    withFiles("kuberc set"),
    withFiles("kuberc set --section=x --kuberc=new"),
    withFiles("kuberc set --section=defaults --kuberc=new"),
    withFiles("kuberc set --section=aliases --command=get --kuberc=new"),
    withFiles("kuberc set --section=defaults --command=get --name=x --kuberc=new"),
    withFiles("kuberc set --section=defaults --command=get --prependarg=x --kuberc=new"),
    withFiles("kuberc set --section=defaults --command=get --option=x --kuberc=new"),
    withFiles("kuberc set --section=defaults --command=get --option=output=wide --option=--show-labels=true --kuberc=new"),
    withFiles("kuberc set --section=defaults --command=get --kuberc=new"),
    withFiles("kuberc set --section=aliases --command=get --name=getn --prependarg nodes --appendarg x --option output=name --kuberc=new"),
    withFiles("kuberc set --section=aliases --command=get --name=getn --kuberc=rc11"),
    withFiles("kuberc set --section=aliases --command=get --name=getn --overwrite --kuberc=rc11"),
    withFiles("kuberc set --section=aliases --command=run --name=getn --overwrite --option a=b --kuberc=rc11"),
    withFiles("kuberc set --section=defaults --command=get --kuberc=rc11"),
    withFiles("kuberc set --section=defaults --command=get --overwrite --kuberc=rc11"),
    withFiles("kuberc set --section=defaults --command=get --overwrite --option=output=json --kuberc=rc1"),
    withFiles("kuberc set --section=credentialplugin --kuberc=new"),
    withFiles("kuberc set --section=credentialplugin --policy=Nope --kuberc=new"),
    withFiles("kuberc set --section=credentialplugin --policy=DenyAll --kuberc=new"),
    withFiles("kuberc set --section=credentialplugin --policy=DenyAll --allowlist-entry=command=x --kuberc=new"),
    withFiles("kuberc set --section=credentialplugin --policy=Allowlist --kuberc=new"),
    withFiles(
      "kuberc set --section=credentialplugin --policy=Allowlist --allowlist-entry=command=x --allowlist-entry=command=/bin/y,command=z --kuberc=new",
    ),
    withFiles("kuberc set --section=credentialplugin --policy=Allowlist --allowlist-entry=x --kuberc=new"),
    withFiles("kuberc set --section=credentialplugin --policy=Allowlist --allowlist-entry=x,name=y,command=,foo=1 --kuberc=new"),
    withFiles("kuberc set --section=defaults --command=get --kuberc=rc3"),
    withFiles("kuberc set --section=defaults --command=get"),
    variable("KUBERC", "off", "kuberc set --section=defaults --command=get"),
    withFiles("kuberc set --section=defaults --command=get --kuberc=a/b/new"),
  ],
};
