import type { CommandSpec } from "../command.ts";
import { apiVersionOf } from "../connection/discovery.ts";
import { messageOf } from "../errors.ts";

const apiVersions: CommandSpec = {
  long: 'Print the supported API versions on the server, in the form of "group/version".',
  async run(context) {
    if (context.args.length > 0) throw context.usage(`unexpected arguments: [${context.args.join(" ")}]`);
    const discovery = await context.discovery();
    const resources = await discovery.refresh().catch((error: unknown) => {
      throw new Error(`couldn't get available api versions from server: ${messageOf(error)}`, { cause: error });
    });
    for (const name of [...new Set(resources.map(apiVersionOf))].sort()) context.print(name);
  },
};

export default apiVersions;
