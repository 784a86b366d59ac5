import { begin, changeObjects, type ContainerJson, hasPodSpec, type PodSpecJson, withPodSpec } from "../objects/change.ts";
import type { CommandContext } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { messageOf } from "../errors.ts";
import { targetsOf, targetsOfArgs } from "../objects/resource-arguments.ts";
import { type ApiObject, fetchObjects, type Found } from "../objects/resources.ts";

type EnvVar = NonNullable<ContainerJson["env"]>[number];
interface Reference {
  configMapKeyRef?: { name: string; key: string };
  secretKeyRef?: { name: string; key: string };
  fieldRef?: { fieldPath: string };
  resourceFieldRef?: { containerName?: string; resource: string };
}

/** Sets, takes away and lists environment variables. Upstream: kubectl/pkg/cmd/set/set_env.go */
export async function setEnv(context: CommandContext): Promise<void> {
  const { flags } = context;
  if (flags.bool("all") && flags.text("selector") !== "") throw new Error("cannot set --all and --selector at the same time");
  const { resources, changes } = split(context.args);
  const begun = await begin(context);
  await context.connection();
  if (flags.bool("local") && flags.text("dry-run") === "server")
    throw new Error("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
  if (flags.list("filename").length === 0 && resources.length === 0)
    throw new Error("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  if (flags.bool("list") && flags.text("output") !== "") throw new Error("--list and --output may not be specified together");
  if (flags.list("keys").length > 0 && flags.text("from") === "")
    throw new Error("when specifying --keys, a configmap or secret must be provided with --from");
  const given = await parse(context, [...flags.list("env"), ...changes]);
  const from = flags.text("from") === "" ? [] : await variablesFrom(context);
  const prefix = flags.text("prefix");
  const variables = [...given.set, ...from].map((each) => ({ ...each, name: prefix + each.name }));
  const edit = (env: readonly EnvVar[]) => updated(env, variables, given.removed);
  if (flags.bool("list")) return list(context, resources, edit);
  await changeObjects(context, {
    ...begun,
    manager: flags.text("field-manager"),
    operation: "env updated",
    args: flags.bool("local") ? [] : resources,
    needsNames: true,
    flow: "atomic",
    refusal: "failed to patch env update to pod template:",
    change: (found) =>
      withPodSpec(found, (spec) => {
        const containers = selected(context, spec);
        if (containers.length === 0)
          context.io.err(
            `Warning: ${found.info.kind}/${found.name} does not have any containers matching ${JSON.stringify(flags.text("containers"))}\n`,
          );
        for (const container of containers) {
          if (flags.has("overwrite") && !flags.bool("overwrite")) refuseOverwrites(container, variables);
          const env = edit(container.env ?? []);
          if (env.length > 0 || container.env) container.env = env;
        }
      }),
  });
}

const isChange = (arg: string) => arg.indexOf("=") > 0 || arg.endsWith("-");

function split(args: readonly string[]): { resources: string[]; changes: string[] } {
  const first = args.findIndex(isChange);
  if (first < 0) return { resources: [...args], changes: [] };
  const changes = args.slice(first);
  if (!changes.every(isChange)) throw new Error(`all resources must be specified before environment changes: ${args.join(" ")}`);
  return { resources: args.slice(0, first), changes };
}

async function parse(context: CommandContext, specs: readonly string[]): Promise<{ set: EnvVar[]; removed: string[] }> {
  const set: EnvVar[] = [];
  const removed: string[] = [];
  for (const spec of specs) {
    if (spec === "-") {
      for (const line of (await context.io.stdin()).split("\n")) {
        const text = line.replace(/#.*$/, "").replace(/\r$/, "");
        const equals = text.indexOf("=");
        if (equals >= 0) set.push({ name: text.slice(0, equals), value: text.slice(equals + 1) });
      }
    } else if (spec.includes("=")) {
      const name = spec.slice(0, spec.indexOf("="));
      if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name)) throw new Error(invalidName(name));
      set.push({ name, value: spec.slice(name.length + 1) });
    } else if (spec.endsWith("-")) removed.push(spec.slice(0, -1));
    else throw new Error(`unknown environment variable: ${spec}`);
  }
  const both = set.find(({ name }) => removed.includes(name));
  if (both) throw new Error(`can not both modify and remove the same environment variable in the same command`);
  return { set, removed };
}

// Upstream: apimachinery validation.IsEnvVarName
const invalidName = (name: string) =>
  `${JSON.stringify(name)} is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')`;

/** A variable for each key of a ConfigMap or Secret. */
async function variablesFrom(context: CommandContext): Promise<EnvVar[]> {
  const found = await fetchObjects(context, await targetsOfArgs(context, [context.flags.text("from")], { needsNames: true }));
  const keys = context.flags.list("keys");
  return found.flatMap(({ info, name, object }) => {
    const field = info.kind === "Secret" ? "secretKeyRef" : info.kind === "ConfigMap" ? "configMapKeyRef" : undefined;
    if (field === undefined) throw new Error("unsupported resource specified in --from");
    return Object.keys((object["data"] ?? {}) as object)
      .filter((key) => keys.length === 0 || keys.includes(key))
      .map((key) => {
        const upper = key.replace(/[^a-zA-Z0-9_]/g, "_").toUpperCase();
        if (upper !== key) context.io.err(`Warning: key ${key} transferred to ${upper}\n`);
        return key;
      })
      .map((key) => ({ name: key.replace(/[^a-zA-Z0-9_]/g, "_").toUpperCase(), valueFrom: { [field]: { key, name } } }));
  });
}

function updated(env: readonly EnvVar[], variables: readonly EnvVar[], removed: readonly string[]): EnvVar[] {
  const out = env.filter(({ name }) => !removed.includes(name));
  for (const variable of variables) {
    const at = out.findIndex(({ name }) => name === variable.name);
    if (at < 0) out.push(variable);
    else out[at] = variable;
  }
  return out;
}

function refuseOverwrites(container: ContainerJson, variables: readonly EnvVar[]): void {
  for (const { name } of variables) {
    const present = container.env?.find((each) => each.name === name);
    if (present) throw new Error(`'${name}' already has a value (${present.value ?? ""}), and --overwrite is false`);
  }
}

function selected(context: CommandContext, spec: PodSpecJson): ContainerJson[] {
  const pattern = context.flags
    .text("containers")
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].filter(({ name }) => new RegExp(`^${pattern}$`).test(name));
}

