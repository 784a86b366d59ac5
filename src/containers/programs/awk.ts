import type { Process } from "../process.ts";
import { AwkInterpreter } from "./awk-interpreter.ts";
import { AwkSyntaxError, parseAwk } from "./awk-parser.ts";
import { complain, linesOf, readInputs } from "./support.ts";

/** awk: patterns, print, printf, fields, variables, arrays, if, while, for, and the usual functions. */
export async function awk(process: Process): Promise<number> {
  const args = [...process.args];
  const variables = new Map<string, string>();
  let source: string | undefined;
  while (args[0] !== undefined && /^-[Fvf]/.test(args[0])) {
    const flag = args.shift() ?? "";
    const value = flag.length > 2 ? flag.slice(2) : (args.shift() ?? "");
    if (flag.startsWith("-F")) variables.set("FS", value.replace(/\\t/g, "\t"));
    else if (flag.startsWith("-f")) source = process.fs.readFile(process.path(value)).toString();
    else
      variables.set(
        value.slice(0, value.indexOf("=")),
        value
          .slice(value.indexOf("=") + 1)
          .replace(/\\n/g, "\n")
          .replace(/\\t/g, "\t"),
      );
  }
  source ??= args.shift() ?? "";
  try {
    const program = parseAwk(source);
    const interpreter = new AwkInterpreter(program, variables, (text) => void process.print(text));
    if (!interpreter.begin()) return interpreter.exitCode;
    if (interpreter.readsInput) {
      const { inputs } = await readInputs(process, args);
      for (const { data } of inputs) {
        for (const line of linesOf(data)) {
          if (!interpreter.line(line)) return interpreter.end();
          await process.checkpoint();
        }
      }
    }
    return interpreter.end();
  } catch (error) {
    if (!(error instanceof AwkSyntaxError)) throw error;
    await complain(process, `cmd. line:1: ${error.message}`);
    return 2;
  }
}
