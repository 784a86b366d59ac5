import type { CommandContext } from "../command.ts";
import { findObject, labelsInUse } from "./live-names.ts";
import type { Position } from "./position.ts";

interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly containerPort: number }[];
}

interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
}

interface WithPods {
  readonly spec?: PodSpec & {
    readonly template?: { readonly spec?: PodSpec };
    readonly jobTemplate?: { readonly spec?: { readonly template?: { readonly spec?: PodSpec } } };
    readonly ports?: readonly { readonly port: number }[];
  };
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
}

export const namespaceIn = ({ given }: Position): string | undefined => given.get("namespace")?.at(-1);

/** The type that the arguments name first, or that the command is about. */
export function typeOf({ args, command }: Position): string {
  const [first] = args;
  if (["logs", "exec", "attach", "port-forward", "debug", "top pod"].includes(command)) return "pods";
  if (["drain", "cordon", "uncordon", "top node"].includes(command)) return "nodes";
  return first?.split("/")[0]?.split(",")[0] ?? "pods";
}

/** The object that the arguments name; a bare name is a pod's. */
async function named(context: CommandContext, position: Position, bare = "pods"): Promise<WithPods | undefined> {
  const [first = ""] = position.args;
  const [type, name] = first.includes("/") ? first.split("/") : [bare, first];
  return findObject<WithPods>(context, type ?? bare, name ?? "", namespaceIn(position));
}

const podSpecOf = ({ spec }: WithPods): PodSpec | undefined => spec?.template?.spec ?? spec?.jobTemplate?.spec?.template?.spec ?? spec;

export async function containerNames(context: CommandContext, position: Position): Promise<string[]> {
  const [first = ""] = position.args;
  const inPath = position.command === "cp" ? position.args.find((arg) => arg.includes(":"))?.split(":")[0] : undefined;
  const object = inPath
    ? await findObject<WithPods>(
        context,
        "pods",
        inPath.split("/").at(-1) ?? "",
        inPath.includes("/") ? inPath.split("/")[0] : namespaceIn(position),
      )
    : position.command.startsWith("set ") && !first.includes("/")
      ? await findObject<WithPods>(context, first, position.args[1] ?? "", namespaceIn(position))
      : await named(context, position);
  const spec = object && podSpecOf(object);
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].map(({ name }) => name);
}

/** Ports of the pod or of the service. */
export async function ports(context: CommandContext, position: Position): Promise<string[]> {
  const object = await named(context, position);
  const local = /^(\d+:|:)/.exec(position.typed)?.[0] ?? "";
  const own = object?.spec?.ports?.map(({ port }) => port);
  const found =
    own ?? (object && podSpecOf(object)?.containers?.flatMap((each) => (each.ports ?? []).map(({ containerPort }) => containerPort)));
  return (found ?? []).map((port) => `${local}${port}`);
}

/** `key=` sets one, `key-` takes it away. */
export async function marks(context: CommandContext, position: Position, field: "labels" | "annotations"): Promise<string[]> {
  const [first = "", second = ""] = position.args;
  const [type, name] = first.includes("/") ? first.split("/") : [first, second];
  const object = await findObject<WithPods>(context, type ?? "", name ?? "", namespaceIn(position));
  const taken = new Set(position.args.map((arg) => arg.split(/[=-]/)[0]));
  return Object.keys(object?.metadata?.[field] ?? {})
    .filter((key) => !taken.has(key))
    .flatMap((key) => (position.typed.startsWith(key) ? [`${key}=`, `${key}-`] : [`${key}=`]));
}

export async function labelKeys(context: CommandContext, position: Position): Promise<string[]> {
  return [...(await labelsInUse(context, typeOf(position), namespaceIn(position))).keys()];
}

/** The term of a selector that is being typed: `app=web`, `app in (web, db)`, `!app`. */
export async function selectorTerms(context: CommandContext, position: Position): Promise<string[]> {
  const labels = await labelsInUse(context, typeOf(position), namespaceIn(position));
  const { typed } = position;
  const set = /^(.*?([\w./-]+)\s+(?:in|notin)\s*\((?:[^()]*,)?\s*)[^(),]*$/s.exec(typed);
  if (set) return [...(labels.get(set[2] ?? "") ?? [])].map((value) => set[1] + value);
  const before = /^(?:[^()]|\([^()]*\))*,\s*!?|^!/s.exec(typed)?.[0] ?? "";
  const term = typed.slice(before.length);
  const value = /^([\w./-]+)(==?|!=)/.exec(term);
  if (value) return [...(labels.get(value[1] ?? "") ?? [])].map((each) => before + value[0] + each);
  return [...labels.keys()].map((key) => `${before}${key}${before.endsWith("!") ? "" : "="}`);
}
