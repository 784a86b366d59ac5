import type { FileSystem, Mount } from "./filesystem.ts";
import { type FrozenTree, type Inode, newInode } from "./inode.ts";
import { createMemoryFileSystem } from "./memory-filesystem.ts";
import type { Machine, Process } from "./process.ts";

/** Files whose content is made up when they are read: /proc, /dev and what the runtime mounts into /etc. */
function liveTree(entries: () => Map<string, Inode>): FileSystem {
  return createMemoryFileSystem({ base: { root: newInode("directory", { mode: 0o555, entries }) } });
}

const liveFile = (data: () => string | Uint8Array) => newInode("file", { mode: 0o444, data });
const directory = (entries: () => Map<string, Inode>) => newInode("directory", { mode: 0o555, entries });
const link = (target: string) => newInode("symlink", { target });

const KERNEL = "Linux version 6.8.0-71-generic (buildd@lcy02) (gcc 13.3.0) #71-Ubuntu SMP PREEMPT_DYNAMIC\n";

/** What the kernel itself mounts: every root of processes has these. */
export function kernelMounts(machine: () => Machine, mounts: () => readonly Mount[]): readonly Mount[] {
  return [
    { containerPath: "/proc", fileSystem: procFileSystem(machine, mounts), sourcePath: "/", readOnly: false, type: "proc" },
    { containerPath: "/dev", fileSystem: devFileSystem(), sourcePath: "/", readOnly: false, type: "tmpfs" },
    { containerPath: "/sys/fs/cgroup", fileSystem: controlGroup(machine), sourcePath: "/", readOnly: true, type: "cgroup2" },
  ];
}

// Linux: CFS periods of 100 ms, of which no quota is less than 1 ms.
const CPU_PERIOD_US = 100_000;
const MIN_QUOTA_US = 1000;

/** What the container may take, as its own processes see it. Upstream: Linux, Documentation/admin-guide/cgroup-v2.rst */
function controlGroup(machine: () => Machine): FileSystem {
  return liveTree(
    () =>
      new Map([
        ["cgroup.controllers", liveFile(() => "cpuset cpu io memory hugetlb pids rdma misc\n")],
        ["cpu.max", liveFile(() => `${quotaOf(machine().cpu.limitMillis)} ${CPU_PERIOD_US}\n`)],
        ["memory.current", liveFile(() => `${machine().memory.usedBytes}\n`)],
        ["memory.max", liveFile(() => `${machine().memory.limitBytes || "max"}\n`)],
      ]),
  );
}

const quotaOf = (limitMillis: number) => (limitMillis === 0 ? "max" : Math.max(MIN_QUOTA_US, (limitMillis * CPU_PERIOD_US) / 1000));

function procFileSystem(machine: () => Machine, mounts: () => readonly Mount[]): FileSystem {
  return liveTree(() => {
    const { table, clock, memory } = machine();
    const first = table.all()[0];
    return new Map<string, Inode>([
      ...table.all().map((process) => [String(process.pid), directory(() => processFiles(process))] as const),
      ["self", link(String(first?.pid ?? 1))],
      ["mounts", liveFile(() => mountLines(mounts()))],
      ["version", liveFile(() => KERNEL)],
      ["uptime", liveFile(() => `${((clock.now() - (first?.startedAtMs ?? clock.now())) / 1000).toFixed(2)} 0.00\n`)],
      ["loadavg", liveFile(() => "0.21 0.18 0.15 1/412 1234\n")],
      ["meminfo", liveFile(() => memInfo(memory.limitBytes))],
      [
        "cpuinfo",
        liveFile(() => Array.from({ length: 4 }, (_, index) => `processor\t: ${index}\nmodel name\t: kubesim virtual CPU\n\n`).join("")),
      ],
      ["sys", directory(() => new Map([["kernel", directory(() => new Map([["hostname", liveFile(() => `${machine().hostname}\n`)]]))]]))],
    ]);
  });
}

export function mountLines(mounts: readonly Mount[]): string {
  return [
    "overlay / overlay rw,relatime 0 0",
    ...mounts.map((mount) => `${mount.type} ${mount.containerPath} ${mount.type} ${mount.readOnly ? "ro" : "rw"},relatime 0 0`),
    "",
  ].join("\n");
}

function memInfo(limit: number): string {
  const total = Math.floor((limit > 0 ? Math.max(limit, 8 * 1024 ** 3) : 8 * 1024 ** 3) / 1024);
  return `MemTotal:       ${total} kB\nMemFree:        ${Math.floor(total * 0.55)} kB\nMemAvailable:   ${Math.floor(total * 0.8)} kB\n`;
}

function processFiles(process: Process): Map<string, Inode> {
  const { argv, pid, parentPid, uid, gid } = process;
  const name = (argv[0] ?? "").split("/").at(-1) ?? "";
  return new Map([
    ["cmdline", liveFile(() => argv.map((arg) => `${arg}\0`).join(""))],
    ["comm", liveFile(() => `${name}\n`)],
    ["environ", liveFile(() => [...process.env].map(([key, value]) => `${key}=${value}\0`).join(""))],
    [
      "status",
      liveFile(
        () =>
          `Name:\t${name}\nState:\tS (sleeping)\nPid:\t${pid}\nPPid:\t${parentPid}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t${gid}\t${gid}\t${gid}\t${gid}\n`,
      ),
    ],
    ["mounts", link("/proc/mounts")],
    ["cwd", link(process.cwd)],
    ["root", link("/")],
  ]);
}

let devices: FrozenTree | undefined;

/** One tree for all containers: it holds no state. */
function devFileSystem(): FileSystem {
  devices ??= { root: newInode("directory", { entries: deviceEntries() }) };
  return createMemoryFileSystem({ base: devices });
}

function deviceEntries(): Map<string, Inode> {
  const device = (data: () => string | Uint8Array) => newInode("device", { mode: 0o666, data, onWrite: () => {} });
  let noise = 0x2545f491;
  const random = () => {
    const bytes = Buffer.alloc(4096);
    for (let index = 0; index < bytes.length; index++) {
      noise ^= noise << 13;
      noise ^= noise >>> 17;
      noise ^= noise << 5;
      bytes[index] = noise & 255;
    }
    return bytes;
  };
  return new Map([
    ["null", device(() => "")],
    ["zero", device(() => Buffer.alloc(65_536))],
    ["random", device(random)],
    ["urandom", device(random)],
    ["tty", device(() => "")],
    ["stdin", link("/proc/self/fd/0")],
    ["stdout", link("/proc/self/fd/1")],
    ["stderr", link("/proc/self/fd/2")],
    ["termination-log", newInode("file", { data: Buffer.alloc(0) })],
    ["shm", newInode("directory", { mode: 0o1777, entries: new Map() })],
  ]);
}

/** /etc/hosts, /etc/hostname and /etc/resolv.conf of a pod. */
export function sandboxFiles(facts: { readonly hosts: string; readonly resolvConf: string }, hostname: string): FileSystem {
  return liveTree(
    () =>
      new Map([
        ["hosts", liveFile(() => facts.hosts)],
        ["resolv.conf", liveFile(() => facts.resolvConf)],
        ["hostname", liveFile(() => `${hostname}\n`)],
      ]),
  );
}
