/** A failed command of the shell itself. `fatal`: a shell that runs a script ends. */
export class ShellError extends Error {
  override readonly name = "ShellError";
  readonly status: number;
  readonly fatal: boolean;
  constructor(message: string, status = 1, fatal = false) {
    super(message);
    this.status = status;
    this.fatal = fatal;
  }
}

/** `break` and `continue` on their way to their loop. */
export class LoopJump extends Error {
  override readonly name = "LoopJump";
  readonly kind: "break" | "continue";
  levels: number;
  constructor(kind: "break" | "continue", levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}

/** `return` on its way to its function. */
export class FunctionReturn extends Error {
  override readonly name = "FunctionReturn";
  readonly status: number;
  constructor(status: number) {
    super("return");
    this.status = status;
  }
}

/** Ctrl-C at the prompt. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
