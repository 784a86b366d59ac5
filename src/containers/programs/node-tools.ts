import type { Process } from "../process.ts";
import type { ProgramEntry } from "./program.ts";
import { complain, parseFlags } from "./support.ts";
import type { NodeTools } from "../node-machine.ts";
import { tools, ago } from "./node-containers.ts";
import { docker } from "./docker.ts";
import { crictl } from "./crictl.ts";

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
