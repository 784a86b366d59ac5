import { isConflict, isNotFound, messageOf } from "../../api/status.ts";
import { nowMs } from "../../host/cli-host.ts";
import { rfc3339 } from "../../util/clock.ts";
import type { ApiClient, Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { throwAll } from "../errors.ts";
import { OUTPUT_FLAGS, reporter } from "../report.ts";
import { hasFiles, targetsOfNames } from "../objects/resource-arguments.ts";
import { fetchObjects, FILE_FLAGS, type Found } from "../objects/resources.ts";

const GROUP = "certificates.k8s.io";
const TRIES = 10;

interface Decision {
  readonly verb: "approve" | "deny";
  readonly done: string;
  readonly type: "Approved" | "Denied";
  readonly reason: string;
}

const APPROVAL: Decision = { verb: "approve", done: "approved", type: "Approved", reason: "KubectlApprove" };
const DENIAL: Decision = { verb: "deny", done: "denied", type: "Denied", reason: "KubectlDeny" };

/** Upstream: k8s.io/kubectl/pkg/cmd/certificates */
const certificate: CommandSpec = {
  usage: "SUBCOMMAND",
  long: "Decide on requests for certificates.",
  subcommands: [
    { name: "approve", short: "Approve a certificate signing request", load: () => Promise.resolve(spec(APPROVAL)) },
    { name: "deny", short: "Deny a certificate signing request", load: () => Promise.resolve(spec(DENIAL)) },
  ],
};

export default certificate;

function spec(decision: Decision): CommandSpec {
  const { verb, done } = decision;
  return {
    usage: "(-f FILENAME | NAME)",
    long:
      verb === "approve"
        ? "Approve a certificate signing request (CSR): its signer may issue the certificate that it asks for.\n\n Look at what it asks for first: whoever holds the certificate is what its subject says."
        : "Deny a certificate signing request (CSR): its signer is told not to issue a certificate.",
    examples: `# The request 'csr-sqgzp'\nkubectl certificate ${verb} csr-sqgzp`,
    flags: [...FILE_FLAGS, ...OUTPUT_FLAGS, { name: "force", type: "bool", usage: `Write the request even if it is already ${done}.` }],
    run: (context) => decide(context, decision),
  };
}

async function decide(context: CommandContext, decision: Decision): Promise<void> {
  const report = await reporter(context);
  await context.connection();
  if (context.args.length === 0 && !hasFiles(context)) throw new Error("one or more CSRs must be specified as <name> or -f <filename>");
  const errors: unknown[] = [];
  const targets = await targetsOfNames(context, "certificatesigningrequests", context.args, { clusterOnly: true, errors });
  const found = await fetchObjects(context, targets, { errors });
  const client = await context.client();
  let decided = 0;
  for (const each of found) {
    try {
      if (each.info.group !== GROUP || each.info.kind !== "CertificateSigningRequest")
        throw new Error(
          `can only handle CertificateSigningRequest.${GROUP} objects, got ${each.info.kind}${each.info.group === "" ? "" : `.${each.info.group}`}`,
        );
      await write(client, each, decision, context.flags.bool("force"));
      decided++;
      report(each.object, each.info, decision.done);
    } catch (error) {
      errors.push(error);
    }
  }
  if (decided === 0 && errors.length === 0) context.io.out("No resources found\n");
  throwAll(errors);
}

async function write(client: ApiClient, { info, name }: Found, decision: Decision, force: boolean): Promise<void> {
  for (let tries = 0; ; tries++) {
    const request = await client.json<Json>("GET", pathOf(info, undefined, name)).catch((error: unknown) => {
      throw isNotFound(error) ? new Error(`could not find v1 version of ${name}: ${messageOf(error)}`, { cause: error }) : error;
    });
    const status = (request["status"] ?? {}) as { conditions?: { type: string }[] };
    const conditions = status.conditions ?? [];
    const other = decision.type === "Approved" ? "Denied" : "Approved";
    const contrary = conditions.some(({ type }) => type === other);
    const same = conditions.some(({ type }) => type === decision.type);
    if (contrary) throw new Error(`certificate signing request ${JSON.stringify(name)} is already ${other}`);
    if (same && !force) return;
    const condition = {
      type: decision.type,
      status: "True",
      reason: decision.reason,
      message: `This CSR was ${decision.done} by kubectl certificate ${decision.verb}.`,
      lastUpdateTime: rfc3339(nowMs()),
      lastTransitionTime: null,
    };
    const body = { ...request, status: { ...status, conditions: same ? conditions : [...conditions, condition] } };
    try {
      await client.json("PUT", pathOf(info, undefined, name, "approval"), { body });
      return;
    } catch (error) {
      if (!isConflict(error) || tries >= TRIES) throw error;
    }
  }
}
