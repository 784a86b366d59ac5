import { StatusError } from "../../api/status.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { ConnectionError } from "../errors.ts";
import { findPrinter, OUTPUT_FLAGS, unknownFormat } from "../printers/output.ts";

const BOUND_KINDS: Readonly<Record<string, string>> = { Pod: "v1", Secret: "v1", Node: "v1" };

const token: CommandSpec = {
  usage: "SERVICE_ACCOUNT_NAME",
  long: "Request a service account token.",
  examples:
    "# A token for the service account myapp\nkubectl create token myapp\n\n# One that ends after ten minutes\nkubectl create token myapp --duration 10m",
  flags: [
    ...OUTPUT_FLAGS,
    { name: "audience", type: "stringArray", usage: "Audience of the requested token; may be given several times." },
    {
      name: "bound-object-kind",
      type: "string",
      usage: "Kind of an object to bind the token to: Node, Pod or Secret. The token ends with the object.",
    },
    { name: "bound-object-name", type: "string", usage: "Name of the object to bind the token to." },
    { name: "bound-object-uid", type: "string", usage: "UID of the object to bind the token to." },
    { name: "duration", type: "duration", default: "0s", usage: "Requested lifetime of the issued token." },
  ],
  async run(context) {
    const [name] = context.args;
    if (name === undefined || context.args.length !== 1) throw context.usage(`exactly one NAME is required, got ${context.args.length}`);
    const printer = await findPrinter(context.flags, "typed");
    if (!printer && context.flags.text("output") !== "") throw unknownFormat(context.flags.text("output"));
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: {}, spec: specOf(context) };
    const client = await context.client();
    const path = `/api/v1/namespaces/${await context.namespace()}/serviceaccounts/${name}/token`;
    const answer = await client.json<Json & { status?: { token?: string } }>("POST", path, { body }).catch((error: unknown) => {
      throw error instanceof StatusError || error instanceof ConnectionError
        ? new Error(`failed to create token: ${error.message}`, { cause: error })
        : error;
    });
    if (!answer.status?.token) throw new Error("failed to create token: no token in server response");
    context.io.out(printer ? printer(answer) : `${answer.status.token}\n`);
  },
};

export default token;

function specOf({ flags }: CommandContext): Json {
  const duration = flags.number("duration");
  if (duration < 0) throw new Error("--duration must be greater than or equal to 0");
  if (duration % 1000 !== 0) throw new Error("--duration cannot be expressed in units less than seconds");
  const [kind, name, uid] = ["kind", "name", "uid"].map((part) => flags.text(`bound-object-${part}`));
  if (kind) {
    if (!BOUND_KINDS[kind]) throw new Error(`supported --bound-object-kind values are ${Object.keys(BOUND_KINDS).sort().join(", ")}`);
    if (!name) throw new Error("--bound-object-name is required if --bound-object-kind is provided");
  } else {
    if (name) throw new Error("--bound-object-name can only be set if --bound-object-kind is provided");
    if (uid) throw new Error("--bound-object-uid can only be set if --bound-object-kind is provided");
  }
  return {
    audiences: flags.list("audience"),
    ...(duration > 0 ? { expirationSeconds: duration / 1000 } : {}),
    ...(kind ? { boundObjectRef: { kind, apiVersion: BOUND_KINDS[kind], name, ...(uid ? { uid } : {}) } } : {}),
  };
}
