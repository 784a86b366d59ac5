import type { CommandSpec } from "../command.ts";
import { attachablePod, chooseContainer } from "../pods.ts";
import { runRemote } from "../remote-command.ts";
import { podPath, streamsOf } from "./exec.ts";

const attach: CommandSpec = {
  usage: "(POD | TYPE/NAME) -c CONTAINER",
  long: "Attach to a process that is already running inside an existing container.",
  examples:
    "# Output of the running pod mypod\nkubectl attach mypod\n\n# With a terminal\nkubectl attach mypod -c ruby-container -i -t",
  flags: [
    {
      name: "container",
      shorthand: "c",
      type: "string",
      usage: "Container name. If omitted, the default one.",
    },
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
    const [argument] = context.args;
    if (argument === undefined) throw context.usage("at least 1 argument is required for attach");
    if (context.args.length > 2)
      throw context.usage("expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw 3: []");
    const pod = await attachablePod(
      context,
      context.args.length === 2 ? `${argument}/${context.args[1]}` : argument,
    );
    if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed")
      throw new Error(
        `cannot attach a container in a completed pod; current phase is ${pod.status.phase}`,
      );
    const container = chooseContainer(context, pod, context.flags.text("container"), {
      quiet: context.flags.bool("quiet"),
    });
    const streams = streamsOf(context);
    if (streams.tty && !context.flags.bool("quiet"))
      context.io.err("If you don't see a command prompt, try pressing enter.\n");
    return runRemote(context, podPath(pod, "attach"), { container }, streams);
  },
};

export default attach;
