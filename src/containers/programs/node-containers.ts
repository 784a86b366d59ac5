import { ContainerError, type ContainerInfo, type ContainerLog, type ExecSession } from "../runtime.ts";
import { parseFlags } from "./support.ts";
import type { Container } from "../container.ts";
import type { Process } from "../process.ts";
import type { Sandbox } from "../sandbox.ts";
import type { NodeTools } from "../node-machine.ts";

/** A row of what runs: a container, or the pause container of a pod. */
export interface Row {
  readonly id: string;
  readonly image: string;
  readonly command: string;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly state: ContainerInfo["state"];
  readonly exitCode: number;
  readonly name: string;
  readonly container: Container | undefined;
  readonly sandbox: Sandbox;
}

export const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";

export function tools(process: Process): NodeTools {
  const node = process.machine.hooks.node as NodeTools | undefined;
  if (!node) throw new Error("connect: no such file or directory: this container is not in the node's namespaces");
  return node;
}

export function rows({ runtime }: NodeTools): Row[] {
  const containers = runtime.containers.map((container): Row => {
    const { info } = container;
    return {
      ...info,
      command: info.commandLine,
      name: `k8s_${info.name}_${info.podName}_${info.podNamespace}_${info.podUid}_${info.attempt}`,
      container,
      sandbox: container.sandbox,
      image: shortImage(info.image),
    };
  });
  const pauses = runtime.listPodSandboxes().map((sandbox): Row => ({
    id: sandbox.id,
    image: PAUSE_IMAGE,
    command: "/pause",
    createdAtMs: sandbox.createdAtMs,
    startedAtMs: sandbox.createdAtMs,
    finishedAtMs: sandbox.createdAtMs,
    state: sandbox.state === "ready" ? "running" : "exited",
    exitCode: 0,
    name: `k8s_POD_${sandbox.name}_${sandbox.namespace}_${sandbox.uid}_${sandbox.config.attempt}`,
    container: undefined,
    sandbox,
  }));
  return [...containers, ...pauses].sort((a, b) => b.createdAtMs - a.createdAtMs);
}

export const shortImage = (image: string) => image.replace(/^docker\.io\/(library\/)?/, "").replace(/:latest$/, "");