/** What cannot be resolved is told, but fails nothing. */
async function list(context: CommandContext, resources: readonly string[], edit: (env: readonly EnvVar[]) => EnvVar[]): Promise<void> {
  const found = context.flags.bool("local")
    ? await (await import("../objects/local-objects.ts")).localObjects(context, resources, "typed")
    : await fetchObjects(context, await targetsOf(context, resources, { needsNames: true, typed: true }), {
        selector: context.flags.text("selector"),
        typed: true,
      });
  for (const each of found) {
    const containers: ContainerJson[] = [];
    if (!hasPodSpec(each)) continue;
    withPodSpec(each, (spec) => void containers.push(...selected(context, spec)));
    for (const container of containers) {
      context.print(`# ${each.info.kind} ${each.name}, container ${container.name}`);
      const problems = new Map<string, string[]>();
      for (const variable of edit(container.env ?? [])) await show(context, each, variable, problems);
      const lines = [...problems].map(([problem, names]) => `error retrieving reference for ${names.sort().join(", ")}: ${problem}\n`);
      context.io.err(lines.sort().join(""));
    }
  }
}

async function show(
  context: CommandContext,
  found: Found,
  { name, value, valueFrom }: EnvVar,
  problems: Map<string, string[]>,
): Promise<void> {
  if (!valueFrom) return context.print(`${name}=${value ?? ""}`);
  const reference = valueFrom as Reference;
  if (context.flags.bool("resolve")) {
    try {
      return context.print(`${name}=${await resolve(context, found, reference)}`);
    } catch (error) {
      const problem = messageOf(error);
      problems.set(problem, [...(problems.get(problem) ?? []), name]);
    }
  }
  context.print(`# ${name} from ${described(reference)}`);
}

function described({ configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef }: Reference): string {
  if (configMapKeyRef) return `configmap ${configMapKeyRef.name}, key ${configMapKeyRef.key}`;
  if (secretKeyRef) return `secret ${secretKeyRef.name}, key ${secretKeyRef.key}`;
  if (fieldRef) return `field path ${fieldRef.fieldPath}`;
  if (resourceFieldRef)
    return `resource field ${resourceFieldRef.containerName ? `${resourceFieldRef.containerName}/` : ""}${resourceFieldRef.resource}`;
  return "invalid valueFrom";
}

async function resolve(context: CommandContext, found: Found, { configMapKeyRef, secretKeyRef, fieldRef }: Reference): Promise<string> {
  const key = configMapKeyRef ?? secretKeyRef;
  if (!key) {
    const value = fieldOf(found.object, fieldRef?.fieldPath ?? "");
    if (fieldRef && value !== undefined) return value;
    throw new Error(fieldRef ? `unsupported fieldPath: ${fieldRef.fieldPath}` : "invalid valueFrom");
  }
  const info = await (await context.discovery()).get(configMapKeyRef ? "configmaps" : "secrets");
  const object = await (await context.client()).get<ApiObject>(pathOf(info, await context.namespace(), key.name));
  const value = ((object["data"] ?? {}) as Record<string, string>)[key.key];
  if (value === undefined) throw new Error(`key ${key.key} not found in ${configMapKeyRef ? "config map" : "secret"} ${key.name}`);
  return configMapKeyRef ? value : Buffer.from(value, "base64").toString("utf8");
}

/** Upstream: extractFieldPathAsString */
function fieldOf({ metadata }: ApiObject, path: string): string | undefined {
  const [, map, key] = /^metadata\.(labels|annotations)(?:\['(.*)'\])?$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") {
    const values = metadata[map] ?? {};
    if (key !== undefined) return values[key] ?? "";
    return Object.keys(values)
      .sort()
      .map((each) => `${each}=${JSON.stringify(values[each])}`)
      .join("\n");
  }
  const simple = { "metadata.name": metadata.name, "metadata.namespace": metadata.namespace, "metadata.uid": metadata.uid };
  return Object.hasOwn(simple, path) ? (simple[path as keyof typeof simple] ?? "") : undefined;
}
