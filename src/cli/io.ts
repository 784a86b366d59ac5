/** Where a command reads and writes: the terminal, or a test's or the shell's buffers. */
export interface Io {
  out(text: string | Uint8Array): void;
  err(text: string | Uint8Array): void;
  stdin(): Promise<string>;
  /** Whether the stream is a terminal. */
  isTerminal(stream: "in" | "out" | "err"): boolean;
}
