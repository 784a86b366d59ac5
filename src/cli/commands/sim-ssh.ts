import type { CommandSpec } from "../command.ts";
import { runRemote } from "../pods/remote-command.ts";

const ssh: CommandSpec = {
  usage: "NODE [-- COMMAND [args...]]",
  long: "Open a shell on a node, or run a command there: docker or crictl ps, logs and inspect, ip route, iptables -t nat -S, ps, systemctl status kubelet.",
  examples: "# A shell\nkubesim sim ssh worker1\n\n# One command\nkubesim sim ssh worker1 -- docker ps",
  stopAtFirstArgument: true,
  async run(context) {
    const [node, ...rest] = context.args;
    if (node === undefined) throw context.usage("NODE is required");
    const command = rest[0] === "--" ? rest.slice(1) : rest;
    const interactive = command.length === 0;
    const tty = interactive && context.io.isTerminal("in") && context.io.isTerminal("out");
    return runRemote(context, "/kubesim/ssh", { node, command: interactive ? undefined : command }, { stdin: interactive, tty });
  },
};

export default ssh;
