/** Hands every key on as it is typed, until the returned function is called. */
export function makeTerminalRaw(): () => void {
  if (!process.stdin.isTTY) return () => undefined;
  process.stdin.setRawMode(true);
  return () => process.stdin.setRawMode(false);
}

/**
 * What to write so that a terminal of characters shows just these bytes: in Node's raw mode it still puts a return before each line
 * break itself, so the one that came with it is left out.
 */
export function withoutReturns(chunk: Buffer): Buffer {
  return chunk.includes("\r\n") ? Buffer.from(chunk.toString("latin1").replaceAll("\r\n", "\n"), "latin1") : chunk;
}

export function terminalSize(): { readonly width: number; readonly height: number } | undefined {
  return process.stdout.isTTY ? { width: process.stdout.columns, height: process.stdout.rows } : undefined;
}

export function onResize(listener: () => void): () => void {
  process.stdout.on("resize", listener);
  return () => process.stdout.off("resize", listener);
}
