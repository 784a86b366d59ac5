import type { Json } from "../connection/client.ts";
import { CLIENT_VERSION } from "../connection/client-version.ts";
import type { CommandSpec } from "../command.ts";
import { version as kubesimVersion } from "../../host/cli-host.ts";
import { renderJson } from "../printers/output.ts";

const KUSTOMIZE = "v5.8.1";

const version: CommandSpec = {
  long: "Print the client and server version information for the current context.",
  examples: "# The versions of the client and the server\nkubectl version",
  flags: [
    {
      name: "client",
      type: "bool",
      usage: "If true, the client's version only (no server required).",
    },
    { name: "output", shorthand: "o", type: "string", usage: "One of 'yaml' or 'json'." },
  ],
  async run(context) {
    const isClientOnly = context.flags.bool("client");
    if (!isClientOnly) {
      await context.checkConfig();
      // Upstream looks at the arguments only when it asks a server.
      if (context.args.length > 0) throw new Error(`extra arguments: [${context.args.join(" ")}]`);
    }
    const output = context.flags.text("output");
    if (!["", "json", "yaml"].includes(output)) throw new Error(`--output must be 'yaml' or 'json'`);
    const clientVersion = {
      major: "1",
      minor: "36",
      gitVersion: CLIENT_VERSION,
      gitTreeState: "clean",
      compiler: "node",
      platform: (await import("../../host/cli-host.ts")).platform(),
      kubesim: kubesimVersion(),
    };
    const info: Json = { clientVersion, kustomizeVersion: KUSTOMIZE };
    let failure: unknown;
    if (!isClientOnly) {
      const client = await context.client();
      try {
        info["serverVersion"] = await client.get("/version", { timeout: "32s" });
      } catch (error) {
        failure = error;
      }
    }
    if (output === "json") context.print(renderJson(info, 2));
    else if (output === "yaml") context.print((await import("../../api/yaml.ts")).renderYaml(info));
    else {
      context.print(`Client Version: ${CLIENT_VERSION}\nKustomize Version: ${KUSTOMIZE}`);
      const server = info["serverVersion"] as { gitVersion?: string } | undefined;
      if (server) context.print(`Server Version: ${server.gitVersion}`);
    }
    if (failure) throw failure;
  },
};

export default version;
