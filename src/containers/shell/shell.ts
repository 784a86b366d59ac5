import { BrokenPipeError, BufferWriter, BytePipe, NULL_READER } from "../byte-pipe.ts";
import { FileError } from "../filesystem.ts";
import { ExitError, type Process, SpawnError } from "../process.ts";
import { ArithmeticError } from "./arithmetic.ts";
import { assign, assignForCommand } from "./assignments.ts";
import type { AndOr, Assignment, Command, List, Pipeline } from "./ast.ts";
import { BUILTINS, SPECIAL_BUILTINS } from "./builtins.ts";
import { expandText, expandWords } from "./expansion.ts";
import { runCompound } from "./compound-command.ts";
import { commandMissing, replaceBy } from "./external-command.ts";
import { type Descriptors, redirect, standardDescriptors, stderr, stdin, stdout } from "./io.ts";
import { ShellParser } from "./parser.ts";
import { PendingSignals } from "./pending-signals.ts";
import { FunctionReturn, Interrupted, LoopJump, ShellError } from "./shell-error.ts";
import { type ShellFlavor, ShellState } from "./shell-state.ts";
import { complainOfSyntax } from "./syntax-complaint.ts";
import { ShellSyntaxError } from "./syntax-error.ts";
import { TestSyntaxError } from "./test-expression.ts";

export interface Job {
  readonly number: number;
  readonly process: Process;
  readonly source: string;
}

const MAX_FUNCTION_DEPTH = 500;

/** One shell: runs the commands of a script. */
export class Shell extends ShellState {
  readonly traps = new Map<number, string>();
  readonly signals = new PendingSignals();
  readonly jobs: Job[] = [];
  io: Descriptors;
  /** Above 0 a failure does not end a shell with set -e. */
  #tested = 0;
  #depth = 0;

  constructor(process: Process, flavor: ShellFlavor, name: string) {
    super(process, flavor, name);
    this.io = standardDescriptors(process);
  }

  /** A copy for a subshell, in a process of its own. */
  cloneInto(process: Process): Shell {
    const clone = new Shell(process, this.flavor, this.name);
    clone.variables.clear();
    for (const [name, variable] of this.variables)
      clone.variables.set(name, { ...variable, ...(variable.array ? { array: new Map(variable.array) } : {}) });
    for (const [name, body] of this.functions) clone.functions.set(name, body);
    for (const option of this.options) clone.options.add(option);
    clone.parameters = [...this.parameters];
    clone.status = this.status;
    clone.lastBackgroundPid = this.lastBackgroundPid;
    clone.loopDepth = this.loopDepth;
    clone.umask = this.umask;
    clone.shellPid = this.shellPid;
    clone.#tested = this.#tested;
    clone.line = this.line;
    // Ignored signals stay ignored, others get their default back.
    for (const [signal, action] of this.traps) if (action === "" && signal > 0) process.on(signal, "ignore");
    clone.io = new Map([...this.io, ...standardDescriptors(process)]);
    return clone;
  }

  /** Runs a script line by line as it is read. The last command of `sh -c` takes this process over. */
  async runSource(source: string, options: { readonly replace?: boolean } = {}): Promise<number> {
    const parser = new ShellParser(source);
    for (;;) {
      let list: List | undefined;
      try {
        list = parser.next();
      } catch (error) {
        if (!(error instanceof ShellSyntaxError)) throw error;
        await complainOfSyntax(this, error, parser.line, source);
        this.status = 2;
        if (this.interactive) return 2;
        throw new ExitError(2);
      }
      if (list === undefined) return this.status;
      const last = options.replace === true && parser.atEnd && this.traps.size === 0;
      await this.runList(list, last);
    }
  }

  async runList(list: List, replace = false): Promise<number> {
    for (const [index, item] of list.entries()) {
      await this.step();
      if (item.background) this.#startBackground(item);
      else await this.#andOr(item, replace && index === list.length - 1);
    }
    return this.status;
  }

  /** Runs part of a script in a process that was forked for it. */
  runForked(process: Process, run: (shell: Shell) => Promise<number>): Promise<number> {
    const shell = this.cloneInto(process);
    return runToExit(shell, () => run(shell));
  }

  /** `$( … )`: what a subshell prints. */
  async substitute(source: string): Promise<string> {
    const collected = new BufferWriter();
    const child = this.process.fork((process) => this.runForked(process, (shell) => shell.runSource(source, { replace: true })), {
      stdout: collected,
      stdin: stdin(this.io),
      stderr: stderr(this.io),
      env: this.environment(),
      cwd: this.process.cwd,
    });
    this.status = await this.process.race(child.exited);
    return collected.text.replace(/\n+$/, "").replaceAll("\0", "");
  }

  write(text: string): void | Promise<void> {
    return this.process.write(stdout(this.io), text);
  }

  writeError(text: string): void | Promise<void> {
    return this.process.write(stderr(this.io), text);
  }