/** As docker words a duration. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(minutes / 60 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  return `${Math.floor(hours / 24)} days`;
}

export function statusText(row: Row, nowMs: number): string {
  if (row.state === "created") return "Created";
  return row.state === "running" ? `Up ${ago(nowMs - row.startedAtMs)}` : `Exited (${row.exitCode}) ${ago(nowMs - row.finishedAtMs)} ago`;
}

export function table(header: readonly string[], lines: readonly (readonly string[])[], gap = 3): string {
  const widths = header.map((title, index) => Math.max(title.length, ...lines.map((line) => (line[index] ?? "").length)) + gap);
  return [header, ...lines]
    .map((line) => `${line.map((cell, index) => (index === line.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join("")}\n`)
    .join("");
}

export const sizeText = (bytes: number, space: string) =>
  bytes >= 1e9
    ? `${(bytes / 1e9).toFixed(2)}${space}GB`
    : bytes >= 1e6
      ? `${(bytes / 1e6).toPrecision(3)}${space}MB`
      : `${Math.round(bytes / 1e3)}${space}kB`;

export async function withContainer(process: Process, name: string | undefined, run: (row: Row) => Promise<number>): Promise<number> {
  if (name === undefined) {
    await process.printError('docker: "docker" requires at least 1 argument.\n');
    return 1;
  }
  const row = rows(tools(process)).find((each) => each.name === name || each.id.startsWith(name));
  if (row) return run(row);
  const crictl = (process.argv[0] ?? "").endsWith("crictl");
  await process.printError(
    crictl
      ? `E container status "${name}": rpc error: code = NotFound desc = an error occurred when try to find container "${name}": not found\n`
      : `Error response from daemon: No such container: ${name}\n`,
  );
  return 1;
}

export async function logs(process: Process, args: readonly string[], row: Row): Promise<number> {
  const { on, values } = parseFlags(args, "n", ["tail", "since", "until"]);
  if (!row.container) return 0;
  const log: ContainerLog = row.container.log;
  const show = (line: ContainerLog["lines"][number]) =>
    process.write(
      line.stream === "stdout" ? process.stdout : process.stderr,
      `${on.has("t") ? `${new Date(line.timeMs).toISOString()} ` : ""}${line.text}${line.partial ? "" : "\n"}`,
    );
  const tail = values.get("n") ?? values.get("tail");
  for (const line of tail === undefined || tail === "all" ? log.lines : Number(tail) === 0 ? [] : log.lines.slice(-Number(tail)))
    await show(line);
  if (!on.has("f") && !on.has("follow")) return 0;
  return process.race(
    new Promise<number>((resolve) => {
      const stop = log.follow(
        (line) => void show(line),
        () => resolve(0),
      );
      process.onExit(stop);
    }),
  );
}

export async function inspect(process: Process, row: Row): Promise<number> {
  const { container, sandbox } = row;
  const time = (ms: number) => (ms > 0 ? new Date(ms).toISOString() : "0001-01-01T00:00:00Z");
  const labels = {
    "io.kubernetes.container.name": container?.config.name ?? "POD",
    "io.kubernetes.pod.name": sandbox.name,
    "io.kubernetes.pod.namespace": sandbox.namespace,
    "io.kubernetes.pod.uid": sandbox.uid,
    ...(container ? {} : sandbox.config.labels),
  };
  await process.print(
    `${JSON.stringify(
      [
        {
          Id: row.id,
          Created: time(row.createdAtMs),
          Path: container?.argv[0] ?? "/pause",
          Args: container?.argv.slice(1) ?? [],
          State: {
            Status: row.state,
            Running: row.state === "running",
            Paused: false,
            Restarting: false,
            OOMKilled: container?.info.reason === "OOMKilled",
            Dead: false,
            Pid: container?.info.pid ?? sandbox.pid,
            ExitCode: row.exitCode,
            Error: "",
            StartedAt: time(row.startedAtMs),
            FinishedAt: time(row.state === "running" ? 0 : row.finishedAtMs),
          },
          Image: container?.image.info.id ?? PAUSE_IMAGE,
          Name: `/${row.name}`,
          RestartCount: container?.config.attempt ?? 0,
          Mounts: (container?.config.mounts ?? []).map((mount) => ({
            Type: "bind",
            Source: `/var/lib/kubelet/pods/${sandbox.uid}${mount.sourcePath}`,
            Destination: mount.containerPath,
            Mode: mount.readOnly ? "ro" : "",
            RW: !mount.readOnly,
          })),
          Config: {
            Hostname: sandbox.hostname,
            Env: container ? [...container.env].map(([name, value]) => `${name}=${value}`) : [],
            Cmd: container?.argv ?? ["/pause"],
            Image: row.image,
            WorkingDir: container?.cwd ?? "/",
            Labels: labels,
          },
          NetworkSettings: { IPAddress: container ? "" : sandbox.network.ip },
          HostConfig: { NetworkMode: container ? `container:${sandbox.id}` : sandbox.config.network.hostNetwork ? "host" : "none" },
        },
      ],
      null,
      4,
    )}\n`,
  );
  return 0;
}

export async function execIn(process: Process, args: readonly string[]): Promise<number> {
  const at = args.findIndex((arg) => !arg.startsWith("-"));
  const flags = args.slice(0, Math.max(0, at)).join("");
  return withContainer(process, args[at], async (row) => {
    const { container } = row;
    if (!container) return 126;
    try {
      const session = await tools(process).runtime.exec(container.id, {
        command: args.slice(at + 1),
        stdin: flags.includes("i"),
        tty: flags.includes("t") && process.terminal !== undefined,
      });
      return await relay(process, session, flags.includes("i"));
    } catch (error) {
      if (!(error instanceof ContainerError)) throw error;
      await process.printError(
        error.reason === "NotRunning" ? `Error response from daemon: container ${container.id} is not running\n` : `${error.message}\n`,
      );
      return error.reason === "NotRunning" ? 1 : error.exitCode;
    }
  });
}

async function relay(process: Process, session: ExecSession, stdin: boolean): Promise<number> {
  session.stdout.on("data", (chunk: Buffer) => void process.print(chunk));
  session.stderr.on("data", (chunk: Buffer) => void process.printError(chunk));
  process.onExit(() => session.disconnect());
  if (stdin) {
    void (async () => {
      for (let chunk = await process.read(); chunk !== undefined; chunk = await process.read()) session.stdin.write(chunk);
      session.stdin.end();
    })().catch(() => session.stdin.end());
  }
  const code = await process.race(session.exitCode);
  // What is on its way in the streams comes first.
  await process.clock.yield();
  return code;
}
