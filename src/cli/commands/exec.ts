import type { CommandContext, CommandSpec } from "../command.ts";
import { attachablePod, checkRunningTimeout, chooseContainer, namedObject, unlessQuiet, type LivePod } from "../pods/pods.ts";
import { runRemote } from "../pods/remote-command.ts";

const exec: CommandSpec = {
  usage: "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
  long: "Execute a command in a container.",
  examples:
    "# Output of date in the first container of a pod\nkubectl exec mypod -- date\n\n# In another container\nkubectl exec mypod -c ruby-container -- date\n\n# A shell\nkubectl exec -i -t mypod -- sh\n\n# In the first pod of a deployment\nkubectl exec deploy/mydeployment -- date",
  flags: [
    {
      name: "container",
      shorthand: "c",
      type: "string",
      usage:
        "Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen",
    },
    {
      name: "filename",
      shorthand: "f",
      type: "stringSlice",
      usage: "to use to exec into the resource",
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
    const { name, command } = argumentsOf(context);
    const pod = await attachablePod(context, await namedObject(context, name));
    if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed")
      throw new Error(`cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
    const container = chooseContainer(pod, context.flags.text("container"), unlessQuiet(context));
    return runRemote(context, podPath(pod, "exec"), { command, container }, streamsOf(context));
  },
};

export default exec;

// Upstream: exec.go ExecOptions.Complete and Validate
function argumentsOf(context: CommandContext): { name: string | undefined; command: string[] } {
  const { args, dashIndex } = context;
  const fromFile = context.flags.list("filename").length > 0;
  const name = dashIndex === 0 ? undefined : args[0];
  let command: string[] = [];
  if (dashIndex >= 0) command = args.slice(dashIndex);
  else if (args.length > 1 || (args.length > 0 && fromFile))
    throw context.usage("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead");
  checkRunningTimeout(context);
  if (name === undefined && !fromFile) throw new Error("pod, type/name or --filename must be specified");
  if (command.length === 0) throw new Error("you must specify at least one command for the container");
  return { name, command };
}

export const podPath = (pod: LivePod, subresource?: string): string =>
  `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}${subresource ? `/${subresource}` : ""}`;

/** Whether standard input goes along and is a terminal. */
export function streamsOf(context: CommandContext): { stdin: boolean; tty: boolean } {
  const stdin = context.flags.bool("stdin");
  const tty = stdin && context.flags.bool("tty");
  if (!tty || context.io.isTerminal("in")) return { stdin, tty };
  unlessQuiet(context).tell("Unable to use a TTY - input is not a terminal or the right kind of file\n");
  return { stdin, tty: false };
}
