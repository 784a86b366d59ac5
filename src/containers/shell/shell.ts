import { BrokenPipeError, BufferWriter, BytePipe, NULL_READER } from "../byte-pipe.ts";
import { FileError } from "../filesystem.ts";
import { ExitError, type Process, SpawnError } from "../process.ts";
import { DEFAULT_PATH } from "../process-table.ts";
import { ArithmeticError, evaluateArithmetic } from "./arithmetic.ts";
import type { AndOr, Assignment, Command, List, Pipeline } from "./ast.ts";
import { BUILTINS, SPECIAL_BUILTINS } from "./builtins.ts";
import { evaluateCondition } from "./condition.ts";
import { expandPattern, expandText, expandWords } from "./expansion.ts";
import { type Descriptors, redirect, standardDescriptors, stderr, stdin, stdout } from "./io.ts";
import { ShellParser } from "./parser.ts";
import { matchesPattern } from "./patterns.ts";
import { FunctionReturn, Interrupted, LoopJump, ShellError } from "./shell-error.ts";
import { ShellSyntaxError } from "./syntax-error.ts";
import { TestSyntaxError } from "./test-expression.ts";

export interface Variable {
  value: string | undefined;
  array?: Map<string, string>;
  exported: boolean;
  readOnly: boolean;
}

export interface Job {
  readonly number: number;
  readonly process: Process;
  readonly source: string;
}

const MAX_FUNCTION_DEPTH = 500;

/** The state of one shell and what runs its commands. */
export class Shell {
  readonly process: Process;
  readonly flavor: "busybox" | "dash" | "bash";
  readonly name: string;
  readonly variables = new Map<string, Variable>();
  readonly functions = new Map<string, Command>();
  readonly options = new Set<string>();
  readonly aliases = new Map<string, string>();
  readonly traps = new Map<number, string>();
  readonly jobs: Job[] = [];
  /** What `local` has to put back, innermost last. */
  readonly locals: Map<string, Variable | undefined>[] = [];
  parameters: string[] = [];
  status = 0;
  lastBackgroundPid: number | undefined;
  interactive = false;
  /** Runs the text of -c. */
  inline = false;
  io: Descriptors;
  loopDepth = 0;
  umask = 0o022;
  readonly startedAtMs: number;
  /** `$$`: also in a subshell that of the shell itself. */
  shellPid: number;
  #pendingSignals: number[] = [];
  #signalWaiters: (() => void)[] = [];
  #interrupted = false;
  /** Above 0 a failure does not end a shell with set -e. */
  #tested = 0;
  #depth = 0;
  #line = 1;

