import fs from "node:fs";
import path from "node:path";

const MISSING = "bind: no such file or directory";
const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: "bind: address already in use",
  EADDRNOTAVAIL: "bind: cannot assign requested address",
  EACCES: "bind: permission denied",
  ENOENT: MISSING,
};

/** How Go tells that nothing can be listened to: `listen tcp4 127.0.0.1:80: bind: permission denied`. */
export function listenProblem(network: string, where: string, error: NodeJS.ErrnoException): string {
  // For a Unix socket whose folder is not there, Node tells of permissions.
  const missing = network === "unix" && error.code === "EACCES" && !fs.existsSync(path.dirname(where));
  return `listen ${network} ${where}: ${missing ? MISSING : (WORDS[error.code ?? ""] ?? error.message)}`;
}
