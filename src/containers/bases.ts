import type { FrozenTree } from "./inode.ts";
import { createMemoryFileSystem, type MemoryFileSystem } from "./memory-filesystem.ts";
import { executable } from "./process-table.ts";

/** What an image is built on: whose tools it has, and whose words they use. */
export type BaseName = "busybox" | "alpine" | "debian" | "none";

const CORE = (
  "sh ash sleep cat echo printf env ls touch rm mkdir rmdir cp mv ln ps kill hostname id whoami date pwd test [ true false seq head tail wc grep egrep tee xargs uname which " +
  "basename dirname tr cut sort uniq sed awk wget nslookup ping nc ip netstat top free df tar base64 find stat chmod chown mount readlink realpath mktemp sync nproc uptime md5sum sha256sum rev tac yes timeout printenv du less more vi ifconfig dd chroot stty tty"
).split(" ");
const DEBIAN_ABSENT = new Set(["ash", "wget", "nslookup", "ping", "nc", "ip", "netstat", "ifconfig", "vi", "less", "ps", "top", "free"]);

const PASSWD =
  "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nbin:x:2:2:bin:/bin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n";
const GROUP = "root:x:0:\ndaemon:x:1:\nbin:x:2:\ntty:x:5:\nnogroup:x:65534:\n";
const OS_RELEASE: Record<BaseName, string> = {
  busybox: "",
  none: "",
  alpine: 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\nHOME_URL="https://alpinelinux.org/"\n',
  debian:
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL="https://www.debian.org/"\n',
};

/** When the images say that they were made. */
export const BUILT_AT_MS = Date.UTC(2025, 8, 26, 21, 31, 42);

const built = new Map<string, FrozenTree>();

/** The shared tree of a base, made on first use. `extra`: programs beyond its own. */
export function baseTree(base: BaseName, extra: readonly string[]): FrozenTree {
  const key = `${base} ${extra.join(" ")}`;
  const known = built.get(key);
  if (known) return known;
  const tree = buildBase(base, extra).freeze();
  built.set(key, tree);
  return tree;
}

function buildBase(base: BaseName, extra: readonly string[]): MemoryFileSystem {
  const fs = createMemoryFileSystem({ now: () => BUILT_AT_MS });
  for (const directory of [
    "bin",
    "dev",
    "etc",
    "home",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr/bin",
    "usr/sbin",
    "usr/local/bin",
    "usr/local/sbin",
    "var/log",
    "var/lib",
    "var/tmp",
    "sbin",
    "mnt",
    "opt",
    "srv",
  ])
    fs.mkdir(`/${directory}`, { recursive: true });
  fs.chmod("/tmp", 0o1777);
  fs.chmod("/root", 0o700);
  fs.symlink("../run", "/var/run");
  fs.writeFile("/etc/passwd", PASSWD);
  fs.writeFile("/etc/group", GROUP);
  // Mount points that every container has: made once here, not once a container.
  for (const name of ["hosts", "hostname", "resolv.conf"]) fs.writeFile(`/etc/${name}`, "");
  if (OS_RELEASE[base]) fs.writeFile("/etc/os-release", OS_RELEASE[base]);
  if (base === "alpine") fs.writeFile("/etc/alpine-release", "3.22.1\n");
  if (base === "debian") fs.writeFile("/etc/debian_version", "12.11\n");
  const flavor = base === "debian" ? "gnu" : "busybox";
  const names =
    base === "none"
      ? extra
      : [...CORE.filter((name) => base !== "debian" || !DEBIAN_ABSENT.has(name)), ...(base === "debian" ? ["bash"] : []), ...extra];
  for (const name of new Set(names))
    fs.writeFile(base === "none" ? `/usr/local/bin/${name}` : `/bin/${name}`, executable(name === "egrep" ? "grep" : name, flavor), {
      mode: 0o755,
    });
  return fs;
}
