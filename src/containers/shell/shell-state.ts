import type { Process } from "../process.ts";
import { DEFAULT_PATH } from "../process-table.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import type { Command } from "./ast.ts";
import { ShellError } from "./shell-error.ts";

export type ShellFlavor = "busybox" | "dash" | "bash";

export interface Variable {
  value: string | undefined;
  array?: Map<string, string>;
  exported: boolean;
  readOnly: boolean;
}

/** What one shell knows: variables, parameters, functions and options. */
export class ShellState {
  readonly process: Process;
  readonly flavor: ShellFlavor;
  readonly name: string;
  readonly variables = new Map<string, Variable>();
  readonly functions = new Map<string, Command>();
  readonly options = new Set<string>();
  readonly aliases = new Map<string, string>();
  /** What `local` has to put back, innermost last. */
  readonly locals: Map<string, Variable | undefined>[] = [];
  parameters: string[] = [];
  status = 0;
  lastBackgroundPid: number | undefined;
  interactive = false;
  /** Runs the text of -c. */
  inline = false;
  loopDepth = 0;
  umask = 0o022;
  readonly startedAtMs: number;
  /** `$$`: also in a subshell that of the shell itself. */
  shellPid: number;
  line = 1;

  constructor(process: Process, flavor: ShellFlavor, name: string) {
    this.process = process;
    this.flavor = flavor;
    this.name = name;
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
        return { values: [String(this.line)] };
      default:
        return undefined;
    }
  }
}
