import { BytePipe, type ByteWriter } from "./byte-pipe.ts";

const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACE = 8;
const CTRL_U = 21;
const CTRL_W = 23;
const DELETE = 127;
const PROMPT_MAX = 256;

/** A terminal's line discipline: what is typed is echoed and edited until a line is whole; Ctrl-C is a signal. */
export class Terminal implements ByteWriter {
  readonly input = new BytePipe();
  columns = 80;
  rows = 24;
  readonly #output: ByteWriter;
  /** Ctrl-C and hang-up go to the processes in the foreground. */
  readonly #onSignal: (signal: number) => void;
  #line: number[] = [];
  #lastWasReturn = false;
  echoes = true;
  /** What the processes wrote since the last newline: at a prompt, the prompt. */
  #prompt = "";

  constructor(output: ByteWriter, onSignal: (signal: number) => void) {
    this.#output = output;
    this.#onSignal = onSignal;
  }

  /** Output of the processes: a newline also returns. */
  write(data: Buffer): void | Promise<void> {
    const newline = data.lastIndexOf(10);
    this.#prompt = (newline < 0 ? this.#prompt + data.toString("latin1") : data.toString("latin1", newline + 1)).slice(-PROMPT_MAX);
    return this.#output.write(data.includes(10) ? Buffer.from(data.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1") : data);
  }

  /** The window has another size: who edits a line draws it anew, and who has just attached sees the prompt. */
  resize(columns: number, rows: number): void {
    if (columns === this.columns && rows === this.rows) return;
    this.columns = columns;
    this.rows = rows;
    if (this.#prompt !== "" && this.echoes)
      void this.#output.write(Buffer.from(`\r${this.#prompt}${Buffer.from(this.#line).toString("latin1")}`, "latin1"));
  }

  /** Bytes from the keyboard. */
  type(data: Buffer): void {
    for (const byte of data) this.#key(byte);
  }

  #key(byte: number): void {
    const afterReturn = this.#lastWasReturn;
    this.#lastWasReturn = byte === 13;
    if (byte === 10 && afterReturn) return;
    if (byte === 13 || byte === 10) {
      this.#echo("\r\n");
      this.#prompt = "";
      this.#send([...this.#line, 10]);
      this.#line = [];
    } else if (byte === CTRL_C) {
      this.#echo("^C\r\n");
      this.#line = [];
      this.#onSignal(2);
    } else if (byte === CTRL_D) {
      // An empty line is the end of the input for who reads now.
      if (this.#line.length === 0) this.input.end();
      else this.#send(this.#line.splice(0));
    } else if (byte === BACKSPACE || byte === DELETE) {
      if (this.#line.pop() !== undefined) this.#echo("\b \b");
    } else if (byte === CTRL_U) {
      this.#echo("\b \b".repeat(this.#line.length));
      this.#line = [];
    } else if (byte === CTRL_W) {
      do this.#erase();
      while (this.#line.length > 0 && this.#line.at(-1) !== 32);
    } else if (byte === 9 || byte >= 32) {
      this.#line.push(byte);
      this.#echo(Buffer.from([byte]));
    }
  }

  #erase(): void {
    if (this.#line.pop() !== undefined) this.#echo("\b \b");
  }

  #send(bytes: number[]): void {
    if (!this.input.ended) void this.input.write(Buffer.from(bytes));
  }

  #echo(text: string | Buffer): void {
    if (!this.echoes) return;
    void this.#output.write(typeof text === "string" ? Buffer.from(text) : text);
  }
}
