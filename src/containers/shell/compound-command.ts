import { evaluateArithmetic } from "./arithmetic.ts";
import type { Command, List } from "./ast.ts";
import { evaluateCondition } from "./condition.ts";
import { expandPattern, expandText, expandWords } from "./expansion.ts";
import { stderr, stdin, stdout } from "./io.ts";
import { matchesPattern } from "./patterns.ts";
import { LoopJump } from "./shell-error.ts";
import type { Shell } from "./shell.ts";

/** Everything but a simple command; its redirections are in place. */
export async function runCompound(shell: Shell, command: Exclude<Command, { kind: "simple" }>): Promise<number> {
  switch (command.kind) {
    case "group":
      return shell.runList(command.body);
    case "subshell":
      return runInSubshell(shell, command.body);
    case "if":
      for (const { condition, body } of command.branches)
        if ((await shell.tested(() => shell.runList(condition))) === 0) return runBody(shell, body);
      if (command.otherwise) return runBody(shell, command.otherwise);
      return 0;
    case "loop":
      return runLoop(
        shell,
        async () => ((await shell.tested(() => shell.runList(command.condition))) === 0) !== command.until,
        command.body,
      );
    case "for": {
      const words = command.words ? await expandWords(shell, command.words) : [...shell.parameters];
      let at = 0;
      return runLoop(
        shell,
        async () => {
          const word = words[at++];
          if (word !== undefined) shell.set(command.variable, word);
          return word !== undefined;
        },
        command.body,
      );
    }
    case "count": {
      const [start, test, step] = command.parts;
      const value = async (word: typeof start) => evaluateArithmetic(await expandText(shell, word), shell.arithmetic);
      await value(start);
      let first = true;
      return runLoop(
        shell,
        async () => {
          if (!first) await value(step);
          first = false;
          return test.length === 0 || (await value(test)) !== 0;
        },
        command.body,
      );
    }
    case "case":
      return runCase(shell, command);
    case "condition":
      return (await evaluateCondition(shell, command.words)) ? 0 : 1;
    case "arithmetic":
      return evaluateArithmetic(await expandText(shell, command.expression), shell.arithmetic) === 0 ? 1 : 0;
    case "function":
      shell.functions.set(command.name, command.body);
      return 0;
  }
}

async function runBody(shell: Shell, body: List): Promise<number> {
  shell.status = 0;
  return shell.runList(body);
}

async function runInSubshell(shell: Shell, body: List): Promise<number> {
  const child = shell.process.fork((process) => shell.runForked(process, (subshell) => subshell.runList(body, true)), {
    stdin: stdin(shell.io),
    stdout: stdout(shell.io),
    stderr: stderr(shell.io),
    env: shell.environment(),
    cwd: shell.process.cwd,
  });
  shell.status = await shell.process.race(child.exited);
  shell.checkErrexit();
  return shell.status;
}

async function runLoop(shell: Shell, next: () => Promise<boolean>, body: List): Promise<number> {
  let status = 0;
  shell.loopDepth++;
  try {
    for (;;) {
      await shell.step();
      try {
        if (!(await next())) return status;
        status = await shell.runList(body);
      } catch (error) {
        if (!(error instanceof LoopJump)) throw error;
        status = 0;
        if (error.levels > 1 && shell.loopDepth > 1) {
          error.levels--;
          throw error;
        }
        if (error.kind === "break") return 0;
      }
    }
  } finally {
    shell.loopDepth--;
  }
}

async function runCase(shell: Shell, command: Extract<Command, { kind: "case" }>): Promise<number> {
  const text = await expandText(shell, command.word);
  let fall = false;
  let status = 0;
  for (const { patterns, body, end } of command.clauses) {
    let matched = fall;
    for (const pattern of patterns) matched ||= matchesPattern(text, await expandPattern(shell, pattern));
    if (!matched) continue;
    status = await runBody(shell, body);
    if (end === ";;") return status;
    fall = end === ";&";
  }
  return status;
}
