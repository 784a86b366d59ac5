import type { Container } from "../container.ts";
import type { Process } from "../process.ts";
import { type ContainerInfo, ContainerError, type ContainerLog, type ExecSession } from "../runtime.ts";
import type { Sandbox } from "../sandbox.ts";
import type { ProgramEntry } from "./program.ts";
import { complain, parseFlags } from "./support.ts";
import type { NodeTools } from "../node-machine.ts";

/** A row of what runs: a container, or the pause container of a pod. */
interface Row {
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

const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";

function tools(process: Process): NodeTools {
  const node = process.machine.hooks.node as NodeTools | undefined;
  if (!node) throw new Error("connect: no such file or directory: this container is not in the node's namespaces");
  return node;
}

function rows({ runtime }: NodeTools): Row[] {
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

const shortImage = (image: string) => image.replace(/^docker\.io\/(library\/)?/, "").replace(/:latest$/, "");

/** As docker words a duration. */
function ago(ms: number): string {
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

function statusText(row: Row, nowMs: number): string {
  if (row.state === "created") return "Created";
  return row.state === "running" ? `Up ${ago(nowMs - row.startedAtMs)}` : `Exited (${row.exitCode}) ${ago(nowMs - row.finishedAtMs)} ago`;
}

export function table(header: readonly string[], lines: readonly (readonly string[])[], gap = 3): string {
  const widths = header.map((title, index) => Math.max(title.length, ...lines.map((line) => (line[index] ?? "").length)) + gap);
  return [header, ...lines]
    .map((line) => `${line.map((cell, index) => (index === line.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join("")}\n`)
    .join("");
}

async function docker(process: Process): Promise<number> {
  const [command = "", ...args] = process.args;
  switch (command) {
    case "ps":
      return dockerPs(process, args);
    case "container":
      return args[0] === "ls" ? dockerPs(process, args.slice(1)) : unknownCommand(process, command);
    case "logs":
      return withContainer(process, parseFlags(args, "n", ["tail", "since", "until"]).rest[0], (row) => logs(process, args, row));
    case "inspect":
      return withContainer(process, parseFlags(args, "f", ["format", "type"]).rest[0], (row) => inspect(process, row));
    case "images":
      await process.print(
        table(
          ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"],
          tools(process)
            .runtime.listImages()
            .map((image) => {
              const colon = image.name.lastIndexOf(":");
              return [
                shortImage(image.name.slice(0, colon)),
                image.name.slice(colon + 1),
                image.id.slice(7, 19),
                "3 months ago",
                sizeText(image.sizeBytes, ""),
              ];
            }),
        ),
      );
      return 0;
    case "exec":
      return execIn(process, args);
    case "version":
      await process.print(
        "Client:\n Version:           28.3.2\n API version:       1.51\n\nServer:\n Engine:\n  Version:          28.3.2\n",
      );
      return 0;
    case "":
    case "help":
    case "--help":
      await process.print(
        "Usage:  docker [OPTIONS] COMMAND\n\nThe node's containers, as docker shows them: ps, logs, inspect, images, exec\n",
      );
      return 0;
    default:
      return unknownCommand(process, command);
  }
}

async function unknownCommand(process: Process, command: string): Promise<number> {
  await process.printError(`docker: unknown command: docker ${command}\n\nRun 'docker --help' for more information\n`);
  return 1;
}

async function dockerPs(process: Process, args: readonly string[]): Promise<number> {
  const { on, values } = parseFlags(args, "fn", ["filter", "format"]);
  const now = process.clock.now();
  const filter = (values.get("f") ?? values.get("filter"))?.replace(/^name=/, "");
  const shown = rows(tools(process)).filter(
    (row) => (on.has("a") || on.has("all") || row.state === "running") && (filter === undefined || row.name.includes(filter)),
  );
  if (on.has("q")) {
    await process.print(shown.map((row) => `${row.id.slice(0, 12)}\n`).join(""));
    return 0;
  }
  const whole = on.has("no-trunc");
  await process.print(
    table(
      ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"],
      shown.map((row) => {
        const quoted = `"${row.command}"`;
        return [
          whole ? row.id : row.id.slice(0, 12),
          row.image,
          whole || quoted.length <= 22 ? quoted : `"${row.command.slice(0, 19)}…"`,
          `${ago(now - row.createdAtMs)} ago`,
          statusText(row, now),
          "",
          row.name,
        ];
      }),
    ),
  );
  return 0;
}

const sizeText = (bytes: number, space: string) =>
  bytes >= 1e9
    ? `${(bytes / 1e9).toFixed(2)}${space}GB`
    : bytes >= 1e6
      ? `${(bytes / 1e6).toPrecision(3)}${space}MB`
      : `${Math.round(bytes / 1e3)}${space}kB`;

async function withContainer(process: Process, name: string | undefined, run: (row: Row) => Promise<number>): Promise<number> {
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

async function logs(process: Process, args: readonly string[], row: Row): Promise<number> {
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

async function inspect(process: Process, row: Row): Promise<number> {
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

async function execIn(process: Process, args: readonly string[]): Promise<number> {
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

async function crictl(process: Process): Promise<number> {
  const [command = "", ...args] = process.args.filter(
    (arg, index, all) => !(/^-(r|-runtime-endpoint)/.test(arg) || /^-(r|-runtime-endpoint)$/.test(all[index - 1] ?? "")),
  );
  const now = process.clock.now();
  const { runtime } = tools(process);
  const all = parseFlags(args).on.has("a");
  switch (command) {
    case "ps":
      await process.print(
        table(
          ["CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"],
          rows(tools(process)).flatMap((row) => {
            const { container, sandbox } = row;
            if (!container || (!all && row.state !== "running")) return [];
            return [
              [
                row.id.slice(0, 13),
                container.image.info.id.slice(7, 20),
                `${ago(now - row.createdAtMs)} ago`,
                row.state[0]?.toUpperCase() + row.state.slice(1),
                container.config.name,
                String(container.config.attempt),
                sandbox.id.slice(0, 13),
                sandbox.name,
                sandbox.namespace,
              ],
            ];
          }),
          16 - 3 - 8,
        ),
      );
      return 0;
    case "pods":
      await process.print(
        table(
          ["POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"],
          runtime
            .listPodSandboxes()
            .map((sandbox) => [
              sandbox.id.slice(0, 13),
              `${ago(now - sandbox.createdAtMs)} ago`,
              sandbox.state === "ready" ? "Ready" : "NotReady",
              sandbox.name,
              sandbox.namespace,
              String(sandbox.config.attempt),
              "(default)",
            ]),
        ),
      );
      return 0;
    case "images":
    case "img":
      await process.print(
        table(
          ["IMAGE", "TAG", "IMAGE ID", "SIZE"],
          runtime.listImages().map((image) => {
            const colon = image.name.lastIndexOf(":");
            return [image.name.slice(0, colon), image.name.slice(colon + 1), image.id.slice(7, 20), sizeText(image.sizeBytes, "")];
          }),
        ),
      );
      return 0;
    case "logs":
      return withContainer(process, parseFlags(args, "", ["tail"]).rest[0], (row) => logs(process, args, row));
    case "inspect":
    case "inspectp":
      return withContainer(process, parseFlags(args, "o").rest[0], (row) => inspect(process, row));
    case "exec":
      return execIn(process, args);
    default:
      await process.printError(`No help topic for '${command}'\n`);
      return 3;
  }
}

async function iptables(process: Process): Promise<number> {
  const { values, on } = parseFlags(
    process.args.filter((arg) => arg !== "-S" && arg !== "-L" && arg !== "-n" && arg !== "-v"),
    "t",
  );
  const { natRules } = tools(process);
  const chain = parseFlags(process.args, "t").rest[0];
  const nat = (values.get("t") ?? (on.has("t") ? "nat" : "filter")) === "nat";
  const rules = nat ? natRules().trimEnd().split("\n") : ["-P INPUT ACCEPT", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT"];
  if (process.args.some((arg) => arg.startsWith("-L"))) {
    await process.print(listRules(rules, chain));
    return 0;
  }
  const shown = chain === undefined ? rules : rules.filter((rule) => rule.split(" ")[1] === chain);
  if (chain !== undefined && shown.length === 0) {
    await process.printError(`iptables: No chain/target/match by that name.\n`);
    return 1;
  }
  await process.print(shown.map((rule) => `${rule}\n`).join(""));
  return 0;
}

/** The rules of -S in the shape of -L. */
function listRules(rules: readonly string[], only: string | undefined): string {
  const chains = new Map<string, string[]>();
  for (const rule of rules) {
    const [flag, chain = ""] = rule.split(" ");
    if (flag === "-P" || flag === "-N") chains.set(chain, []);
    if (flag !== "-A") continue;
    const value = (name: string) => new RegExp(`(?:^| )${name} ("[^"]*"|\\S+)`).exec(rule)?.[1]?.replaceAll('"', "");
    const comment = value("--comment");
    const target = value("-j") ?? "";
    const line =
      `${target.padEnd(25)}  ${(value("-p") ?? "all").padEnd(4)} --  ${(value("-s") ?? "0.0.0.0/0").padEnd(19)}  ${(value("-d") ?? "0.0.0.0/0").padEnd(19)}  ${comment ? `/* ${comment} */ ` : ""}${value("--dport") ? `tcp dpt:${value("--dport")} ` : ""}${value("--to-destination") ? `to:${value("--to-destination")}` : ""}`.trimEnd();
    chains.set(chain, [...(chains.get(chain) ?? []), line]);
  }
  return [...chains]
    .filter(([chain]) => only === undefined || chain === only)
    .map(
      ([chain, lines]) =>
        `Chain ${chain} (${/^[A-Z]+$/.test(chain) ? "policy ACCEPT" : "1 references"})\ntarget                     prot opt source               destination\n${lines.map((line) => `${line}\n`).join("")}`,
    )
    .join("\n");
}

async function systemctl(process: Process): Promise<number> {
  const [action = "", unit = ""] = process.args.filter((arg) => !arg.startsWith("-"));
  const name = unit.replace(/\.service$/, "");
  const units: Record<string, string> = { kubelet: "kubelet: The Kubernetes Node Agent", containerd: "containerd container runtime" };
  const description = units[name];
  if (action === "is-active") {
    await process.print(description ? "active\n" : "inactive\n");
    return description ? 0 : 3;
  }
  if (action !== "status" || !description) {
    await process.printError(
      action === "status"
        ? `Unit ${name}.service could not be found.\n`
        : `Failed to ${action} ${name}.service: the simulation's node services are run by kubesim (see kubesim sim node stop)\n`,
    );
    return action === "status" ? 4 : 1;
  }
  const since = process.machine.table.get(1)?.startedAtMs ?? process.clock.now();
  await process.print(
    `● ${name}.service - ${description}\n     Loaded: loaded (/etc/systemd/system/${name}.service; enabled; preset: enabled)\n     Active: active (running) since ${new Date(since).toUTCString().slice(0, 3)} ${new Date(since).toISOString().slice(0, 19).replace("T", " ")} UTC; ${ago(process.clock.now() - since)} ago\n   Main PID: ${name === "kubelet" ? 712 : 105} (${name})\n      Tasks: 16\n     Memory: 41.2M\n     CGroup: /system.slice/${name}.service\n             └─${name === "kubelet" ? 712 : 105} /usr/bin/${name}${name === "kubelet" ? " --config=/var/lib/kubelet/config.yaml --container-runtime-endpoint=unix:///run/containerd/containerd.sock" : ""}\n`,
  );
  return 0;
}

/** ps on the node shows the processes of all its containers. */
export function nodeProcesses(process: Process): string | undefined {
  const node = process.machine.hooks.node as NodeTools | undefined;
  if (!node) return undefined;
  const base = [
    { pid: 1, user: "root", command: "/sbin/init" },
    { pid: 105, user: "root", command: "/usr/local/bin/containerd" },
    { pid: 712, user: "root", command: "/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml" },
  ];
  const pods = node.runtime
    .listPodSandboxes()
    .filter((sandbox) => sandbox.state === "ready")
    .map((sandbox) => ({ pid: sandbox.pid, user: "65535", command: "/pause" }));
  const containers = node.runtime.containers
    .filter((container) => container.state === "running")
    .flatMap((container) =>
      container.machine.table
        .all()
        .filter((each) => each.group === container.process?.group)
        .map((each, index) => ({
          pid: container.info.pid + index,
          user: each.uid === 0 ? "root" : String(each.uid),
          command: each.argv.join(" "),
        })),
    );
  const own = process.machine.table
    .all()
    .filter((each) => each.pid !== 1)
    .map((each) => ({ pid: 90_000 + each.pid, user: "root", command: each.argv.join(" ") }));
  return `    PID USER     TIME     COMMAND\n${[...base, ...pods, ...containers, ...own]
    .sort((a, b) => a.pid - b.pid)
    .map((row) => `${String(row.pid).padStart(7)} ${row.user.padEnd(8)} 00:00:00 ${row.command}\n`)
    .join("")}`;
}

async function journalctl(process: Process): Promise<number> {
  await complain(process, "no journal files were found: see kubesim sim trace and kubectl get events");
  return 1;
}

export const NODE_TOOLS: readonly ProgramEntry[] = [
  { names: ["docker"], run: docker },
  { names: ["crictl"], run: crictl },
  { names: ["iptables"], run: iptables },
  { names: ["systemctl"], run: systemctl },
  { names: ["journalctl"], run: journalctl },
];
