import {
  localExists,
  localStat,
  makeLocalFolder,
  readLocalFile,
  readLocalFolder,
  readLocalLink,
  writeLocalFile,
} from "../../host/cli-files.ts";
import { readTar, TAR_END, tarEntry, type TarEntry } from "../../util/tar.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { ExitError } from "../errors.ts";
import {
  baseOfPath,
  cleanPath,
  type FileSpec,
  folderOfPath,
  isInside,
  joinPaths,
  parseFileSpec,
  stripPathShortcuts,
  withoutTrailingSlash,
} from "../pods/file-spec.ts";
import { chooseContainer, type LivePod } from "../pods/pods.ts";
import { runRemote } from "../pods/remote-command.ts";
import { podPath } from "./exec.ts";

const cp: CommandSpec = {
  usage: "<file-spec-src> <file-spec-dest>",
  long: "Copy files and directories to and from containers.",
  examples:
    "# The container needs a 'tar' program for this.\n# Copy the local file /tmp/foo to /tmp/bar in a pod of the namespace some-namespace\nkubectl cp /tmp/foo some-namespace/some-pod:/tmp/bar\n\n# Copy a local folder to a pod\nkubectl cp /tmp/foo_dir some-pod:/tmp/bar_dir\n\n# Into a certain container\nkubectl cp /tmp/foo some-pod:/tmp/bar -c some-container\n\n# And from a pod\nkubectl cp some-namespace/some-pod:/tmp/foo /tmp/bar",
  flags: [
    {
      name: "container",
      shorthand: "c",
      type: "string",
      usage:
        "Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen",
    },
    {
      name: "no-preserve",
      type: "bool",
      usage: "The copied file/directory's ownership and permissions will not be preserved in the container",
    },
    {
      name: "retries",
      type: "int",
      default: 0,
      usage:
        "Set number of retries to complete a copy operation from a container. Specify 0 to disable or any negative value for infinite retrying. The default is 0 (no retry).",
    },
  ],
  async run(context) {
    if (context.args.length !== 2) throw new Error("source and destination are required");
    const source = parseFileSpec(context.args[0] ?? "");
    const destination = parseFileSpec(context.args[1] ?? "");
    if (source.pod !== "" && destination.pod !== "") throw new Error("one of src or dest must be a local file specification");
    if (source.file === "" || destination.file === "") throw new Error("filepath can not be empty");
    if (source.pod !== "") return copyFromPod(context, source, destination.file);
    if (destination.pod !== "") return copyToPod(context, source.file, destination);
    throw new Error("one of src or dest must be a remote file specification");
  },
};

export default cp;

interface Remote {
  readonly command: readonly string[];
  readonly input?: Uint8Array;
  onOutput(chunk: Buffer): void;
  onError(chunk: Buffer): void;
  /** Where it is told which container was chosen. */
  tell(text: string): void;
}

