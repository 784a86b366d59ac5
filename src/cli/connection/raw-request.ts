import { findText } from "../../host/cli-host.ts";
import { readText } from "./client.ts";
import type { CommandContext } from "../command.ts";

/** `--raw`: sends a file, or nothing, to a path of the server and prints the answer as it comes. Upstream: kubectl/pkg/rawhttp */
export async function sendRaw(context: CommandContext, method: "POST" | "PUT" | "DELETE"): Promise<void> {
  const { flags, args } = context;
  const files = flags.list("filename");
  const [file] = files;
  if (method !== "DELETE") {
    if (files.length === 0) throw new Error("must specify one of -f and -k");
    if (files.length > 1 || (file !== undefined && /^https?:/.test(file)))
      throw new Error("--raw can only use a single local file or stdin");
    if (flags.bool("recursive")) throw new Error("--raw and --recursive are mutually exclusive");
    if (flags.text("kustomize") !== "") throw new Error("--raw can only use a single local file or stdin");
    if (flags.text("selector") !== "") throw new Error("--raw and --selector (-l) are mutually exclusive");
    if (flags.text("output") !== "") throw new Error("--raw and --output are mutually exclusive");
    if (args.length > 0) throw new Error("arguments may not be passed when --raw is specified");
  }
  const raw = flags.text("raw");
  if (!/^(\/|[a-z][\w+.-]*:)/i.test(raw))
    throw new Error(`--raw must be a valid URL path: parse ${JSON.stringify(raw)}: invalid URI for request`);
  const body = file === undefined ? undefined : file === "-" ? await context.io.stdin() : findText(file);
  if (file !== undefined && body === undefined) throw new Error(`open ${file}: no such file or directory`);
  const url = new URL(raw, "https://any");
  const response = await (
    await context.client()
  ).request(method, url.pathname + url.search, { raw: true, ...(body === undefined ? {} : { body }) });
  context.io.out(await readText(response));
}
