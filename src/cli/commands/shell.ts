import * as host from "../../host/cli-host.ts";
import { openPrompt } from "../../host/cli-prompt.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { completions } from "../completions.ts";
import { kubesimHome } from "../kubeconfig.ts";
import { runCommandLine } from "../program.ts";

const HISTORY_MAX = 1000;

const shell: CommandSpec = {
  long: "Open a prompt for many commands in a row. Write them with or without the word kubectl in front; Tab completes from the live cluster. exit or Ctrl-D leaves.",
  async run(context) {
    const file = host.joinPath(kubesimHome(), "history");
    const history = (host.findText(file) ?? "").split("\n").filter(Boolean);
    const prompt = openPrompt(history, async (line) => {
      const words = splitWords(line);
      if (line === "" || /\s$/.test(line)) words.push("");
      return [await completions(context, words), words.at(-1) ?? ""];
    });
    for (;;) {
      const line = await prompt.read("kubesim> ");
      if (line === undefined) break;
      const text = line.trim();
      if (text === "exit" || text === "quit") break;
      if (text === "" || text.startsWith("#")) continue;
      history.push(text);
      await runLine(context, text);
    }
    prompt.close();
    host.writeText(file, `${history.slice(-HISTORY_MAX).join("\n")}\n`);
  },
};

export default shell;

async function runLine(context: CommandContext, text: string): Promise<void> {
  const words = splitWords(text);
  if (["kubectl", "kubesim", "k"].includes(words[0] ?? "")) words.shift();
  if (words[0] === "shell") return context.io.err("You are in the shell already.\n");
  if (words[0] === "help") words.splice(0, 1, ...(words.length > 1 ? ["help"] : []));
  if (words.length === 0) words.push("--help");
  await runCommandLine(words, context.io);
}

/** Words as a shell splits them: 'quoted', "quoted" and \ escaped. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/(?:[^\s'"\\]|\\.|'[^']*'?|"(?:[^"\\]|\\.)*"?)+/g)) {
    words.push(
      match[0].replace(
        /\\(.)|'([^']*)'?|"((?:[^"\\]|\\.)*)"?/g,
        (_whole, escaped?: string, single?: string, double?: string) =>
          escaped ?? single ?? (double ?? "").replace(/\\(["\\$`])/g, "$1"),
      ),
    );
  }
  return words;
}
