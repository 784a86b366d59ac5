import type { CommandContext } from "../command.ts";
import { podPath } from "../commands/exec.ts";
import { chooseContainer, type LivePod } from "../pods/pods.ts";
import { runRemote } from "../pods/remote-command.ts";
import { findObject } from "./live-names.ts";
import { namespaceIn } from "./object-parts.ts";
import type { Position } from "./position.ts";

/** `pod:/etc/ho`: what the container's own `ls` tells. */
export async function remotePaths(context: CommandContext, position: Position): Promise<string[]> {
  const [, where = "", name = "", path = ""] = /^(?:([^/:]+)\/)?([^/:]+):(.*)$/s.exec(position.typed) ?? [];
  const namespace = where || namespaceIn(position) || (await context.namespace());
  const pod = await findObject<LivePod>(context, "pods", name, namespace);
  if (!pod) return [];
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const container = chooseContainer(pod, position.given.get("container")?.at(-1) ?? "", { tell: () => undefined, logger: undefined });
  const chunks: Buffer[] = [];
  const command = ["ls", "-1ap", folder || "."];
  await runRemote(
    context,
    podPath(pod, "exec"),
    { command, container },
    { stdin: false, tty: false, onOutput: (chunk) => chunks.push(chunk), onError: () => undefined },
  );
  const names = Buffer.concat(chunks).toString("utf8").split("\n");
  const before = `${where === "" ? "" : `${where}/`}${name}:${folder}`;
  return names.filter((each) => each !== "" && each !== "./" && each !== "../").map((each) => before + each);
}
