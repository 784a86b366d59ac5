import type { CommandSpec } from "../command.ts";

const ACTIONS = ["add", "stop", "start", "cut", "mend"];

const node: CommandSpec = {
  usage: "(add | stop | start | cut | mend) NAME",
  long: "Add, stop, start or cut off a machine: stop is like pulling its plug, cut like pulling its network cable, mend puts the cable back.",
  examples:
    "# One more machine\nkubesim sim node add worker3\n\n# A power failure\nkubesim sim node stop worker1\n\n# A pulled network cable, and put back in\nkubesim sim node cut worker2\nkubesim sim node mend worker2",
  flags: [
    { name: "cpu", type: "string", usage: "CPUs of a new machine" },
    { name: "memory", type: "string", usage: "Memory of a new machine" },
  ],
  async run(context) {
    const [action, name] = context.args;
    if (action === undefined || !ACTIONS.includes(action)) throw context.usage(`one of ${ACTIONS.join(", ")} is required`);
    if (name === undefined && action !== "add") throw context.usage("the NAME of a node is required");
    const { flags } = context;
    const answer = await (
      await context.client()
    ).json("POST", "/kubesim/nodes", {
      body: {
        action,
        ...(name ? { name } : {}),
        ...(flags.has("cpu") ? { cpu: flags.text("cpu") } : {}),
        ...(flags.has("memory") ? { memory: flags.text("memory") } : {}),
      },
    });
    context.print(
      String(
        answer["message"] ??
          `node/${String(answer["name"] ?? name)} ${{ add: "added", stop: "stopped", start: "started", cut: "cut off", mend: "mended" }[action]}`,
      ),
    );
  },
};

export default node;
