import { StatusError } from "../../api/status.ts";
import { messageOf } from "../errors.ts";

/** Tells which file a failure concerns. Upstream: cmdutil.AddSourceToErr */
export function addSource(verb: string, source: string | undefined, error: unknown): unknown {
  if (source === undefined || !(error instanceof Error)) return error;
  const message = `error when ${verb} ${JSON.stringify(source)}: ${messageOf(error)}`;
  if (error instanceof StatusError) return new StatusError({ ...error.status, code: error.code, message } as never);
  return error.name === "Error" ? new Error(message, { cause: error }) : error;
}
