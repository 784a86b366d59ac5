import type { CommandContext } from "../command.ts";

/** `pod/web`, `po/web`, `ns/kube-system`… as the simulator's own endpoints name objects: pods/default/web, nodes/worker1. */
export async function objectPath(context: CommandContext, args: readonly string[]): Promise<string> {
  const [first = "", second] = args;
  const [type = "", name = ""] = first.includes("/") ? first.split("/") : second === undefined ? ["pods", first] : [first, second];
  if (name === "") throw context.usage("KIND/NAME is required");
  const info = await (await context.discovery()).get(type);
  return info.namespaced ? `${info.resource}/${await context.namespace()}/${name}` : `${info.resource}/${name}`;
}
