import type { CommandContext } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import type { LivePod } from "./pods.ts";
import { runRemote } from "./remote-command.ts";

export interface AttachTo {
  readonly pod: LivePod;
  readonly container: string;
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly quiet: boolean;
  /** "kubectl attach": how the way back is told. */
  readonly command: string;
  readonly detachKeys?: string;
}

/** Joins a container's first process, telling what is going on. Upstream: k8s.io/kubectl/pkg/cmd/attach AttachOptions.Run */
export async function attachSession(context: CommandContext, to: AttachTo): Promise<void> {
  const { pod, container, stdin, quiet } = to;
  const { io } = context;
  const allocated = ttyOf(pod, container);
  if (to.tty && !allocated && !quiet) io.err(`error: Unable to use a TTY - container ${container} did not allocate one\n`);
  let raw = stdin && allocated;
  if (raw && !io.isTerminal("in")) {
    raw = false;
    if (!quiet) io.err("Unable to use a TTY - input is not a terminal or the right kind of file\n");
  }
  if (!quiet) {
    io.err(
      "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\n",
    );
    io.err("If you don't see a command prompt, try pressing enter.\n");
  }
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/attach`;
  await runRemote(
    context,
    path,
    { container },
    { stdin, tty: raw, redraw: raw, ...(raw ? { detachKeys: detachSequence(to.detachKeys || DETACH_KEYS) } : {}) },
  );
  if (quiet || !stdin || !raw) return;
  const again = `'${to.command} ${pod.metadata.name} -c ${container} -n ${pod.metadata.namespace} -i -t'`;
  const ephemeral = (pod.spec.ephemeralContainers ?? []).some(({ name }) => name === container);
  context.print(
    ephemeral
      ? `Session ended, the ephemeral container will not be restarted but may be reattached using ${again} if it is still running`
      : `Session ended, resume using ${again} command`,
  );
}

function ttyOf({ spec }: LivePod, name: string): boolean {
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  return all.find((container) => container.name === name)?.tty ?? false;
}

const DETACH_KEYS = "ctrl-p,ctrl-q";

export const DETACH_KEYS_FLAG: FlagSpec = {
  name: "detach-keys",
  type: "string",
  default: DETACH_KEYS,
  usage: "The keys that, typed in a row, end the session and leave the container running.",
};

/** `ctrl-p,ctrl-q` as bytes. Upstream: github.com/moby/term ToBytes */
export function detachSequence(keys: string): Buffer {
  return Buffer.from(
    keys.split(",").flatMap((key) => {
      if (key.length === 1) return [key.charCodeAt(0)];
      const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
      if (control === undefined) throw new Error(`could not bind detach keys: Unknown character: '${key}'`);
      return [control === "@" ? 0 : control.toUpperCase().charCodeAt(0) & 0x1f];
    }),
  );
}
