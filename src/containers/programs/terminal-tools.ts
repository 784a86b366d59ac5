import type { Process } from "../process.ts";
import type { ProgramEntry } from "./program.ts";
import { complain, isGnu } from "./support.ts";

/** The size of the terminal, and whether what is typed is shown. */
async function stty(process: Process): Promise<number> {
  const { terminal } = process;
  if (!terminal) {
    await complain(process, isGnu(process) ? "'standard input': Inappropriate ioctl for device" : "standard input: Not a tty");
    return 1;
  }
  const { columns, rows } = terminal;
  const [word] = process.args;
  if (word === undefined) await process.print("speed 38400 baud; line = 0;\n-brkint -imaxbel\n");
  else if (word === "size") await process.print(`${rows} ${columns}\n`);
  else if (word === "-a" || word === "--all")
    await process.print(
      `speed 38400 baud; rows ${rows}; columns ${columns}; line = 0;\nintr = ^C; erase = ^?; kill = ^U; eof = ^D; werase = ^W;\nicanon ${terminal.echoes ? "" : "-"}echo\n`,
    );
  else {
    for (const setting of process.args)
      if (setting === "echo" || setting === "-echo" || setting === "sane") terminal.echoes = setting !== "-echo";
  }
  return 0;
}

async function tty(process: Process): Promise<number> {
  await process.print(process.terminal ? "/dev/pts/0\n" : "not a tty\n");
  return process.terminal ? 0 : 1;
}

export const TERMINAL_TOOLS: readonly ProgramEntry[] = [
  { names: ["stty"], run: stty },
  { names: ["tty"], run: tty },
];