  constructor(process: Process, flavor: Shell["flavor"], name: string) {
    this.process = process;
    this.flavor = flavor;
    this.name = name;
    this.io = standardDescriptors(process);
    this.startedAtMs = process.clock.now();
    this.shellPid = process.pid;
    for (const [key, value] of process.env) this.variables.set(key, { value, exported: true, readOnly: false });
    if (!this.variables.has("PATH")) this.variables.set("PATH", { value: DEFAULT_PATH, exported: false, readOnly: false });
    for (const [key, value] of [
      ["IFS", " \t\n"],
      ["PWD", process.cwd],
      ["OPTIND", "1"],
      ["PS1", flavor === "bash" ? "\\u@\\h:\\w\\$ " : "\\w \\$ "],
      ["PS2", "> "],
      ["PS4", "+ "],
    ] as const) {
      if (key === "IFS" || key === "PWD" || !this.variables.has(key))
        this.variables.set(key, { value, exported: key === "PWD", readOnly: false });
    }
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
    clone.#line = this.#line;
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
        await this.#complainOfSyntax(error, parser.line, source);
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
      await this.#step();
      if (item.background) this.#startBackground(item);
      else await this.#andOr(item, replace && index === list.length - 1);
    }
    return this.status;
  }

  get(name: string): string | undefined {
    return this.values(name)?.[0];
  }

  /** All values of a parameter or array; undefined when it is not set. */
  values(name: string, index?: string): string[] | undefined {
    const special = this.#special(name);
    if (special) return special.values;
    const variable = this.variables.get(name);
    if (!variable) return undefined;
    if (variable.array) {
      if (index === "@" || index === "*") return [...variable.array.values()];
      const value = variable.array.get(this.#arrayKey(index ?? "0", variable.array));
      return value === undefined ? undefined : [value];
    }
    if (index !== undefined && index !== "@" && index !== "*" && this.#arrayKey(index) !== "0") return undefined;
    return variable.value === undefined ? undefined : [variable.value];
  }

  arrayKeys(name: string): string[] {
    const variable = this.variables.get(name);
    return variable?.array ? [...variable.array.keys()] : variable?.value === undefined ? [] : ["0"];
  }

  set(name: string, value: string, index?: string): void {
    const variable = this.variables.get(name) ?? { value: undefined, exported: this.options.has("a"), readOnly: false };
    if (variable.readOnly)
      throw new ShellError(
        this.flavor === "bash" ? `${name}: readonly variable` : `${name}: is read only`,
        this.flavor === "bash" ? 1 : 2,
        true,
      );
    if (index !== undefined) {
      variable.array ??= new Map(variable.value === undefined ? [] : [["0", variable.value]]);
      variable.array.set(this.#arrayKey(index), value);
    } else if (variable.array) variable.array.set("0", value);
    else variable.value = value;
    this.variables.set(name, variable);
  }

  setArray(name: string, values: readonly string[], appendTo: boolean): void {
    const variable = this.variables.get(name) ?? { value: undefined, exported: false, readOnly: false };
    const array = appendTo
      ? new Map(variable.array ?? (variable.value === undefined ? [] : [["0", variable.value]]))
      : new Map<string, string>();
    let next = Math.max(-1, ...[...array.keys()].map(Number)) + 1;
    for (const value of values) {
      const keyed = /^\[([^\]]+)\]=([^]*)$/.exec(value);
      if (keyed) array.set(this.#arrayKey(keyed[1] ?? ""), keyed[2] ?? "");
      else array.set(String(next++), value);
    }
    this.variables.set(name, { ...variable, value: undefined, array });
  }

  readonly arithmetic = {
    get: (name: string) => this.get(name),
    set: (name: string, value: string) => this.set(name, value),
  };

  environment(): Map<string, string> {
    const env = new Map<string, string>();
    for (const [name, { exported, value, array }] of this.variables) if (exported && !array && value !== undefined) env.set(name, value);
    return env;
  }

  /** `$( … )`: what a subshell prints. */
  async substitute(source: string): Promise<string> {
    const collected = new BufferWriter();
    const child = this.process.fork((process) => runSubshell(this, process, (shell) => shell.runSource(source, { replace: true })), {
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
    const where = this.interactive ? "" : this.flavor === "dash" ? ` ${this.#line}:` : this.flavor === "bash" ? ` line ${this.#line}:` : "";
    return this.writeError(`${this.name}:${where} ${text}\n`);
  }

  /** A script that cannot be parsed, in the words of each shell. */
  #complainOfSyntax(error: ShellSyntaxError, line: number, source: string): void | Promise<void> {
    const { message } = error;
    const expecting = / \(expecting .*\)$/.exec(message)?.[0] ?? "";
    const token = /^unexpected "([^"]*)"/.exec(message)?.[1] ?? (message.startsWith("unexpected newline") ? "newline" : undefined);
    if (this.flavor === "busybox") return this.complain(`syntax error: ${message}`);
    const end = message.startsWith("unexpected end of file");
    const open = message === "unterminated quoted string";
    if (this.flavor === "dash") {
      const text = end
        ? `end of file unexpected${expecting}`
        : token !== undefined
          ? `${token === "newline" ? token : `"${token}"`} unexpected${expecting}`
          : message.startsWith("unexpected word")
            ? `word unexpected${expecting}`
            : message.replace(/^./, (first) => first.toUpperCase());
      return this.writeError(`${this.name}: ${this.interactive ? "" : `${line}: `}Syntax error: ${text}\n`);
    }
    const where = this.interactive ? this.name : `${this.name}:${this.inline ? " -c:" : ""} line ${line}`;
    if (open) {
      const quote = (source.split("'").length - 1) % 2 === 1 ? "'" : '"';
      return this.writeError(`${where}: unexpected EOF while looking for matching \`${quote}'\n`);
    }
    if (end)
      return this.writeError(
        `${this.interactive ? this.name : `${this.name}:${this.inline ? " -c:" : ""} line ${line + (source.endsWith("\n") ? 0 : 1)}`}: syntax error: unexpected end of file\n`,
      );
    const text = source.split("\n")[line - 1] ?? "";
    return this.writeError(
      `${where}: syntax error near unexpected token \`${
        token ??
        (/word/.test(message)
          ? (text
              .trim()
              .split(/[\s()]+/)
              .at(-1) ?? "")
          : message)
      }'\n${this.interactive ? "" : `${where}: \`${text}'\n`}`,
    );
  }

  /** A signal that a trap waits for. */
  trap(signal: number): void {
    this.#pendingSignals.push(signal);
    for (const wake of this.#signalWaiters.splice(0)) wake();
  }

  interrupt(): void {
    this.#interrupted = true;
    for (const wake of this.#signalWaiters.splice(0)) wake();
  }

  clearInterrupt(): void {
    this.#interrupted = false;
  }

  /** Resolves at the next trapped signal. */
  nextSignal(): Promise<number> {
    const before = this.#pendingSignals.length;
    return new Promise((resolve) => {
      if (before > 0) resolve(128 + (this.#pendingSignals[0] ?? 0));
      else this.#signalWaiters.push(() => resolve(this.#interrupted ? 130 : 128 + (this.#pendingSignals[0] ?? 0)));
    });
  }

  async runTraps(): Promise<void> {
    for (let signal = this.#pendingSignals.shift(); signal !== undefined; signal = this.#pendingSignals.shift()) {
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

  async #step(): Promise<void> {
    await this.process.checkpoint();
    if (this.#interrupted) throw new Interrupted();
    if (this.#pendingSignals.length > 0) await this.runTraps();
  }

  #startBackground(item: AndOr): void {
    const child = this.process.fork(
      (process) => runSubshell(this, process, (shell) => shell.#andOr({ ...item, background: false }, true)),
      {
        stdin: this.interactive ? stdin(this.io) : NULL_READER,
        stdout: stdout(this.io),
        stderr: stderr(this.io),
        env: this.environment(),
        cwd: this.process.cwd,
      },
    );
    this.jobs.push({ number: Math.max(0, ...this.jobs.map((job) => job.number)) + 1, process: child, source: item.source });
    this.lastBackgroundPid = child.pid;
    this.status = 0;
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
    if (lastRan && this.status !== 0 && !item.rest.at(-1)?.pipeline.negated && !item.first.negated) this.#checkErrexit();
    return this.status;
  }

  #checkErrexit(): void {
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
      const child = this.process.fork((process) => runSubshell(this, process, (shell) => shell.#command(command, true)), {
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
        this.#line = command.line;
        return await this.#simple(command, replace);
      }
      const outer = this.io;
      this.io = await redirect(this, outer, command.redirects);
      try {
        this.status = await this.#compound(command);
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

  async #compound(command: Exclude<Command, { kind: "simple" }>): Promise<number> {
    switch (command.kind) {
      case "group":
        return this.runList(command.body);
      case "subshell":
        return this.#subshell(command.body);
      case "if":
        for (const { condition, body } of command.branches)
          if ((await this.tested(() => this.runList(condition))) === 0) return this.#runBody(body);
        if (command.otherwise) return this.#runBody(command.otherwise);
        return 0;
      case "loop":
        return this.#loop(async () => ((await this.tested(() => this.runList(command.condition))) === 0) !== command.until, command.body);
      case "for": {
        const words = command.words ? await expandWords(this, command.words) : [...this.parameters];
        let at = 0;
        return this.#loop(async () => {
          const word = words[at++];
          if (word !== undefined) this.set(command.variable, word);
          return word !== undefined;
        }, command.body);
      }
      case "count": {
        const [start, test, step] = command.parts;
        const value = async (word: typeof start) => evaluateArithmetic(await expandText(this, word), this.arithmetic);
        await value(start);
        let first = true;
        return this.#loop(async () => {
          if (!first) await value(step);
          first = false;
          return test.length === 0 || (await value(test)) !== 0;
        }, command.body);
      }
      case "case":
        return this.#case(command);
      case "condition":
        return (await evaluateCondition(this, command.words)) ? 0 : 1;
      case "arithmetic":
        return evaluateArithmetic(await expandText(this, command.expression), this.arithmetic) === 0 ? 1 : 0;
      case "function":
        this.functions.set(command.name, command.body);
        return 0;
    }
  }

  async #runBody(body: List): Promise<number> {
    this.status = 0;
    return this.runList(body);
  }

  async #subshell(body: List): Promise<number> {
    const child = this.process.fork((process) => runSubshell(this, process, (shell) => shell.runList(body, true)), {
      stdin: stdin(this.io),
      stdout: stdout(this.io),
      stderr: stderr(this.io),
      env: this.environment(),
      cwd: this.process.cwd,
    });
    this.status = await this.process.race(child.exited);
    this.#checkErrexit();
    return this.status;
  }

  async #loop(next: () => Promise<boolean>, body: List): Promise<number> {
    let status = 0;
    this.loopDepth++;
    try {
      for (;;) {
        await this.#step();
        try {
          if (!(await next())) return status;
          status = await this.runList(body);
        } catch (error) {
          if (!(error instanceof LoopJump)) throw error;
          status = 0;
          if (error.levels > 1 && this.loopDepth > 1) {
            error.levels--;
            throw error;
          }
          if (error.kind === "break") return 0;
        }
      }
    } finally {
      this.loopDepth--;
    }
  }

  async #case(command: Extract<Command, { kind: "case" }>): Promise<number> {
    const text = await expandText(this, command.word);
    let fall = false;
    let status = 0;
    for (const { patterns, body, end } of command.clauses) {
      let matched = fall;
      for (const pattern of patterns) matched ||= matchesPattern(text, await expandPattern(this, pattern));
      if (!matched) continue;
      status = await this.#runBody(body);
      if (end === ";;") return status;
      fall = end === ";&";
    }
    return status;
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
        await this.#assign(assignment);
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
    const restore = special ? () => {} : await this.#temporary(command.assignments);
    if (special) for (const assignment of command.assignments) await this.#assign(assignment);
    this.io = io;
    try {
      if (body && !special) this.status = await this.#function(body, argv.slice(1));
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

  async #function(body: Command, parameters: string[]): Promise<number> {
    if (this.#depth >= MAX_FUNCTION_DEPTH) throw new ShellError("maximum function nesting level exceeded", 2, true);
    const outer = this.parameters;
    this.parameters = parameters;
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
      if (replace && this.traps.size === 0) return await this.replaceBy(argv, env, io);
      const child = this.process.spawn({ argv, env, cwd: this.process.cwd, stdin: stdin(io), stdout: stdout(io), stderr: stderr(io) });
      return await this.process.race(child.exited);
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      return this.commandMissing(argv[0] ?? "", error, io);
    }
  }

  /** exec: never comes back, but for a SpawnError. */
  async replaceBy(argv: string[], env: ReadonlyMap<string, string>, io: Descriptors): Promise<number> {
    const { process } = this;
    process.machine.table.load(process, argv, env);
    process.env.clear();
    for (const [name, value] of env) process.env.set(name, value);
    process.stdin = stdin(io);
    process.stdout = stdout(io);
    process.stderr = stderr(io);
    throw new ExitError(await process.become(argv));
  }

  async commandMissing(name: string, error: SpawnError, io: Descriptors): Promise<number> {
    const text =
      error.code === "EACCES"
        ? `${name}: Permission denied`
        : this.flavor === "bash"
          ? name.includes("/")
            ? `${name}: No such file or directory`
            : `${name}: command not found`
          : `${name}: not found`;
    const outer = this.io;
    this.io = io;
    await this.complain(text);
    this.io = outer;
    return error.code === "EACCES" ? 126 : 127;
  }

  /** Assignments before a command hold while it runs. */
  async #temporary(assignments: readonly Assignment[]): Promise<() => void> {
    const before = assignments.map(
      ({ name }) => [name, this.variables.has(name) ? { ...(this.variables.get(name) as Variable) } : undefined] as const,
    );
    for (const assignment of assignments) {
      await this.#assign(assignment);
      const variable = this.variables.get(assignment.name);
      if (variable) variable.exported = true;
    }
    return () => {
      for (const [name, variable] of before) {
        if (variable) this.variables.set(name, variable);
        else this.variables.delete(name);
      }
    };
  }

  async #assign({ name, index, append, value, array }: Assignment): Promise<void> {
    if (array) {
      this.setArray(name, await expandWords(this, array), append);
      return;
    }
    const key = index ? await expandText(this, index) : undefined;
    const text = await expandText(this, value);
    this.set(name, append ? (this.values(name, key)?.[0] ?? "") + text : text, key);
  }

  #arrayKey(index: string, array?: ReadonlyMap<string, string>): string {
    if (array && /^-\d+$/.test(index)) return String(Math.max(-1, ...[...array.keys()].map(Number)) + 1 + Number(index));
    if (/^\d+$/.test(index)) return String(Number(index));
    return /^[-+*/%()\s\w]+$/.test(index) && !/^[A-Za-z]/.test(index)
      ? String(evaluateArithmetic(index, this.arithmetic))
      : this.variables.has(index) && /^\d+$/.test(this.get(index) ?? "")
        ? (this.get(index) ?? "0")
        : index;
  }

  #special(name: string): { values: string[] | undefined } | undefined {
    if (/^\d+$/.test(name)) {
      const value = name === "0" ? this.name : this.parameters[Number(name) - 1];
      return { values: value === undefined ? undefined : [value] };
    }
    switch (name) {
      case "@":
      case "*":
        return { values: [...this.parameters] };
      case "#":
        return { values: [String(this.parameters.length)] };
      case "?":
        return { values: [String(this.status)] };
      case "$":
        return { values: [String(this.shellPid)] };
      case "!":
        return { values: this.lastBackgroundPid === undefined ? undefined : [String(this.lastBackgroundPid)] };
      case "-":
        return { values: [[...this.options].filter((option) => option.length === 1).join("")] };
      case "RANDOM":
        return this.flavor === "dash" ? undefined : { values: [String(this.process.machine.rng.int(0, 32767))] };
      case "SECONDS":
        return this.flavor === "bash" ? { values: [String(Math.floor((this.process.clock.now() - this.startedAtMs) / 1000))] } : undefined;
      case "LINENO":
        return { values: [String(this.#line)] };
      default:
        return undefined;
    }
  }
}

const traced = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Runs part of a script in a forked process. */
export async function runSubshell(parent: Shell, process: Process, run: (shell: Shell) => Promise<number>): Promise<number> {
  const shell = parent.cloneInto(process);
  return runToExit(shell, () => run(shell));
}

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
