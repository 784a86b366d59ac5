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

/** A kubeconfig, with the flags over it, that cannot be used. Upstream: clientcmd errConfigurationInvalid */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** Several failures of one command; each is printed on its own line. In the middle of a line they are one text, as Go writes it. */
export class AggregateFailure extends Error {
  override readonly name = "AggregateFailure";
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    const flat = errors.flatMap((error) => (error instanceof AggregateFailure ? error.errors : [error]));
    const messages = unique(flat.map(messageOf));
    // Upstream: utilerrors.NewAggregate(…).Error()
    super(messages.length === 1 ? messages[0] : `[${messages.join(", ")}]`);
    this.errors = flat;
  }
}

export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateFailure(errors);
}

/** What failed with objects, then, as one error, what could not be read. Upstream: cli-runtime/pkg/resource/visitor.go ContinueOnErrorVisitor */
export function throwVisited(failed: readonly unknown[], unread: readonly unknown[]): void {
  const isOne = failed.length > 0 && unread.length > 1;
  throwAll([...failed, ...(isOne ? [new Error(new AggregateFailure(unread).message)] : unread)]);
}

/** Where kubectl gathers what it reads first: all that could not be read is one error, even of one. Upstream: cli-runtime/pkg/resource/result.go Infos */
export function throwGathered(unread: readonly unknown[], failed: readonly unknown[]): void {
  if (unread.length === 0) throwAll(failed);
  else if (failed.length === 0) throw new AggregateFailure(unread);
  else throwAll([new Error(new AggregateFailure(unread).message), ...failed]);
}

/** No answer from the server. Upstream: net/url Error */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** host:port */
  readonly host: string;
  /** The URL up to there. */
  readonly server: string;
  /** `Get URL` */
  readonly request: string;
  /** What went wrong, in Go's words. */
  readonly reason: string;

  constructor(request: { readonly method: string; readonly url: string }, reason: string, cause: unknown) {
    const operation = request.method.charAt(0) + request.method.slice(1).toLowerCase();
    super(`${operation} ${JSON.stringify(request.url)}: ${reason}`, { cause });
    this.server = /^\w+:\/\/[^/]*/.exec(request.url)?.[0] ?? request.url;
    this.host = this.server.replace(/^\w+:\/\//, "");
    this.request = `${operation} ${request.url}`;
    this.reason = reason;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is printed for an error, and the exit code. Upstream: k8s.io/kubectl/pkg/cmd/util checkErr */
export function renderError(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof ExitError) return { text: error.message === "" ? "" : line(error.message), exitCode: error.exitCode };
  if (error instanceof AggregateFailure) return { text: error.errors.map((each) => line(messageAmongOthers(each))).join(""), exitCode: 1 };
  if (error instanceof StatusError && error.reason === "Invalid") return { text: line(invalidMessage(error.status)), exitCode: 1 };
  return { text: line(standardMessage(error)), exitCode: 1 };
}

const line = (text: string) => (text.endsWith("\n") ? text : `${text}\n`);
const unique = (texts: readonly string[]) => [...new Set(texts)];

export function standardMessage(error: unknown): string {
  if (error instanceof StatusError) return serverMessage(error.status);
  if (error instanceof ConnectionError) return connectionMessage(error);
  if (error instanceof ExitError) return error.message;
  const text = messageOf(error);
  return text.startsWith("error: ") ? text : `error: ${text}`;
}

/** Of several failures none is marked as an error. Upstream: cmdutil.MultipleErrors */
function messageAmongOthers(error: unknown): string {
  if (error instanceof ConfigurationError) return `invalid configuration: ${error.message}`;
  return error instanceof StatusError || error instanceof ConnectionError ? standardMessage(error) : messageOf(error);
}

function serverMessage(status: Status): string {
  if (status.reason === "Unauthorized") return `error: You must be logged in to the server (${status.message ?? ""})`;
  return status.reason ? `Error from server (${status.reason}): ${status.message ?? ""}` : `Error from server: ${status.message ?? ""}`;
}

function connectionMessage({ host, reason }: ConnectionError): string {
  if (reason.includes("connection refused"))
    return `The connection to the server ${host} was refused - did you specify the right host or port?`;
  return `Unable to connect to the server: ${reason}`;
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