  /** An error of the shell itself: `sh: text`. */
  complain(text: string): void | Promise<void> {
    const where = this.interactive ? "" : this.flavor === "dash" ? ` ${this.line}:` : this.flavor === "bash" ? ` line ${this.line}:` : "";
    return this.writeError(`${this.name}:${where} ${text}\n`);
  }

  async runTraps(): Promise<void> {
    for (let signal = this.signals.take(); signal !== undefined; signal = this.signals.take()) {
      const action = this.traps.get(signal);
      if (!action) continue;
      const { status } = this;
      await this.runSource(action);
      this.status = status;
    }
  }

  /** Runs with failures tested: set -e does not end the shell. */
  async tested<T>(run: () => Promise<T>): Promise<T> {
    this.#tested++;
    try {
      return await run();
    } finally {
      this.#tested--;
    }
  }

  /** Between two commands: whatever waits for the shell has its turn. */
  async step(): Promise<void> {
    await this.process.checkpoint();
    if (this.signals.interrupted) throw new Interrupted();
    if (this.signals.any) await this.runTraps();
  }

  #startBackground(item: AndOr): void {
    const child = this.process.fork((process) => this.runForked(process, (shell) => shell.#andOr({ ...item, background: false }, true)), {
      stdin: this.interactive && this.process.terminal ? stdin(this.io) : NULL_READER,
      stdout: stdout(this.io),
      stderr: stderr(this.io),
      env: this.environment(),
      cwd: this.process.cwd,
    });
    const number = Math.max(0, ...this.jobs.map((job) => job.number)) + 1;
    this.jobs.push({ number, process: child, source: item.source });
    this.lastBackgroundPid = child.pid;
    this.status = 0;
    if (this.interactive && this.flavor === "bash") void this.writeError(`[${number}] ${child.pid}\n`);
  }

  async #andOr(item: AndOr, replace: boolean): Promise<number> {
    const plain = item.rest.length === 0;
    if (plain) await this.#pipeline(item.first, replace);
    else await this.tested(() => this.#pipeline(item.first, false));
    let lastRan = plain;
    for (const [index, { operator, pipeline }] of item.rest.entries()) {
      const last = index === item.rest.length - 1;
      if ((operator === "&&") !== (this.status === 0)) {
        lastRan = false;
        continue;
      }
      if (last) await this.#pipeline(pipeline, replace);
      else await this.tested(() => this.#pipeline(pipeline, false));
      lastRan = last;
    }
    if (lastRan && this.status !== 0 && !item.rest.at(-1)?.pipeline.negated && !item.first.negated) this.checkErrexit();
    return this.status;
  }

  checkErrexit(): void {
    if (this.options.has("e") && this.#tested === 0) throw new ExitError(this.status);
  }

  async #pipeline(pipeline: Pipeline, replace: boolean): Promise<number> {
    const [only] = pipeline.commands;
    const run = () =>
      pipeline.commands.length === 1 && only ? this.#command(only, replace && !pipeline.negated) : this.#pipe(pipeline.commands);
    this.status = pipeline.negated ? ((await this.tested(run)) === 0 ? 1 : 0) : await run();
    return this.status;
  }

  /** All stages at once, each in a process of its own. */
  async #pipe(commands: readonly Command[]): Promise<number> {
    const children: Process[] = [];
    let input = stdin(this.io);
    for (const [index, command] of commands.entries()) {
      const last = index === commands.length - 1;
      const pipe = last ? undefined : new BytePipe();
      const from = input;
      const child = this.process.fork((process) => this.runForked(process, (shell) => shell.#command(command, true)), {
        stdin: from,
        stdout: pipe ?? stdout(this.io),
        stderr: stderr(this.io),
        env: this.environment(),
        cwd: this.process.cwd,
      });
      child.onExit(() => {
        pipe?.end();
        if (index > 0 && from instanceof BytePipe) from.closeReader();
      });
      children.push(child);
      if (pipe) input = pipe;
    }
    const codes = await this.process.race(Promise.all(children.map((child) => child.exited)));
    if (this.flavor === "bash") this.setArray("PIPESTATUS", codes.map(String), false);
    return this.options.has("pipefail") ? (codes.findLast((code) => code !== 0) ?? 0) : (codes.at(-1) ?? 0);
  }

  async #command(command: Command, replace: boolean): Promise<number> {
    try {
      if (command.kind === "simple") {
        this.line = command.line;
        return await this.#simple(command, replace);
      }
      const outer = this.io;
      this.io = await redirect(this, outer, command.redirects);
      try {
        this.status = await runCompound(this, command);
        return this.status;
      } finally {
        this.io = outer;
      }
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<number> {
    if (error instanceof ArithmeticError || error instanceof TestSyntaxError) {
      await this.complain(error.message);
      this.status = error instanceof ArithmeticError ? 1 : 2;
    } else if (error instanceof ShellError) {
      await this.complain(error.message);
      this.status = error.status;
      if (error.fatal && !this.interactive) throw new ExitError(error.status);
      if (error.fatal) throw new Interrupted();
    } else if (error instanceof ShellSyntaxError) {
      await this.complain(`syntax error: ${error.message}`);
      this.status = 2;
    } else {
      throw error;
    }
    return this.status;
  }

  async #simple(command: Extract<Command, { kind: "simple" }>, replace: boolean): Promise<number> {
    const argv = await expandWords(this, command.words);
    const name = argv[0];
    if (this.options.has("x") && name !== undefined)
      await this.writeError(`${this.get("PS4") ?? "+ "}${argv.map((word) => (this.flavor === "dash" ? word : traced(word))).join(" ")}\n`);
    const outer = this.io;
    const io = await redirect(this, outer, command.redirects);
    if (name === undefined) {
      const substituted = command.assignments.some((each) =>
        [...each.value, ...(each.array ?? []).flat()].some((part) => part.kind === "command"),
      );
      if (!substituted) this.status = 0;
      for (const assignment of command.assignments) {
        await assign(this, assignment);
        if (this.options.has("x") && !assignment.array)
          await this.writeError(
            `${this.get("PS4") ?? "+ "}${assignment.name}=${this.flavor === "dash" ? (this.get(assignment.name) ?? "") : traced(this.get(assignment.name) ?? "")}\n`,
          );
      }
      return this.status;
    }
    const body = this.functions.get(name);
    const builtin = BUILTINS.get(name);
    if (!body && !builtin) return this.#external(argv, command.assignments, io, replace);
    // bash, when it is not in POSIX mode, puts such variables back as for any command.
    const special = builtin !== undefined && SPECIAL_BUILTINS.has(name) && this.flavor !== "bash";
    const restore = special ? () => {} : await assignForCommand(this, command.assignments);
    if (special) for (const assignment of command.assignments) await assign(this, assignment);
    this.io = io;
    try {
      if (body && !special) this.status = await this.callFunction(body, argv.slice(1));
      else if (builtin) this.status = await builtin(this, argv);
      return this.status;
    } catch (error) {
      // `a | true`: a builtin that writes where nobody reads ends as SIGPIPE would end it.
      if (error instanceof BrokenPipeError && !this.interactive) throw error;
      if (!(error instanceof FileError)) throw error;
      await this.complain(`${name}: ${error.message}`);
      return (this.status = 1);
    } finally {
      // `exec >file` keeps its redirections.
      if (name !== "exec") this.io = outer;
      restore();
    }
  }

  async withDescriptors<T>(io: Descriptors, run: () => Promise<T>): Promise<T> {
    const outer = this.io;
    this.io = io;
    try {
      return await run();
    } finally {
      this.io = outer;
    }
  }

  async callFunction(body: Command, parameters: readonly string[]): Promise<number> {
    if (this.#depth >= MAX_FUNCTION_DEPTH) throw new ShellError("maximum function nesting level exceeded", 2, true);
    const outer = this.parameters;
    this.parameters = [...parameters];
    this.locals.push(new Map());
    this.#depth++;
    try {
      return await this.#command(body, false);
    } catch (error) {
      if (!(error instanceof FunctionReturn)) throw error;
      return error.status;
    } finally {
      this.#depth--;
      this.parameters = outer;
      for (const [name, variable] of this.locals.pop() ?? []) {
        if (variable) this.variables.set(name, variable);
        else this.variables.delete(name);
      }
    }
  }

  async #external(argv: string[], assignments: readonly Assignment[], io: Descriptors, replace: boolean): Promise<number> {
    const env = this.environment();
    for (const { name, value } of assignments) env.set(name, await expandText(this, value));
    if (!env.has("PATH") && this.get("PATH") !== undefined) env.set("PATH", this.get("PATH") ?? "");
    try {
      if (replace && this.traps.size === 0) return await replaceBy(this, argv, env, io);
      const child = this.process.spawn({ argv, env, cwd: this.process.cwd, stdin: stdin(io), stdout: stdout(io), stderr: stderr(io) });
      return await this.process.race(child.exited);
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      return commandMissing(this, argv, error, io);
    }
  }
}

const traced = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** A shell's whole life: jumps that lead nowhere end it, and the EXIT trap comes last. */
export async function runToExit(shell: Shell, run: () => Promise<number>): Promise<number> {
  let code: number;
  try {
    code = await run();
    await shell.runTraps();
  } catch (error) {
    if (error instanceof FunctionReturn) code = error.status;
    else if (error instanceof LoopJump) code = 0;
    else if (error instanceof Interrupted) code = 130;
    else if (error instanceof ExitError) code = error.code;
    else throw error;
  }
  const action = shell.traps.get(0);
  if (action === undefined) return code;
  shell.traps.delete(0);
  shell.status = code;
  try {
    await shell.runSource(action);
  } catch (error) {
    if (error instanceof ExitError) return error.code;
    throw error;
  }
  return code;
}