/** One exec; each looks at the pod anew, as kubectl's does. */
async function execute(context: CommandContext, { namespace, pod: name }: FileSpec, remote: Remote): Promise<number> {
  const client = await context.client();
  const where = namespace || (await context.namespace());
  const pod = await client.get<LivePod>(`/api/v1/namespaces/${encodeURIComponent(where)}/pods/${encodeURIComponent(name)}`);
  if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed")
    throw new Error(`cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
  const container = chooseContainer(pod, context.flags.text("container"), { tell: remote.tell, logger: context.logger });
  return runRemote(
    context,
    podPath(pod, "exec"),
    { command: remote.command, container },
    { stdin: remote.input !== undefined, tty: false, input: remote.input, onOutput: remote.onOutput, onError: remote.onError },
  );
}

const ignore = () => undefined;

async function copyToPod(context: CommandContext, source: string, destination: FileSpec): Promise<number> {
  if (!localExists(source)) throw new Error(`${source} doesn't exist in local filesystem`);
  const intoFolder = await execute(context, destination, {
    command: ["test", "-d", destination.file],
    onOutput: ignore,
    onError: ignore,
    tell: ignore,
  }).then(
    () => true,
    () => false,
  );
  const target = cleanPath(intoFolder ? joinPaths(destination.file, baseOfPath(source)) : destination.file);
  const chunks: Buffer[] = [];
  addTree(cleanPath(source), baseOfPath(target), chunks);
  const folder = folderOfPath(target);
  return execute(context, destination, {
    command: [
      "tar",
      ...(context.flags.bool("no-preserve") ? ["--no-same-permissions", "--no-same-owner"] : []),
      "-xmf",
      "-",
      ...(folder === "" ? [] : ["-C", folder]),
    ],
    input: Buffer.concat([...chunks, TAR_END]),
    onOutput: (chunk) => context.io.out(chunk),
    onError: (chunk) => context.io.err(chunk),
    tell: (text) => context.io.err(text),
  });
}

/** Folders come with what is in them, so only empty ones get an entry of their own. */
function addTree(file: string, name: string, chunks: Buffer[]): void {
  const stat = localStat(file);
  if (!stat) throw new Error(`lstat ${file}: no such file or directory`);
  if (stat.type === "symlink") chunks.push(...tarEntry({ ...stat, name, target: readLocalLink(file) }));
  else if (stat.type === "file") chunks.push(...tarEntry({ ...stat, name }, readLocalFile(file)));
  else {
    const children = readLocalFolder(file);
    if (children.length === 0) chunks.push(...tarEntry({ ...stat, name: `${name}/` }));
    for (const child of children) addTree(joinPaths(file, child), `${name}/${child}`, chunks);
  }
}

async function copyFromPod(context: CommandContext, source: FileSpec, destination: string): Promise<number> {
  const { archive, code } = await fetchArchive(context, source);
  const prefix = stripPathShortcuts(cleanPath(source.file.replace(/^[/\\]+/, "")));
  unpack(context, archive, { source, prefix, destination: withoutTrailingSlash(destination) });
  return code;
}

/** The archive as far as it came; more tries go on where the last broke off. */
async function fetchArchive(context: CommandContext, source: FileSpec): Promise<{ archive: Buffer; code: number }> {
  const tries = context.flags.number("retries");
  const chunks: Buffer[] = [];
  let received = 0;
  for (let retry = 0; ; retry++) {
    const quoted = source.file.replaceAll("'", "'\\''");
    const command =
      tries === 0 ? ["tar", "cf", "-", source.file] : ["sh", "-c", `tar cf - '${quoted}' | tail -c+${retry === 0 ? 0 : received + 1}`];
    try {
      await execute(context, source, {
        command,
        onOutput: (chunk) => {
          received += chunk.length;
          chunks.push(Buffer.from(chunk));
        },
        // What tar has to say goes to standard output, as with kubectl.
        onError: (chunk) => context.io.out(chunk),
        tell: (text) => context.io.out(text),
      });
      return { archive: Buffer.concat(chunks), code: 0 };
    } catch (error) {
      // An archive that is whole was unpacked: how its tar ended is not looked at.
      if (error instanceof ExitError && received > 0) return { archive: Buffer.concat(chunks), code: 0 };
      if (received === 0 || (tries >= 0 && retry >= tries)) throw error;
      context.print(`Resuming copy at ${received} bytes, retry ${retry + 1}/${tries}`);
    }
  }
}

interface Place {
  readonly source: FileSpec;
  readonly prefix: string;
  readonly destination: string;
}

/** Upstream: cp.go untarAll */
function unpack(context: CommandContext, archive: Buffer, { source, prefix, destination }: Place): void {
  let warned = false;
  for (const entry of readTar(archive)) {
    if (!entry.name.startsWith(prefix)) throw new Error("tar contents corrupted");
    const file = joinPaths(destination, withoutTrailingSlash(entry.name.slice(prefix.length)));
    if (!isInside(destination, file)) {
      context.io.err(`warning: file ${JSON.stringify(file)} is outside target destination, skipping\n`);
      continue;
    }
    makeLocalFolder(folderOfPath(file));
    if (entry.type === "symlink") {
      context.io.err(symlinkWarning(context, entry, file, warned ? undefined : source));
      warned = true;
    } else if (entry.type === "directory") makeLocalFolder(file);
    else writeLocalFile(file, entry.data);
  }
}

function symlinkWarning(context: CommandContext, { target }: TarEntry, file: string, source: FileSpec | undefined): string {
  const text = `warning: skipping symlink: ${JSON.stringify(file)} -> ${JSON.stringify(target)}`;
  if (!source) return `${text}\n`;
  const parent = context.path.replace(/ cp$/, "");
  return `${text} (consider using "${parent} exec -n ${JSON.stringify(source.namespace)} ${JSON.stringify(source.pod)} -- tar cf - ${JSON.stringify(source.file)} | tar xf -")\n`;
}
