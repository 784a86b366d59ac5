import { ExitError, type SpawnError } from "../process.ts";
import { type Descriptors, stderr, stdin, stdout } from "./io.ts";
import type { Shell } from "./shell.ts";

/** exec: never comes back, but for a SpawnError. */
export async function replaceBy(shell: Shell, argv: string[], env: ReadonlyMap<string, string>, io: Descriptors): Promise<number> {
  const { process } = shell;
  process.machine.table.load(process, argv, env);
  process.env.clear();
  for (const [name, value] of env) process.env.set(name, value);
  process.stdin = stdin(io);
  process.stdout = stdout(io);
  process.stderr = stderr(io);
  throw new ExitError(await process.become(argv));
}

export async function commandMissing(shell: Shell, argv: readonly string[], error: SpawnError, io: Descriptors): Promise<number> {
  const [name = ""] = argv;
  const handler = shell.flavor === "bash" && error.code === "ENOENT" ? shell.functions.get("command_not_found_handle") : undefined;
  if (handler && !name.includes("/")) return shell.withDescriptors(io, () => shell.callFunction(handler, argv));
  const text =
    error.code === "EACCES"
      ? `${name}: Permission denied`
      : shell.flavor === "bash"
        ? name.includes("/")
          ? `${name}: No such file or directory`
          : `${name}: command not found`
        : `${name}: not found`;
  await shell.withDescriptors(io, async () => shell.complain(text));
  return error.code === "EACCES" ? 126 : 127;
}
