import type { ByteWriter } from "./byte-pipe.ts";
import type { ContainerLog, LogLine } from "./runtime.ts";

const MAX_BYTES = 10 * 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024;
// What a line costs beyond its text.
const LINE_OVERHEAD_BYTES = 64;

/** What a container has said: bounded, split into lines as the CRI's log files are. */
export class LogBuffer implements ContainerLog {
  #lines: LogLine[] = [];
  #bytes = 0;
  #ended = false;
  readonly #now: () => number;
  readonly #pending = new Map<LogLine["stream"], Buffer>();
  #followers: Set<{ onLine: (line: LogLine) => void; onEnd: () => void }> | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** What its files take on the disk. */
  get bytes(): number {
    return this.#bytes;
  }

  follow(onLine: (line: LogLine) => void, onEnd: () => void): () => void {
    if (this.#ended) {
      onEnd();
      return () => {};
    }
    const follower = { onLine, onEnd };
    (this.#followers ??= new Set()).add(follower);
    return () => this.#followers?.delete(follower);
  }

  writer(stream: LogLine["stream"]): ByteWriter {
    return { write: (data) => this.#write(stream, data) };
  }

  /** The container has exited: what had no newline becomes a line. */
  end(): void {
    if (this.#ended) return;
    for (const [stream, rest] of this.#pending) if (rest.length > 0) this.#add(stream, rest.toString(), true);
    this.#pending.clear();
    this.#ended = true;
    for (const follower of this.#followers ?? []) follower.onEnd();
    this.#followers = undefined;
  }

  #write(stream: LogLine["stream"], data: Buffer): void {
    if (this.#ended) return;
    const before = this.#pending.get(stream);
    let rest = before && before.length > 0 ? Buffer.concat([before, data]) : data;
    for (let newline = rest.indexOf(10); newline >= 0 || rest.length >= MAX_LINE_BYTES; newline = rest.indexOf(10)) {
      const cut = newline < 0 || newline > MAX_LINE_BYTES;
      const end = cut ? MAX_LINE_BYTES : newline;
      this.#add(stream, rest.subarray(0, end).toString(), cut);
      rest = rest.subarray(cut ? end : end + 1);
    }
    if (rest.length > 0) this.#pending.set(stream, Buffer.from(rest));
    else this.#pending.delete(stream);
  }

  #add(stream: LogLine["stream"], text: string, partial: boolean): void {
    const line: LogLine = { timeMs: this.#now(), stream, text, partial };
    this.#lines.push(line);
    this.#bytes += text.length + LINE_OVERHEAD_BYTES;
    if (this.#bytes > MAX_BYTES) this.#drop();
    for (const follower of [...(this.#followers ?? [])]) follower.onLine(line);
  }

  /** A tenth at a time, so that a busy log is not moved at every line. */
  #drop(): void {
    let dropped = 0;
    while (this.#bytes > MAX_BYTES * 0.9 && dropped < this.#lines.length - 1)
      this.#bytes -= (this.#lines[dropped++]?.text.length ?? 0) + LINE_OVERHEAD_BYTES;
    this.#lines = this.#lines.slice(dropped);
  }
}
