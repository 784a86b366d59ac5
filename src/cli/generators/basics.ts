import * as host from "../../host/cli-host.ts";
import { parseSelector } from "../../api/labels.ts";
import { canonicalQuantity, isQuantity } from "../../api/quantity.ts";
import type { CommandContext } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import { hashOf } from "../kustomize/hash.ts";
import type { Generator } from "./index.ts";
import { readData } from "./data-sources.ts";
import { service } from "./services.ts";

const DATA_FLAGS: readonly FlagSpec[] = [
  { name: "append-hash", type: "bool", usage: "Append a hash of the data to the name." },
  { name: "from-env-file", type: "stringSlice", usage: "File with lines key=val." },
  {
    name: "from-file",
    type: "stringSlice",
    usage: "File to read (key=path to name the key), or a folder of files.",
  },
  { name: "from-literal", type: "stringArray", usage: "A key and its value (mykey=somevalue)" },
];

const namespace: Generator = {
  usage: "NAME [--dry-run=server|client|none]",
  examples: "# A namespace named my-namespace\nkubectl create namespace my-namespace",
  resource: "namespaces",
  namespaced: false,
  needsName: true,
  build: (_context, name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
    spec: {},
    status: {},
  }),
};

const serviceaccount: Generator = {
  usage: "NAME [--dry-run=server|client|none]",
  resource: "serviceaccounts",
  namespaced: true,
  needsName: true,
  build: (_context, name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } }),
};

const configmap: Generator = {
  usage: "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
  examples:
    "# From a folder\nkubectl create configmap my-config --from-file=path/to/bar\n\n# From literals\nkubectl create configmap my-config --from-literal=key1=config1 --from-literal=key2=config2",
  flags: DATA_FLAGS,
  resource: "configmaps",
  namespaced: true,
  needsName: true,
  build(context, name) {
    const data: Record<string, string> = {};
    const binaryData: Record<string, string> = {};
    for (const [key, value] of readData(context, "ConfigMap")) {
      const bytes = typeof value === "string" ? Buffer.from(value) : value;
      const text = bytes.toString("utf8");
      if (Buffer.from(text).equals(bytes)) data[key] = text;
      else binaryData[key] = bytes.toString("base64");
    }
    const hash = context.flags.bool("append-hash")
      ? `-${hashOf({
          kind: "ConfigMap",
          name,
          data,
          ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
        })}`
      : "";
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: name + hash },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
    };
  },
};

const genericSecret: Generator = {
  usage: "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
  flags: [...DATA_FLAGS, { name: "type", type: "string", usage: "The type of secret to create" }],
  resource: "secrets",
  namespaced: true,
  needsName: true,
  build(context, name) {
    const data = encoded(readData(context, "Secret"));
    const type = context.flags.text("type");
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secretName(context, name, type, data) },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(type ? { type } : {}),
    };
  },
};

const tlsSecret: Generator = {
  usage: "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
  flags: [
    { name: "append-hash", type: "bool", usage: "Append a hash of the secret to its name." },
    { name: "cert", type: "string", usage: "Path to PEM encoded public key certificate." },
    {
      name: "key",
      type: "string",
      usage: "Path to private key associated with given certificate.",
    },
  ],
  resource: "secrets",
  namespaced: true,
  build(context, name) {
    if (context.flags.text("cert") === "" || context.flags.text("key") === "") throw new Error("key and cert must be specified");
    const read = (flag: string) => {
      const file = context.flags.text(flag);
      if (host.pathKind(file) === undefined) throw new Error(`Cannot read file ${file}, open ${file}: no such file or directory`);
      return host.readBytes(file);
    };
    const [cert, key] = [read("cert"), read("key")];
    for (const [bytes, what] of [
      [cert, "certificate"],
      [key, "key"],
    ] as const)
      if (!/-----BEGIN [^-]+-----/.test(bytes.toString("latin1"))) throw new Error(`tls: failed to find any PEM data in ${what} input`);
    const data = { "tls.crt": cert.toString("base64"), "tls.key": key.toString("base64") };
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secretName(context, name, "kubernetes.io/tls", data) },
      data,
      type: "kubernetes.io/tls",
    };
  },
};

const dockerSecret: Generator = {
  usage:
    "NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source] [--dry-run=server|client|none]",
  flags: [
    { name: "append-hash", type: "bool", usage: "Append a hash of the secret to its name." },
    { name: "docker-email", type: "string", usage: "Email for Docker registry" },
    {
      name: "docker-password",
      type: "string",
      usage: "Password for Docker registry authentication",
    },
    {
      name: "docker-server",
      type: "string",
      default: "https://index.docker.io/v1/",
      usage: "Server location for Docker registry",
    },
    {
      name: "docker-username",
      type: "string",
      usage: "Username for Docker registry authentication",
    },
    { name: "from-file", type: "stringSlice", usage: "A file with the configuration." },
  ],
  resource: "secrets",
  namespaced: true,
  needsName: true,
  build(context, name) {
    const { flags } = context;
    const [username, password, server, email] = ["docker-username", "docker-password", "docker-server", "docker-email"].map((flag) =>
      flags.text(flag),
    ) as [string, string, string, string];
    if (flags.list("from-file").length === 0 && (username === "" || password === ""))
      throw new Error("either --from-file or the combination of --docker-username, --docker-password and --docker-server is required");
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    const config = JSON.stringify({ auths: { [server]: { username, password, ...(email ? { email } : {}), auth } } });
    const key = ".dockerconfigjson";
    const files = flags.list("from-file").map((source) => (source.includes("=") ? source : `${key}=${source}`));
    const data = encoded(files.length > 0 ? readData(context, "Secret", files) : [[key, config]]);
    const type = "kubernetes.io/dockerconfigjson";
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secretName(context, name, type, data) },
      data,
      type,
    };
  },
};

