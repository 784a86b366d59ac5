import { attachSession, DETACH_KEYS_FLAG } from "../pods/attach-session.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { messageOf } from "../errors.ts";
import { attachablePod, checkRunningTimeout, chooseContainer, namedObject, unlessQuiet, type LivePod } from "../pods/pods.ts";

const attach: CommandSpec = {
  usage: "(POD | TYPE/NAME) -c CONTAINER",
  long: "Attach to a process that is already running inside an existing container.",
  examples: "# Output of the running pod mypod\nkubectl attach mypod\n\n# With a terminal\nkubectl attach mypod -c ruby-container -i -t",
  flags: [
    {
      name: "container",
      shorthand: "c",
      type: "string",
      usage: "Container name. If omitted, the default one.",
    },
    DETACH_KEYS_FLAG,
    {
      name: "pod-running-timeout",
      type: "duration",
      default: "1m0s",
      usage: "How long to wait for a pod to run",
    },
    {
      name: "quiet",
      shorthand: "q",
      type: "bool",
      usage: "Only print output from the remote session",
    },
    { name: "stdin", shorthand: "i", type: "bool", usage: "Pass stdin to the container" },
    { name: "tty", shorthand: "t", type: "bool", usage: "Stdin is a TTY" },
  ],
  async run(context) {
    const { args } = context;
    checkRunningTimeout(context);
    if (args.length === 0) throw new Error("at least 1 argument is required for attach");
    if (args.length > 2)
      throw new Error(`expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.length}: [${args.join(" ")}]`);
    const found = args.length === 2 ? await namedObject(context, args[1], { type: args[0] }) : await namedObject(context, args[0]);
    const pod = await attachablePod(context, found);
    if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed")
      throw new Error(`cannot attach a container in a completed pod; current phase is ${pod.status.phase}`);
    const container = containerFor(context, pod);
    await attachSession(context, {
      pod,
      container,
      stdin: context.flags.bool("stdin"),
      tty: context.flags.bool("tty"),
      quiet: context.flags.bool("quiet"),
      command: context.path,
      detachKeys: context.flags.text("detach-keys"),
    });
  },
};

export default attach;

function containerFor(context: CommandContext, pod: LivePod): string {
  try {
    return chooseContainer(pod, context.flags.text("container"), unlessQuiet(context));
  } catch (error) {
    throw new Error(`cannot attach to the container: ${messageOf(error)}`, { cause: error });
  }
}
