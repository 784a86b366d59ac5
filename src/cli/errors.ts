import type { Status } from "../api/generated/meta-v1.ts";
import { StatusError } from "../api/status.ts";

/** An error with the text that is printed as it is, without `error: ` in front. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Wrong flags or arguments; `see` is the line that sends the user to the help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command's help goes to standard output first, then the message to standard error. Upstream: pkg/cmd/config helpErrorf */
export class HelpAndError extends Error {
  override readonly name = "HelpAndError";
}

/** A printer that failed on its way; what it has printed goes to standard output first. */
export class FailedPrinting extends Error {
  override readonly name = "FailedPrinting";
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** `error: MESSAGE` and a pointer to the command's help, as cobra commands do for their arguments. Upstream: cmdutil.UsageErrorf */
export function usageError(commandPath: string, message: string): UsageError {
  return new UsageError(`${message}\nSee '${commandPath} -h' for help and examples`);
}

/** Several failures of one command; each is printed on its own line. In the middle of a line they are one text, as Go writes it. */
export class AggregateFailure extends Error {
  override readonly name = "AggregateFailure";
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    const flat = errors.flatMap((error) => (error instanceof AggregateFailure ? error.errors : [error]));
    const messages = unique(flat.map((error) => messageOf(error)));
    super(messages.length === 1 ? messages[0] : `[${messages.join(", ")}]`);
    this.errors = flat;
  }
}

export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateFailure(errors);
}

/** No connection to the server. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: string;
  readonly host: string;

  constructor(host: string, cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.host = host;
    this.code = cause.code ?? "";
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is printed for an error, and the exit code. Upstream: k8s.io/kubectl/pkg/cmd/util checkErr */
export function renderError(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof ExitError) return { text: error.message === "" ? "" : line(error.message), exitCode: error.exitCode };
  if (error instanceof AggregateFailure)
    return {
      text: unique(error.errors.map((each) => line(oneOfSeveral(each)))).join(""),
      exitCode: 1,
    };
  if (error instanceof StatusError && error.reason === "Invalid") return { text: line(invalidMessage(error.status)), exitCode: 1 };
  return { text: line(standardMessage(error)), exitCode: 1 };
}

const line = (text: string) => (text.endsWith("\n") ? text : `${text}\n`);
const unique = (texts: readonly string[]) => [...new Set(texts)];

/** Among others a failure of the client's own has no `error: ` in front. Upstream: messageForError */
const oneOfSeveral = (error: unknown) =>
  error instanceof StatusError || error instanceof ConnectionError ? standardMessage(error) : messageOf(error);

export function standardMessage(error: unknown): string {
  if (error instanceof StatusError) return serverMessage(error.status);
  if (error instanceof ConnectionError) return connectionMessage(error);
  if (error instanceof ExitError) return error.message;
  const text = messageOf(error);
  return text.startsWith("error: ") ? text : `error: ${text}`;
}

function serverMessage(status: Status): string {
  if (status.reason === "Unauthorized") return "error: You must be logged in to the server (Unauthorized)";
  return status.reason ? `Error from server (${status.reason}): ${status.message ?? ""}` : `Error from server: ${status.message ?? ""}`;
}

function connectionMessage(error: ConnectionError): string {
  if (error.code === "ECONNREFUSED" || error.code === "ENOENT")
    return `The connection to the server ${error.host} was refused - did you specify the right host or port?`;
  if (error.code === "ENOTFOUND")
    return `Unable to connect to the server: dial tcp: lookup ${error.host.replace(/:\d+$/, "")}: no such host`;
  if (["SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"].includes(error.code))
    return "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority";
  return `Unable to connect to the server: ${error.message}`;
}

/** Invalid objects are told by the causes. Upstream: MultilineError over statusCausesToAggrError */
function invalidMessage(status: Status): string {
  const details = status.details;
  if (!details) return `The request is invalid: ${status.message ?? ""}`;
  const named = details.kind || details.name;
  const subject = !named
    ? "The request is invalid"
    : details.kind && details.name !== undefined
      ? `The ${details.kind} ${JSON.stringify(details.name)} is invalid`
      : `The ${details.kind ?? details.name} is invalid`;
  const causes = unique((details.causes ?? []).map((cause) => `${cause.field ?? ""}: ${cause.message ?? ""}`));
  if (causes.length === 0) return named ? subject : `${subject}: ${status.message ?? ""}`;
  return causes.length === 1 ? `${subject}: ${causes[0]}\n` : `${subject}: \n${causes.map((cause) => `* ${cause}\n`).join("")}`;
}
