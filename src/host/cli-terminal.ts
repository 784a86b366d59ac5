import { spawnSync } from "node:child_process";

/**
 * Hands every key on as it is typed, and shows every byte as it comes, until the returned function is called. Node's own raw mode
 * still makes two bytes of each line break; where there is a `stty`, it turns that off, and Node brings all of it back.
 */
export function makeTerminalRaw(): () => void {
  if (!process.stdin.isTTY) return () => undefined;
  process.stdin.setRawMode(true);
  if (process.platform !== "win32") spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  return () => process.stdin.setRawMode(false);
}

export function terminalSize(): { readonly width: number; readonly height: number } | undefined {
  return process.stdout.isTTY ? { width: process.stdout.columns, height: process.stdout.rows } : undefined;
}

export function onResize(listener: () => void): () => void {
  process.stdout.on("resize", listener);
  return () => process.stdout.off("resize", listener);
}
