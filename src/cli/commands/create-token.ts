import type { CommandSpec } from "../command.ts";

const token: CommandSpec = {
  usage: "SERVICE_ACCOUNT_NAME",
  flags: [
    { name: "audience", type: "stringArray", usage: "Audience of the requested token." },
    {
      name: "duration",
      type: "duration",
      default: "0s",
      usage: "Requested lifetime of the issued token.",
    },
  ],
  async run(context) {
    const [name, ...more] = context.args;
    if (name === undefined || more.length > 0)
      throw context.usage(`exactly one NAME is required, got ${context.args.length}`);
    const audiences = context.flags.list("audience");
    const seconds = context.flags.number("duration") / 1000;
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: { audiences, ...(seconds > 0 ? { expirationSeconds: seconds } : {}) },
    };
    const answer = await (
      await context.client()
    ).json<{ status?: { token?: string } }>(
      "POST",
      `/api/v1/namespaces/${await context.namespace()}/serviceaccounts/${name}/token`,
      { body },
    );
    context.print(answer.status?.token ?? "");
  },
};

export default token;
