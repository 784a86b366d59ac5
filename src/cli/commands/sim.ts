import type { CommandSpec } from "../command.ts";

const sim: CommandSpec = {
  long: "Steer the simulation: its clock, its machines, and what it can tell.",
  subcommands: [
    {
      name: "clock",
      short: "Show or steer the cluster's clock",
      load: async () => (await import("./sim-clock.ts")).default,
    },
    {
      name: "ssh",
      short: "Open a shell on a node, or run a command there",
      load: async () => (await import("./sim-ssh.ts")).default,
    },
    {
      name: "trace",
      short: "Tell the steps of an object's life, or the way of a request",
      load: async () => (await import("./sim-trace.ts")).default,
    },
    {
      name: "why",
      short: "Tell why an object is in the state it is in",
      load: async () => (await import("./sim-why.ts")).default,
    },
    {
      name: "images",
      short: "List the images that the simulation knows",
      load: async () => (await import("./sim-images.ts")).default,
    },
    {
      name: "node",
      short: "Add, stop, start or cut off a machine",
      load: async () => (await import("./sim-node.ts")).default,
    },
  ],
};

export default sim;
