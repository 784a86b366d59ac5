import { BufferWriter } from "../containers/byte-pipe.ts";
import type { Process } from "../containers/process.ts";
import * as host from "../host/cli-host.ts";
import type { TerminalStreams } from "./host-program.ts";
import { lettersOf, letterWidth, textWidth } from "./line-editor/text-width.ts";
import { PRELUDE } from "./prelude.ts";

const OTHER_SCREEN = "\u001b[?1049h\u001b[?25l";
const SCREEN_BEFORE = "\u001b[?25h\u001b[?1049l";
const REVERSED = "\u001b[7m";
const PLAIN = "\u001b[27m";
const LEAST_SECONDS = 0.1;
const USAGE = "watch [-n SECONDS] [-t] [-d] [-g] [-e] COMMAND";

interface Options {
  seconds: number;
  title: boolean;
  differences: boolean;
  exitOnChange: boolean;
  exitOnError: boolean;
}

/** `watch COMMAND`: its output again and again on a screen of its own, until Ctrl-C. The options are those of watch(1). */
export async function watch(process: Process, streams: TerminalStreams): Promise<number> {
  const args = [...process.args];
  const options = parseOptions(args);
  if (typeof options === "string" || args.length === 0) {
    await process.printError(`${typeof options === "string" ? options : USAGE}\n`);
    return 1;
  }
  const onTerminal = process.stdout === streams.output && host.isTerminal("out");
  if (onTerminal) {
    await process.print(OTHER_SCREEN);
    process.onExit(() => void streams.output.write(Buffer.from(SCREEN_BEFORE)));
  }
  let before: string | undefined;
  for (;;) {
    const { text, code } = await runOnce(process, args);
    const title = options.title ? `Every ${options.seconds.toFixed(1)}s: ${args.join(" ")}` : undefined;
    const shown = options.differences && before !== undefined ? withDifferences(text, before) : text;
    await process.print(onTerminal ? screenOf(shown, title) : `${title === undefined ? "" : `${title}\n\n`}${text}`);
    if (code !== 0 && options.exitOnError) return code;
    if (options.exitOnChange && before !== undefined && text !== before) return 0;
    before = text;
    await process.sleep(options.seconds * 1000);
  }
}

/** Takes the options off `args`; what is wrong with them comes back as text. */
function parseOptions(args: string[]): Options | string {
  const options: Options = { seconds: 2, title: true, differences: false, exitOnChange: false, exitOnError: false };
  while (args[0]?.startsWith("-")) {
    const [, name = "", value] = /^(--[\w-]+|-\w)=?(.*)$/s.exec(args.shift() ?? "") ?? [];
    if (name === "-n" || name === "--interval") {
      const seconds = value || args.shift() || "";
      if (!/^\d*[.,]?\d+$/.test(seconds)) return `watch: failed to parse argument: '${seconds}'`;
      options.seconds = Math.max(LEAST_SECONDS, Number(seconds.replace(",", ".")));
    } else if (name === "-t" || name === "--no-title") options.title = false;
    else if (name === "-d" || name === "--differences") options.differences = true;
    else if (name === "-g" || name === "--chgexit") options.exitOnChange = true;
    else if (name === "-e" || name === "--errexit") options.exitOnError = true;
    else if (!["-x", "--exec", "-c", "--color"].includes(name)) return `watch: unknown option\n${USAGE}`;
  }
  return options;
}

async function runOnce(process: Process, args: readonly string[]): Promise<{ readonly text: string; readonly code: number }> {
  const shown = new BufferWriter();
  const script = args.length === 1 ? (args[0] ?? "") : '"$@"';
  const child = process.spawn({ argv: ["bash", "-c", `${PRELUDE}${script}`, "watch", ...args], stdout: shown, stderr: shown });
  const code = await process.race(child.exited);
  return { text: shown.text, code };
}

/** As much as the screen has room for, below the title with the time at its right. */
function screenOf(text: string, title: string | undefined): string {
  const { width, height } = host.terminalSize() ?? { width: 80, height: 24 };
  const lines = text.replace(/\n$/, "").split("\n");
  const head = title === undefined ? [] : [titleLine(title, width), ""];
  const rows = [...head, ...lines].slice(0, height).map((line) => cut(line, width));
  // Behind the last column a terminal would clear that column: rows are cleared before they are written.
  const below = rows.length < height ? "\r\n\u001b[J" : "";
  return `\u001b[H${rows.map((row) => `\u001b[2K${row}`).join("\r\n")}${below}`;
}

function titleLine(title: string, width: number): string {
  const [day, month, date, year, time] = new Date(host.nowMs()).toString().split(" ");
  const right = `${day} ${month} ${Number(date).toString().padStart(2)} ${time} ${year}`;
  const room = width - right.length - 1;
  if (room < 10) return title;
  const left = textWidth(title) > room ? `${cut(title, room - 3)}...` : title;
  return `${left}${" ".repeat(Math.max(1, width - textWidth(left) - right.length))}${right}`;
}

/** The beginning of a line that fits; colours take no room. */
function cut(line: string, width: number): string {
  let result = "";
  let taken = 0;
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith("\u001b")) result += part;
    else
      for (const letter of lettersOf(part.replaceAll("\t", "        "))) {
        if (taken + letterWidth(letter) > width) continue;
        taken += letterWidth(letter);
        result += letter;
      }
  }
  return result;
}

/** Letters that are not what they were in that place are shown in reverse. */
function withDifferences(text: string, before: string): string {
  const old = before.split("\n");
  return text
    .split("\n")
    .map((line, row) => {
      const letters = [...line].map((letter, column) => (letter === (old[row] ?? "")[column] ? letter : `${REVERSED}${letter}${PLAIN}`));
      return letters.join("").replaceAll(`${PLAIN}${REVERSED}`, "");
    })
    .join("\n");
}
