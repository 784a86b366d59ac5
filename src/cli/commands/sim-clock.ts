import type { Json } from "../connection/client.ts";
import type { CommandSpec } from "../command.ts";

const clock: CommandSpec = {
  long: "Show or steer the cluster's clock. All waiting in the cluster follows it: back-offs, probes, grace periods.",
  examples:
    "# How fast it goes\nkubesim sim clock\n\n# Ten times as fast\nkubesim sim clock --speed 10\n\n# Stop time, and go on by half a minute\nkubesim sim clock --pause\nkubesim sim clock --step 30s",
  flags: [
    {
      name: "speed",
      type: "string",
      usage: "How many seconds of the cluster pass in one of ours.",
    },
    { name: "pause", type: "bool", usage: "Stop the clock." },
    { name: "resume", type: "bool", usage: "Let the clock go on." },
    {
      name: "step",
      type: "duration",
      default: "0s",
      usage: "Move the clock on by this much (30s, 5m).",
    },
    { name: "output", shorthand: "o", type: "string", usage: "Output format: json." },
  ],
  async run(context) {
    const { flags } = context;
    if (context.args.length > 0) throw context.usage(`unexpected arguments: [${context.args.join(" ")}]`);
    if (flags.bool("pause") && flags.bool("resume")) throw context.usage("--pause and --resume exclude each other");
    if (flags.has("step") && !(flags.number("step") > 0))
      throw context.usage("--step must be a duration greater than 0: time does not go back");
    const change: Json = {};
    if (flags.has("speed")) {
      const speed = Number(flags.text("speed"));
      if (!(speed > 0)) throw context.usage("--speed must be a number greater than 0");
      change["speed"] = speed;
    }
    if (flags.bool("pause")) change["pause"] = true;
    if (flags.bool("resume")) change["resume"] = true;
    if (flags.has("step")) change["stepMs"] = flags.number("step");
    const client = await context.client();
    const state =
      Object.keys(change).length > 0 ? await client.json("POST", "/kubesim/clock", { body: change }) : await client.get("/kubesim/clock");
    if (flags.text("output") === "json") return context.print(JSON.stringify(state));
    const now = state["now"] ?? (typeof state["nowMs"] === "number" ? new Date(state["nowMs"]).toISOString() : "");
    context.print(`The cluster's time is ${String(now)}, ${state["paused"] ? "paused" : `at speed ${String(state["speed"])}`}.`);
  },
};

export default clock;
