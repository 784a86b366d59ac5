/** `incomplete`: more lines may make it whole. */
export class ShellSyntaxError extends Error {
  override readonly name = "ShellSyntaxError";
  readonly incomplete: boolean;
  constructor(message: string, incomplete = false) {
    super(message);
    this.incomplete = incomplete;
  }
}