const encoded = (entries: readonly [string, string | Buffer][]): Record<string, string> =>
  Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value).toString("base64")]));

const secretName = ({ flags }: CommandContext, name: string, type: string, data: Readonly<Record<string, string>>): string =>
  flags.bool("append-hash") ? `${name}-${hashOf({ kind: "Secret", type, name, data })}` : name;

const quota: Generator = {
  usage: "NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]",
  flags: [
    {
      name: "hard",
      type: "string",
      usage: "A comma-delimited set of resource=quantity pairs that define a hard limit.",
    },
    {
      name: "scopes",
      type: "string",
      usage: "A comma-delimited set of quota scopes that must all match each object tracked by the quota.",
    },
  ],
  resource: "resourcequotas",
  namespaced: true,
  needsName: true,
  build(context, name) {
    const hard = context.flags.text("hard");
    const scopes = context.flags.text("scopes");
    const pairs =
      hard === ""
        ? []
        : hard.split(",").map((pair) => {
            const [key = "", value, ...more] = pair.split("=");
            if (value === undefined || more.length > 0) throw new Error(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
            return [key, canonicalAmount(value)] as const;
          });
    if (scopes.split(",").includes("") && scopes !== "") throw new Error('invalid resource quota scope ""');
    return {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name },
      spec: {
        ...(pairs.length > 0 ? { hard: Object.fromEntries(pairs) } : {}),
        ...(scopes ? { scopes: scopes.split(",") } : {}),
      },
      status: {},
    };
  },
};

function canonicalAmount(text: string): string {
  if (!isQuantity(text)) throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return canonicalQuantity(text);
}

const priorityclass: Generator = {
  usage: "NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]",
  flags: [
    {
      name: "description",
      type: "string",
      usage: "description is an arbitrary string that usually provides guidelines on when this priority class should be used.",
    },
    {
      name: "global-default",
      type: "bool",
      usage: "global-default specifies whether this PriorityClass should be considered as the default priority.",
    },
    {
      name: "preemption-policy",
      type: "string",
      default: "PreemptLowerPriority",
      usage: "preemption-policy is the policy for preempting pods with lower priority.",
    },
    { name: "value", type: "int32", usage: "the value of this priority class." },
  ],
  resource: "priorityclasses",
  namespaced: false,
  build: ({ flags }, name) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value: flags.number("value"),
    ...(flags.bool("global-default") ? { globalDefault: true } : {}),
    ...(flags.text("description") ? { description: flags.text("description") } : {}),
    preemptionPolicy: flags.text("preemption-policy"),
  }),
};

const poddisruptionbudget: Generator = {
  usage: "NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]",
  flags: [
    {
      name: "max-unavailable",
      type: "string",
      usage: "The maximum number or percentage of unavailable pods this budget requires.",
    },
    {
      name: "min-available",
      type: "string",
      usage: "The minimum number or percentage of available pods this budget requires.",
    },
    {
      name: "selector",
      type: "string",
      usage: "A label selector to use for this budget. Only equality-based selector requirements are supported.",
    },
  ],
  resource: "poddisruptionbudgets",
  namespaced: true,
  needsName: true,
  build({ flags }, name) {
    if (flags.text("selector") === "") throw new Error("a selector must be specified");
    const [max, min] = [flags.text("max-unavailable"), flags.text("min-available")];
    if (max === "" && min === "") throw new Error("one of min-available or max-unavailable must be specified");
    if (max !== "" && min !== "") throw new Error("min-available and max-unavailable cannot be both specified");
    const amount = (text: string, flag: string) => {
      if (!/^\d+%?$/.test(text)) throw new Error(`invalid format specified for ${flag}`);
      return text.endsWith("%") ? text : Number(text);
    };
    const selector = labelSelectorOf(flags.text("selector"));
    return {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name },
      spec: {
        ...(max ? { maxUnavailable: amount(max, "max-unavailable") } : { minAvailable: amount(min, "min-available") }),
        selector,
      },
      status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    };
  },
};

const OPERATORS: Readonly<Record<string, string>> = {
  in: "In",
  notin: "NotIn",
  "!=": "NotIn",
  exists: "Exists",
  "!": "DoesNotExist",
};

/** Upstream: metav1.ParseToLabelSelector */
function labelSelectorOf(text: string): Record<string, unknown> {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: Record<string, unknown>[] = [];
  for (const { key, operator, values } of parseSelector(text).requirements) {
    const [value = ""] = values;
    if (operator === "=" || operator === "==") matchLabels[key] = value;
    else
      matchExpressions.push({
        key,
        operator: OPERATORS[operator] ?? operator,
        ...(values.length > 0 ? { values: [...values] } : {}),
      });
  }
  return {
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
    ...(Object.keys(matchLabels).length > 0 ? { matchLabels } : {}),
  };
}

export const generators: Readonly<Record<string, Generator>> = {
  namespace,
  serviceaccount,
  configmap,
  quota,
  priorityclass,
  poddisruptionbudget,
  "secret generic": genericSecret,
  "secret tls": tlsSecret,
  "secret docker-registry": dockerSecret,
  "service clusterip": service("ClusterIP"),
  "service nodeport": service("NodePort"),
  "service loadbalancer": service("LoadBalancer"),
  "service externalname": service("ExternalName"),
};
